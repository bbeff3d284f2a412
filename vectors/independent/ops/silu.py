# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand, to_float


def logistic(x):
    return to_float(mpf(t) / (1 + mp.exp(-mpf(t))) if np.isfinite(t) else (t if t > 0 else -0.0) for t in x.ravel()).reshape(x.shape)


def by_numpy(v):
    y = logistic(operand(v, "x"))
    return {"y": (y, np.abs(y))}


def gated(x):
    from pytorch import F, torch
    return torch.where(torch.isneginf(x), -0.0, F.silu(x))  # PyTorch says NaN at -inf; ours is the limit, -0


def by_torch(v):
    from pytorch import tensor
    y = gated(tensor(v, "x"))
    return {"y": (y, y.abs())}


RANDOM = ["R=9 C=130 gen={gauss,huge,wide}"]
