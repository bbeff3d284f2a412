# SPDX-License-Identifier: MIT
"""What is computed from a vector: its inputs as float64, without any of the C code."""
import numpy as np
from mpmath import mp

import formats

mp.prec = 160


def operand(v, name, default="f32"):
    if not v.has(name):
        return None
    kind, raw = v.raw[name]
    return formats.decode(kind, v.types.get(name, default).split("/")[0], raw)


def to_float(values):
    return np.array([float(x) for x in values], dtype=np.float64)


def through_f32(values):
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return values.astype(np.float32).astype(np.float64)


def panels(v, name, element):
    """A kpanel16 tensor (S, G, D) of a file: [S/16][G][D][16], the last panel padded."""
    S, G, D = v.dims["S"], v.dims["G"], v.dims["D"]
    flat = np.frombuffer(v.raw[name][1].tobytes(), dtype={"f32": "<f4", "f16": "<f2", "bf16": "<u2"}[element])
    x = flat.reshape(-1, (S + 15) // 16, G, D, 16)
    x = np.moveaxis(x, -1, 2).reshape(-1, (S + 15) // 16 * 16, G, D)[:, :S]
    return formats.bf16_words(x) if element == "bf16" else x.astype(np.float64)


def cached(v, name):
    element, _, layout = v.types.get(name, "f32").partition(":")
    return panels(v, name, element) if layout == "kpanel16" else operand(v, name)
