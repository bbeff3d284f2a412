# SPDX-License-Identifier: MIT
from inputs import operand


def by_numpy(v):
    return {"y": (operand(v, "x"), None)}


def by_torch(v):
    from pytorch import NARROW, tensor
    return {"y": (tensor(v, "x"), None)} if v.types.get("x", "f16") in NARROW else None


RANDOM = ["R=9 C=128 x={f16,bf16,e4m3,e5m2,e4m3fnuz,e5m2fnuz} gen=any-bits"]
