# SPDX-License-Identifier: MIT
import math
import numpy as np
from inputs import operand


def by_numpy(v):
    x, w, bias = operand(v, "x"), operand(v, "w"), operand(v, "bias")
    y = np.array([[math.fsum(a * b) for b in w] for a in x])
    scale = np.abs(x) @ np.abs(w).T
    if bias is not None:
        y, scale = y + bias, scale + np.abs(bias)
    return {"y": (y, scale)}


def product(x, w, bias=None):
    from pytorch import F
    return F.linear(x, w, bias), F.linear(x.abs(), w.abs(), None if bias is None else bias.abs())


def by_torch(v):
    from pytorch import tensor
    return {"y": product(tensor(v, "x"), tensor(v, "w"), tensor(v, "bias"))}


RANDOM = [
    "T=2 N={5,7} K={64,1021} bias=f32 gen={gauss,cancel,wide}",
    "T=3 N=9 K=512 w={f16,bf16} gen={gauss,positive}",
    "T=3 N=5 K=512 w={e4m3,e5m2} gen={gauss,codes}",
    "T=3 N=9 K=512 w={q8_0,q4_0,q4_1,q5_0,q5_1,iq4_nl,iq4_xs,mxfp4,q2_k,q3_k,q4_k,q5_k,q6_k} gen=gauss",
]
