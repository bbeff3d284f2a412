# SPDX-License-Identifier: MIT
"""The searches of q2_k to q6_k and of iq4_nl from their definition (reference/core/dtype_kquants.c, the comments), derived a second time:
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


def affine(x, steps):
    """x (groups, n) ~ s q - m, codes 0 .. steps: scales and minima of the best trial."""
    w = weights(x)
    lo, hi = np.minimum(0, x.min(axis=-1, keepdims=True)), x.max(axis=-1, keepdims=True)
    flat = (hi <= lo)[:, 0]
    span = np.where(hi > lo, hi - lo, 1)
    inverse = (steps - 1 + 0.1 * np.arange(21))[:, None, None] / span.astype(np.float64)
    q = np.clip(np.rint((x - lo).astype(np.float64) * inverse), 0, steps).astype(L)
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
    top = xm / steps  # the highest code for every value, tried first where nothing is negative
    alone = np.where(lo[:, 0] == 0, (w * (steps * top[:, None] - x) ** 2).sum(axis=-1), np.inf)
    best = first_best(np.concatenate([alone[None], error]))
    s = take(np.concatenate([top[None], s]), best)
    m = take(np.concatenate([np.zeros_like(top)[None], m]), best)
    return np.where(flat, 0, s), np.where(flat, np.where(lo < 0, -lo, 0)[:, 0], m)


def recode(x, s, m, top):
    """Codes of x (.., n) by the scales and minima as stored, and their weighted error."""
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


def shares(part, most, steps):
    """steps part / most to nearest, 0 where most is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(most > 0, nearest(steps * part / np.where(most > 0, most, 1)), 0).astype(int)


def search_affine(x, n, top, steps):
    """Groups of n, codes to top, scales and minima to steps: bad rows, d, dmin, scales, minima, codes (rows, groups, n)."""
    bad = ~np.isfinite(x).all(axis=1)
    groups = np.where(bad[:, None], 0, x).astype(L).reshape(len(x), -1, n)
    s, m = (a.reshape(len(x), -1) for a in affine(groups.reshape(-1, n), top))
    smax, mmax = s.max(axis=1, keepdims=True), m.max(axis=1, keepdims=True)
    d, dmin = f16(smax / steps), f16(mmax / steps)
    sc0, mn0 = shares(s, smax, steps), shares(m, mmax, steps)
    trials = []
    for a in (0, 1, -1):  # the pair itself first
        for b in (0, 1, -1):
            sc, mn = sc0 + a, mn0 + b
            legal = (sc >= 0) & (sc <= steps) & (mn >= 0) & (mn <= steps)
            with np.errstate(invalid="ignore"):
                error = recode(groups, d.astype(L) * sc, dmin.astype(L) * mn, top)[1]
            trials.append((np.where(legal & ~np.isnan(error), error, np.inf), sc, mn))
    best = first_best(np.stack([t[0] for t in trials]))
    sc, mn = (take(np.stack([t[i] for t in trials]), best) for i in (1, 2))
    with np.errstate(invalid="ignore"):
        q = recode(groups, d.astype(L) * sc, dmin.astype(L) * mn, top)[0].astype(np.uint8)
    return bad, d, dmin, sc, mn, q


def two_bits(q):
    """Codes (rows, 256): each byte of 32 holds four that lie 32 apart."""
    q = (q & 3).reshape(-1, 2, 4, 32)
    return sum(q[:, :, k] << 2 * k for k in range(4)).astype(np.uint8).reshape(-1, 64)


def one_bit(q):
    """Bits (rows, 256): bit g of byte i is that of element 32 g + i."""
    q = q.reshape(-1, 8, 32)
    return sum(q[:, g] << g for g in range(8)).astype(np.uint8)


def packed_pairs(sc, mn):
    """Eight scales and minima of 6 bits in twelve bytes."""
    return np.concatenate([sc[:, :4] | sc[:, 4:] >> 4 << 6, mn[:, :4] | mn[:, 4:] >> 4 << 6,
                           sc[:, 4:] & 15 | (mn[:, 4:] & 15) << 4], axis=1).astype(np.uint8)


def bytes_of_f16(d):
    return d.view(np.uint8).reshape(len(d), 2)


