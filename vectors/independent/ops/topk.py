# SPDX-License-Identifier: MIT
import numpy as np
from inputs import operand


def kept(v, ids, values):
    found = {"ids": (ids, None), "values": (values, None)}
    return {name: found[name] for name in found if f"expected.{name}" in v.raw}


def by_numpy(v):
    x, k = operand(v, "x"), v.raw["expected.ids"][1].shape[1]
    ids, values = np.full((len(x), k), -1.0), np.full((len(x), k), -np.inf)
    for r, row in enumerate(x):
        # NaN first, then the larger; Python's sort is stable: of equal ones the lower index
        order = sorted(range(len(row)), key=lambda i: (0, 0) if np.isnan(row[i]) else (1, -row[i]))[:k]
        ids[r, : len(order)], values[r, : len(order)] = order, row[order]
    return kept(v, ids, values)


def by_torch(v):
    import math
    import torch.nn.functional as F
    from pytorch import tensor, torch
    x, k = tensor(v, "x"), v.raw["expected.ids"][1].shape[1]
    values, ids = torch.sort(x, dim=1, descending=True, stable=True)  # NaN first; of torch.topk's ties any may come
    more = (0, max(k - x.shape[1], 0))
    return kept(v, F.pad(ids[:, :k].double(), more, value=-1), F.pad(values[:, :k], more, value=-math.inf))


RANDOM = ["R=9 V={1,37,1031} K={1,5,40} values=f32 gen={gauss,ties,nans,masked}"]
