# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand


def by_numpy(v):
    x, mask = operand(v, "x"), operand(v, "mask")
    scale = v.number("scale") or 1.0
    y, size = np.full_like(x, -np.inf), np.ones_like(x)
    for r, row in enumerate(x):
        live = [c for c in range(len(row)) if not (mask is not None and np.isneginf(mask[r][c])) and not np.isneginf(row[c])]
        z = {c: mpf(scale) * mpf(row[c]) + (mpf(mask[r][c]) if mask is not None else 0) for c in live}
        if not live:
            continue
        # without a shift: another way than the reference's
        lse = mp.log(mp.fsum(mp.exp(t) for t in z.values()))
        for c in live:
            y[r][c] = float(z[c] - lse)
        size[r] += max(abs(scale * row[c]) + (abs(mask[r][c]) if mask is not None else 0) for c in live)
    return {"y": (y, size)}


def by_torch(v):
    import math
    from pytorch import tensor, torch
    x, mask = tensor(v, "x"), tensor(v, "mask")
    z = x * (v.number("scale") or 1.0)
    if mask is not None:
        z = torch.where(torch.isneginf(mask), mask, z + mask)
    dead = torch.isneginf(z).all(1, keepdim=True)  # PyTorch says NaN; our policy is -inf
    y = torch.where(dead, -math.inf, torch.log_softmax(z, 1))
    finite = torch.where(torch.isfinite(z), z, 0).abs()
    return {"y": (y, 1 + finite + finite.amax(1, keepdim=True))}


RANDOM = [
    "R=7 C={17,400} gen={gauss,huge,ramp,masked-rows,far-off,alone}",
    "R=7 C={17,130} mask=f32 scale={0.125,0.7} gen={gauss,spread,masked-rows,huge}",
]
