# SPDX-License-Identifier: MIT
"""Element types from their definitions: bytes to float64 and, where an exact rule writes them, back.

Blocks are arrays of bytes, one row per block.  Encoders of blocks of 32 compute in float32, one rounding per operation."""
import numpy as np

import grid_search
import grids
import kquants

F32 = np.float32


def f16(b):
    return np.ascontiguousarray(b).view("<f2").astype(np.float64)


def bf16_words(w):
    with np.errstate(invalid="ignore"):
        return (w.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def nibbles(q):
    """16 bytes: element j in the low half of byte j, element j + 16 in its high half."""
    return np.concatenate([q & 15, q >> 4], axis=1).astype(np.float64)


def decode_q8_0(b):
    return f16(b[:, :2]) * b[:, 2:].view(np.int8)


def decode_q8_1(b):
    return f16(b[:, :2]) * b[:, 4:].view(np.int8)


def decode_q4_0(b):
    return f16(b[:, :2]) * (nibbles(b[:, 2:]) - 8)


def decode_q4_1(b):
    return f16(b[:, :2]) * nibbles(b[:, 4:]) + f16(b[:, 2:4])


def fifth(h):
    """4 bytes: bit j is that of element j, 16 if it is set."""
    return np.unpackbits(h, axis=1, bitorder="little").astype(np.float64) * 16


def decode_q5_0(b):
    return f16(b[:, :2]) * (nibbles(b[:, 6:]) + fifth(b[:, 2:6]) - 16)


def decode_q5_1(b):
    return f16(b[:, :2]) * (nibbles(b[:, 8:]) + fifth(b[:, 4:8])) + f16(b[:, 2:4])


def decode_q4_k(b):
    d, dmin, s, q = f16(b[:, :2]), f16(b[:, 2:4]), b[:, 4:16].astype(int), b[:, 16:]
    x = np.empty((len(b), 256))
    for g in range(8):
        if g < 4:
            scale, low = s[:, g] & 63, s[:, g + 4] & 63
        else:
            scale = (s[:, g + 4] & 15) | (s[:, g - 4] >> 6) << 4
            low = (s[:, g + 4] >> 4) | (s[:, g] >> 6) << 4
        part = q[:, g // 2 * 32 : g // 2 * 32 + 32]
        code = (part >> 4 if g % 2 else part & 15).astype(np.float64)
        x[:, g * 32 : g * 32 + 32] = d * scale[:, None] * code - dmin * low[:, None]
    return x


def two_bits(q):
    """64 bytes: each of 32 holds four elements that lie 32 apart."""
    q = q.reshape(-1, 2, 1, 32) >> np.array([0, 2, 4, 6], np.uint8)[None, None, :, None] & 3
    return q.reshape(-1, 256).astype(np.float64)


def one_bit(h):
    """32 bytes: bit g of byte i is that of element 32 g + i."""
    return (h[:, None, :] >> np.arange(8, dtype=np.uint8)[None, :, None] & 1).reshape(-1, 256).astype(np.float64)


def decode_q2_k(b):
    scale, low = (np.repeat(s.astype(np.float64), 16, axis=1) for s in (b[:, :16] & 15, b[:, :16] >> 4))
    return f16(b[:, 80:82]) * scale * two_bits(b[:, 16:80]) - f16(b[:, 82:84]) * low


def decode_q3_k(b):
    s = b[:, 96:108].astype(int)
    low = np.concatenate([s[:, :8] & 15, s[:, :8] >> 4], axis=1)
    high = np.concatenate([s[:, 8:] >> 2 * k & 3 for k in range(4)], axis=1)
    scale = np.repeat((low | high << 4) - 32, 16, axis=1)
    return f16(b[:, 108:110]) * scale * (two_bits(b[:, 32:96]) + 4 * one_bit(b[:, :32]) - 4)


def decode_q5_k(b):
    """As q4_k, whose bytes are these without the fifth bits."""
    d, dmin, s = f16(b[:, :2]), f16(b[:, 2:4]), b[:, 4:16].astype(int)
    scale = np.concatenate([s[:, :4] & 63, s[:, 8:] & 15 | s[:, :4] >> 6 << 4], axis=1)
    low = np.concatenate([s[:, 4:8] & 63, s[:, 8:] >> 4 | s[:, 4:8] >> 6 << 4], axis=1)
    q = b[:, 48:].reshape(-1, 4, 1, 32)
    code = np.concatenate([q & 15, q >> 4], axis=2).reshape(-1, 256) + 16 * one_bit(b[:, 16:48])
    return d * np.repeat(scale, 32, axis=1) * code - dmin * np.repeat(low, 32, axis=1)


def decode_iq4_nl(b):
    return f16(b[:, :2]) * kquants.IQ4[nibbles(b[:, 2:]).astype(int)]


E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])


