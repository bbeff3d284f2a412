# SPDX-License-Identifier: MIT
import numpy as np
from inputs import operand


def is_chance(x):
    return bool(np.all((x >= 0) & (x < np.inf)))


def drawn(rest, w):
    """The first id with w sum < the sum up to it."""
    return int(np.argmax(np.cumsum(rest) > w * rest.sum())) if rest.sum() > 0 else -1


def checked(v, draw):
    p, q, last, draft, u, w = (operand(v, name) for name in ("p", "q", "last", "draft", "u", "w"))
    R, T = len(w), p.shape[1]  # an empty operand has no rows in a file
    out = np.full((R, 2), -1.0)
    for r in range(R):
        t, stop = 0, False
        while t < T and not stop:
            px, qx, ux = p[r, t, int(draft[r, t])], q[r, t, int(draft[r, t])], u[r, t]
            if not (is_chance(px) and is_chance(qx) and 0 <= ux < 1):
                t = None
                break
            stop = px == 0 or ux * qx > px
            t += not stop
        if t is None or not 0 <= w[r] < 1:
            continue
        rows = (p[r, t], q[r, t]) if t < T else (last[r],)
        if not all(is_chance(x) for x in rows):
            continue
        rest = np.maximum(p[r, t] - q[r, t], 0) if t < T else last[r]
        token = draw(rest if rest.sum() > 0 else rows[0], w[r])
        if token >= 0:
            out[r] = t, token
    return {"count": (out[:, 0], None), "token": (out[:, 1], None)}


def by_numpy(v):
    return checked(v, drawn)


def by_torch(v):
    from pytorch import torch

    def by_cumsum(rest, w):
        x = torch.tensor(np.array(rest, dtype=float))
        return int(torch.nonzero(x.cumsum(0) > w * x.sum())[0]) if x.sum() > 0 else -1

    return {name: (torch.tensor(value), None) for name, (value, _) in checked(v, by_cumsum).items()}


RANDOM = [
    "R=40 T=4 V=33 gen={model,forbidden,as-good}",
    "R=40 T=2 V=7 gen=invalid",
]
