# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand


def by_numpy(v):
    x, mask = operand(v, "x"), operand(v, "mask")
    scale = v.number("scale") or 1.0
    lse, size = np.full(len(x), -np.inf), np.ones(len(x))
    for r, row in enumerate(x):
        live = [c for c in range(len(row)) if not (mask is not None and np.isneginf(mask[r][c])) and not np.isneginf(row[c])]
        if not live:
            continue
        # without a shift: another way than the reference's
        lse[r] = float(mp.log(mp.fsum(mp.exp(mpf(scale) * mpf(row[c]) + (mpf(mask[r][c]) if mask is not None else 0)) for c in live)))
        size[r] += max(abs(scale * row[c]) + (abs(mask[r][c]) if mask is not None else 0) for c in live)
    return {"lse": (lse, size)}


def by_torch(v):
    from pytorch import tensor, torch
    x, mask = tensor(v, "x"), tensor(v, "mask")
    z = x * (v.number("scale") or 1.0)
    if mask is not None:
        z = torch.where(torch.isneginf(mask), mask, z + mask)
    finite = torch.where(torch.isfinite(z), z, 0).abs()
    return {"lse": (torch.logsumexp(z, 1), 1 + finite.amax(1))}


RANDOM = [
    "R=7 C={17,512} gen={gauss,huge,ramp,masked-rows,cancel}",
    "R=7 C={17,130} mask=f32 scale={0.125,0.7} gen={gauss,spread,masked-rows,huge}",
]
