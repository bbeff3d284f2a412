# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf

from inputs import operand

ROUNDED = 2.0**20  # weights belong to a choice, so that files hold them as the output does, in f32

def softmax(z):
    top = max(z, default=mpf("-inf"))
    e = [mpf(0) if x == mpf("-inf") else mp.exp(x - top) for x in z]
    total = mp.fsum(e)
    return [x / total if total else x for x in e]


def chosen(v, z, bias, K):
    """Scores of a row of mpf, and who is chosen, in order."""
    score, groups = v.params.get("score", "softmax"), int(v.params.get("groups", 1)) or 1
    keep = int(v.params.get("keep", 0)) or groups
    s = softmax(z) if score == "softmax" else [1 / (1 + mp.exp(-x)) if x > mpf("-inf") else mpf(0) for x in z]
    s = z if score == "chosen" else s
    c = s if bias is None else [x + b for x, b in zip(s, bias)]
    size, count = len(z) // groups, 1 if v.params.get("best", "two") == "most" else 2
    best = [sum(sorted(c[g * size:(g + 1) * size])[-count:]) for g in range(groups)]
    kept = sorted(range(groups), key=lambda g: (-best[g], g))[:keep]
    return s, sorted((i for g in kept for i in range(g * size, (g + 1) * size)), key=lambda i: (-c[i], i))[:K]


def by_numpy(v):
    z, bias = operand(v, "z"), operand(v, "bias")
    K = v.raw["expected.ids"][1].shape[1]
    ids, weights = np.full((len(z), K), -1.0), np.zeros((len(z), K))
    scale = mpf(v.number("scale")) or mpf(1)
    for t, row in enumerate(z):
        if not (row < np.inf).all() or (bias is not None and not (bias < np.inf).all()):
            continue
        exact = [mpf(float(x)) for x in row]
        s, order = chosen(v, exact, None if bias is None else [mpf(float(b)) for b in bias], K)
        w = [s[i] for i in order]
        if v.params.get("score", "softmax") == "chosen":
            w = softmax(w)
        elif int(v.params.get("norm", 0)):
            w = [x / (mp.fsum(w) + mpf("1e-20")) for x in w]
        ids[t, :len(order)] = order
        weights[t, :len(order)] = [float(scale * x) for x in w]
    return {"ids": (ids, None), "weights": (weights, ROUNDED * np.abs(weights))}


def by_torch(v):
    import torch.nn.functional as F
    from pytorch import tensor, torch
    z, score, groups = tensor(v, "z"), v.params.get("score", "softmax"), int(v.params.get("groups", 1)) or 1
    K, keep = v.raw["expected.ids"][1].shape[1], int(v.params.get("keep", 0)) or groups
    s = {"softmax": lambda: torch.softmax(z, 1), "sigmoid": lambda: torch.sigmoid(z), "chosen": lambda: z}[score]()
    s = torch.where(torch.isneginf(z).all(1, keepdim=True), torch.zeros_like(z), s) if score == "softmax" else s
    c = s + tensor(v, "bias") if v.has("bias") else s
    size, count = z.shape[1] // groups, 1 if v.params.get("best", "two") == "most" else 2
    best = c.reshape(len(z), groups, size).topk(min(count, size), dim=2).values.sum(2)
    kept = torch.sort(best, dim=1, descending=True, stable=True).indices[:, :keep]
    out = torch.ones(len(z), groups, dtype=torch.bool).scatter_(1, kept, False).repeat_interleave(size, dim=1)
    n = min(K, keep * size)
    ids = torch.sort(c.masked_fill(out, -torch.inf), dim=1, descending=True, stable=True).indices[:, :n]
    w = s.gather(1, ids)
    if score == "chosen":
        w = torch.nan_to_num(torch.softmax(w, 1))
    elif int(v.params.get("norm", 0)):
        w = w / (w.sum(1, keepdim=True) + 1e-20)
    bad = ~(z < torch.inf).all(1, keepdim=True)
    ids, w = ids.masked_fill(bad, -1).double(), (w * (v.number("scale") or 1)).masked_fill(bad, 0)
    w = F.pad(w, (0, K - n))
    return {"ids": (F.pad(ids, (0, K - n), value=-1), None), "weights": (w, ROUNDED * w.abs())}


RANDOM = ["T=40 X=32 K={1,6} score={softmax,sigmoid,chosen} norm={0,1} gen=gauss",
          "T=40 X=32 K=6 groups=8 keep=3 best={two,most} score={softmax,sigmoid} bias=f32 norm=1 scale=2.5 gen={gauss,peaks}"]
