# SPDX-License-Identifier: MIT
import math
import numpy as np
from inputs import operand
from ops.matmul import product
from ops.silu import logistic


def by_numpy(v):
    x, gate, up = operand(v, "x"), operand(v, "gate"), operand(v, "up")
    g = np.array([[math.fsum(a * b) for b in gate] for a in x])
    u = np.array([[math.fsum(a * b) for b in up] for a in x])
    size_g, size_u = np.abs(x) @ np.abs(gate).T, np.abs(x) @ np.abs(up).T
    silu_g = logistic(g)
    # silu is 1.1-Lipschitz and at most |g| e^-|g| where it falls to zero
    slope = np.where(g < 0, np.minimum(1.1, (1 + np.abs(g)) * np.exp(-np.abs(g))), 1.1)
    return {"y": (silu_g * u, np.abs(silu_g) * size_u + slope * size_g * np.abs(u))}


def by_torch(v):
    from pytorch import F, tensor, torch
    x = tensor(v, "x")
    (g, size_g), (u, size_u) = product(x, tensor(v, "gate")), product(x, tensor(v, "up"))
    slope = torch.where(g < 0, ((1 + g.abs()) * torch.exp(-g.abs())).clamp(max=1.1), 1.1)
    return {"y": (F.silu(g) * u, F.silu(g).abs() * size_u + slope * size_g * u.abs())}


RANDOM = ["T=3 N=17 K={64,256} gate={f32,q8_0} up={f16,q4_0} gen=unit", "T=3 N=9 K=256 gate={q4_k,q2_k,iq4_xs} up={q6_k,q5_0} gen=unit"]
