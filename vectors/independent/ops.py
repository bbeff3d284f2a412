# SPDX-License-Identifier: MIT
"""One function per op, from its definition (docs and papers), without any of the C code.

Each takes a Vector and returns {output: (value, scale)}: value in float64, scale what an error is measured against
(None: the value must be right to the bit, in the output's type)."""
import math

import numpy as np
from mpmath import mp, mpf

import formats

mp.prec = 160


def operand(v, name, default="f32"):
    if not v.has(name):
        return None
    kind, raw = v.raw[name]
    return formats.decode(kind, v.types.get(name, default).split("/")[0], raw)


def to_float(values):
    return np.array([float(x) for x in values], dtype=np.float64)


def rmsnorm(v):
    x, w = operand(v, "x"), operand(v, "w")
    g = 1 + w if v.params.get("plus_one") == "1" else w
    eps, y = v.number("eps"), np.empty_like(x)
    for r, row in enumerate(x):
        if np.isfinite(row).all():
            mean = math.fsum(t * t for t in row) / len(row)
            y[r] = g * row / math.sqrt(mean + eps)
        else:  # what is left of a row with an infinity or a NaN
            with np.errstate(invalid="ignore"):
                y[r] = g * (row * (1 / np.sqrt(np.mean(row * row) + eps)))
    return {"y": (y, np.abs(y))}


def layernorm(v):
    x, w, bias = operand(v, "x"), operand(v, "w"), operand(v, "bias")
    y, scale = np.full_like(x, np.nan), np.zeros_like(x)
    for r, row in enumerate(x):
        if np.isfinite(row).all():  # exact sums of exact deviations; what is not finite makes the whole row NaN
            d = [mpf(float(t)) - mp.fsum(map(float, row)) / len(row) for t in row]
            s = 1 / mp.sqrt(mp.fsum(t * t for t in d) / len(row) + mpf(v.number("eps")))
            y[r], scale[r] = to_float(t * s for t in d), float(s) * np.abs(row).max()
    w, bias = (1 if w is None else w), (0 if bias is None else bias)
    with np.errstate(invalid="ignore"):
        return {"y": (w * y + bias, np.abs(w) * scale + np.abs(bias))}


def matmul(v):
    x, w, bias = operand(v, "x"), operand(v, "w"), operand(v, "bias")
    y = np.array([[math.fsum(a * b) for b in w] for a in x])
    scale = np.abs(x) @ np.abs(w).T
    if bias is not None:
        y, scale = y + bias, scale + np.abs(bias)
    return {"y": (y, scale)}


def rope(v):
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


def argmax(v):
    # NumPy's argmax is the first maximum, and the first NaN if there is one
    return {"id": (np.argmax(operand(v, "x"), axis=1).astype(np.float64), None)}


def philox(key, counter):
    m = 0xFFFFFFFF
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & m, (a >> 32) ^ c[3] ^ k[1], a & m]
        k = [(k[0] + 0x9E3779B9) & m, (k[1] + 0xBB67AE85) & m]
    return c


def sample(v):
    z = operand(v, "logits")
    key, step = int(v.params.get("key", 0)), int(v.params.get("step", 0))
    temp, top_p, top_k = v.number("temp"), v.number("top_p"), int(v.params.get("top_k", 0))
    ids = []
    for row, logits in enumerate(z):
        if np.isnan(logits).any() or np.isposinf(logits).any() or np.isneginf(logits).all():
            ids.append(-1)
            continue
        if temp == 0:
            ids.append(int(np.argmax(logits)))
            continue
        rank = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
        if top_k:
            rank = rank[:top_k]
        top = logits[rank[0]]
        w = {i: mp.exp((mpf(logits[i]) - mpf(top)) / mpf(temp)) for i in rank if np.isfinite(logits[i])}
        total, before, kept = mp.fsum(w.values()), mpf(0), []
        for i in rank:
            if kept and 0 < top_p < 1 and before >= mpf(top_p) * total:
                break
            if i in w:
                kept.append(i)
                before += w[i]
        word = philox((key & 0xFFFFFFFF, key >> 32), (row // 4, 0, step & 0xFFFFFFFF, step >> 32))[row % 4]
        target, cum = mpf(word >> 8) / 2**24 * mp.fsum(w[i] for i in kept), mpf(0)
        for i in sorted(kept):
            cum += w[i]
            if target < cum:
                ids.append(i)
                break
    return {"id": (np.array(ids, dtype=np.float64), None)}


def softmax(v):
    x, mask = operand(v, "x"), operand(v, "mask")
    scale = v.number("scale") or 1.0
    y = np.zeros_like(x)
    arg = np.zeros_like(x)
    for r, row in enumerate(x):
        z = [scale * a + (mask[r][c] if mask is not None else 0) for c, a in enumerate(row)]
        live = [c for c in range(len(z)) if not np.isneginf(z[c])]
        if not live:
            continue
        # by log-sum-exp, not by shifting: another way than the reference's
        lse = mp.log(mp.fsum(mp.exp(mpf(z[c])) for c in live))
        for c in live:
            y[r][c] = float(mp.exp(mpf(z[c]) - lse))
            arg[r][c] = abs(z[c]) + float(abs(lse))
    return {"y": (y, y * (1 + arg))}


def logistic(x):
    return to_float(mpf(t) / (1 + mp.exp(-mpf(t))) if np.isfinite(t) else (t if t > 0 else -0.0) for t in x.ravel()).reshape(x.shape)


def silu(v):
    y = logistic(operand(v, "x"))
    return {"y": (y, np.abs(y))}


def gelu(v):
    def at(x):
        if not np.isfinite(x):
            return x if x != -math.inf else -0.0
        if v.params.get("form") == "quick":
            return x / (1 + mp.exp(-mpf("1.702") * mpf(x)))
        if v.params.get("form") == "tanh":
            return mpf(x) / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (mpf(x) + mpf("0.044715") * mpf(x) ** 3)))
        return mpf(x) * mp.ncdf(x)

    x = operand(v, "x")
    y = to_float(at(float(t)) for t in x.ravel()).reshape(x.shape)
    return {"y": (y, np.abs(y) * (1 + x * x * (1 + np.abs(x))))}


