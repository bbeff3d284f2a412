# SPDX-License-Identifier: MIT
"""ONNX's nodes with codes of few bits, or between element types, as vectors of ours.  See onnx_ops.py.

Codes without a sign go as these with 128 subtracted, like the spec of matmul_int8 says; (x - zero) scale is its product of one term."""
import numpy as np

from onnx_ops import Left, answer, case, f32, is_power, typed

WHOLE = "int2", "uint2", "int4", "uint4", "int8", "uint8"
FLOATS = {"float16": "f16", "bfloat16": "bf16", "float8_e4m3fn": "e4m3", "float8_e5m2": "e5m2", "float8_e4m3fnuz": "e4m3fnuz",
          "float8_e5m2fnuz": "e5m2fnuz"}
LARGEST = {"e4m3": 448, "e5m2": 57344, "e4m3fnuz": 240, "e5m2fnuz": 57344}


def codes(a):
    """Whole numbers of at most 8 bits as i8, and what was subtracted."""
    if a.dtype.name not in WHOLE:
        raise Left("codes of 16 bits")
    off = 128 if a.dtype.name == "uint8" else 0
    return (a.astype("i4") - off).astype("i1"), off


def zeros_of(zero, off, shape, by):
    """Zero points spread over rows (or columns), shifted as their codes are."""
    z = np.zeros(shape, "i4") if zero is None else by(zero.astype("i4"), shape)
    return (z - off).astype("i1")


def spread(a, shape):
    return np.broadcast_to(np.asarray(a).reshape(-1), shape)


def int8_product(n, at, answers):
    """at: where a's codes, scale and zero point are among the inputs, then b's; answers: of the node -> (array, judged, meta)."""
    a, b = n.x[at[0]], n.x[at[3]]
    (x, x_off), (w, w_off) = codes(a), codes(b)
    x, w = x.reshape(-1, *x.shape[-2:]), np.swapaxes(w, -1, -2).reshape(-1, w.shape[-1], w.shape[-2])
    y, judged, meta = answers(n)
    for p, q, r, m in zip(x, w, *[a.reshape(-1, x.shape[1], w.shape[1]) for a in (y, judged)]):
        s = [np.ones(1, "f4") if at[i] is None else f32(n.x[at[i]]) for i in (1, 4)]
        zero = [n.input(at[i]) if at[i] is not None else None for i in (2, 5)]
        yield case("matmul_int8", {"x": p, "w": q, "x_scale": spread(s[0], len(p)), "w_scale": spread(s[1], len(q)),
                                   "x_zero": zeros_of(zero[0], x_off, len(p), spread), "w_zero": zeros_of(zero[1], w_off, len(q), spread)},
                   {"y": r}, judged={"y": m}, **meta)


def as_they_are(n):
    return f32(n.y[0]), np.ones(n.y[0].shape, bool), {"tag": "exact"}


def within_half_a_step(n):
    """Codes that were rounded stand for numbers within half a step of theirs; at the end of their type for no number."""
    y, scale, most = n.y[0], float(n.x[6].reshape(-1)[0]), np.iinfo(n.y[0].dtype)
    number = (y.astype("f8") - n.x[7].astype("f8")) * scale
    return number.astype("f4"), (y > most.min) & (y < most.max), {"tolerance": f"abs={scale * (0.5 + 2.0**-16)!r}"}


def blocks(nibbles, powers, y, judged):
    """mxfp4: (blocks, 32) codes of e2m1, of each block a power of two, what it says, and where."""
    raw = np.concatenate([powers.reshape(-1, 1).astype("u1"), nibbles[:, :16] | nibbles[:, 16:] << 4], axis=1)
    return [case("dequantize", {"x": raw.reshape(1, -1)}, {"y": y.reshape(1, -1)}, judged={"y": judged.reshape(1, -1)},
                 types="x=mxfp4", dims=f"R=1 C={nibbles.size}")]


