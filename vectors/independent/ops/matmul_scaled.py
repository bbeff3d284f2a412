# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def blocks(v, name, default, high, wide, rows, columns):
    """An operand of a number for each block, as one for each element (high, wide)."""
    p = operand(v, name, default)
    if p is None:
        return None
    p = np.broadcast_to(p, (-(-high // rows), -(-wide // columns)))
    return np.repeat(np.repeat(p, rows, axis=0), columns, axis=1)[:high, :wide]


def factors(v):
    """x and w as they are meant, in float64: each with its scale, the scale of x too."""
    x, w = operand(v, "x"), operand(v, "w", "i8")
    (T, K), N = x.shape, len(w)
    group = int(v.params.get("group", 0)) or max(K, 1)
    rows = int(v.params.get("rows", 0)) or max(N, 1)
    scale, zero = blocks(v, "scale", "f32", N, K, rows, group), blocks(v, "zero", "i8", N, K, rows, group)
    x_scale = blocks(v, "x_scale", "f32", T, K, 1, group)
    return x, (w if zero is None else w - zero), scale, x_scale, group


def by_numpy(v):
    x, w, scale, x_scale, group = factors(v)
    y, size = np.zeros((len(x), len(w))), np.zeros((len(x), len(w)))
    with np.errstate(invalid="ignore"):
        for k in range(0, x.shape[1], group):
            s = np.broadcast_to(scale[:, k], y.shape) * (1 if x_scale is None else x_scale[:, k:k + 1])
            y = y + s * np.array([[np.sum(row * u) for u in w[:, k:k + group]] for row in x[:, k:k + group]]).reshape(y.shape)
            size = size + np.abs(s) * (np.abs(x[:, k:k + group]) @ np.abs(w[:, k:k + group]).T)
    return {"y": (y, size)}


def by_torch(v):
    from pytorch import F, torch
    x, w, scale, x_scale, _ = (None if p is None else torch.as_tensor(np.array(p)) for p in factors(v))
    x, w = x if x_scale is None else x * x_scale, w * scale
    return {"y": (F.linear(x, w), F.linear(x.abs(), w.abs()))}


RANDOM = [
    "T=3 N=9 K=70 R=9 G=5 w={u4,i8} zero={none,i8,i8/} rows=1 group=16 gen={gauss,balanced,whole}",
    "T=3 N=9 K=70 R=9 G=5 w=e2m1 scale={e4m3,bf16} x_scale={f32,f32/} rows=1 group=16 gen={gauss,codes}",
    "T=3 N=9 K=21 R=3 G=4 w={e4m3,e5m2} x={f32,e4m3} x_scale={none,f32,f32/T} rows=4 group=6 gen={gauss,uneven}",
]
