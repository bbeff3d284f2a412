# SPDX-License-Identifier: MIT
import numpy as np
import formats
from inputs import cached, operand


def by_numpy(v):
    x, pos, rows = operand(v, "x"), operand(v, "pos").astype(int), cached(v, "cache")
    rows = (rows[0] if rows.ndim == 4 else rows).copy()
    element = v.types.get("cache", "f32").partition(":")[0]
    for t, s in enumerate(pos):
        row = x[t]
        if element == "f16":
            row = row.astype("<f2").astype(np.float64)
        elif element == "q8_0":
            row = formats.decode_q8_0(formats.encode_q8(row.astype(np.float32).reshape(-1, 32), False)).reshape(row.shape)
        elif element == "q4_0":
            row = formats.decode_q4_0(formats.encode_symmetric(row.astype(np.float32).reshape(-1, 32), 8)).reshape(row.shape)
        rows[s] = row
    return {"cache": (rows, None)}


def by_torch(v):
    from pytorch import NARROW, once, tensor
    if v.types.get("cache", "f32").partition(":")[0] not in NARROW:
        return None
    was, rows = tensor(v, "cache"), once(v, "cache", tensor(v, "x"))
    was = (was[0] if was.dim() == 4 else was).clone()
    for at, row in zip(tensor(v, "pos").long(), rows):  # index_copy_ leaves open which of equal positions wins
        was.index_copy_(0, at[None], row[None])
    return {"cache": (was, None)}


RANDOM = ["T=4 S=19 G=2 D=32 cache={f32,f16,bf16,e4m3} gen=gauss"]
