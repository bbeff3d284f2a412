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
          "q4_k": (256, 144, decode_q4_k), "q6_k": (256, 210, decode_q6_k)}


def decode(kind, name, raw):
    """kind: the file's type; name: the element type, "" if the file's type says it all.  float64 of the logical shape."""
    if kind == "BF16":
        return bf16_words(raw)
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
          "q4_k": kquants.encode_q4_k, "q6_k": kquants.encode_q6_k}


def encode_bf16(x):
    """float64 that is exact in float32 to words: nearest, ties to even."""
    b = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    w = ((b + 0x7FFF + (b >> 16 & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), np.uint16(0x7FC0), w)
