# SPDX-License-Identifier: MIT
"""The search of q4_k and q6_k from its definition (reference/core/dtype_kquants.c, the comments), derived a second time:
in extended precision where the machine has it, all blocks and trials at once, fits in centred form.  Only the codes of a trial
are computed in double, as they are defined: exact ties occur.  Bytes are equal as long as no other choice hangs on a difference
that the rounding of double could turn; margin() says how near the nearest one was."""
import numpy as np

L = np.longdouble
NEAREST = [np.inf]  # the smallest relative difference of two errors, or distance of a code from a tie, that decided anything


def near(distance):
    """Notes by how much a choice was made; 0 is a choice between equals, which go by rule."""
    d = np.asarray(distance, dtype=np.float64)
    d = d[np.isfinite(d) & (d > 0)]
    if d.size:
        NEAREST[0] = min(NEAREST[0], float(d.min()))


def margin():
    return NEAREST[0]


def nearest(x):
    near(np.abs(np.abs(x - np.floor(x)) - L(0.5)))
    return np.rint(x)


def f16(x):
    """float64 to an f16 and back; x is rounded to double first, as the definition computes."""
    with np.errstate(over="ignore"):
        return x.astype(np.float64).astype("<f2")


def first_best(error):
    """The first trial (axis 0) of smallest error."""
    best = np.argmin(error, axis=0)
    low = np.take_along_axis(error, best[None], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        near((error - low) / np.abs(low))
    return best


def take(choice, best):
    return np.take_along_axis(choice, best[None], axis=0)[0]


def weights(x):
    return np.sqrt((x * x).mean(axis=-1, keepdims=True)) + np.abs(x)


def affine(x):
    """x (groups, 32) ~ s q - m: scales and minima of the best trial."""
    w = weights(x)
    lo, hi = np.minimum(0, x.min(axis=-1, keepdims=True)), x.max(axis=-1, keepdims=True)
    flat = (hi <= lo)[:, 0]
    span = np.where(hi > lo, hi - lo, 1)
    inverse = (14 + 0.1 * np.arange(21))[:, None, None] / span.astype(np.float64)
    q = np.clip(np.rint((x - lo).astype(np.float64) * inverse), 0, 15).astype(L)
    total = np.where(flat, 1, w.sum(axis=-1))
    xm, qm = (w * x).sum(axis=-1) / total, (w * q).sum(axis=-1) / total
    dq, dx = q - qm[..., None], x - xm[:, None]
    one_code = (q == q[..., :1]).all(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        s = np.where(one_code, 0, (w * dq * dx).sum(axis=-1) / (w * dq * dq).sum(axis=-1))
        m = s * qm - xm
        through_zero = (w * x * q).sum(axis=-1) / (w * q * q).sum(axis=-1)
    near(np.abs(m[~one_code]) / np.maximum(np.abs(np.broadcast_to(xm, m.shape)[~one_code]), L(1e-300)))
    s, m = np.where(m < 0, through_zero, s), np.maximum(m, 0)
    error = (w * (s[..., None] * q - m[..., None] - x) ** 2).sum(axis=-1)
    error = np.where(one_code, np.inf, error)
    top = xm / 15  # code 15 for every value, tried first where nothing is negative
    alone = np.where(lo[:, 0] == 0, (w * (15 * top[:, None] - x) ** 2).sum(axis=-1), np.inf)
    best = first_best(np.concatenate([alone[None], error]))
    s = take(np.concatenate([top[None], s]), best)
    m = take(np.concatenate([np.zeros_like(top)[None], m]), best)
    return np.where(flat, 0, s), np.where(flat, np.where(lo < 0, -lo, 0)[:, 0], m)


def recode(x, s, m, top):
    """Codes of x (.., 32) by the scales and minima as stored, and their weighted error."""
    ok = (s > 0) & np.isfinite(s) & np.isfinite(m)
    with np.errstate(invalid="ignore", divide="ignore"):
        q = np.where(ok[..., None], np.clip(nearest((x + m[..., None]) / np.where(ok, s, 1)[..., None]), 0, top), 0)
        error = (weights(x) * (s[..., None] * q - m[..., None] - x) ** 2).sum(axis=-1)
    return q, error


def poisoned(b, bad, at):
    """Blocks of what is not finite: NaN at the scales, zero elsewhere."""
    b[bad] = 0
    for i in at:
        b[bad, i : i + 2] = 0x00, 0x7E
    return b


def shares(part, most):
    """63 part / most to nearest, 0 where most is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(most > 0, nearest(63 * part / np.where(most > 0, most, 1)), 0).astype(int)


def encode_q4_k(x):
    bad = ~np.isfinite(x).all(axis=1)
    groups = np.where(bad[:, None], 0, x).astype(L).reshape(-1, 8, 32)
    s, m = (a.reshape(-1, 8) for a in affine(groups.reshape(-1, 32)))
    smax, mmax = s.max(axis=1, keepdims=True), m.max(axis=1, keepdims=True)
    d, dmin = f16(smax / 63), f16(mmax / 63)
    sc0, mn0 = shares(s, smax), shares(m, mmax)
    trials = []
    for a in (0, 1, -1):  # the pair itself first
        for b in (0, 1, -1):
            sc, mn = sc0 + a, mn0 + b
            legal = (sc >= 0) & (sc <= 63) & (mn >= 0) & (mn <= 63)
            with np.errstate(invalid="ignore"):
                error = recode(groups, d.astype(L) * sc, dmin.astype(L) * mn, 15)[1]
            trials.append((np.where(legal & ~np.isnan(error), error, np.inf), sc, mn))
    best = first_best(np.stack([t[0] for t in trials]))
    sc, mn = (take(np.stack([t[i] for t in trials]), best) for i in (1, 2))
    with np.errstate(invalid="ignore"):
        q = recode(groups, d.astype(L) * sc, dmin.astype(L) * mn, 15)[0].astype(np.uint8)
    out = np.zeros((len(x), 144), np.uint8)
    out[:, 0:2], out[:, 2:4] = d.view(np.uint8), dmin.view(np.uint8)
    out[:, 4:8] = sc[:, :4] | sc[:, 4:] >> 4 << 6
    out[:, 8:12] = mn[:, :4] | mn[:, 4:] >> 4 << 6
    out[:, 12:16] = sc[:, 4:] & 15 | (mn[:, 4:] & 15) << 4
    out[:, 16:] = (q[:, 0::2] | q[:, 1::2] << 4).reshape(-1, 128)
    return poisoned(out, bad, (0, 2))


def symmetric(x):
    """x (groups, 16) ~ s q, -32 <= q <= 31, weights x^2: the scale of the best trial."""
    at = np.argmax(np.abs(x), axis=1)
    extreme = x[np.arange(len(x)), at]
    zero = extreme == 0
    y = x / np.where(zero, 1, extreme)[:, None]  # in units of the extreme, which is 1
    inverse = -(32 + 0.1 * np.arange(-9, 10))[:, None, None] / np.where(zero, 1, extreme).astype(np.float64)[:, None]
    q = np.clip(np.rint(x.astype(np.float64) * inverse), -32, 31).astype(L)
    w = y * y
    with np.errstate(invalid="ignore", divide="ignore"):
        swq, swqq = (w * y * q).sum(axis=-1), (w * q * q).sum(axis=-1)
        gain = np.where(zero, 0, swq * swq / swqq)  # what a fit takes off the square error
        return np.where(zero, 0, take(swq / swqq, first_best(-gain)) * extreme)


def encode_q6_k(x):
    bad = ~np.isfinite(x).all(axis=1)
    groups = np.where(bad[:, None], 0, x).astype(L).reshape(-1, 16, 16)
    s = symmetric(groups.reshape(-1, 16)).reshape(-1, 16)
    at = np.argmax(np.abs(s), axis=1)
    most = s[np.arange(len(s)), at][:, None]
    near(np.abs(np.abs(s) - np.abs(most))[most[:, 0] != 0] / np.abs(most)[most[:, 0] != 0])
    d = f16(most / -128)
    with np.errstate(invalid="ignore", divide="ignore"):
        sc = np.where(most != 0, np.clip(nearest(-128 * s / np.where(most != 0, most, 1)), -128, 127), 0)
        step = (d.astype(L) * sc)[..., None]
        ok = (step != 0) & np.isfinite(step)
        q = np.where(ok, np.clip(nearest(groups / np.where(ok, step, 1)), -32, 31), 0).astype(int) + 32
    q = q.reshape(-1, 2, 4, 32)
    out = np.zeros((len(x), 210), np.uint8)
    low = np.stack([q[:, :, k] & 15 | (q[:, :, k + 2] & 15) << 4 for k in (0, 1)], axis=2)
    out[:, :128] = low.reshape(-1, 128)
    out[:, 128:192] = sum((q[:, :, k] >> 4) << 2 * k for k in range(4)).reshape(-1, 64)
    out[:, 192:208] = sc.astype(np.int8).view(np.uint8)
    out[:, 208:] = d.view(np.uint8)
    return poisoned(out, bad, (208,))