def decode_mxfp4(b):
    power = np.where(b[:, 0] == 255, np.nan, np.ldexp(1.0, b[:, 0].astype(int) - 127))
    return power[:, None] * E2M1[nibbles(b[:, 1:]).astype(int)]


def decode_iq4_xs(b):
    groups = np.arange(8)
    low = b[:, 4:8].repeat(2, axis=1) >> (groups % 2 * 4).astype(np.uint8) & 15
    high = b[:, 2:4].repeat(4, axis=1) >> (groups % 4 * 2).astype(np.uint8) & 3
    codes = np.concatenate([nibbles(b[:, 8 + 16 * g : 24 + 16 * g]) for g in groups], axis=1).astype(int)
    return f16(b[:, :2]) * np.repeat((low | high << 4).astype(int) - 32, 32, axis=1) * kquants.IQ4[codes]


def scale_of_nvfp4():
    """All 256 codes: E4M3 whose sign is not looked at, but that 7f is 0 and ff 480."""
    e, f = np.arange(256) >> 3 & 15, np.arange(256) & 7
    v = np.where(e > 0, np.ldexp(f + 8.0, e - 10), np.ldexp(f * 1.0, -9))
    v[127] = 0
    return v


NV_SCALE = scale_of_nvfp4()


def decode_nvfp4(b):
    q = b[:, 4:].reshape(-1, 4, 8)
    codes = np.concatenate([q & 15, q >> 4], axis=2).reshape(-1, 64)
    return np.repeat(NV_SCALE[b[:, :4]], 16, axis=1) * E2M1[codes]


