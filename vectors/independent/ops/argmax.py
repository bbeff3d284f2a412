# SPDX-License-Identifier: MIT
import numpy as np
from inputs import operand


def by_numpy(v):
    # NumPy's argmax is the first maximum, and the first NaN if there is one
    return {"id": (np.argmax(operand(v, "x"), axis=1).astype(np.float64), None)}


def by_torch(v):
    from pytorch import tensor, torch
    return {"id": (torch.argmax(tensor(v, "x"), dim=1).double(), None)}


RANDOM = ["R=9 V={1,37,1031} gen={gauss,ties,nans,masked}"]
