# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand, to_float


def by_numpy(v):
    x, w, bias = operand(v, "x"), operand(v, "w"), operand(v, "bias")
    B, G, D, S = x.shape
    y, scale = np.full_like(x, np.nan), np.zeros_like(x)
    for b, g in np.ndindex(B, G):
        group = x[b, g]
        if np.isfinite(group).all():  # what is not finite makes the whole group NaN
            values = [mpf(float(t)) for t in group.ravel()]
            mean = mp.fsum(values) / len(values)
            s = 1 / mp.sqrt(mp.fsum((t - mean) ** 2 for t in values) / len(values) + mpf(v.number("eps")))
            y[b, g] = to_float((t - mean) * s for t in values).reshape(D, S)
            scale[b, g] = float(s) * np.abs(group).max()
    w = 1 if w is None else w[None, :, :, None]
    bias = 0 if bias is None else bias[None, :, :, None]
    with np.errstate(invalid="ignore"):
        return {"y": (w * y + bias, np.abs(w) * scale + np.abs(bias))}


def by_torch(v):
    from pytorch import F, tensor, torch
    x, w, bias, eps = tensor(v, "x"), tensor(v, "w"), tensor(v, "bias"), v.number("eps")
    B, G, D, S = x.shape
    y = F.group_norm(x.reshape(B, G * D, S), G, eps=eps).reshape(x.shape)
    size = x.abs().amax((2, 3), keepdim=True) / torch.sqrt(x.var((2, 3), correction=0, keepdim=True) + eps)
    # given w and bias PyTorch folds the mean into bias, and an infinite w makes NaN of what is infinite here
    factor, shift = (default if t is None else t[None, :, :, None] for t, default in ((w, torch.ones(())), (bias, torch.zeros(()))))
    return {"y": (y * factor + shift, size * factor.abs() + shift.abs())}


RANDOM = [
    "B=2 G={1,4} D={1,3} S={2,40} w={none,f32} bias={none,f32} eps=1e-05 gen={gauss,channels,near-eps}",
]
