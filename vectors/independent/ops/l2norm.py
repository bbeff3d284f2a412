# SPDX-License-Identifier: MIT
import math
import numpy as np
from inputs import operand


def by_numpy(v):
    x, eps, y = operand(v, "x"), v.number("eps"), np.empty_like(operand(v, "x"))
    for r, row in enumerate(x):
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            squares = math.fsum(t * t for t in row) if np.isfinite(row).all() else np.sum(row * row)
            by = np.sqrt(squares + eps) if v.params.get("form") == "sum" else np.maximum(np.sqrt(squares), eps)
            y[r] = row / by
    return {"y": (y, np.abs(y))}


def by_torch(v):
    from pytorch import F, tensor, torch
    x, eps = tensor(v, "x"), v.number("eps")
    if v.params.get("form") == "sum":  # as Qwen3-Next's l2norm
        y = x * torch.rsqrt((x * x).sum(dim=-1, keepdim=True) + eps)
    else:
        y = F.normalize(x, p=2.0, dim=-1, eps=eps)
    return {"y": (y, y.abs())}


RANDOM = [
    "R={3,40} C={17,64} eps={1e-12,1e-06} form={max,sum} gen={gauss,wide}",
    "R=14 C=33 eps={1e-06,0.1} form={max,sum} gen={near-eps,about-eps}",
]
