# SPDX-License-Identifier: MIT
from inputs import operand, through_f32
from ops import rmsnorm


def by_numpy(v):
    total = through_f32(operand(v, "x") + operand(v, "residual"))
    return rmsnorm.by_numpy(v, total) | {"sum": (total, None)}


def by_torch(v):
    from pytorch import once, tensor
    total = tensor(v, "x").float() + tensor(v, "residual").float()
    return rmsnorm.by_torch(v, total.double()) | {"sum": (once(v, "sum", total), None)}


RANDOM = [
    "R={3,40} C={17,64} eps=1e-05 plus_one={0,1} sum={f32,bf16} gen={gauss,cancelled}",
]
