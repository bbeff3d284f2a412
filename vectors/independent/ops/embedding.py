# SPDX-License-Identifier: MIT
from inputs import operand


def by_numpy(v):
    return {"y": (operand(v, "table")[operand(v, "ids").astype(int)], None)}


def by_torch(v):
    from pytorch import F, tensor
    return {"y": (F.embedding(tensor(v, "ids").long(), tensor(v, "table")), None)}


RANDOM = ["T=9 V=33 D=64 table={f32,f16,bf16,q8_0} gen=gauss"]
