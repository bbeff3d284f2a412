# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf

from inputs import operand, to_float


def usual(v):
    return v.params.get("form", "sigmoid"), v.number("alpha") or float(np.float32(1.702)), v.number("limit") or 7.0


def by_numpy(v):
    form, alpha, limit = usual(v)

    def at(x):  # the gate's activation
        if form == "clamped":
            x = min(x, limit) if x == x else x
        if np.isnan(x):
            return x
        if np.isinf(x):
            return x if x > 0 and form != "sigmoid" else 1.0 if x > 0 else 0.0 if form in ("sigmoid", "relu") else -0.0
        x = mpf(x)
        if form == "sigmoid":
            return 1 / (1 + mp.exp(-x))
        if form == "relu":
            return max(x, mpf(0))
        if form == "gelu":
            return x * mp.ncdf(x)
        if form == "gelu_tanh":
            return x / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)))
        return x / (1 + mp.exp(-mpf(alpha) * x))

    gate, up = operand(v, "gate"), operand(v, "up")
    f = to_float(at(float(t)) for t in gate.ravel()).reshape(gate.shape)
    with np.errstate(invalid="ignore"):
        y = f * (np.clip(up, -limit, limit) + 1 if form == "clamped" else up)
    return {"y": (y, np.abs(y) * (1 + gate * gate * (1 + np.abs(gate))))}


def by_torch(v):
    from pytorch import F, tensor, torch
    form, alpha, limit = usual(v)
    gate, up = tensor(v, "gate"), tensor(v, "up")
    if form == "clamped":
        gate, up = gate.clamp(max=limit), up.clamp(-limit, limit) + 1
    f = {
        "sigmoid": torch.sigmoid, "relu": F.relu, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "clamped": lambda x: x * torch.sigmoid(alpha * x),
    }[form](gate)
    f = torch.where(torch.isneginf(gate), 0.0, f)  # PyTorch says NaN where it multiplies
    return {"y": (f * up, up.abs() * (gate.abs() + 1) * (1 + gate.abs()))}


RANDOM = [
    "R=9 C=130 form={sigmoid,relu,gelu,gelu_tanh,clamped} gen={gauss,range}",
    "R=9 C=130 form=clamped alpha={1,1.702} limit={0.5,7} gen={gauss,limits}",
]
