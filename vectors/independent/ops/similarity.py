# SPDX-License-Identifier: MIT
import math
import numpy as np
from inputs import operand


def by_numpy(v):
    a, b = operand(v, "a"), operand(v, "b")
    form = v.params.get("form", "dot")
    s, size = np.zeros((len(a), len(b))), np.ones((len(a), len(b)))
    for t, x in enumerate(a):
        for n, y in enumerate(b):
            dot, terms = math.fsum(x * y), float(np.abs(x) @ np.abs(y))
            if form == "dot":
                s[t, n], size[t, n] = dot, terms
            elif form == "l2":
                s[t, n] = size[t, n] = math.dist(x, y)
            else:
                norms = math.hypot(*x) * math.hypot(*y)
                s[t, n], size[t, n] = (dot / norms, terms / norms) if norms else (0, 0)
    return {"s": (s, size)}


def by_torch(v):
    from pytorch import tensor, torch
    a, b, form = tensor(v, "a"), tensor(v, "b"), v.params.get("form", "dot")
    if form == "l2":
        s = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
        return {"s": (s, s)}
    if form == "dot":
        return {"s": (a @ b.T, a.abs() @ b.abs().T)}
    norms = torch.outer(a.norm(dim=1), b.norm(dim=1))
    s = torch.cosine_similarity(a[:, None], b[None], dim=2, eps=0)  # 0/0 where one is 0: ours is 0
    return {"s": (torch.where(norms == 0, 0, s), torch.where(norms == 0, 0, a.abs() @ b.abs().T / norms))}


RANDOM = ["T=3 N=9 D={17,64} b={f32,f16,bf16} form={dot,cosine,l2} gen={gauss,parallel,offset,zero-rows}",
          "T=3 N=9 D=64 b=q8_0 form={dot,cosine,l2} gen={gauss,parallel,offset,zero-rows}"]
