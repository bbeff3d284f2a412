# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand, to_float


def by_numpy(v):
    x, w, bias = operand(v, "x"), operand(v, "w"), operand(v, "bias")
    y, scale = np.full_like(x, np.nan), np.zeros_like(x)
    for r, row in enumerate(x):
        if np.isfinite(row).all():  # exact sums of exact deviations; what is not finite makes the whole row NaN
            d = [mpf(float(t)) - mp.fsum(map(float, row)) / len(row) for t in row]
            s = 1 / mp.sqrt(mp.fsum(t * t for t in d) / len(row) + mpf(v.number("eps")))
            y[r], scale[r] = to_float(t * s for t in d), float(s) * np.abs(row).max()
    w, bias = (1 if w is None else w), (0 if bias is None else bias)
    with np.errstate(invalid="ignore"):
        return {"y": (w * y + bias, np.abs(w) * scale + np.abs(bias))}


def by_torch(v):
    from pytorch import F, tensor, torch
    x, w, bias, eps = tensor(v, "x"), tensor(v, "w"), tensor(v, "bias"), v.number("eps")
    size = x.abs().amax(1, keepdim=True) / torch.sqrt(x.var(1, correction=0, keepdim=True) + eps)
    return {"y": (F.layer_norm(x, x.shape[1:], w, bias, eps), size * (1 if w is None else w.abs()) + (0 if bias is None else bias.abs()))}


RANDOM = ["R=9 C={17,500} w={none,f32} bias={none,f32} eps=1e-05 gen={gauss,offset,near-eps}"]