def encode_q2_k(x):
    bad, d, dmin, sc, mn, q = search_affine(x, 16, 3, 15)
    out = np.concatenate([(sc | mn << 4).astype(np.uint8), two_bits(q.reshape(-1, 256)), bytes_of_f16(d), bytes_of_f16(dmin)], axis=1)
    return poisoned(out, bad, (80, 82))


def encode_q4_k(x):
    bad, d, dmin, sc, mn, q = search_affine(x, 32, 15, 63)
    codes = (q[:, 0::2] | q[:, 1::2] << 4).reshape(-1, 128)
    return poisoned(np.concatenate([bytes_of_f16(d), bytes_of_f16(dmin), packed_pairs(sc, mn), codes], axis=1), bad, (0, 2))


def encode_q5_k(x):
    bad, d, dmin, sc, mn, q = search_affine(x, 32, 31, 63)
    low, codes = q & 15, q.reshape(-1, 256)
    parts = [bytes_of_f16(d), bytes_of_f16(dmin), packed_pairs(sc, mn), one_bit(codes >> 4), (low[:, 0::2] | low[:, 1::2] << 4).reshape(-1, 128)]
    return poisoned(np.concatenate(parts, axis=1), bad, (0, 2))


def symmetric(x, half):
    """x (groups, 16) ~ s q, -half <= q < half, weights x^2: the scale of the best trial."""
    at = np.argmax(np.abs(x), axis=1)
    extreme = x[np.arange(len(x)), at]
    zero = extreme == 0
    y = x / np.where(zero, 1, extreme)[:, None]  # in units of the extreme, which is 1
    inverse = -(half + 0.1 * np.arange(-9, 10))[:, None, None] / np.where(zero, 1, extreme).astype(np.float64)[:, None]
    q = np.clip(np.rint(x.astype(np.float64) * inverse), -half, half - 1).astype(L)
    w = y * y
    with np.errstate(invalid="ignore", divide="ignore"):
        swq, swqq = (w * y * q).sum(axis=-1), (w * q * q).sum(axis=-1)
        gain = np.where(zero, 0, swq * swq / swqq)  # what a fit takes off the square error
        return np.where(zero, 0, take(swq / swqq, first_best(-gain)) * extreme)


def search_symmetric(x, half, steps, around):
    """Groups of 16, codes and scales below half and steps: bad rows, d, scales, codes (rows, 16, 16).  around: of the rounded
    scale so many neighbours on either side are tried, by the plain square error."""
    bad = ~np.isfinite(x).all(axis=1)
    groups = np.where(bad[:, None], 0, x).astype(L).reshape(-1, 16, 16)
    s = symmetric(groups.reshape(-1, 16), half).reshape(-1, 16)
    at = np.argmax(np.abs(s), axis=1)
    most = s[np.arange(len(s)), at][:, None]
    near(np.abs(np.abs(s) - np.abs(most))[most[:, 0] != 0] / np.abs(most)[most[:, 0] != 0])
    d = f16(most / -steps)
    trials = []
    with np.errstate(invalid="ignore", divide="ignore"):
        first = np.where(most != 0, np.clip(nearest(-steps * s / np.where(most != 0, most, 1)), -steps, steps - 1), 0)
        for by in [0] + [b for b in range(-around, around + 1) if b]:
            sc = first + by
            step = (d.astype(L) * sc)[..., None]
            ok = (step != 0) & np.isfinite(step)
            q = np.where(ok, np.clip(nearest(groups / np.where(ok, step, 1)), -half, half - 1), 0)
            error = ((step * q - groups) ** 2).sum(axis=-1)
            outside = (sc < -steps) | (sc >= steps) | np.isnan(error)
            trials.append((np.where(outside & (by != 0), np.inf, np.where(np.isnan(error), 0, error)), sc, q))
    best = first_best(np.stack([t[0] for t in trials])) if around else np.zeros(first.shape, int)
    sc = take(np.stack([t[1] for t in trials]), best)
    q = np.take_along_axis(np.stack([t[2] for t in trials]), best[None, ..., None], axis=0)[0]
    return bad, d, sc.astype(int), q.astype(int)


