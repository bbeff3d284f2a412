# SPDX-License-Identifier: MIT
import math

import numpy as np

from inputs import operand


def factors(v, read):
    """x (B,T,K) and w (B,N,K), whichever way round they lie; NumPy's and PyTorch's transpose alike."""
    for name, other in (("x", "xt"), ("w", "wt")):
        yield read(v, name) if v.has(name) else read(v, other).swapaxes(1, 2)


def by_numpy(v):
    x, w = factors(v, operand)
    B, T, N = (v.dims[d] for d in "BTN")
    x, w = np.broadcast_to(x, (B, T, v.dims["K"])), np.broadcast_to(w, (B, N, v.dims["K"]))
    y = np.array([[[math.fsum(p * q) for q in w[b]] for p in x[b]] for b in range(B)])
    return {"y": (y, np.abs(x) @ np.abs(w).swapaxes(1, 2))}


def by_torch(v):
    from pytorch import tensor, torch
    x, w = factors(v, tensor)
    x, w = (m.expand(v.dims["B"], v.dims[d], v.dims["K"]) for m, d in ((x, "T"), (w, "N")))
    return {"y": (torch.bmm(x, w.transpose(1, 2)), torch.bmm(x.abs(), w.abs().transpose(1, 2)))}


RANDOM = ["B=3 T=4 N=7 K={64,129} x={f32,f32/TK} w={f32,f32/NK} gen={gauss,across}",
          "B=2 T=5 N=7 K=40 xt={f32,f16} wt={f32,bf16} gen={gauss,apart}"]
