# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand, to_float


def asked(v, outputs):
    return {name: both for name, both in outputs.items() if v.has(f"expected.{name}")}


def by_numpy(v):
    x, residual, w, bias = (operand(v, name) for name in ("x", "residual", "w", "bias"))
    alpha = v.number("alpha") or 1.0
    with np.errstate(invalid="ignore"):
        total, large = x + alpha * residual, np.abs(x) + np.abs(alpha * residual)
    y, scale = np.full_like(x, np.nan), np.zeros_like(x)
    for r in range(len(x)):
        if np.isfinite(total[r]).all():  # exact sums of exact deviations; what is not finite makes the whole row NaN
            t = [mpf(float(a)) + mpf(float(alpha)) * mpf(float(b)) for a, b in zip(x[r], residual[r])]
            d = [u - mp.fsum(t) / len(t) for u in t]
            s = 1 / mp.sqrt(mp.fsum(u * u for u in d) / len(d) + mpf(v.number("eps")))
            y[r], scale[r] = to_float(u * s for u in d), float(s) * large[r].max()
    w, bias = (1 if w is None else w), (0 if bias is None else bias)
    with np.errstate(invalid="ignore"):
        return asked(v, {"y": (w * y + bias, np.abs(w) * scale + np.abs(bias)), "sum": (total, large)})


def by_torch(v):
    from pytorch import F, tensor, torch
    x, residual, w, bias = (tensor(v, name) for name in ("x", "residual", "w", "bias"))
    alpha, eps = v.number("alpha") or 1.0, v.number("eps")
    total, large = torch.add(x, residual, alpha=alpha), x.abs() + alpha * residual.abs()
    size = large.amax(1, keepdim=True) / torch.sqrt(total.var(1, correction=0, keepdim=True) + eps)
    size = size * (1 if w is None else w.abs()) + (0 if bias is None else bias.abs())
    return asked(v, {"y": (F.layer_norm(total, total.shape[1:], w, bias, eps), size), "sum": (total, large)})


RANDOM = [
    "R=9 C={17,130} w={none,f32} bias={none,f32} sum={none,f32} alpha={0,3} eps=1e-05 gen={gauss,offset,near-eps}",
]
