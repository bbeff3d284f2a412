# SPDX-License-Identifier: MIT
import numpy as np
from ops import gelu, matmul


def by_numpy(v):
    p, size = matmul.by_numpy(v)["y"]
    y = gelu.gelu(v, p)
    # y/p is what is left of p; the slope is at most that times 2 + p^2 + |p|^3, whatever the form
    left = np.where(p == 0, 0.5, np.abs(y) / np.where(p == 0, 1, np.abs(p)))
    return {"y": (y, np.abs(y) + size * np.minimum(1.2, left * (2 + p * p + np.abs(p) ** 3)))}


def by_torch(v):
    from pytorch import tensor
    p, size = matmul.product(tensor(v, "x"), tensor(v, "w"), tensor(v, "bias"))
    return {"y": (gelu.torch_gelu(v, p), p.abs() * (1 + p.abs()) + 1.2 * size)}


RANDOM = [
    "T=3 N=9 K={17,257} bias={none,f32} form={erf,tanh,quick} gen={unit,far}",
    "T=3 N=9 K=256 w={bf16,q8_0,q4_k,e4m3} form={erf,tanh,quick} gen=unit",
]
