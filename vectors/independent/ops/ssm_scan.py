# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf

from inputs import operand


def number(t):
    return mpf(float(t)) if np.isfinite(t) else float(t)


def step(z):
    """softplus, of any number"""
    if not np.isfinite(float(z)):
        return np.logaddexp(0, float(z))
    return mp.log1p(mp.exp(-abs(z))) + max(z, 0)


def channel(x, dt, a, write, read, skip, state):
    """One channel, token by token: y, the sizes that it is a sum of, and the state at the end with its own."""
    h, size, ys, sizes = list(state), [abs(t) for t in state], [], []
    for t in range(len(x)):
        s = step(dt[t])
        falls = [mp.exp(s * r) for r in a]
        h = [f * before + s * x[t] * w for f, before, w in zip(falls, h, write[t])]
        size = [f * before + abs(s * x[t] * w) for f, before, w in zip(falls, size, write[t])]
        ys.append(sum(r * k for r, k in zip(read[t], h)) + skip * x[t])
        sizes.append(sum(abs(r) * k for r, k in zip(read[t], size)) + abs(skip * x[t]))
    return [np.array([float(t) for t in row]) for row in (ys, sizes, h, size)]


def by_numpy(v):
    x, dt, a, write, read = (operand(v, n) for n in ("x", "dt", "a", "write", "read"))
    skip, bias, state = (operand(v, n) for n in ("skip", "bias", "state"))
    (B, T, D), N = x.shape, a.shape[1]
    skip, bias = (np.zeros(D) if t is None else t for t in (skip, bias))
    state = np.zeros((B, D, N)) if state is None else state
    y, size, last, held = np.zeros((B, T, D)), np.zeros((B, T, D)), np.zeros((B, D, N)), np.zeros((B, D, N))
    exact = np.vectorize(number, otypes=[object])
    for b, d in np.ndindex(B, D):
        of = (exact(t) for t in (x[b, :, d], dt[b, :, d], a[d], write[b], read[b], skip[d], state[b, d]))
        of = list(of)
        of[1] = of[1] + number(bias[d])
        y[b, :, d], size[b, :, d], last[b, d], held[b, d] = channel(*of)
    return {"y": (y, size)} | ({"last": (last, held)} if "expected.last" in v.raw else {})


def by_torch(v):
    from pytorch import F, tensor, torch
    x, dt, a, write, read = (tensor(v, n) for n in ("x", "dt", "a", "write", "read"))
    skip, bias, state = (tensor(v, n) for n in ("skip", "bias", "state"))
    (B, T, D), N = x.shape, a.shape[1]
    s = F.softplus(dt if bias is None else dt + bias, threshold=1e9)

    def scan(x, write, read, skip, h):
        rows = []
        for t in range(T):
            h = torch.exp(s[:, t, :, None] * a) * h + (s[:, t] * x[:, t])[:, :, None] * write[:, t, None]
            rows.append((h * read[:, t, None]).sum(-1) + (0 if skip is None else skip * x[:, t]))
        return torch.stack(rows, dim=1), h

    start = torch.zeros(B, D, N, dtype=x.dtype) if state is None else state
    y, last = scan(x, write, read, skip, start)
    size, held = scan(x.abs(), write.abs(), read.abs(), None if skip is None else skip.abs(), start.abs())
    return {"y": (y, size)} | ({"last": (last, held)} if "expected.last" in v.raw else {})


RANDOM = ["B=2 T={1,6} D=5 N={1,4} skip={none,f32} bias={none,f32} state={none,f32} last=f32 gen={gauss,small-steps,large-steps}"]
