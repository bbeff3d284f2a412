# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf

from inputs import operand


def by_numpy(v):
    x, pos = operand(v, "x"), operand(v, "pos")
    T, D = x.shape
    steps = D // 2 if v.params.get("spacing", "paper") == "paper" else max(D // 2 - 1, 1)
    half = v.params.get("layout") == "concatenated"
    y, scale = np.empty_like(x), np.empty_like(x)
    for t in range(T):
        for r in range(D // 2):
            theta = mpf(pos[t]) * mpf(10000) ** (mpf(-r) / steps)
            for d, w in zip((r, D // 2 + r) if half else (2 * r, 2 * r + 1), (mp.sin(theta), mp.cos(theta))):
                y[t, d] = float(mpf(x[t, d]) + w)
                scale[t, d] = 1 + abs(float(theta)) + abs(x[t, d])
    return {"y": (y, scale)}


def by_torch(v):
    from pytorch import tensor, torch
    x, pos = tensor(v, "x"), tensor(v, "pos")
    n = x.shape[1] // 2
    steps = n if v.params.get("spacing", "paper") == "paper" else max(n - 1, 1)
    theta = torch.outer(pos, torch.exp(torch.arange(n, dtype=torch.float64) * -(np.log(10000.0) / steps)))
    join = (lambda a, b: torch.cat([a, b], 1)) if v.params.get("layout") == "concatenated" else (lambda a, b: torch.stack([a, b], 2).flatten(1))
    return {"y": (x + join(theta.sin(), theta.cos()), 1 + x.abs() + 16 * join(theta, theta).abs())}


RANDOM = ["T=7 D={2,34,64} layout={interleaved,concatenated} spacing={paper,tensor2tensor} gen={gauss,far,scattered,bare}"]
