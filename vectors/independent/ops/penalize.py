# SPDX-License-Identifier: MIT
import numpy as np
from inputs import operand


def by_numpy(v):
    z, counts, r = operand(v, "logits"), operand(v, "counts"), v.number("repetition") or 1.0
    seen = operand(v, "seen") if v.has("seen") else counts
    if v.has("bias"):
        z = z + operand(v, "bias")
    z = np.where(seen > 0, np.where(z < 0, z * r, z / r), z)
    frequency, presence = counts * v.number("frequency"), np.where(counts > 0, v.number("presence"), 0.0)
    return {"y": (z - frequency - presence, np.abs(z) + np.abs(frequency) + np.abs(presence))}


def by_torch(v):
    from pytorch import tensor, torch
    z, counts, r = tensor(v, "logits"), tensor(v, "counts"), v.number("repetition") or 1.0
    seen = tensor(v, "seen") if v.has("seen") else counts
    if v.has("bias"):
        z = z + tensor(v, "bias")
    for row, marks in zip(z, seen):  # as Hugging Face's processor: gather, penalise, scatter
        ids = torch.nonzero(marks > 0).flatten()
        score = torch.gather(row, 0, ids)
        row.scatter_(0, ids, torch.where(score < 0, score * r, score / r))
    y = z - v.number("frequency") * counts - v.number("presence") * (counts > 0)
    return {"y": (y, z.abs() + (v.number("frequency") * counts).abs() + abs(v.number("presence")))}


RANDOM = [
    "R=5 V=97 repetition={0,1.3} frequency={0,0.3} presence={0,0.7} seen={f32,none} bias={f32,none} gen=gauss",
]
