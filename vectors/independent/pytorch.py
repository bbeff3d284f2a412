# SPDX-License-Identifier: MIT
"""What PyTorch computes from: a vector's inputs as float64."""
import numpy as np
import torch
import torch.nn.functional as F

import formats
import inputs

EIGHT = {"e4m3": torch.float8_e4m3fn, "e5m2": torch.float8_e5m2, "e4m3fnuz": torch.float8_e4m3fnuz, "e5m2fnuz": torch.float8_e5m2fnuz}
NARROW = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, **EIGHT}


def tensor(v, name):
    """An input as float64.  f16, bf16 and floats of 8 bits are read by PyTorch; blocks, of which it knows nothing, by formats.py."""
    if not v.has(name):
        return None
    kind, raw = v.raw[name]
    if kind == "F16":
        return torch.from_numpy(raw.astype("<i2" if raw.dtype.kind == "i" else raw.dtype).copy()).double()
    if kind == "BF16":
        return torch.from_numpy(raw.view("<i2").copy()).view(torch.bfloat16).double()
    element = v.types.get(name, "").split("/")[0]
    if element in EIGHT:
        return torch.from_numpy(raw.copy()).view(EIGHT[element]).double()
    if kind == "U8":
        return torch.from_numpy(np.ascontiguousarray(inputs.cached(v, name)))
    return torch.from_numpy(raw.copy()).double()


def once(v, name, value):
    """From f32 to the output's type.  (From float64 PyTorch goes through f32 as well: two roundings.)  PyTorch 2.15 saturates e4m3,
    and e4m3 alone: what is nearer to 480 than to 448 is NaN here."""
    kind = v.types.get(name, "f32").partition(":")[0]
    y = value.float().to(NARROW[kind]).double()
    return torch.where(value.abs() > 464, torch.nan, y) if kind == "e4m3" else y
