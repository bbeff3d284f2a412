# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def sides(v, name, default=None):
    """(down, across) of a field; 0, or not said: the default."""
    return tuple(int(v.params.get(f"{name}_{end}", 0)) or default[i] for i, end in enumerate("hw"))


def fields(v):
    kernel = sides(v, "kernel", (1, 1))
    return kernel, sides(v, "stride", kernel), sides(v, "pad", (0, 0))


def by_numpy(v):
    x = operand(v, "x")
    (kh, kw), (sh, sw), (ph, pw) = fields(v)
    padded = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    return {"y": (np.moveaxis(windows, 1, 3).reshape(v.dims.get("B", 1), v.dims.get("T", 1), v.dims.get("K", 1)), None)}


def by_torch(v):
    from pytorch import F, tensor
    kernel, stride, pad = fields(v)
    return {"y": (F.unfold(tensor(v, "x"), kernel, padding=pad, stride=stride).transpose(1, 2), None)}


RANDOM = ["B=2 C=3 H=7 W=9 T={} K={} {}".format(*made) for made in (
    (63, 3, "gen=gauss"),
    (12, 18, "kernel_h=2 kernel_w=3 stride_h=2 pad_h=1 gen=gauss"),
    (25, 27, "kernel_h=3 kernel_w=3 stride_h=2 stride_w=2 pad_h=2 pad_w=1 gen=special"),
)]
