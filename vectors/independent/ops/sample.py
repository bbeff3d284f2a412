# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand


def philox(key, counter):
    m = 0xFFFFFFFF
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & m, (a >> 32) ^ c[3] ^ k[1], a & m]
        k = [(k[0] + 0x9E3779B9) & m, (k[1] + 0xBB67AE85) & m]
    return c


def by_numpy(v):
    z = operand(v, "logits")
    key, step = int(v.params.get("key", 0)), int(v.params.get("step", 0))
    temp, top_p, top_k = v.number("temp"), v.number("top_p"), int(v.params.get("top_k", 0))
    ids = []
    for row, logits in enumerate(z):
        if np.isnan(logits).any() or np.isposinf(logits).any() or np.isneginf(logits).all():
            ids.append(-1)
            continue
        if temp == 0:
            ids.append(int(np.argmax(logits)))
            continue
        rank = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
        if top_k:
            rank = rank[:top_k]
        top = logits[rank[0]]
        w = {i: mp.exp((mpf(logits[i]) - mpf(top)) / mpf(temp)) for i in rank if np.isfinite(logits[i])}
        total, before, kept = mp.fsum(w.values()), mpf(0), []
        for i in rank:
            if kept and 0 < top_p < 1 and before >= mpf(top_p) * total:
                break
            if i in w:
                kept.append(i)
                before += w[i]
        word = philox((key & 0xFFFFFFFF, key >> 32), (row // 4, 0, step & 0xFFFFFFFF, step >> 32))[row % 4]
        target, cum = mpf(word >> 8) / 2**24 * mp.fsum(w[i] for i in kept), mpf(0)
        for i in sorted(kept):
            cum += w[i]
            if target < cum:
                ids.append(i)
                break
    return {"id": (np.array(ids, dtype=np.float64), None)}


def by_torch(v):
    from pytorch import tensor, torch
    z = tensor(v, "logits")
    key, step, temp = int(v.params.get("key", 0)), int(v.params.get("step", 0)), v.number("temp")
    top_p, top_k, ids = v.number("top_p"), int(v.params.get("top_k", 0)), []
    for r, row in enumerate(z):
        if torch.isnan(row).any() or torch.isposinf(row).any() or torch.isneginf(row).all():
            ids.append(-1)
            continue
        if temp == 0:
            ids.append(int(torch.argmax(row)))
            continue
        order = torch.sort(row, descending=True, stable=True).indices
        order = order[:top_k] if top_k else order
        p = torch.softmax(row[order] / temp, 0)
        if 0 < top_p < 1:
            order = order[: max(1, int((torch.cumsum(p, 0) - p < top_p).sum()))]
        order = torch.sort(order).values
        cum = torch.cumsum(torch.softmax(row[order] / temp, 0), 0)
        word = philox((key & 0xFFFFFFFF, key >> 32), (r // 4, 0, step & 0xFFFFFFFF, step >> 32))[r % 4]
        at = torch.searchsorted(cum, torch.tensor((word >> 8) * 2.0**-24 * float(cum[-1]), dtype=torch.float64), right=True)
        ids.append(int(order[min(int(at), len(order) - 1)]))
    return {"id": (torch.tensor(ids, dtype=torch.float64), None)}


RANDOM = ["R=60 V={40,150} temp={0,0.7,1.5} top_k={0,7} top_p={0,0.9} key=11 step=5 gen=model"]
