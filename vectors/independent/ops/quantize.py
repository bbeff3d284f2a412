# SPDX-License-Identifier: MIT
import numpy as np
import formats
from inputs import operand


def by_numpy(v):
    x, name = operand(v, "x"), v.types["y"]
    if name in formats.ENCODE:
        blocks = formats.ENCODE[name](x.astype(np.float32).reshape(-1, formats.DECODE[name][0]))
        return {"y": (blocks.reshape(x.shape[0], -1), None)}
    return {"y": (x, None)}


def by_torch(v):
    from pytorch import NARROW, once, tensor
    return {"y": (once(v, "y", tensor(v, "x")), None)} if v.types["y"] in NARROW else None


RANDOM = ["R=9 C=128 y={f16,bf16,e4m3,e5m2,e4m3fnuz,e5m2fnuz} gen={gauss,half-steps,wide,denormal}"]
