#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recomputes the whole stems of conformance/proof/units/stems.def with NumPy: convolutions by their definition, without patches.

usage: stems.py FILE     exit 0: all numbers agree; 1: one does not; 77: NumPy is not there"""
import math
import re
import sys

try:
    import numpy as np
except ImportError as e:
    print(f"stems.py: {e}: not recomputed", file=sys.stderr)
    sys.exit(77)


def made(seed, *shape):
    """Numbers that every type holds."""
    return (((7 * np.arange(math.prod(shape)) + 3 * seed) % 11 - 5) / 8).reshape(shape)


def convolve(x, w, bias, stride, pad):
    """x (C, H, W), w (O, C, h, w): (O, rows, columns); two numbers each of stride and pad."""
    x = np.pad(x, [(0, 0)] + [(p, p) for p in pad])
    h, v = w.shape[2:]
    rows, columns = ((x.shape[1] - h) // stride[0] + 1, (x.shape[2] - v) // stride[1] + 1)
    y = np.empty((w.shape[0], rows, columns))
    for o, i, j in np.ndindex(y.shape):
        y[o, i, j] = (x[:, i * stride[0]:i * stride[0] + h, j * stride[1]:j * stride[1] + v] * w[o]).sum() + bias[o]
    return y


def gelu(x):
    return np.vectorize(lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2)(x)


def conv1d(x, w, bias, stride):
    """x (C, T), w (O, C, 3), padded by 1: (O, T')"""
    return gelu(convolve(x[:, None], w[:, :, None], bias, (1, stride), (0, 1))[:, 0])


def one_conv(stride):
    return conv1d(made(1, 2, 5), made(2, 3, 2, 3), made(3, 3), stride)


def whisper():
    h = conv1d(made(1, 2, 9), made(2, 4, 2, 3), made(3, 4), 1)
    h = conv1d(h, made(4, 4, 4, 3), made(5, 4), 2).T
    angle = np.arange(len(h))[:, None] * np.exp(-math.log(10000) * np.arange(2) / 1)
    return h + np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def patches(image, w, bias):
    """(T, D), in order of rows"""
    return convolve(image, w, bias, w.shape[2:], (0, 0)).reshape(len(w), -1).T


def vit():
    w, bias, token, place = made(2, 5, 2, 2, 2), made(3, 5), made(4, 5), made(5, 7, 5)
    return np.stack([np.concatenate([token[None], patches(made(s, 2, 4, 6), w, bias)]) + place for s in (1, 6)])


def mae():
    """Columns in the first half, rows in the second; each half all sines, then all cosines."""
    def one_axis(at):
        angle = at[:, None] * 10000.0 ** -(np.arange(2) / 2)
        return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    row, column = np.divmod(np.arange(6), 3)
    return patches(made(1, 2, 4, 6), made(2, 8, 2, 2, 2), made(3, 8)) + np.concatenate([one_axis(column), one_axis(row)], axis=1)


def qwen2_vl():
    """Heads (16, 2, 8) of a grid of 4 x 4, in blocks of 2 x 2; pair r is (r, r + 4): two by the row, two by the column."""
    x, y = made(1, 16, 2, 8), np.empty((16, 2, 8))
    grid = [(2 * i + k, 2 * j + m) for i in range(2) for j in range(2) for k in range(2) for m in range(2)]
    for t, (row, column) in enumerate(grid):
        for r, turn in enumerate([row * 1.0, row * 0.01, column * 1.0, column * 0.01]):
            a, b = x[t, :, r], x[t, :, r + 4]
            y[t, :, r], y[t, :, r + 4] = a * math.cos(turn) - b * math.sin(turn), a * math.sin(turn) + b * math.cos(turn)
    return y


STEMS = {"conv": lambda: one_conv(1), "conv_by_2": lambda: one_conv(2), "whisper": whisper, "vit": vit, "mae": mae, "qwen2_vl": qwen2_vl}


def main():
    with open(sys.argv[1]) as f:
        lines = dict(re.findall(r"^STEM\((\w+), (.*)\)$", f.read(), re.M))
    bad = sorted(set(STEMS) ^ set(lines))
    for name in sorted(set(STEMS) & set(lines)):
        v = STEMS[name]().ravel()
        want, have = (v[0], v.sum(), (v * np.arange(1, len(v) + 1)).sum()), [float(x) for x in lines[name].split(",")]
        if not np.allclose(want, have, rtol=1e-13, atol=1e-13):
            bad.append(name)
            print(f"STEM({name}, {', '.join(f'{x:.15g}' for x in want)})")
    print(f"{len(STEMS)} stems recomputed, {len(bad)} differ: {' '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
