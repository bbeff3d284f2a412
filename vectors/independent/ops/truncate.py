# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand


def kept(logits, rule, k, amount, temp):
    ids = [i for i in range(len(logits)) if np.isfinite(logits[i])]
    top = max(mpf(logits[i]) for i in ids)
    w = {i: mp.exp((mpf(logits[i]) - top) / temp) for i in ids}
    total = mp.fsum(w.values())
    p = {i: w[i] / total for i in ids}
    rank = sorted(ids, key=lambda i: (-logits[i], i))
    if rule == "top_k":
        return rank[:k] if k else rank
    if amount == 0:
        return rank
    if rule == "min_p":
        return [i for i in ids if p[i] >= amount * p[rank[0]]]
    if rule == "surprise":
        return [i for i in ids if i == rank[0] or -mp.log(p[i], 2) <= amount]
    if amount >= 1:
        return rank
    if rule == "typical":
        entropy = -mp.fsum(q * mp.log(q) for q in p.values())
        rank = sorted(ids, key=lambda i: (abs(-mp.log(p[i]) - entropy), i))
    stay, before = [], mpf(0)
    for i in rank:
        if before >= amount:
            break
        stay.append(i)
        before += p[i]
    return stay


def by_numpy(v):
    z, rule, k = operand(v, "logits"), v.params.get("rule", "top_k"), int(v.params.get("k", 0))
    amount, temp = mpf(v.number("amount")), mpf(v.number("temp") or 1)
    y = z.copy()
    for row, logits in zip(y, z):
        if np.isnan(logits).any() or np.isposinf(logits).any() or np.isneginf(logits).all():
            continue
        row[:] = -np.inf
        for i in kept(logits, rule, k, amount, temp):
            row[i] = logits[i]
    return {"y": (y, None)}


def by_torch(v):
    from pytorch import tensor, torch
    z, rule, k = tensor(v, "logits"), v.params.get("rule", "top_k"), int(v.params.get("k", 0))
    amount, temp, y = v.number("amount"), v.number("temp") or 1.0, tensor(v, "logits").clone()
    for r, row in enumerate(z):
        if torch.isnan(row).any() or torch.isposinf(row).any() or torch.isneginf(row).all():
            continue
        log_p = torch.log_softmax(row / temp, 0)
        p, score = log_p.exp(), -row
        if rule == "typical":
            score = (-log_p - (-(p * log_p).nansum())).abs()
        order = torch.sort(score, stable=True).indices
        p = p[order]
        stay = torch.ones_like(p, dtype=torch.bool)
        if rule == "top_k" and k:
            stay = torch.arange(len(p)) < k
        elif rule == "min_p":
            stay = p >= amount * p[0]
        elif rule == "surprise" and amount:
            stay = (-log_p[order] / torch.log(torch.tensor(2.0, dtype=torch.float64)) <= amount) | (torch.arange(len(p)) == 0)
        elif rule in ("top_p", "typical") and 0 < amount < 1:
            stay = torch.cumsum(p, 0) - p < amount
        y[r, order[~stay]] = -torch.inf
    return {"y": (y, None)}


RANDOM = [
    "R=20 V={40,150} rule={top_p,typical,min_p} amount={0.3,0.8} temp={0.7,1.5} gen=model",
    "R=20 V=40 rule={top_k,surprise} k=7 amount=4 gen=model",
]
