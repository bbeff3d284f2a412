# SPDX-License-Identifier: MIT
import math
import numpy as np
from mpmath import mp, mpf
from inputs import cached, operand


def by_numpy(v):
    d = {k: v.dims.get(k, 1) for k in "BTSHGDEPXY"}
    B, T, S, H, G, D, E = (d[k] for k in "BTSHGDE")
    q, k, w = operand(v, "q"), cached(v, "k").reshape(B * S, G, D), cached(v, "v").reshape(B * S, G, E)
    mask, slopes, sinks = operand(v, "mask"), operand(v, "slopes"), operand(v, "sinks")
    qpos, kpos, length, pages = (operand(v, n) for n in ("qpos", "kpos", "len", "pages"))
    scale = v.number("scale") or 1 / math.sqrt(D)
    cap, causal = v.number("softcap"), v.params.get("causal") == "1"
    window, page, right, prefix, chunk, tile = (int(v.params.get(n, 0)) for n in ("window", "page", "right", "prefix", "chunk", "tile"))
    right, tile, allow = right or window, tile or 1, operand(v, "allow")
    if mask is not None:
        mask = np.broadcast_to(mask, (B, H, T, S))
    if allow is not None:
        allow = np.broadcast_to(allow, (B, H, d["X"], d["Y"]))
    out, size = np.zeros((B, T, H, E)), np.zeros((B, T, H, E))
    for b, t, h in np.ndindex(B, T, H):
        n = int(length[b]) if length is not None else (min(S, d["P"] * page) if pages is not None else S)
        at = int(qpos[b, t]) if qpos is not None else n - T + t
        logits, rows = [], []
        for j in range(n):
            s = int(kpos[b, j]) if kpos is not None else j
            bias = mask[b, h, t, j] if mask is not None else 0.0
            far = (0 < window <= at - s) or (0 < right <= s - at) or (chunk and s // chunk != at // chunk)
            closed = allow is not None and allow[b, h, t // tile, j // tile] == 0
            if s < 0 or (causal and s > at and s >= prefix) or far or closed or np.isneginf(bias):
                continue
            row = int(pages[b, j // page]) * page + j % page if pages is not None else b * S + j
            z = mpf(scale) * mp.fdot(q[b, t, h].tolist(), k[row, h * G // H].tolist())
            if cap:
                z = mpf(cap) * mp.tanh(z / mpf(cap))
            z += mpf(bias) - (mpf(slopes[h]) * abs(s - at) if slopes is not None else 0)
            logits.append(z)
            rows.append(w[row, h * G // H])
        if not logits:
            continue
        e = [mp.exp(z) for z in logits]
        total = mp.fsum(e) + (mp.exp(mpf(sinks[h])) if sinks is not None else 0)
        spread = 1 + float(max(abs(z) for z in logits))
        spread += float(np.abs(q[b, t, h]).sum() * np.abs(k).max()) * scale
        for c in range(E):
            out[b, t, h, c] = float(mp.fdot(e, [float(r[c]) for r in rows]) / total)
            size[b, t, h, c] = spread * float(mp.fdot(e, [abs(float(r[c])) for r in rows]) / total)
    return {"o": (out, size)}


def by_torch(v):
    from pytorch import F, tensor, torch
    d = {k: v.dims.get(k, 1) for k in "BTSHGDEPXY"}
    B, T, S, H, G, D, E = (d[k] for k in "BTSHGDE")
    q, k, w = tensor(v, "q"), tensor(v, "k").reshape(B * S, G, D), tensor(v, "v").reshape(B * S, G, E)
    mask, slopes, sinks = tensor(v, "mask"), tensor(v, "slopes"), tensor(v, "sinks")
    qpos, kpos, length, pages = (tensor(v, n) for n in ("qpos", "kpos", "len", "pages"))
    scale, cap = v.number("scale") or float(np.float32(1 / math.sqrt(D))), v.number("softcap")
    causal, page = v.params.get("causal") == "1", int(v.params.get("page", 0))
    window, right, prefix, chunk, tile = (int(v.params.get(n, 0)) for n in ("window", "right", "prefix", "chunk", "tile"))
    right, tile, allow = right or window, tile or 1, tensor(v, "allow")
    out, size = torch.zeros(B, T, H, E, dtype=torch.float64), torch.zeros(B, T, H, E, dtype=torch.float64)
    for b in range(B):
        n = int(length[b]) if length is not None else (min(S, d["P"] * page) if pages is not None else S)
        if n == 0:
            continue
        j = torch.arange(n)
        rows = pages[b, j // page].long() * page + j % page if pages is not None else b * S + j
        at = qpos[b] if qpos is not None else torch.arange(T, dtype=torch.float64) + n - T
        s = kpos[b, :n] if kpos is not None else j.double()
        ahead = s[None, :] - at[:, None]
        bias = torch.zeros(H, T, n, dtype=torch.float64)
        if mask is not None:
            bias = bias + torch.broadcast_to(mask, (B, H, T, S))[b, :, :, :n]
        if slopes is not None:
            bias = bias - slopes[:, None, None] * ahead.abs()
        hidden = (s[None, :] < 0) | (causal & (ahead > 0) & (s[None, :] >= prefix))
        hidden = hidden | ((-ahead >= window) & (window > 0)) | ((ahead >= right) & (right > 0))
        if chunk:
            hidden = hidden | (torch.floor(s / chunk)[None, :] != torch.floor(at / chunk)[:, None])
        bias = bias.masked_fill(hidden, -math.inf)
        if allow is not None:
            whole = torch.broadcast_to(allow, (B, H, d["X"], d["Y"]))[b].repeat_interleave(tile, 1).repeat_interleave(tile, 2)
            bias = bias.masked_fill(whole[:, :T, :n] == 0, -math.inf)
        Q, K, W = q[b].transpose(0, 1), k[rows].transpose(0, 1), w[rows].transpose(0, 1)
        K, W = (t.repeat_interleave(H // G, dim=0) for t in (K, W))
        plain = not cap and sinks is None
        if plain:
            o = F.scaled_dot_product_attention(Q, K, W, attn_mask=bias, scale=scale)
        z = scale * Q @ K.transpose(1, 2)
        z = (cap * torch.tanh(z / cap) if cap else z) + bias
        extra = sinks[:, None, None].expand(H, T, 1) if sinks is not None else torch.full((H, T, 1), -math.inf, dtype=torch.float64)
        p = torch.softmax(torch.cat([z, extra], -1), -1)[..., :n]
        dead = torch.isneginf(z).all(-1, keepdim=True)  # no visible key: our policy is 0
        p = torch.where(dead, 0, p)
        o = torch.where(dead, 0, o) if plain else p @ W
        spread = 1 + torch.where(torch.isfinite(z), z, 0).abs().amax(-1, keepdim=True)
        spread = spread + scale * Q.abs().sum(-1, keepdim=True) * K.abs().amax()
        out[b], size[b] = o.transpose(0, 1), (spread * (p @ W.abs())).transpose(0, 1)
    return {"o": (out, size)}


RANDOM = [
    "T={1,5} S={1,40} H=4 G={1,2,4} D=32 E=16 causal={0,1} gen=gauss",
    "T=5 S=40 H=4 G=2 D=32 E=16 mask=f32 k={f32,f16,q8_0} v=f32 gen=gauss",
    "T=5 S=40 H=4 G=2 D=32 E=16 slopes=f32 sinks=f32 softcap={0,20} window={0,9} causal=1 gen=gauss",
    "B=2 T=3 S=33 H=4 G=2 D=32 E=16 len=i32 causal=1 gen=gauss",
    "B=2 T=5 S=33 H=4 G=2 D=32 E=16 causal={0,1} prefix={0,9} right={0,3} window={0,7} chunk={0,16} o={f32,f16} gen=gauss",
    "B=2 T=5 S=33 X=2 Y=9 H=4 G=2 D=32 E=16 allow={i8,i8/XY,i8/HX} tile=4 k={q4_0,e4m3} v=f32 gen=gauss",
    "T=5 S=40 H=4 G=2 D=32 E=16 q={f16,bf16} mask={f16,bf16/TS} k={bf16,e5m2} v=f32 gen={gauss,masked-rows}",
    "B=2 T=2 S=32 P=4 H=2 G=1 D=32 E=32 len=i32 pages=i32 page=8 causal=1 gen=gauss",
]
