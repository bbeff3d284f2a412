# SPDX-License-Identifier: MIT
from fractions import Fraction

import numpy as np

from inputs import operand
from ops.sample import philox


def kept(v, n):
    """Which of the first n elements are: by whole numbers."""
    whole = lambda name: int(v.params.get(name, 0))
    halves = lambda x: (x & 0xFFFFFFFF, x >> 32)
    least = Fraction(v.number("p")) * 2**24 + Fraction(1, 2)
    words = []
    for block in range(whole("offset"), whole("offset") - (-n // 4)):
        words += philox(halves(whole("key")), halves(block) + halves(whole("step")))
    return np.array([word >> 8 >= least.__floor__() for word in words[:n]], dtype=bool)


def by_numpy(v):
    x = operand(v, "x")
    keep, p = kept(v, x.size).reshape(x.shape), v.number("p")
    y = np.zeros_like(x)
    y[keep] = x[keep] / (1 - p) if p < 1 else 0
    return {"y": (y, np.abs(y))}


def by_torch(v):
    from pytorch import tensor, torch
    x = tensor(v, "x")
    keep, p = torch.tensor(kept(v, x.numel())).reshape(x.shape), v.number("p")
    y = torch.where(keep, x / (1 - p), torch.zeros_like(x)) if p < 1 else torch.zeros_like(x)
    return {"y": (y, y.abs())}


RANDOM = ["R=9 C=67 p={0,0.1,0.7} key=11 step=5 offset=4294967290 gen={gauss,special}"]
