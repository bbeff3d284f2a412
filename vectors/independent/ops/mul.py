# SPDX-License-Identifier: MIT
from inputs import operand, through_f32


def by_numpy(v):
    return {"y": (through_f32(operand(v, "a") * operand(v, "b")), None)}


def by_torch(v):
    from pytorch import once, tensor, torch
    return {"y": (once(v, "y", torch.mul(tensor(v, "a").float(), tensor(v, "b").float())), None)}


RANDOM = ["R=9 C=130 a={f32,f16,bf16} b={f32,f16,bf16} y={f32,f16,bf16} gen={gauss,denormal}"]
