# SPDX-License-Identifier: MIT
"""GGUF's iq types from their definition: super-blocks of 256 to float64.  The grids are facts of the format; they are read from the
list that the reference has (reference/core/dtype_grids.h), and formats_check.py compares what they lead to with the PyPI package gguf."""
import os
import re

import numpy as np

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "reference", "core", "dtype_grids.h")


def read(name, digits, values):
    """The grid as (entries, digits) numbers: numbers in base len(values) whose bits are set, the first digit the lowest."""
    with open(HEADER, encoding="utf-8") as f:
        words = re.findall(r"0x([0-9a-f]{16})", re.search(rf"{name}_set\[\d+\] = {{(.*?)}}", f.read(), re.S).group(1))
    bits = np.unpackbits(np.array([int(w, 16) for w in words], "<u8").view(np.uint8), bitorder="little")
    number = np.flatnonzero(bits)[:, None] // len(values) ** np.arange(digits)
    return np.array(values, float)[number % len(values)]


EIGHT = (8, 25, 43)
GRID = {"iq2_xxs": read("iq2_xxs", 8, EIGHT), "iq2_xs": read("iq2_xs", 8, EIGHT), "iq2_s": read("iq2_s", 8, EIGHT),
        "iq1": read("iq1_s", 8, (-1, 0, 1)), "iq3_xxs": read("iq3_xxs", 4, (4, 12, 20, 28, 36, 44, 52, 62)),
        "iq3_s": read("iq3_s", 4, range(1, 16, 2))}
SEVEN = np.arange(128)[:, None] >> np.arange(7) & 1
SIGNS = 1.0 - 2 * np.concatenate([SEVEN, SEVEN.sum(axis=1, keepdims=True) % 2], axis=1)  # an even number is minus


def words(b, kind):
    return np.ascontiguousarray(b).view(kind).astype(int)


def f16(b):
    return np.ascontiguousarray(b).view("<f2").astype(np.float64)


def fields(w, width, n):
    """n fields of each number, the lowest first: (.., n)."""
    return w[..., None] >> width * np.arange(n) & (1 << width) - 1


def flat(a):
    return a.reshape(len(a), -1)


def minus(b):
    """Plain bits of sign: (rows, octets, 8)."""
    return 1.0 - 2 * np.unpackbits(b, axis=1, bitorder="little").reshape(len(b), -1, 8)


def put(d, scale, x):
    """d times a scale for each run of elements of x (rows, runs, ..)."""
    return d * flat(scale[:, :, None] * x.reshape(len(x), scale.shape[1], -1))


def by_word(b, w, x, over):
    """Signs and a scale in a word for each group of four octets."""
    signs = SIGNS[fields(w, 7, 4)]
    return put(f16(b[:, :2]), (0.5 + (w >> 28 & 15)) / over, x.reshape(len(b), 8, 4, 8) * signs)


def iq2_xxs(b):
    groups = b[:, 2:].reshape(-1, 8, 8)
    return by_word(b, words(groups[:, :, 4:], "<u4")[:, :, 0], GRID["iq2_xxs"][groups[:, :, :4]], 4)


def iq2_xs(b):
    v = words(b[:, 2:66], "<u2")
    return put(f16(b[:, :2]), (0.5 + flat(fields(b[:, 66:].astype(int), 4, 2))) / 4, GRID["iq2_xs"][v & 511] * SIGNS[v >> 9])


def iq2_s(b):
    place = b[:, 2:34] + 256 * flat(fields(b[:, 66:74].astype(int), 2, 4))
    return put(f16(b[:, :2]), (0.5 + flat(fields(b[:, 74:].astype(int), 4, 2))) / 4, GRID["iq2_s"][place] * minus(b[:, 34:66]))


def iq3_xxs(b):
    return by_word(b, words(b[:, 66:], "<u4"), GRID["iq3_xxs"][b[:, 2:66]], 2)


def iq3_s(b):
    place = b[:, 2:66] + 256 * flat(fields(b[:, 66:74].astype(int), 1, 8))
    x = GRID["iq3_s"][place].reshape(len(b), 32, 8) * minus(b[:, 74:106])
    return put(f16(b[:, :2]), 1.0 + 2 * flat(fields(b[:, 106:].astype(int), 4, 2)), x)


def iq1_s(b):
    h = words(b[:, 34:], "<u2")
    x = GRID["iq1"][b[:, 2:34] + 256 * flat(fields(h & 4095, 3, 4))].reshape(len(b), 8, 32)
    return put(f16(b[:, :2]), 1.0 + 2 * (h >> 12 & 7), x + (0.125 - 0.25 * (h >> 15))[:, :, None])


def iq1_m(b):
    h, s = flat(fields(b[:, 32:48].astype(int), 4, 2)), words(b[:, 48:], "<u2")
    d = (s >> 12 << 4 * np.arange(4)).sum(axis=1).astype("<u2").view("<f2").astype(np.float64)[:, None]
    x = GRID["iq1"][b[:, :32] + 256 * (h & 7)] + (0.125 - 0.25 * (h >> 3))[:, :, None]
    return put(d, 1.0 + 2 * flat(fields(s & 4095, 3, 4)), x)


DECODE = {"iq2_xxs": (256, 66, iq2_xxs), "iq2_xs": (256, 74, iq2_xs), "iq2_s": (256, 82, iq2_s), "iq3_xxs": (256, 98, iq3_xxs),
          "iq3_s": (256, 110, iq3_s), "iq1_s": (256, 50, iq1_s), "iq1_m": (256, 56, iq1_m)}
