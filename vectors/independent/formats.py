# SPDX-License-Identifier: MIT
"""Element types from their definitions: bytes to float64 and, where an exact rule writes them, back.

Blocks are arrays of bytes, one row per block.  Encoders of blocks of 32 compute in float32, one rounding per operation."""
import numpy as np

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


FLOATS_8 = {"F8_E4M3": numbers_8(4, 3), "F8_E5M2": numbers_8(5, 2)}


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
          "q6_k": (256, 210, decode_q6_k), "iq4_nl": (32, 18, decode_iq4_nl), "mxfp4": (32, 17, decode_mxfp4)}


def decode(kind, name, raw):
    """kind: the file's type; name: the element type, "" if the file's type says it all.  float64 of the logical shape."""
    if kind == "BF16":
        return bf16_words(raw)
    if kind in FLOATS_8:
        return FLOATS_8[kind][raw]
    if kind != "U8":
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
          "q6_k": kquants.encode_q6_k, "iq4_nl": kquants.encode_iq4_nl, "mxfp4": encode_mxfp4}


def encode_bf16(x):
    """float64 that is exact in float32 to words: nearest, ties to even."""
    b = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    w = ((b + 0x7FFF + (b >> 16 & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), np.uint16(0x7FC0), w)