def read_e2m1(x, y, exponent):
    """Codes of e2m1 as blocks of 32 under one power."""
    n = -(-x.size // 32) * 32
    nibbles, wide = [np.pad(a.reshape(-1), (0, n - x.size)) for a in (x.view("u1"), typed(y))]
    return blocks(nibbles.reshape(-1, 32), np.full(n // 32, 127 + exponent), wide, np.arange(n) < x.size)


def read_e8m0(x, y):
    """Powers of two as those of blocks that begin with 1."""
    nibbles, wide = np.zeros((x.size, 32), "u1"), np.zeros((x.size, 32), y.dtype)
    nibbles[:, 0], wide[:, 0] = 2, y.reshape(-1)
    return blocks(nibbles, x.view("u1"), wide, np.broadcast_to(np.arange(32) == 0, wide.shape))


def numbers_of_codes(x, y, scale, zero):
    """(x - zero) scale as a product of one term with 1."""
    c, off = codes(x)
    one = np.ones(1, "f4")
    return [case("matmul_int8", {"x": c.reshape(-1, 1), "w": np.ones((1, 1), "i1"), "x_scale": f32(scale).reshape(-1), "w_scale": one,
                                 "x_zero": (zero.astype("i4") - off).astype("i1").reshape(-1)}, {"y": answer(y).reshape(-1, 1)})]


def read_floats(x, y):
    kind = FLOATS[x.dtype.name]
    raw, types = (typed(x), {}) if kind in ("f16", "bf16") else (x.view("u1"), {"types": f"x={kind}", "dims": f"R=1 C={x.size}"})
    return [case("dequantize", {"x": raw.reshape(1, -1)}, {"y": typed(y).reshape(1, -1)}, **types)]


def write_floats(x, y, saturates):
    """Where they saturate numbers beyond the largest, which ours do not, nothing is judged."""
    kind, x = FLOATS[y.dtype.name], f32(x).reshape(1, -1)
    wide = kind in ("f16", "bf16")
    judged = {"y": np.isnan(x) | (np.abs(x) <= LARGEST[kind])} if saturates and not wide else None
    raw = typed(y) if wide else y.view("u1")
    return [case("quantize", {"x": x}, {"y": raw.reshape(1, -1)}, judged=judged, types=f"y={kind}", dims=f"R=1 C={x.size}")]


def cast(n):
    x, y = n.x[0], n.y[0]
    a, b = x.dtype.name, y.dtype.name
    if b in FLOATS and a in ("float16", "float32", "float64"):
        return write_floats(x, y, n.attr("saturate", 1))
    if a in FLOATS and b in ("float16", "float32", "float64"):
        return read_floats(x, y)
    if a in WHOLE and b in ("float16", "float32"):
        return numbers_of_codes(x, y, np.ones(x.shape), np.zeros(x.shape))
    if a == "float4_e2m1fn" and b in ("float16", "float32"):
        return read_e2m1(x, y, 0)
    if a == "float8_e8m0fnu" and b in ("float16", "float32"):
        return read_e8m0(x, y)
    raise Left("to a type that no op of ours writes, or from f32 to float64")


def over(a, x, n):
    """Scales or zero points spread over x: one, one per index of an axis, or one per block along it."""
    a, axis = np.asarray(a), n.attr("axis", 1)
    if n.attr("block_size", 0):
        return np.repeat(a, n.attr("block_size"), axis=axis)
    shape = [1] * x.ndim
    if a.size > 1:
        shape[axis] = a.size
    return np.broadcast_to(a.reshape(shape), x.shape)


def dequantize(n):
    x, scale, zero = n.x[0], n.x[1], n.input(2)
    if x.dtype.name in WHOLE:
        z = np.zeros(x.shape) if zero is None else over(zero.astype("i4"), x, n)
        return numbers_of_codes(x, n.y[0], over(scale, x, n), z)
    if x.dtype.name in FLOATS or x.dtype.name == "float4_e2m1fn":
        if scale.size > 1 or not is_power(scale) or (zero is not None and zero.astype("f4").any()):
            raise Left("a scale that is no power of two")
        if x.dtype.name in FLOATS:
            return read_floats(x, n.y[0].astype("f8") / float(scale))
        return read_e2m1(x, n.y[0], int(np.log2(float(scale))))
    raise Left("codes of 16 bits")


def quantize(n):
    if n.y[0].dtype.name not in FLOATS:
        raise Left("to codes by a scale from outside; what quantize writes has scales of its own")
    if n.x[1].size > 1 or not is_power(n.x[1]):
        raise Left("a scale that is no power of two")
    return write_floats(n.x[0].astype("f8") / float(n.x[1]), n.y[0], n.attr("saturate", 1))


OPS = {
    "MatMulInteger": lambda n: int8_product(n, (0, None, 2, 1, None, 3), as_they_are),
    "QLinearMatMul": lambda n: int8_product(n, (0, 1, 2, 3, 4, 5), within_half_a_step),
    "DequantizeLinear": dequantize, "QuantizeLinear": quantize, "Cast": cast, "CastLike": cast,
}
