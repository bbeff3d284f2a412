# SPDX-License-Identifier: MIT
import math

import numpy as np
from mpmath import mp, mpf

from inputs import operand, to_float


def by_numpy(v):
    form, threshold = v.params.get("form", "relu"), v.number("threshold")
    alpha, beta, cap = (mpf(v.number(name)) or usual for name, usual in (("alpha", 1), ("beta", 1), ("cap", 30)))
    one = {
        "relu": lambda x: max(x, mpf(0)),
        "relu2": lambda x: max(x, mpf(0)) ** 2,
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
        "tanh": mp.tanh,
        "softplus": lambda x: x if 0 < threshold < beta * x else mp.log1p(mp.exp(beta * x)) / beta,
        "hardswish": lambda x: x * min(max(x + 3, mpf(0)), mpf(6)) / 6,
        "elu": lambda x: x if x > 0 else alpha * mp.expm1(x),
        "mish": lambda x: x * mp.tanh(x if 0 < threshold < x else mp.log1p(mp.exp(x))),
        "softcap": lambda x: cap * mp.tanh(x / cap),
    }[form]
    ends = {"sigmoid": (1, 0), "tanh": (1, -1), "elu": (math.inf, -alpha), "softcap": (cap, -cap)}.get(form, (math.inf, 0))

    def at(x):
        if np.isnan(x):
            return x
        return ends[x < 0] if np.isinf(x) else one(mpf(x))

    x = operand(v, "x")
    y = to_float(at(float(t)) for t in x.ravel()).reshape(x.shape)
    return {"y": (y, np.abs(y) * (1 + np.abs(x) * float(beta)))}


def by_torch(v):
    from pytorch import F, tensor, torch
    x, form, threshold = tensor(v, "x"), v.params.get("form", "relu"), v.number("threshold")
    alpha, beta, cap = (v.number(name) or usual for name, usual in (("alpha", 1), ("beta", 1), ("cap", 30)))
    soft = F.softplus(x, beta=beta if form == "softplus" else 1, threshold=threshold or 700)
    y = {
        "relu": F.relu, "relu2": lambda x: F.relu(x) ** 2, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
        "softplus": lambda x: soft, "hardswish": F.hardswish, "elu": lambda x: torch.where(x > 0, x, alpha * torch.expm1(x)),
        "mish": lambda x: x * torch.tanh(soft), "softcap": lambda x: cap * torch.tanh(x / cap),
    }[form](x)
    limit = form in ("hardswish", "mish")  # PyTorch says NaN at -inf
    y = torch.where(torch.isneginf(x), -0.0, y) if limit else y
    return {"y": (y, y.abs() * (1 + x.abs() * beta))}


RANDOM = [
    "R=9 C=130 form={relu,relu2,sigmoid,tanh,softplus,hardswish,elu,mish,softcap} gen={gauss,range,origin}",
    "R=9 C=130 form={softplus,mish} beta={1,3} threshold={1.5,20} gen={gauss,step}",
]
