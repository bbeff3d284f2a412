# SPDX-License-Identifier: MIT
import numpy as np
from mpmath import mp, mpf
from inputs import operand


def by_numpy(v):
    x, pos, f = operand(v, "x"), operand(v, "pos"), operand(v, "inv_freq")
    T, H, D = x.shape
    R = int(v.params.get("n_dims", 0)) or D
    base = mpf(v.number("base")) or mpf(10000)
    half = v.params.get("mode") == "half"
    y, scale = x.copy(), np.zeros_like(x)
    for t in range(T):
        for r in range(R // 2):
            theta = mpf(pos[t]) * (mpf(f[r]) if f is not None else base ** (mpf(-2 * r) / R))
            turn = mp.expjpi(theta / mp.pi)  # cos + i sin
            i, j = (r, r + R // 2) if half else (2 * r, 2 * r + 1)
            for h in range(H):
                z = mp.mpc(x[t, h, i], x[t, h, j]) * turn
                y[t, h, i], y[t, h, j] = float(z.real), float(z.imag)
                scale[t, h, [i, j]] = (1 + abs(float(theta))) * (abs(x[t, h, i]) + abs(x[t, h, j]))
    return {"y": (y, scale)}


def by_torch(v):
    from pytorch import tensor, torch
    x, pos, f = tensor(v, "x"), tensor(v, "pos"), tensor(v, "inv_freq")
    R, base = int(v.params.get("n_dims", 0)) or x.shape[2], v.number("base") or 10000.0
    if f is None:
        f = torch.pow(torch.tensor(base, dtype=torch.float64), -torch.arange(0, R, 2, dtype=torch.float64) / R)
    theta = torch.outer(pos, f)[:, None, :]
    turn, half = torch.polar(torch.ones_like(theta), theta), v.params.get("mode") == "half"
    part = x[..., :R]
    pairs = torch.stack(part.chunk(2, dim=-1), dim=-1) if half else part.unflatten(-1, (R // 2, 2))
    turned = torch.view_as_real(torch.view_as_complex(pairs.contiguous()) * turn)
    size = (pairs.abs().sum(-1, keepdim=True) * (1 + theta.abs()[..., None])).expand_as(pairs)
    flat = [torch.cat(t.unbind(-1), dim=-1) if half else t.flatten(-2) for t in (turned, size)]
    rest = x[..., R:]
    return {"y": (torch.cat([flat[0], rest], -1), torch.cat([flat[1], torch.zeros_like(rest)], -1))}


RANDOM = [
    "T=7 H=3 D=64 mode={interleaved,half} n_dims={0,32} base={10000,500000} gen={gauss,far,scattered}",
    "T=7 H=3 D=64 F=32 inv_freq=f32 mode={interleaved,half} gen={gauss,far}",
]
