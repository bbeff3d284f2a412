# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand


def tables(v):
    """Of each row and pair: position (by its axis), R, whether pairs lie half a head apart, magnitude."""
    x, pos, axis = operand(v, "x"), operand(v, "pos").astype(int), operand(v, "axis")
    R = int(v.params.get("n_dims", 0)) or x.shape[2]
    where = pos[np.zeros(R // 2, int) if axis is None else axis.astype(int)].T  # (T, F)
    return x, where, R, v.params.get("mode") == "half", v.number("magnitude") or 1.0


def by_numpy(v):
    x, where, R, half, m = tables(v)
    f, cos, sin = operand(v, "inv_freq"), operand(v, "cos"), operand(v, "sin")
    base = mpf(v.number("base")) or mpf(10000)
    y, scale = x.copy(), np.zeros_like(x)
    for t in range(x.shape[0]):
        for r in range(R // 2):
            theta = mpf(int(where[t, r])) * (mpf(f[r]) if f is not None else base ** (mpf(-2 * r) / R)) if cos is None else mpf(0)
            turn = mp.expjpi(theta / mp.pi) if cos is None else mp.mpc(cos[where[t, r], r], sin[where[t, r], r])  # cos + i sin
            i, j = (r, r + R // 2) if half else (2 * r, 2 * r + 1)
            for h in range(x.shape[1]):
                z = m * mp.mpc(x[t, h, i], x[t, h, j]) * turn
                y[t, h, i], y[t, h, j] = float(z.real), float(z.imag)
                scale[t, h, [i, j]] = m * float(abs(turn)) * (1 + abs(float(theta))) * (abs(x[t, h, i]) + abs(x[t, h, j]))
    return {"y": (y, scale)}


def by_torch(v):
    from pytorch import tensor, torch
    x, f, cos, sin = tensor(v, "x"), tensor(v, "inv_freq"), tensor(v, "cos"), tensor(v, "sin")
    _, where, R, half, m = tables(v)
    base, pairs_of = v.number("base") or 10000.0, torch.arange(R // 2)
    if f is None:
        f = torch.pow(torch.tensor(base, dtype=torch.float64), -torch.arange(0, R, 2, dtype=torch.float64) / R)
    where = torch.as_tensor(where)
    theta = where * f if cos is None else torch.zeros(where.shape, dtype=torch.float64)
    turn = torch.polar(torch.ones_like(theta), theta) if cos is None else torch.complex(cos[where, pairs_of], sin[where, pairs_of])
    turn, theta = m * turn[:, None, :], theta[:, None, :]
    part = x[..., :R]
    pairs = torch.stack(part.chunk(2, dim=-1), dim=-1) if half else part.unflatten(-1, (R // 2, 2))
    turned = torch.view_as_real(torch.view_as_complex(pairs.contiguous()) * turn)
    size = (pairs.abs().sum(-1, keepdim=True) * (turn.abs() * (1 + theta.abs()))[..., None]).expand_as(pairs)
    flat = [torch.cat(t.unbind(-1), dim=-1) if half else t.flatten(-2) for t in (turned, size)]
    rest = x[..., R:]
    return {"y": (torch.cat([flat[0], rest], -1), torch.cat([flat[1], torch.zeros_like(rest)], -1))}


RANDOM = [
    "T=7 H=3 D=64 mode={interleaved,half} n_dims={0,32} base={10000,500000} gen={gauss,far,scattered}",
    "T=7 H=3 D=64 F=32 inv_freq=f32 mode={interleaved,half} gen={gauss,far}",
    "T=7 H=3 D=64 F=32 S=3 axis=i32 inv_freq={f32,none} mode={interleaved,half} magnitude={0,1.3465736} gen={gauss,sections,scattered}",
    "T=7 H=3 D=64 F=32 S=3 P=9 axis={i32,none} cos=f32 sin=f32 mode={interleaved,half} magnitude={0,0.7} gen=gauss",
]
