# SPDX-License-Identifier: MIT
import math

import numpy as np

from inputs import operand


def by_numpy(v):
    x, w, ids, bias = (operand(v, n) for n in ("x", "w", "ids", "bias"))
    ids = ids.astype(int)
    y = np.array([[[math.fsum(x[t] * row) for row in w[e]] for e in ids[t]] for t in range(len(x))])
    scale = np.array([[np.abs(w[e]) @ np.abs(x[t]) for e in ids[t]] for t in range(len(x))])
    if bias is not None:
        y, scale = y + bias[ids], scale + np.abs(bias[ids])
    return {"y": (y, scale)}


def by_torch(v):
    from pytorch import tensor, torch
    x, w, ids = tensor(v, "x"), tensor(v, "w"), tensor(v, "ids").long()
    y, size = torch.einsum("tk,tank->tan", x, w[ids]), torch.einsum("tk,tank->tan", x.abs(), w[ids].abs())
    if v.has("bias"):
        y, size = y + tensor(v, "bias")[ids], size + tensor(v, "bias")[ids].abs()
    return {"y": (y, size)}


RANDOM = ["T=9 A=2 X=5 N=7 K={64,129} bias={f32,none} gen={gauss,across,twice}",
          "T=5 A=2 X=3 N=7 K=64 w={f16,bf16,e4m3,e5m2,q8_0,q4_0} gen=gauss"]
