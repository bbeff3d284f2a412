# SPDX-License-Identifier: MIT
"""Weights of few bits, from the definitions: grids, layouts, GPTQ, AWQ, SmoothQuant, in NumPy and Python's whole numbers, without our C
code.  layouts.py and methods.py hold what assay says against this; run alone it holds itself against known answers."""
import sys

import numpy as np

ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # the column that nibble i of AWQ's word holds


# ---- layouts: a string of codes is one whole number, lowest bits first ----

def string(codes, bits):
    """Codes as 32-bit words; their bits fill whole words."""
    number = sum(int(c) << bits * i for i, c in enumerate(codes))
    words = -(-len(codes) * bits // 32)
    return np.frombuffer(number.to_bytes(4 * words, "little"), np.int32)


def rows(a, bits):
    return np.stack([string(r, bits) for r in a])


def shuffled(a):
    return a.reshape(a.shape[0], -1, 8)[:, :, ORDER].reshape(a.shape)


def pack(layout, codes, zeros, scales, bits=4, group=128):
    """codes (out, in), zeros and scales (groups, out): the tensors of a file."""
    if layout == "gemm":
        return dict(qweight=rows(shuffled(codes.T), 4), qzeros=rows(shuffled(zeros), 4), scales=scales)
    if layout == "gemv":
        wide = {64: 2, 32: 4}.get(group, 1)
        padded = -(-zeros.shape[0] // (8 * wide)) * 8 * wide
        pad = lambda a: np.concatenate([a.T, np.zeros((a.shape[1], padded - a.shape[0]), a.dtype)], 1)
        return dict(qweight=rows(codes, 4), qzeros=rows(pad(zeros), 4), scales=np.ascontiguousarray(pad(scales)))
    less = layout == "gptq"
    return dict(qweight=np.ascontiguousarray(rows(codes, bits).T), qzeros=rows((zeros.astype(int) - less) % 2**bits, bits), scales=scales)


def values(codes, zeros, scales, g_idx):
    """What a file says, in float64: exact for scales of 24 bits."""
    return (codes.astype(np.float64) - zeros.T[:, g_idx]) * scales.astype(np.float64).T[:, g_idx]


# ---- grids ----

def f16(s):
    h = np.float64(np.float16(s))
    return h if h else 2.0**-24


def awq_grid(w, bits=4, sym=False, stored=lambda s: s):
    top = 2**bits - 1
    if sym:
        return stored(max(np.abs(w).max(), 1e-5) / (top // 2)), (top + 1) // 2
    s = stored(max(w.max() - w.min(), 1e-5) / top)
    return s, int(min(max(-np.rint(w.min() / s), 0), top))


def gptq_grid(w, bits=4, sym=False, stored=lambda s: s, shrink=1.0):
    top = 2**bits - 1
    low, high = shrink * min(w.min(), 0), shrink * max(w.max(), 0)
    if sym:
        high = max(-low, high)
        low = -high if low < 0 else low
    if low == high == 0:
        low, high = -1, 1
    s = stored((high - low) / top)
    return s, (top + 1) // 2 if sym else int(min(max(np.rint(-low / s), 0), top))


def code(w, s, z, bits=4):
    return np.clip(np.rint(w / s) + z, 0, 2**bits - 1)


def coded(w, grid, group, **how):
    """Codes (out, in), zeros and scales (groups, out)."""
    groups = -(-w.shape[1] // group)
    codes, zeros, scales = np.empty(w.shape, int), np.empty((groups, w.shape[0]), int), np.empty((groups, w.shape[0]))
    for r in range(w.shape[0]):
        for g in range(groups):
            part = w[r, g * group:(g + 1) * group]
            scales[g, r], zeros[g, r] = grid(part, **how)
            codes[r, g * group:(g + 1) * group] = code(part, scales[g, r], zeros[g, r], how.get("bits", 4))
    return codes, zeros, scales


def rounded(w, grid, group, **how):
    y = np.empty_like(w)
    for r in range(w.shape[0]):
        for k in range(0, w.shape[1], group):
            part = w[r, k:k + group]
            s, z = grid(part, **how)
            y[r, k:k + group] = (code(part, s, z, how.get("bits", 4)) - z) * s
    return y


# ---- GPTQ, by elimination: after a column is rounded, the others move to where the error weighs least, and the inverse of what is left
# of H is the old one less its pivot's outer product.  No factor is formed. ----

def gptq(w, h, group, bits=4, sym=False, act_order=False, static=False, damp=0.01, stored=lambda s: s):
    w, h = w.astype(np.float64).copy(), h.astype(np.float64).copy()
    n = w.shape[1]
    dead = np.diag(h) == 0
    h[dead, dead] = 1
    w[:, dead] = 0
    order = np.argsort(-np.diag(h), kind="stable") if act_order else np.arange(n)
    first = w.copy()
    w, h = w[:, order], h[order][:, order]
    h += damp * np.diag(h).mean() * np.eye(n)
    inverse = np.linalg.inv(h)
    codes = np.zeros(w.shape, int)
    groups = -(-n // group)
    zeros, scales = np.zeros((groups, w.shape[0]), int), np.zeros((groups, w.shape[0]))
    margin = np.inf
    g_idx = np.arange(n) // group
    if act_order and not static:
        g_idx[order] = np.arange(n) // group
    for i in range(n):
        k = order[i]
        g = g_idx[k]
        if static and i == 0:
            for q in range(groups):
                for r in range(w.shape[0]):
                    scales[q, r], zeros[q, r] = gptq_grid(first[r, q * group:(q + 1) * group], bits, sym, stored)
        elif not static and i % group == 0:
            for r in range(w.shape[0]):
                scales[g, r], zeros[g, r] = gptq_grid(w[r, i:i + group], bits, sym, stored)
        t = w[:, i] / scales[g]
        margin = min(margin, np.abs(np.abs(t - np.floor(t)) - 0.5).min())
        codes[:, k] = code(w[:, i], scales[g], zeros[g], bits)
        y = (codes[:, k] - zeros[g]) * scales[g]
        w -= np.outer(w[:, i] - y, inverse[i] / inverse[i, i])
        inverse = inverse - np.outer(inverse[:, i], inverse[i]) / inverse[i, i]
        inverse[i] = inverse[:, i] = 0
        inverse[i, i] = 1
    return codes, zeros, scales, g_idx, margin


# ---- AWQ and SmoothQuant ----

def awq_scales(mean_x, w, r, group, duo=False):
    if duo:
        most = np.repeat(np.stack([np.abs(w[:, k:k + group]).max(1) for k in range(0, w.shape[1], group)], 1), group, 1)[:, :w.shape[1]]
        s = np.maximum(mean_x**r / ((np.abs(w) / (most + 1e-6)).mean(0)**(1 - r) + 1e-4), 1e-4)
    else:
        s = np.maximum(mean_x**r, 1e-4)
    with np.errstate(all="ignore"):
        s = s / np.sqrt(s.max() * s.min())
    return np.where(np.isfinite(s), s, 1)


def awq_losses(x, w, group, sym=False, duo=False, bits=4, stored=lambda s: s):
    """The loss of each of the twenty powers, f being the product itself."""
    mean_x, losses = np.abs(x).mean(0), []
    for i in range(20):
        s = awq_scales(mean_x, w, i / 20, group, duo)
        q = rounded(w * s, awq_grid, group, bits=bits, sym=sym, stored=stored) / s
        losses.append(((x @ (q - w).T)**2).mean())
    return np.array(losses)


def awq_clip(x, w, group, sym=False, bits=4, stored=lambda s: s):
    """Per row and group the largest magnitude that is kept, and the loss with it and without."""
    groups = -(-w.shape[1] // group)
    best, least, first = np.zeros((w.shape[0], groups)), np.full((w.shape[0], groups), np.inf), np.zeros((w.shape[0], groups))
    x = x[:512]
    for r in range(w.shape[0]):
        for g in range(groups):
            part, xs = w[r, g * group:(g + 1) * group], x[:, g * group:(g + 1) * group]
            for i in range(10):
                most = np.abs(part).max() * (1 - i / 20)
                held = np.clip(part, -most, most)
                s, z = awq_grid(held, bits, sym, stored)
                loss = ((xs @ ((code(held, s, z, bits) - z) * s - part))**2).mean()
                first[r, g] = loss if i == 0 else first[r, g]
                if loss < least[r, g]:
                    best[r, g], least[r, g] = most, loss
    return best, least, first


def smooth_scales(most_x, ws, alpha):
    most_w = np.maximum(np.max([np.abs(w).max(0) for w in ws], axis=0), 1e-5)
    return np.maximum(most_x**alpha / most_w**(1 - alpha), 1e-5)


# ---- known answers ----

def generator(n):
    """The test values of the formats' tables."""
    return np.array([((31 * i * i + 7 * i + 3) % 1009 - 504) / 97 for i in range(n)]).astype(np.float32).astype(np.float64)


def word(a):
    return f"{int(a[0]) & 0xffffffff:08x}"


def known():
    ramp, mixed = np.arange(8), np.array([3, 8, 13, 2, 7, 12, 1, 6])
    got = [word(rows(shuffled(ramp[None]), 4)[0]), word(string(ramp, 4)), word(rows(shuffled(mixed[None]), 4)[0]), word(string(mixed, 4)),
           word(string([8 - 1] * 8, 4)), word(string([8] * 8, 4)),
           " ".join(f"{int(w) & 0xffffffff:08x}" for w in string([(3 * j + 1) % 8 for j in range(32)], 3))]
    want = ["75316420", "76543210", "6c2817d3", "61c72d83", "77777777", "88888888", "e1cc55e1 55e1cc55 cc55e1cc"]
    return [f"{g}, not {w}" for g, w in zip(got, want) if g != w]


def planted():
    """GPTQ's planted case: W (2, 8), X (16, 8), H = 2/16 X'X."""
    w = generator(16).reshape(2, 8) / 4
    x = np.array([((17 * k * k + 5 * k + 1) % 211 - 105) / 50 for k in range(128)]).reshape(16, 8)
    return w, x, 2 / 16 * x.T @ x


PLANTED = {  # act_order: codes, zeros (a row's), scales (a row's), g_idx, margin, |(W - Q) X'|^2
    False: ([[0, 1, 4, 9, 9, 15, 0, 9], [0, 10, 2, 15, 15, 7, 2, 0]], [[15, 8], [9, 14]], [[0.086082474, 0.113503636], [0.133848794, 0.084251784]],
            [0, 0, 0, 0, 1, 1, 1, 1], 0.0189, 0.210844848),
    True: ([[0, 0, 3, 5, 9, 15, 3, 15], [0, 15, 3, 15, 9, 5, 2, 0]], [[9, 13], [9, 13]], [[0.139175256, 0.091074173], [0.133848794, 0.090992665]],
           [0, 1, 1, 0, 0, 0, 1, 1], 0.00265, 0.39421736)}
NEAREST = [[0, 1, 4, 9, 9, 15, 0, 9], [0, 10, 2, 15, 15, 8, 3, 0]], 0.437088898


def known_gptq():
    w, x, h = planted()
    wrong = []
    for order, (codes, zeros, scales, g_idx, margin, loss) in PLANTED.items():
        q, z, s, g, m = gptq(w, h, 4, act_order=order)
        y = values(q, z, s, g)
        got = ((y - w) @ x.T)**2
        if q.tolist() != codes or z.T.tolist() != zeros or g.tolist() != g_idx or np.abs(s.T - scales).max() > 1e-9 or \
                abs(m / margin - 1) > 5e-3 or abs(got.sum() / loss - 1) > 1e-8:
            wrong.append(f"act_order {order}: {q.tolist()} {z.T.tolist()} {s.T.tolist()} {g.tolist()} {m} {got.sum()}")
    y = rounded(w, gptq_grid, 4)
    if abs((((y - w) @ x.T)**2).sum() / NEAREST[1] - 1) > 1e-8:
        wrong.append(f"to nearest: {(((y - w) @ x.T)**2).sum()}")
    return wrong


if __name__ == "__main__":
    wrong = known() + known_gptq()
    print(wrong or "ok")
    sys.exit(bool(wrong))