def swiglu(v):
    y = logistic(operand(v, "gate")) * operand(v, "up")
    return {"y": (y, np.abs(y))}


def gate_up(v):
    x, gate, up = operand(v, "x"), operand(v, "gate"), operand(v, "up")
    g = np.array([[math.fsum(a * b) for b in gate] for a in x])
    u = np.array([[math.fsum(a * b) for b in up] for a in x])
    size_g, size_u = np.abs(x) @ np.abs(gate).T, np.abs(x) @ np.abs(up).T
    silu_g = logistic(g)
    # silu is 1.1-Lipschitz and at most |g| e^-|g| where it falls to zero
    slope = np.where(g < 0, np.minimum(1.1, (1 + np.abs(g)) * np.exp(-np.abs(g))), 1.1)
    return {"y": (silu_g * u, np.abs(silu_g) * size_u + slope * size_g * np.abs(u))}


def through_f32(values):
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return values.astype(np.float32).astype(np.float64)


def add(v):
    return {"y": (through_f32(operand(v, "a") + operand(v, "b")), None)}


def mul(v):
    return {"y": (through_f32(operand(v, "a") * operand(v, "b")), None)}


def quantize(v):
    x, name = operand(v, "x"), v.types["y"]
    if name in formats.ENCODE:
        blocks = formats.ENCODE[name](x.astype(np.float32).reshape(-1, formats.DECODE[name][0]))
        return {"y": (blocks.reshape(x.shape[0], -1), None)}
    return {"y": (x, None)}


def dequantize(v):
    return {"y": (operand(v, "x"), None)}


def embedding(v):
    return {"y": (operand(v, "table")[operand(v, "ids").astype(int)], None)}


def panels(v, name, element):
    """A kpanel16 tensor (S, G, D) of a file: [S/16][G][D][16], the last panel padded."""
    S, G, D = v.dims["S"], v.dims["G"], v.dims["D"]
    flat = np.frombuffer(v.raw[name][1].tobytes(), dtype={"f32": "<f4", "f16": "<f2", "bf16": "<u2"}[element])
    x = flat.reshape(-1, (S + 15) // 16, G, D, 16)
    x = np.moveaxis(x, -1, 2).reshape(-1, (S + 15) // 16 * 16, G, D)[:, :S]
    return formats.bf16_words(x) if element == "bf16" else x.astype(np.float64)


def cached(v, name):
    element, _, layout = v.types.get(name, "f32").partition(":")
    return panels(v, name, element) if layout == "kpanel16" else operand(v, name)


def cache(v):
    x, pos, rows = operand(v, "x"), operand(v, "pos").astype(int), cached(v, "cache")
    rows = (rows[0] if rows.ndim == 4 else rows).copy()
    element = v.types.get("cache", "f32").partition(":")[0]
    for t, s in enumerate(pos):
        row = x[t]
        if element == "f16":
            row = row.astype("<f2").astype(np.float64)
        elif element == "q8_0":
            row = formats.decode_q8_0(formats.encode_q8(row.astype(np.float32).reshape(-1, 32), False)).reshape(row.shape)
        rows[s] = row
    return {"cache": (rows, None)}


def attention(v):
    d = {k: v.dims.get(k, 1) for k in "BTSHGDEP"}
    B, T, S, H, G, D, E = (d[k] for k in "BTSHGDE")
    q, k, w = operand(v, "q"), cached(v, "k").reshape(B * S, G, D), cached(v, "v").reshape(B * S, G, E)
    mask, slopes, sinks = operand(v, "mask"), operand(v, "slopes"), operand(v, "sinks")
    qpos, kpos, length, pages = (operand(v, n) for n in ("qpos", "kpos", "len", "pages"))
    scale = v.number("scale") or 1 / math.sqrt(D)
    cap, causal = v.number("softcap"), v.params.get("causal") == "1"
    window, page = int(v.params.get("window", 0)), int(v.params.get("page", 0))
    if mask is not None:
        mask = np.broadcast_to(mask, (B, H, T, S))
    out, size = np.zeros((B, T, H, E)), np.zeros((B, T, H, E))
    for b, t, h in np.ndindex(B, T, H):
        n = int(length[b]) if length is not None else (min(S, d["P"] * page) if pages is not None else S)
        at = int(qpos[b, t]) if qpos is not None else n - T + t
        logits, rows = [], []
        for j in range(n):
            s = int(kpos[b, j]) if kpos is not None else j
            bias = mask[b, h, t, j] if mask is not None else 0.0
            far = window > 0 and abs(s - at) >= window
            if s < 0 or (causal and s > at) or far or np.isneginf(bias):
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