def encode_q3_k(x):
    bad, d, sc, q = search_symmetric(x, 4, 32, 1)
    codes, s = (q + 4).reshape(-1, 256), sc + 32
    low = s[:, :8] & 15 | (s[:, 8:] & 15) << 4
    high = sum(s[:, 4 * k : 4 * k + 4] >> 4 << 2 * k for k in range(4))
    parts = [one_bit(codes >> 2), two_bits(codes), low.astype(np.uint8), high.astype(np.uint8), bytes_of_f16(d)]
    return poisoned(np.concatenate(parts, axis=1), bad, (108,))


def encode_q6_k(x):
    bad, d, sc, q = search_symmetric(x, 32, 128, 0)
    q = (q + 32).reshape(-1, 2, 4, 32)
    out = np.zeros((len(x), 210), np.uint8)
    low = np.stack([q[:, :, k] & 15 | (q[:, :, k + 2] & 15) << 4 for k in (0, 1)], axis=2)
    out[:, :128] = low.reshape(-1, 128)
    out[:, 128:192] = sum((q[:, :, k] >> 4) << 2 * k for k in range(4)).reshape(-1, 64)
    out[:, 192:208] = sc.astype(np.int8).view(np.uint8)
    out[:, 208:] = d.view(np.uint8)
    return poisoned(out, bad, (208,))


IQ4 = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113])


def places(t):
    """The place in IQ4 of the nearest number, of two the lower."""
    off = np.abs(IQ4 - t[..., None])
    best = np.argmin(off, axis=-1)
    rest = np.sort(off, axis=-1)
    near((rest[..., 1] - rest[..., 0]).astype(np.float64))
    return best


def fits_of_16(x):
    """x (rows, 32) ~ s value, weights x^2: the scale of the best of 15 trials, 0 for zeros."""
    extreme = x[np.arange(len(x)), np.argmax(np.abs(x), axis=1)]
    zero = extreme == 0
    y = x / np.where(zero, 1, extreme)[:, None]
    w = y * y
    fits, gains = [], []
    for t in range(-7, 8):
        q = IQ4[places((-127 + t) * y)].astype(L)
        swq, swqq = (w * y * q).sum(axis=1), (w * q * q).sum(axis=1)
        with np.errstate(invalid="ignore"):  # 0 / 0 in a block of zeros
            fits.append(swq / swqq), gains.append(swq * swq / swqq)
    return np.where(zero, 0, take(np.stack(fits), first_best(-np.stack(gains))) * extreme)


def places_by(x, d):
    """Places of x (rows, n) by scales d (rows), packed two to a byte."""
    ok = (d != 0) & np.isfinite(d)
    q = places(np.where(ok[:, None], x / np.where(ok, d, 1)[:, None], 0)).astype(np.uint8)
    return q[:, :16] | q[:, 16:] << 4


def encode_iq4_nl(x):
    bad = ~np.isfinite(x).all(axis=1)
    x = np.where(bad[:, None], 0, x).astype(L)
    d = f16(fits_of_16(x))
    return poisoned(np.concatenate([bytes_of_f16(d), places_by(x, d.astype(L))], axis=1), bad, (0,))


def encode_iq4_xs(x):
    """Scales of eight groups in units of a 32nd of the largest, which is -32."""
    bad = ~np.isfinite(x).all(axis=1)
    groups = np.where(bad[:, None], 0, x).astype(L).reshape(-1, 32)
    s = fits_of_16(groups).reshape(-1, 8)
    at = np.argmax(np.abs(s), axis=1)
    most = s[np.arange(len(s)), at][:, None]
    near(np.abs(np.abs(s) - np.abs(most))[most[:, 0] != 0] / np.abs(most)[most[:, 0] != 0])
    d = f16(most / -32)
    sc = np.where(most != 0, np.minimum(nearest(-32 * (s / np.where(most != 0, most, 1))), 31), 0)
    with np.errstate(invalid="ignore"):
        step = (d.astype(L) * sc).reshape(-1)
    codes = places_by(groups, step).reshape(-1, 128)
    sc = sc.astype(int) + 32
    low = (sc[:, 0::2] & 15 | (sc[:, 1::2] & 15) << 4).astype(np.uint8)
    high = sum(sc[:, g] >> 4 << 2 * g for g in range(8)).astype("<u2")[:, None].view(np.uint8)
    return poisoned(np.concatenate([bytes_of_f16(d), high, low, codes], axis=1), bad, (0,))
