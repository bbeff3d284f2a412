# SPDX-License-Identifier: MIT
"""The search of GGUF's iq1, iq2 and iq3 from its definition (reference/core/dtype_grid.c, the comment), derived a second time: every
entry of a grid is tried, with every element in turn as the one whose sign is given up; extended precision; bytes by strings of bits."""
import numpy as np

import grids

L = np.longdouble
# octets a scale, octets a delta (0: none), an even number of minus signs, signs, unit, largest n
FORM = {"iq2_xxs": (4, 0, True, True, 0.125, 15), "iq2_xs": (2, 0, True, True, 0.125, 15), "iq2_s": (2, 0, False, True, 0.125, 15),
        "iq3_xxs": (4, 0, True, True, 0.25, 15), "iq3_s": (4, 0, False, True, 1, 15),
        "iq1_s": (4, 4, False, False, 1, 7), "iq1_m": (2, 1, False, False, 1, 7)}
BYTES = {"iq2_xxs": 66, "iq2_xs": 74, "iq2_s": 82, "iq3_xxs": 98, "iq3_s": 110, "iq1_s": 50, "iq1_m": 56}


def f16(x):
    with np.errstate(over="ignore"):
        return L(np.float64(x).astype(np.float16))


def octet(name, x, s, delta):
    """Eight numbers by a scale: error, places, signs (True: minus), what they stand for."""
    grid, (_, _, even, signs, _, _) = grids.GRID["iq1" if name.startswith("iq1") else name].astype(L), FORM[name]
    digits = grid.shape[1]
    minus = (x < 0) & signs
    size = np.where(minus, -x, x).reshape(-1, digits)
    y = s * (grid + delta)
    cost = ((y[None] - size[:, None]) ** 2)  # parts, entries, digits
    total = cost.sum(axis=2)
    place = total.argmin(axis=1)
    error = total.min(axis=1)
    if even and minus.sum() % 2:
        given_up = (y[None] + size[:, None]) ** 2 - cost
        flipped = total + given_up.min(axis=2)
        part = int(np.argmin(flipped.min(axis=1) - error))
        place[part], error[part] = flipped[part].argmin(), flipped[part].min()
        minus[part * digits + int(given_up[part, place[part]].argmin())] ^= True
    v = grid[place].reshape(8)
    return error.sum(), place, minus, np.where(minus, -v, v) + delta


def group(name, x, s):
    """The octets that share a scale: error, and a list of (places, signs, stands for, delta)."""
    run, all_octets = FORM[name][1], [x[i:i + 8] for i in range(0, len(x), 8)]
    if not run:
        o = [octet(name, e, s, 0) for e in all_octets]
        return sum(e[0] for e in o), [(e[1], e[2], e[3], 0) for e in o]
    error, out = L(0), []
    for i in range(0, len(all_octets), run):
        both = [[octet(name, e, s, d) for e in all_octets[i:i + run]] for d in (0.125, -0.125)]
        down = int(sum(e[0] for e in both[1]) < sum(e[0] for e in both[0]))
        error += sum(e[0] for e in both[down])
        out += [(e[1], e[2], e[3], down) for e in both[down]]
    return error, out


def fit(name, x):
    shifted, values = FORM[name][1] > 0, np.unique(grids.GRID["iq1" if name.startswith("iq1") else name])
    size, more = np.abs(x).max(), 0.125 if shifted else 0
    best = [L(0), L(0), L(0)]  # gain, scale, sum of squares

    def attempt(s):
        q = np.concatenate([o[2] for o in group(name, x, s)[1]])
        xq, qq = (x * q).sum(), (q * q).sum()
        if xq > 0 and xq * xq / qq > best[0] * (1 + L(2) ** -50):
            best[:] = xq * xq / qq, xq / qq, qq
    if size > 0:
        for t in range(10):
            attempt(size / (values[-1] + more) / (0.8 + 0.2 * t if shifted else 0.7 + 0.1 * t))
        for v in values:
            attempt(size / abs(v + more))
        for _ in range(2):
            if best[1] > 0:
                attempt(best[1])
    return best[1], best[2]


def steps(s, d, unit, most):
    return int(np.clip(np.rint((s / (d * unit) - 1) / 2), 0, most)) if d > 0 else 0


