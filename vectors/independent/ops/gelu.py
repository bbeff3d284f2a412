# SPDX-License-Identifier: MIT
import math
import numpy as np
from mpmath import mp, mpf
from inputs import operand, to_float


def gelu(v, x):
    def at(x):
        if not np.isfinite(x):
            return x if x != -math.inf else -0.0
        if v.params.get("form") == "quick":
            return x / (1 + mp.exp(-mpf("1.702") * mpf(x)))
        if v.params.get("form") == "tanh":
            return mpf(x) / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (mpf(x) + mpf("0.044715") * mpf(x) ** 3)))
        return mpf(x) * mp.ncdf(x)

    return to_float(at(float(t)) for t in x.ravel()).reshape(x.shape)


def by_numpy(v):
    x = operand(v, "x")
    y = gelu(v, x)
    return {"y": (y, np.abs(y) * (1 + x * x * (1 + np.abs(x))))}


def torch_gelu(v, x):
    from pytorch import F, torch
    form = v.params.get("form", "erf")
    y = x * torch.sigmoid(1.702 * x) if form == "quick" else F.gelu(x, approximate="tanh" if form == "tanh" else "none")
    return torch.where(torch.isneginf(x), -0.0, y)


def by_torch(v):
    from pytorch import tensor
    x = tensor(v, "x")
    return {"y": (torch_gelu(v, x), x.abs() * (1 + x.abs()))}


RANDOM = ["R=9 C=130 form={erf,tanh,quick} gen={gauss,range,origin}"]
