# SPDX-License-Identifier: MIT
import numpy as np
from inputs import operand
from ops.silu import gated, logistic


def by_numpy(v):
    y = logistic(operand(v, "gate")) * operand(v, "up")
    return {"y": (y, np.abs(y))}


def by_torch(v):
    from pytorch import tensor
    y = gated(tensor(v, "gate")) * tensor(v, "up")
    return {"y": (y, y.abs())}


RANDOM = ["R=9 C=130 gen={gauss,wide}"]
