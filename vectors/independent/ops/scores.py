# SPDX-License-Identifier: MIT
import math
import numpy as np
from mpmath import mp, mpf
from inputs import operand



def given(v):
    """Lengths, scale, cap, stage; where each query sees each key: (B, T, S); the mask, whole."""
    B, T, S, H = (v.dims.get(k, 1) for k in "BTSH")
    qpos, kpos, length, mask = (operand(v, n) for n in ("qpos", "kpos", "len", "mask"))
    n = np.full(B, S) if length is None else length
    at = n[:, None] - T + np.arange(T) if qpos is None else qpos
    s = np.broadcast_to(np.arange(S), (B, S)) if kpos is None else kpos
    ahead = s[:, None] - at[:, :, None]
    window = int(v.params.get("window", 0))
    right = int(v.params.get("right", 0)) or window
    seen = (s >= 0)[:, None] & (np.arange(S) < n[:, None])[:, None]
    if v.params.get("causal") == "1":
        seen = seen & (ahead <= 0)
    if window:
        seen = seen & (-ahead < window)
    if right:
        seen = seen & (ahead < right)
    mask = np.zeros((B, H, T, S)) if mask is None else np.broadcast_to(mask, (B, H, T, S))
    seen = np.broadcast_to(seen, (B, T, S))[:, None] & ~np.isneginf(mask)
    scale = v.number("scale") or float(np.float32(1 / math.sqrt(v.dims.get("D", 1))))
    return scale, v.number("softcap"), v.params.get("stage", "masked"), seen, mask


def by_numpy(v):
    q, k, sinks = operand(v, "q"), operand(v, "k"), operand(v, "sinks")
    scale, cap, stage, seen, mask = given(v)
    (B, T, H, _), S, G = q.shape, k.shape[1], k.shape[2]
    out, size = np.zeros((B, H, T, S)), np.zeros((B, H, T, S))
    for b, h, t in np.ndindex(B, H, T):
        z = [mpf(scale) * mp.fdot(q[b, t, h].tolist(), k[b, s, h * G // H].tolist()) for s in range(S)]
        if cap and stage != "product":
            z = [mpf(cap) * mp.tanh(x / mpf(cap)) for x in z]
        sizes = 1 + scale * np.abs(q[b, t, h]) @ np.abs(k[b, :, h * G // H]).T
        if stage in ("masked", "weights"):
            z = [x + mpf(m) if open_ else mpf("-inf") for x, m, open_ in zip(z, mask[b, h, t], seen[b, h, t])]
            sizes = sizes + np.where(seen[b, h, t], np.abs(mask[b, h, t]), 0)
        if stage == "weights":
            e = [mp.exp(x) for x in z]
            total = mp.fsum(e) + (mp.exp(mpf(sinks[h])) if sinks is not None else 0)
            z = [x / total if total and any(seen[b, h, t]) else mpf(0) for x in e]
            sizes = (1 + 2 * sizes.max()) * np.array([float(x) for x in z])
        out[b, h, t], size[b, h, t] = [float(x) for x in z], sizes
    return {"s": (out, size)}


def by_torch(v):
    from pytorch import tensor, torch
    q, k, sinks = tensor(v, "q"), tensor(v, "k"), tensor(v, "sinks")
    scale, cap, stage, seen, mask = given(v)
    (B, T, H, _), G = q.shape, k.shape[2]
    k = k.repeat_interleave(H // G, dim=2)
    z = scale * torch.einsum("bthd,bshd->bhts", q, k)
    size = 1 + scale * torch.einsum("bthd,bshd->bhts", q.abs(), k.abs())
    if cap and stage != "product":
        z = cap * torch.tanh(z / cap)
    if stage in ("masked", "weights"):
        seen, mask = torch.tensor(seen), torch.tensor(np.array(mask))
        z = torch.where(seen, z + mask, -math.inf)
        size = size + torch.where(seen, mask, 0).abs()
    if stage == "weights":
        extra = torch.full((B, H, T, 1), -math.inf, dtype=torch.float64) if sinks is None else sinks[:, None, None].expand(B, H, T, 1)
        dead = torch.isneginf(z).all(-1, keepdim=True)
        z = torch.where(dead, 0, torch.softmax(torch.cat([z, extra], -1), -1)[..., :-1])
        size = (1 + 2 * size.amax(-1, keepdim=True)) * z
    return {"s": (z, size)}


RANDOM = [
    "T={1,5} S={1,40} H=4 G={1,2,4} D=32 causal={0,1} stage={masked,product,capped,weights} softcap={0,3} gen=gauss",
    "B=2 T=5 S=25 H=4 G=2 D=32 mask={f32,f32/TS} k={f32,f16,q8_0} len=i32 stage={masked,weights} s={f32,f16} gen=gauss",
    "B=2 T=5 S=33 H=4 G=2 D=16 sinks=f32 window={0,7} right={0,3} causal={0,1} stage={masked,weights} gen=gauss",
    "B=2 T=3 S=40 H=2 D=8 kpos=i32 qpos=i32 window=5 stage={masked,weights} gen=gauss",
]
