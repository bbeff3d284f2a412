# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand


def by_numpy(v):
    x, mask = operand(v, "x"), operand(v, "mask")
    scale = v.number("scale") or 1.0
    y = np.zeros_like(x)
    arg = np.zeros_like(x)
    for r, row in enumerate(x):
        z = [scale * a + (mask[r][c] if mask is not None else 0) for c, a in enumerate(row)]
        live = [c for c in range(len(z)) if not np.isneginf(z[c])]
        if not live:
            continue
        # by log-sum-exp, not by shifting: another way than the reference's
        lse = mp.log(mp.fsum(mp.exp(mpf(z[c])) for c in live))
        for c in live:
            y[r][c] = float(mp.exp(mpf(z[c]) - lse))
            arg[r][c] = abs(z[c]) + float(abs(lse))
    return {"y": (y, y * (1 + arg))}


def by_torch(v):
    from pytorch import tensor, torch
    x, mask = tensor(v, "x"), tensor(v, "mask")
    z = x * (v.number("scale") or 1.0)
    if mask is not None:
        z = torch.where(torch.isneginf(mask), mask, z + mask)
    dead = torch.isneginf(z).all(1, keepdim=True)  # PyTorch says NaN; our policy is 0
    y = torch.where(dead, 0, torch.softmax(z, 1))
    finite = torch.where(torch.isfinite(z), z, 0).abs()
    return {"y": (y, y * (1 + finite + finite.amax(1, keepdim=True)))}


RANDOM = [
    "R=7 C={17,400} gen={gauss,huge,ramp,masked-rows}",
    "R=7 C={17,130} mask=f32 scale={0.125,0.7} gen={gauss,spread,masked-rows,huge}",
]
