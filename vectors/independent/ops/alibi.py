# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mpf

from inputs import operand


def series(n, most):
    """As in the paper's code: n slopes."""
    if n & (n - 1) == 0:
        return [mpf(2) ** (-mpf(most) * (i + 1) / n) for i in range(n)]
    low = 1 << (n.bit_length() - 1)
    return series(low, most) + series(2 * low, most)[0::2][: n - low]


def by_numpy(v):
    q, k = operand(v, "qpos"), operand(v, "kpos")
    m = np.array([float(s) for s in series(v.dims["H"], v.number("max_bias") or 8)])
    d = q[:, None] - k[None]
    if v.params.get("symmetric") == "1":
        d = np.abs(d)
    y = -m[:, None, None] * d
    return {"bias": (y, np.abs(y))}


def by_torch(v):
    """As Hugging Face's BLOOM: powers of the first slope of either series."""
    from pytorch import tensor, torch
    q, k, H, most = tensor(v, "qpos"), tensor(v, "kpos"), v.dims["H"], v.number("max_bias") or 8.0
    P = 2 ** int(np.floor(np.log2(H)))
    powers = lambda base, n: torch.pow(torch.tensor(base, dtype=torch.float64), n)
    m = powers(2 ** (-most / P), torch.arange(1, P + 1, dtype=torch.float64))
    if P < H:
        m = torch.cat([m, powers(2 ** (-most / (2 * P)), torch.arange(1, 2 * (H - P), 2, dtype=torch.float64))])
    d = q[:, None] - k
    y = -m[:, None, None] * (d.abs() if v.params.get("symmetric") == "1" else d)
    return {"bias": (y, y.abs() * H)}


RANDOM = ["H={1,3,8,12,71} T=4 S=9 max_bias={0,5.5} symmetric={0,1} gen={decode,far,farthest,scattered}"]
