# SPDX-License-Identifier: MIT
import math
import numpy as np
from inputs import operand


def by_numpy(v, x=None):
    x, w = operand(v, "x") if x is None else x, operand(v, "w")
    g = 1 + w if v.params.get("plus_one") == "1" else w
    eps, y = v.number("eps"), np.empty_like(x)
    for r, row in enumerate(x):
        if np.isfinite(row).all():
            mean = math.fsum(t * t for t in row) / len(row)
            y[r] = g * row / math.sqrt(mean + eps)
        else:  # what is left of a row with an infinity or a NaN
            with np.errstate(invalid="ignore"):
                y[r] = g * (row * (1 / np.sqrt(np.mean(row * row) + eps)))
    return {"y": (y, np.abs(y))}


def by_torch(v, x=None):
    from pytorch import F, tensor
    x, w = tensor(v, "x") if x is None else x, tensor(v, "w")
    w = 1 + w if v.params.get("plus_one") == "1" else w
    y = F.rms_norm(x, (x.shape[1],), w, v.number("eps"))
    return {"y": (y, y.abs())}


RANDOM = [
    "R={3,40} C={17,64} eps={1e-06,1e-05} plus_one={0,1} gen={gauss,wide}",
    "R=9 C=33 eps={1e-06,0.1} gen=near-eps",
    "R=3 C={576,1021} eps=1e-05 gen={gauss,positive}",
]
