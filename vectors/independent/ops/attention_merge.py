# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf

from inputs import operand


def given(v, outputs):
    return {name: both for name, both in outputs.items() if f"expected.{name}" in v.raw}


def by_numpy(v):
    lse, o = operand(v, "lse"), operand(v, "o")
    P, R, E = o.shape
    y, size = np.zeros((R, E)), np.zeros((R, E))
    out, far = np.full(R, -np.inf), np.ones(R)
    for r in range(R):
        parts = [p for p in range(P) if not np.isneginf(lse[p, r])]
        if any(not np.isfinite(lse[p, r]) for p in parts):
            y[r], out[r] = np.nan, np.nan
        elif parts:
            # without a shift: another way than the reference's
            w = [mp.exp(mpf(lse[p, r])) for p in parts]
            out[r] = float(mp.log(mp.fsum(w)))
            share = np.array([float(x / mp.fsum(w)) for x in w])
            y[r] = share @ o[parts, r]
            size[r] = share @ np.abs(o[parts, r]) * (1 + np.abs(lse[parts, r]).max())
            far[r] += np.abs(lse[parts, r]).max()
    return given(v, {"y": (y, size), "lse_out": (out, far)})


def by_torch(v):
    from pytorch import tensor, torch
    lse, o = tensor(v, "lse"), tensor(v, "o")
    out = torch.logsumexp(lse, 0)  # of +inf: +inf; our policy is NaN
    out = torch.where(torch.isposinf(lse).any(0), torch.nan, out)
    empty = torch.isneginf(lse)
    share = torch.where(empty, 0, torch.exp(lse - out))[:, :, None]
    o = torch.where(empty[:, :, None], 0, o)
    y = (share * o).sum(0)
    far = 1 + torch.where(torch.isfinite(lse), lse, 0).abs().amax(0)
    return given(v, {"y": (y, (share * o.abs()).sum(0) * far[:, None]), "lse_out": (out, far)})


RANDOM = ["P={1,2,9} R=10 E=17 lse_out={none,f32} gen={gauss,empty,far,huge,heavy}",
          "P=4 R=5 E=9 o={f16,bf16} lse_out=f32 gen={gauss,empty}"]
