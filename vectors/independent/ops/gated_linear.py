# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def scan(q, k, v, factor, s):
    """Token by token: what is read, and the state at the end."""
    rows = []
    for t in range(q.shape[1]):
        s = factor[:, t, :, :, None] * s + k[:, t, :, :, None] * v[:, t, :, None, :]
        rows.append((q[:, t, :, :, None] * s).sum(2))
    return rows, s


def by_numpy(v):
    q, k, values = (operand(v, n) for n in ("q", "k", "v"))
    decay, gate, state = (operand(v, n) for n in ("decay", "gate", "state"))
    B, T, H, D = q.shape
    factor = np.ones(q.shape, dtype=np.longdouble)
    with np.errstate(invalid="ignore", over="ignore"):
        if decay is not None:
            factor = factor * decay[:, None]
        if gate is not None:
            factor = factor * np.exp(gate.astype(np.longdouble))
        start = np.zeros((B, H, D, values.shape[3]), dtype=np.longdouble) if state is None else state.astype(np.longdouble)
        rows, last = scan(q, k, values, factor, start)
        sizes, held = scan(np.abs(q), np.abs(k), np.abs(values), np.abs(factor), np.abs(start))
    y, size = np.stack(rows, axis=1).astype(float), np.stack(sizes, axis=1).astype(float)
    return {"y": (y, size)} | ({"last": (last.astype(float), held.astype(float))} if "expected.last" in v.raw else {})


def by_torch(v):
    from pytorch import tensor, torch
    q, k, values = (tensor(v, n) for n in ("q", "k", "v"))
    decay, gate, state = (tensor(v, n) for n in ("decay", "gate", "state"))
    B, T, H, D = q.shape
    factor = torch.ones_like(q) * (1 if decay is None else decay[:, None]) * (1 if gate is None else torch.exp(gate))
    start = torch.zeros(B, H, D, values.shape[3], dtype=q.dtype) if state is None else state
    rows, last = scan(q, k, values, factor, start)
    sizes, held = scan(q.abs(), k.abs(), values.abs(), factor.abs(), start.abs())
    return {"y": (torch.stack(rows, 1), torch.stack(sizes, 1))} | ({"last": (last, held)} if "expected.last" in v.raw else {})


RANDOM = ["B=2 T={1,6} H=2 D={1,5} E=4 decay={none,f32} gate={none,f32} state={none,f32} last=f32 gen={gauss,sparse,across}"]
