# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand
from ops.sample import philox


def noise(v, row, ids):
    """-ln(-ln u) of the first ids of a row"""
    key, step = int(v.params.get("key", 0)), int(v.params.get("step", 0))
    words = []
    for block in range(-(-ids // 4)):
        words += philox((key & 0xFFFFFFFF, key >> 32), (block, row, step & 0xFFFFFFFF, step >> 32))
    return [-mp.log(-mp.log(mpf((x >> 9 << 1) + 1) / 2**24)) for x in words[:ids]]


def by_numpy(v):
    ids, temp = [], v.number("temp")
    for row, logits in enumerate(operand(v, "logits")):
        if np.isnan(logits).any() or np.isposinf(logits).any() or np.isneginf(logits).all():
            ids.append(-1)
        elif temp == 0:
            ids.append(int(np.argmax(logits)))
        else:
            g = noise(v, row, len(logits))
            sums = [mpf(z) / mpf(temp) + g[i] if np.isfinite(z) else -mp.inf for i, z in enumerate(logits)]
            ids.append(max(range(len(sums)), key=lambda i: (sums[i], -i)))
    return {"id": (np.array(ids, dtype=np.float64), None)}


def by_torch(v):
    from pytorch import tensor, torch
    ids, temp = [], v.number("temp")
    for row, z in enumerate(tensor(v, "logits")):
        if torch.isnan(z).any() or torch.isposinf(z).any() or torch.isneginf(z).all():
            ids.append(-1)
        elif temp == 0:
            ids.append(int(torch.argmax(z)))
        else:
            g = torch.tensor([float(x) for x in noise(v, row, len(z))], dtype=torch.float64)
            ids.append(int(torch.argmax(z / temp + g)))
    return {"id": (torch.tensor(ids, dtype=torch.float64), None)}


RANDOM = ["R=60 V={40,150} temp={0,0.7,1.5} key=11 step=5 gen={model,level}"]
