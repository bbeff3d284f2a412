# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand


def by_numpy(v):
    x, mask, sinks = operand(v, "x"), operand(v, "mask"), operand(v, "sinks")
    scale = v.number("scale") or 1.0
    y = np.zeros_like(x)
    arg = np.zeros_like(x)
    for r, row in enumerate(x):
        bias = mask[r] if mask is not None else np.zeros(len(row))
        z = [b if np.isneginf(b) else scale * a + b for a, b in zip(row, bias)]
        live = [c for c in range(len(z)) if not np.isneginf(z[c])]
        if not live:
            continue
        # by log-sum-exp, not by shifting: another way than the reference's
        sunk = [mpf(sinks[r])] if sinks is not None and not np.isneginf(sinks[r]) else []
        lse = mp.log(mp.fsum(mp.exp(t) for t in [mpf(z[c]) for c in live] + sunk))
        for c in live:
            y[r][c] = float(mp.exp(mpf(z[c]) - lse))
            arg[r][c] = abs(z[c]) + float(abs(lse))
    return {"y": (y, y * (1 + arg))}


def by_torch(v):
    from pytorch import tensor, torch
    x, mask, sinks = tensor(v, "x"), tensor(v, "mask"), tensor(v, "sinks")
    z = x * (v.number("scale") or 1.0)
    if mask is not None:
        z = torch.where(torch.isneginf(mask), mask, z + mask)
    dead = torch.isneginf(z).all(1, keepdim=True)  # PyTorch says NaN; our policy is 0
    wide = z if sinks is None else torch.cat([z, sinks[:, None]], 1)
    y = torch.where(dead, 0, torch.softmax(wide, 1)[:, :z.shape[1]])
    finite = torch.where(torch.isfinite(wide), wide, 0).abs()
    return {"y": (y, y * (1 + finite[:, :z.shape[1]] + finite.amax(1, keepdim=True)))}


RANDOM = [
    "R=7 C={17,400} gen={gauss,huge,ramp,masked-rows}",
    "R=7 C={17,130} mask=f32 scale={0.125,0.7} gen={gauss,spread,masked-rows,huge}",
    "R=7 C={1,17,130} mask=f32 sinks=f32 scale={0,0.7} gen={gauss,spread,masked-rows,huge}",
]
