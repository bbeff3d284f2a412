# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def parts(v):
    """Codes less their zero points, a column and a row of scales, the bias."""
    x, w, x_scale, w_scale, x_zero, w_zero, bias = (
        operand(v, name, "i8" if name in ("x", "w", "x_zero", "w_zero") else "f32")
        for name in ("x", "w", "x_scale", "w_scale", "x_zero", "w_zero", "bias"))
    x = x if x_zero is None else x - x_zero.reshape(-1, 1)
    w = w if w_zero is None else w - w_zero.reshape(-1, 1)
    return x, w, x_scale.reshape(-1, 1), w_scale.reshape(1, -1), bias


def by_numpy(v):
    x, w, x_scale, w_scale, bias = parts(v)
    with np.errstate(invalid="ignore", over="ignore"):
        y = (x.astype(np.int64) @ w.astype(np.int64).T) * (x_scale * w_scale)
        return {"y": (y, np.abs(y)) if bias is None else (y + bias, np.abs(y) + np.abs(bias))}


def by_torch(v):
    from pytorch import F, torch
    x, w, x_scale, w_scale, bias = (None if p is None else torch.from_numpy(p) for p in parts(v))
    y = F.linear(x, w) * x_scale * w_scale
    return {"y": (y, y.abs()) if bias is None else (y + bias, y.abs() + bias.abs())}


RANDOM = [
    "T=3 N=9 K={5,64} x_zero={none,i8} w_zero={none,i8} bias={none,f32} gen={gauss,balanced,whole}",
    "T=3 N=9 K=17 x_scale={f32,f32/} w_scale=f32/ x_zero=i8/ gen={ends,uneven}",
]