def settle(name, parts, scale, near, d):
    unit, most = FORM[name][4:]
    error, out = L(0), []
    for x, s in zip(parts, scale):
        n = steps(s, d, unit, most)
        tried = [(group(name, x, d * unit * (2 * k + 1)), k) for k in range(max(0, n - near), min(most, n + near) + 1)]
        best = min(tried, key=lambda t: t[0][0])
        error += best[0][0]
        out.append((best[1], best[0][1]))
    return error, out


def search(name, x):
    """d and, for each scale, n and its octets."""
    octets, _, _, _, unit, most = FORM[name]
    parts = x.reshape(-1, 8 * octets)
    top = 2 if FORM[name][1] else grids.GRID[name].max()
    plain = np.abs(parts).max(axis=1) / top
    d = f16(plain.max() / (unit * (2 * most + 1)))
    if not np.isfinite(d):
        return d, None
    best = (*settle(name, parts, plain, 0, d), d)
    scale, matters = (np.array(a) for a in zip(*(fit(name, p) for p in parts)))
    starts = [f16(scale.max() / (unit * (2 * n + 1))) for n in range(most, -1, -1)]

    def off(d):
        return sum(m * (s - d * unit * (2 * steps(s, d, unit, most) + 1)) ** 2 for s, m in zip(scale, matters))
    finite = [d for d in starts if np.isfinite(d)]
    d = min(finite, key=off) if finite else starts[0]
    for _ in range(4):
        error, out = settle(name, parts, scale, 1, d)
        if not error < best[0]:
            break
        best = (error, out, d)
        scale = [d * unit * (2 * n + 1) for n, _ in out]
        a = np.concatenate([unit * (2 * n + 1) * np.concatenate([o[2] for o in os]) for n, os in out])
        d = f16((x * a).sum() / (a * a).sum()) if (a * a).sum() > 0 else L(0)
        if not (d > 0 and np.isfinite(d)):
            break
    return best[2], best[1]


def bits(value, width):
    return [int(value) >> i & 1 for i in range(width)]


def packed(*strings):
    return np.packbits(np.array(sum(strings, []), np.uint8), bitorder="little")


def pack(name, d, found):
    """The fields in the order in which they stand in the block."""
    n, o = [k for k, _ in found], [e for _, os in found for e in os]
    place, minus, down = [e[0] for e in o], [e[1] for e in o], [e[3] for e in o]
    head = bits(np.float64(d).astype(np.float16).view(np.uint16), 16)
    low = sum((bits(p, 8) for e in place for p in e), [])
    high = sum((bits(int(p) >> 8, {"iq2_s": 2, "iq3_s": 1}.get(name, 3)) for e in place for p in e), [])
    signs = [sum((int(b) << i for i, b in enumerate(m)), 0) for m in minus]
    nibbles = sum((bits(k, 4) for k in n), [])
    word = [sum((bits(signs[4 * g + l], 7) for l in range(4)), []) + bits(n[g], 4) for g in range(8)] if len(n) == 8 else []
    if name == "iq2_xxs":
        return packed(head, *(low[32 * g:32 * g + 32] + word[g] for g in range(8)))
    if name == "iq2_xs":
        return packed(head, *(bits(p[0], 9) + bits(s, 7) for p, s in zip(place, signs)), nibbles)
    if name == "iq2_s":
        return packed(head, low, *(bits(s, 8) for s in signs), high, nibbles)
    if name == "iq3_xxs":
        return packed(head, low, *word)
    if name == "iq3_s":
        return packed(head, low, high, *(bits(s, 8) for s in signs), nibbles)
    if name == "iq1_s":
        return packed(head, low, *(high[12 * g:12 * g + 12] + bits(n[g], 3) + [down[4 * g]] for g in range(8)))
    shifts = sum((high[3 * i:3 * i + 3] + [down[i]] for i in range(32)), [])
    return packed(low, shifts, *(sum((bits(k, 3) for k in n[4 * w:4 * w + 4]), []) + head[4 * w:4 * w + 4] for w in range(4)))


def encode(name, x):
    """Rows of 256 numbers, f32, to bytes."""
    out = np.zeros((len(x), BYTES[name]), np.uint8)
    octets = FORM[name][0]
    nothing = [(0, [(np.zeros(1 if not name.startswith("iq3") else 2, int), np.zeros(8, bool), None, 0)] * octets)] * (32 // octets)
    for i, row in enumerate(x):
        d, found = search(name, row.astype(L)) if np.isfinite(row).all() else (np.nan, None)
        out[i] = pack(name, np.float64(d), found or nothing)
    return out