def digits(b, n):
    """The first n digits of base 3 behind the point of byte / 256, one digit of all bytes after the other."""
    b = b.astype(int)
    return np.concatenate([b * 3 ** (k + 1) // 256 % 3 for k in range(n)], axis=1)


def decode_tq1_0(b):
    t = np.concatenate([digits(b[:, :32], 5), digits(b[:, 32:48], 5), digits(b[:, 48:52], 4)], axis=1)
    return f16(b[:, 52:54]) * (t - 1.0)


def decode_tq2_0(b):
    return f16(b[:, 64:66]) * (two_bits(b[:, :64]) - 1)


def decode_q8_k(b):
    return np.ascontiguousarray(b[:, :4]).view("<f4").astype(np.float64) * b[:, 4:260].view(np.int8)


def numbers_8(exponents, fraction):
    """All 256 codes of a float of 8 bits; e4m3 has one NaN of either sign and no infinities."""
    c = np.arange(128)
    e, f, bias = c >> fraction, c & ((1 << fraction) - 1), (1 << (exponents - 1)) - 1
    v = np.ldexp(np.where(e > 0, f + (1 << fraction), f).astype(np.float64), np.maximum(e, 1) - bias - fraction)
    if fraction == 3:
        v[127] = np.nan
    else:
        v[124], v[125:] = np.inf, np.nan
    return np.concatenate([v, -v])


def numbers_fnuz(exponents, fraction):
    """All 256 codes: half of what IEEE would have, none infinite, 80 the only NaN."""
    c = np.arange(128)
    e, f, bias = c >> fraction, c & ((1 << fraction) - 1), 1 << (exponents - 1)
    v = np.ldexp(np.where(e > 0, f + (1 << fraction), f).astype(np.float64), np.maximum(e, 1) - bias - fraction)
    return np.concatenate([v, [np.nan], -v[1:]])


FNUZ = {"e4m3fnuz": numbers_fnuz(4, 3), "e5m2fnuz": numbers_fnuz(5, 2)}


def nearest_of(ladder, size):
    """The place in a rising list of the number nearest to each size, of two the even one."""
    middle = (ladder[:-1] + ladder[1:]) / 2
    below, above = np.searchsorted(middle, size, "left"), np.searchsorted(middle, size, "right")
    return np.where(below % 2 == 0, below, above)


def encode_fnuz(name, x):
    v = FNUZ[name][:128]
    size = np.abs(x.astype(np.float64))
    code = nearest_of(np.append(v, 2 * v[127] - v[126]), size)
    minus = np.signbit(x) & (code > 0)
    return np.where(np.isnan(x) | (code > 127), 128, code + 128 * minus).astype(np.uint8)


FLOATS_8 = {"F8_E4M3": numbers_8(4, 3), "F8_E5M2": numbers_8(5, 2)}


def six_bits(exponents, fraction):
    c = np.arange(32)
    e, f, bias = c >> fraction, c & ((1 << fraction) - 1), (1 << (exponents - 1)) - 1
    return np.ldexp(np.where(e > 0, f + (1 << fraction), f).astype(np.float64), np.maximum(e, 1) - bias - fraction)


# Bits of a code, the numbers of the codes without sign, the power of two of the largest
MX = {"mxfp8_e4m3": (8, FLOATS_8["F8_E4M3"][:127], 8), "mxfp8_e5m2": (8, FLOATS_8["F8_E5M2"][:124], 15),
      "mxfp6_e2m3": (6, six_bits(2, 3), 2), "mxfp6_e3m2": (6, six_bits(3, 2), 4), "mxint8": (8, np.arange(128) / 64, 0)}


def decode_mx(name, b):
    width = MX[name][0]
    string = np.unpackbits(b[:, 1:], axis=1, bitorder="little").reshape(len(b), 32, width)
    code = np.packbits(string, axis=2, bitorder="little")[:, :, 0]
    if name == "mxint8":
        v = code.view(np.int8) / 64
    elif width == 8:
        v = FLOATS_8["F8_" + name[6:].upper()][code]
    else:
        v = np.where(code >= 32, -1.0, 1.0) * MX[name][1][code % 32]
    power = np.where(b[:, 0] == 255, np.nan, np.ldexp(1.0, b[:, 0].astype(int) - 127))
    return power[:, None] * v


def encode_mx(name, x):
    width, ladder, top = MX[name]
    bad = ~np.isfinite(x).all(axis=1)
    x = np.where(bad[:, None], F32(0), x).astype(np.float64)
    most = np.abs(x).max(axis=1)
    e = np.where(most > 0, np.frexp(most)[1] - 1 - top + 127, 0).clip(0, 254)
    code = nearest_of(ladder, np.ldexp(np.abs(x), 127 - e[:, None]))
    if name == "mxint8":
        code = np.where(x < 0, -code, code)
    else:
        code = code + np.where(np.signbit(x), 1 << (width - 1), 0)
    string = np.unpackbits(code.astype(np.uint8)[:, :, None], axis=2, bitorder="little")[:, :, :width]
    b = np.concatenate([e[:, None].astype(np.uint8), np.packbits(string.reshape(len(x), -1), axis=1, bitorder="little")], axis=1)
    b[bad] = 0
    b[bad, 0] = 255
    return b


def encode_8(kind, x):
    """To the nearest of all codes, ties to even; beyond the middle of the last and what would follow it: what follows."""
    v = FLOATS_8[kind][:128]
    end = 127 if kind == "F8_E4M3" else 124
    ladder = np.append(v[:end], 2 * v[end - 1] - v[end - 2])
    middle = (ladder[:-1] + ladder[1:]) / 2
    size = np.abs(x)
    below, above = np.searchsorted(middle, size, "left"), np.searchsorted(middle, size, "right")
    code = np.where(below == above, below, np.where(below % 2 == 0, below, above))
    return np.where(np.isnan(x), 127 if end == 127 else 126, code).astype(np.uint8) | np.signbit(x).astype(np.uint8) << 7


def decode_q6_k(b):
    low, high, scale, d = b[:, :128], b[:, 128:192], b[:, 192:208].view(np.int8).astype(np.float64), f16(b[:, 208:210])
    x = np.empty((len(b), 256))
    for i in range(256):
        half, quarter, l = i // 128, i % 128 // 32, i % 32
        nibble = low[:, half * 64 + quarter % 2 * 32 + l] >> (quarter // 2 * 4) & 15
        code = nibble.astype(int) | (high[:, half * 32 + l].astype(int) >> 2 * quarter & 3) << 4
        x[:, i] = d[:, 0] * scale[:, i // 16] * (code - 32)
    return x


DECODE = {"q8_0": (32, 34, decode_q8_0), "q8_1": (32, 36, decode_q8_1), "q4_0": (32, 18, decode_q4_0),
          "q4_1": (32, 20, decode_q4_1), "q5_0": (32, 22, decode_q5_0), "q5_1": (32, 24, decode_q5_1),
          "q2_k": (256, 84, decode_q2_k), "q3_k": (256, 110, decode_q3_k), "q4_k": (256, 144, decode_q4_k), "q5_k": (256, 176, decode_q5_k),
          "q6_k": (256, 210, decode_q6_k), "iq4_nl": (32, 18, decode_iq4_nl), "mxfp4": (32, 17, decode_mxfp4),
          "iq4_xs": (256, 136, decode_iq4_xs), "nvfp4": (64, 36, decode_nvfp4), "tq1_0": (256, 54, decode_tq1_0),
          "tq2_0": (256, 66, decode_tq2_0), "q8_k": (256, 292, decode_q8_k),
          "u4": (2, 1, lambda b: np.concatenate([b & 15, b >> 4], axis=1).astype(np.float64)),
          "e2m1": (2, 1, lambda b: E2M1[np.concatenate([b & 15, b >> 4], axis=1)])}
DECODE.update(grids.DECODE)
DECODE.update({name: (32, 1 + 4 * MX[name][0], lambda b, name=name: decode_mx(name, b)) for name in MX})
DECODE.update({name: (1, 1, lambda b, name=name: FNUZ[name][b]) for name in FNUZ})


def decode(kind, name, raw):
    """kind: the file's type; name: the element type, "" if the file's type says it all.  float64 of the logical shape."""
    if kind == "BF16":
        return bf16_words(raw)
    if kind in FLOATS_8:
        return FLOATS_8[kind][raw]
    if kind != "U8":
        with np.errstate(invalid="ignore"):  # a NaN that signals
            return raw.astype(np.float64)
    block, size, function = DECODE[name]
    rows = np.ascontiguousarray(raw).reshape(-1, size)
    shape = list(raw.shape[:-1]) + [raw.shape[-1] // size * block]
    return function(rows).reshape(shape) if rows.size else np.empty(shape)


def away(x):
    """To nearest, ties away from zero."""
    return np.trunc(x.astype(np.float64) + np.copysign(0.5, x))


def inverse(d):
    with np.errstate(divide="ignore", over="ignore"):
        i = F32(1) / d
    return np.where((d != 0) & np.isfinite(i), i, F32(0)).astype(F32)


def half(x):
    with np.errstate(over="ignore"):
        return x.astype("<f2")


def extreme(x):
    """The first value of largest magnitude of each row, +0 in rows of zeros."""
    at = np.argmax(np.abs(x), axis=1)
    e = x[np.arange(len(x)), at]
    return np.where(e == 0, F32(0), e).astype(F32)


def pack(codes, most):
    """Fifth bits, if most is 31, then 16 bytes of nibbles."""
    c = np.minimum(most, codes.astype(int)).astype(np.uint8)
    low = (c[:, :16] & 15) | (c[:, 16:] & 15) << 4
    return np.concatenate([np.packbits(c >> 4, axis=1, bitorder="little"), low], axis=1) if most == 31 else low


def bytes_of(a):
    return np.ascontiguousarray(a).view(np.uint8).reshape(len(a), -1)


def encode_q8(x, with_sum):
    d = (np.abs(extreme(x)) / F32(127)).astype(F32)
    q = away(x * inverse(d)[:, None])
    parts = [bytes_of(half(d))]
    if with_sum:
        parts.append(bytes_of(half((q.sum(axis=1).astype(F32) * d).astype(F32))))
    return np.concatenate(parts + [bytes_of(q.astype(np.int8))], axis=1)


def encode_symmetric(x, half_range):
    """4 or 5 bits, half_range 8 or 16: the extreme is code 0."""
    d = (extreme(x) / F32(-half_range)).astype(F32)
    q = np.trunc((x * inverse(d)[:, None]).astype(F32) + F32(half_range + 0.5))
    return np.concatenate([bytes_of(half(d)), pack(q, 2 * half_range - 1)], axis=1)


def ends(x):
    """The first smallest and the first largest value: of 0 and -0 the one that comes first."""
    rows = np.arange(len(x))
    return x[rows, np.argmin(x, axis=1)], x[rows, np.argmax(x, axis=1)]


def encode_affine(x, most):
    low, high = ends(x)
    d = ((high - low) / F32(most)).astype(F32)
    q = np.trunc(((x - low[:, None]) * inverse(d)[:, None]).astype(F32) + F32(0.5))
    return np.concatenate([bytes_of(half(d)), bytes_of(half(low)), pack(q, most)], axis=1)


def encode_mxfp4(x):
    bad = ~np.isfinite(x).all(axis=1)
    x = np.where(bad[:, None], F32(0), x).astype(np.float64)
    most = np.abs(x).max(axis=1)
    e = np.where(most > 0, np.frexp(most)[1] - 1 - 2 + 127, 0).clip(0, 254)
    size = np.ldexp(np.abs(x), 127 - e[:, None])
    code = sum((size > m).astype(np.uint8) for m in (0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5))
    code = np.where((x < 0) & (code > 0), code + 8, code).astype(np.uint8)
    b = np.concatenate([e[:, None].astype(np.uint8), code[:, :16] | code[:, 16:] << 4], axis=1)
    b[bad, 0] = 255
    return b


def encode_nvfp4(x):
    """Scales: 1/6 of the largest of 16, to nearest, of two the upper; below 2^-6 a half is added in float32; 448 from 248 on."""
    x = x.reshape(-1, 16)
    bad = ~np.isfinite(x).all(axis=1)
    x = np.where(bad[:, None], F32(0), x)
    want = (np.abs(x).max(axis=1) / F32(6)).astype(F32)
    steps = np.minimum((want * F32(512)).astype(F32) + F32(0.5), F32(7)).astype(F32)
    ladder = NV_SCALE[:0x79]
    c = np.searchsorted((ladder[:-1] + ladder[1:]) / 2, want.astype(np.float64), "right")
    c = np.where(want < F32(2**-6), np.trunc(steps), np.where(want >= 248, 126, c)).astype(np.uint8)
    d, size = NV_SCALE[c][:, None], np.abs(x).astype(np.float64)
    code = sum((size > m * d).astype(np.uint8) for m in (0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5)) * (d > 0)
    code = np.where((x < 0) & (code > 0), code + 8, code).astype(np.uint8)
    c[bad] = 127
    return np.concatenate([c.reshape(-1, 4), (code[:, :8] | code[:, 8:] << 4).reshape(-1, 32)], axis=1)


def encode_ternary(x, two):
    d = np.abs(extreme(x))
    t = away((x * inverse(d)[:, None]).astype(F32)).astype(int) + 1
    if two:
        codes = sum(t.reshape(-1, 2, 4, 32)[:, :, k] << 2 * k for k in range(4)).reshape(-1, 64)
    else:
        runs = [t[:, :160].reshape(-1, 5, 32), t[:, 160:240].reshape(-1, 5, 16), t[:, 240:].reshape(-1, 4, 4)]
        codes = [-(-256 * sum(r[:, n] * 3 ** (4 - n) for n in range(r.shape[1])) // 243) for r in runs]
        codes = np.concatenate(codes, axis=1)
    return np.concatenate([codes.astype(np.uint8), bytes_of(half(d))], axis=1)


def encode_q8_k(x):
    bad = ~np.isfinite(x).all(axis=1)
    x = np.where(bad[:, None], F32(0), x)
    most = extreme(x)
    with np.errstate(divide="ignore", over="ignore"):
        by = np.where(most != 0, F32(-127) / most, F32(0)).astype(F32)
        by = np.where(np.isfinite(by), by, F32(0)).astype(F32)
        d = np.where(by != 0, F32(1) / by, F32(0)).astype(F32)
    q = np.rint((x * by[:, None]).astype(F32)).astype(int)
    d[bad] = np.nan
    sums = q.reshape(-1, 16, 16).sum(axis=2).astype("<i2")
    return np.concatenate([bytes_of(d), q.astype(np.int8).view(np.uint8), bytes_of(sums)], axis=1)


def guarded(x, scales, encode, wide=False):
    """Blocks that hold a NaN or an infinity, or (wide) whose range no f32 holds: NaN at the scales, codes of zeros."""
    with np.errstate(over="ignore", invalid="ignore"):
        bad = ~np.isfinite(x).all(axis=1)
        if wide:
            bad |= ~np.isfinite(np.subtract(*ends(x)))
    b = encode(np.where(bad[:, None], F32(0), x))
    for at in scales:
        b[bad, at], b[bad, at + 1] = 0x00, 0x7E
    return b


ENCODE = {"q8_0": lambda x: guarded(x, (0,), lambda x: encode_q8(x, False)),
          "q8_1": lambda x: guarded(x, (0, 2), lambda x: encode_q8(x, True)),
          "q4_0": lambda x: guarded(x, (0,), lambda x: encode_symmetric(x, 8)),
          "q4_1": lambda x: guarded(x, (0, 2), lambda x: encode_affine(x, 15), True),
          "q5_0": lambda x: guarded(x, (0,), lambda x: encode_symmetric(x, 16)),
          "q5_1": lambda x: guarded(x, (0, 2), lambda x: encode_affine(x, 31), True),
          "q2_k": kquants.encode_q2_k, "q3_k": kquants.encode_q3_k, "q4_k": kquants.encode_q4_k, "q5_k": kquants.encode_q5_k,
          "q6_k": kquants.encode_q6_k, "iq4_nl": kquants.encode_iq4_nl, "mxfp4": encode_mxfp4,
          "iq4_xs": kquants.encode_iq4_xs, "nvfp4": encode_nvfp4, "q8_k": encode_q8_k,
          "tq1_0": lambda x: guarded(x, (52,), lambda x: encode_ternary(x, False)),
          "tq2_0": lambda x: guarded(x, (64,), lambda x: encode_ternary(x, True))}
ENCODE.update({name: lambda x, name=name: encode_mx(name, x) for name in MX})
ENCODE.update({name: lambda x, name=name: encode_fnuz(name, x) for name in FNUZ})
ENCODE.update({name: lambda x, name=name: grid_search.encode(name, x) for name in grid_search.FORM})


def encode_bf16(x):
    """float64 that is exact in float32 to words: nearest, ties to even."""
    b = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    w = ((b + 0x7FFF + (b >> 16 & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), np.uint16(0x7FC0), w)
