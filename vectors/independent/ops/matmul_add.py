# SPDX-License-Identifier: MIT
import numpy as np
from inputs import operand, through_f32
from ops.matmul import by_numpy as matmul, product


def by_numpy(v):
    y, scale = matmul(v)["y"]
    residual = operand(v, "residual")
    return {"y": (through_f32(y + residual), scale + np.abs(residual))}


def by_torch(v):
    from pytorch import tensor
    residual = tensor(v, "residual")
    y, scale = product(tensor(v, "x"), tensor(v, "w"), tensor(v, "bias"))
    return {"y": ((y + residual).float().double(), scale + residual.abs())}


RANDOM = [
    "T=2 N={5,7} K={64,1021} bias=f32 gen={gauss,opposed,wide}",
    "T=3 N=9 K=512 w={f16,bf16} residual={f16,bf16} gen={gauss,outliers}",
    "T=3 N=9 K=512 w={q8_0,q4_0,q4_k,e4m3} gen=gauss",
]
