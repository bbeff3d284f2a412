# SPDX-License-Identifier: MIT
import math
import numpy as np
from inputs import operand


def by_numpy(v):
    p, h, context = operand(v, "p"), operand(v, "h"), operand(v, "context")
    alpha = float(np.float32(v.params.get("alpha", 0)))
    score, size = np.zeros(len(p)), np.zeros(len(p))
    for k, x in enumerate(h):
        likes = []
        for y in context:
            norms = math.hypot(*x) * math.hypot(*y)
            likes.append((math.fsum(x * y) / norms, float(np.abs(x) @ np.abs(y)) / norms) if norms else (0.0, 0.0))
        score[k] = math.fsum([p[k], -alpha * p[k], -alpha * max(likes)[0]])
        size[k] = abs(p[k]) + alpha * max(t for _, t in likes)
    return {"score": (score, size)}


def by_torch(v):
    from pytorch import tensor, torch
    p, h, context = tensor(v, "p"), tensor(v, "h"), tensor(v, "context")
    alpha = float(np.float32(v.params.get("alpha", 0)))
    likes = torch.nn.functional.normalize(h, dim=1, eps=1e-300) @ torch.nn.functional.normalize(context, dim=1, eps=1e-300).T
    score = (1 - alpha) * p - alpha * likes.amax(1)
    return {"score": (score, p.abs() + alpha)}


RANDOM = ["K=4 S=9 D={17,64} alpha={0,0.3,1} gen={gauss,repeated,opposed,alike,zero-rows}"]
