# SPDX-License-Identifier: MIT
"""What the graphs of this folder share: files, small functions, rope, attention and weights by rule, all in float64 and NumPy alone.

They are derived from definitions and from the published model code, never from the C of this project: agreement proves both.
x is (T, d) throughout: T positions, from 0 on.  Weights are a dictionary of a checkpoint's own names.
"""
import json
import math
import os
import struct

import numpy as np

# Files


KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "|u1"}


def read(path):
    """A safetensors file: name -> array.  Floats come as float64, other types as they are stored."""
    with open(path, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header, data = json.loads(f.read(size)), f.read()
    tensors = {}
    for name, t in header.items():
        if name == "__metadata__":
            continue
        begin, end = t["data_offsets"]
        x = np.frombuffer(data[begin:end], dtype=KINDS[t["dtype"]])
        if t["dtype"] == "BF16":
            x = (x.astype("<u4") << 16).view("<f4")
        tensors[name] = (x.astype(np.float64) if x.dtype.kind == "f" else x).reshape(t["shape"])
    return tensors


def bf16(x):
    """The bits of numbers that lose none in bf16."""
    return (np.asarray(x, "<f4").view("<u4") >> 16).astype("<u2")


def write(path, tensors, first=0):
    """float32, float64, float16, int32 and uint8 arrays, and bits of bf16, by sorted names.  first: the byte, mod 8, at which data begin."""
    names, header, at = sorted(tensors), {"__metadata__": {"format": "pt"}}, 0
    kinds = {np.dtype(v): k for k, v in KINDS.items()}
    for name in names:
        x = np.asarray(tensors[name])
        header[name] = {"dtype": kinds[x.dtype], "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * ((first - len(text)) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            f.write(np.ascontiguousarray(tensors[name]).tobytes())


def write_model(folder, config, W):
    """config.json and model.safetensors (F32; bytes stay bytes), which must hold each weight exactly."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
        json.dump(config, f, indent=2)
        f.write("\n")
    narrow = {n: w if w.dtype == np.uint8 else w.astype(np.float32) for n, w in W.items()}
    for n, w in W.items():
        assert np.array_equal(w, narrow[n]), f"{n} is not exact in float32"
    write(os.path.join(folder, "model.safetensors"), narrow)


# Weights


def known_weights(shapes, gemma=False):
    """The rule of the sheet of known answers: tensor k by sorted names holds u = (i i + 5 i + 3 k) mod 23 - 11 at flat index i, as u/32
    where it has two dimensions or more, else u/64, plus 1 where its name ends in "weight" (norms; not where the model adds the 1)."""
    W = {}
    for k, name in enumerate(sorted(shapes)):
        shape = tuple(shapes[name])
        i = np.arange(math.prod(shape), dtype=np.int64)
        u = ((i * i + 5 * i + 3 * k) % 23 - 11).astype(np.float64).reshape(shape)
        W[name] = u / 32 if len(shape) > 1 else u / 64 + (name.endswith("weight") and not gemma)
    return W


def seeded(shapes, seed, gemma=False):
    """Random weights, rounded to float32: matrices N(0, 1.6^2 / width), width being the last axis, norms 1 + 0.2 N (0.2 N where the
    model adds the 1), all else 0.1 N.  Tensors named *_blocks are any bytes, *_scales exponents that give elements below 1."""
    random, W = np.random.Generator(np.random.PCG64(seed)), {}
    for name in sorted(shapes):
        shape = tuple(shapes[name])
        if name.endswith("_blocks"):
            W[name] = random.integers(0, 256, shape, dtype=np.uint8)
            continue
        if name.endswith("_scales"):
            W[name] = random.integers(120, 124, shape, dtype=np.uint8)
            continue
        n = random.standard_normal(shape)
        if len(shape) > 1:
            w = n * 1.6 / math.sqrt(shape[-1])
        elif name.endswith("weight"):
            w = n * 0.2 + (not gemma)
            w = (1 + w).astype(np.float32) - 1.0 if gemma else w  # GGUF holds 1 + w
        else:
            w = n * 0.1
        W[name] = w.astype(np.float32).astype(np.float64)
    return W


def ids(seed, count, vocab):
    """Tokens of a text, none of the first three, which are often special."""
    return [int(i) for i in np.random.Generator(np.random.PCG64([seed, 1])).integers(3, vocab, count)]


# Small functions, along the last axis


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def rms(x, w, eps):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * w


def layernorm(x, w, b, eps):
    c = x - x.mean(axis=-1, keepdims=True)
    y = c / np.sqrt((c * c).mean(axis=-1, keepdims=True) + eps) * w
    return y if b is None else y + b


def sigmoid(x):
    return np.where(x >= 0, 1, np.exp(np.minimum(x, 0))) / (1 + np.exp(-np.abs(x)))


def silu(x):
    return x * sigmoid(x)


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


_erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu_erf(x):
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def relu(x):
    return np.maximum(x, 0)


def softcap(x, cap):
    return cap * np.tanh(x / cap) if cap else x


ACTIVATIONS = {"silu": silu, "swish": silu, "relu": relu, "gelu": gelu_erf, "gelu_new": gelu_tanh, "gelu_pytorch_tanh": gelu_tanh,
               "gelu_fast": gelu_tanh, "quick_gelu": lambda x: x * sigmoid(1.702 * x)}


def linear(W, name, x):
    """W[out, in] as PyTorch stores it; the bias is added where the checkpoint has one."""
    y = x @ W[name + ".weight"].T
    return y + W[name + ".bias"] if name + ".bias" in W else y


def heads(x, n):
    """(T, n D) -> (T, n, D)"""
    return x.reshape(x.shape[0], n, -1)


def top(p, k):
    """The k largest of each row, largest first, the lower index first among equals: (indices, values)."""
    order = np.argsort(-p, axis=-1, kind="stable")[..., :k]
    return order, np.take_along_axis(p, order, axis=-1)


# Rope


NARROW = False  # True: parameters of an op, which Assay keeps in f32, are rounded to it; weights and values stay as they are


def narrow(x):
    """A parameter as an op gets it."""
    return np.asarray(x, np.float32).astype(np.float64)[()] if NARROW else x


def frequencies(dims, theta, scaling=None, context=None, length=None):
    """What unscaled() says, as rope gets it: its own frequencies are exact, others are an operand in f32."""
    f, m = unscaled(dims, theta, scaling, context, length)
    kind = (scaling or {}).get("rope_type", (scaling or {}).get("type", "default"))
    return (f if kind == "default" else narrow(f)), narrow(m)


def unscaled(dims, theta, scaling, context, length):
    """(inv_freq [dims / 2], factor on cos and sin).  scaling is config.json's rope_scaling, context its max_position_embeddings,
    length the number of positions of this text, by which longrope chooses its factors."""
    f = theta ** (-np.arange(0, dims, 2, dtype=np.float64) / dims)
    s = scaling or {}
    kind = s.get("rope_type", s.get("type", "default"))
    if kind == "default":
        return f, 1.0
    if kind == "linear":
        return f / s["factor"], 1.0
    original = s.get("original_max_position_embeddings", context)
    if kind == "llama3":
        low, high = s["low_freq_factor"], s["high_freq_factor"]
        z = (original * f / (2 * math.pi) - low) / (high - low)  # turns within the original context, from low (0) to high (1)
        z = np.clip(z, 0, 1)
        return (1 - z) * f / s["factor"] + z * f, 1.0
    if kind == "yarn":
        return yarn(f, dims, theta, s, original)
    if kind == "longrope":
        factor = context / original
        m = s.get("attention_factor") or (1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original)))
        return f / np.array(s["long_factor" if length > original else "short_factor"], dtype=np.float64), m
    raise ValueError(f"rope of type {kind}")


def yarn(f, dims, theta, s, original):
    """Pairs below `low` keep their frequency, above `high` are slowed by the factor, between them a ramp over the pair's number."""
    def pair(turns):  # the pair, not whole, that makes so many turns within the original context
        return dims * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta))

    low, high = pair(s.get("beta_fast") or 32), pair(s.get("beta_slow") or 1)
    if s.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dims - 1)
    if low == high:
        high += 0.001
    slowed = np.clip((np.arange(dims // 2) - low) / (high - low), 0, 1)
    factor = s["factor"]

    def scale(m):
        return 1.0 if factor <= 1 else 0.1 * m * math.log(factor) + 1

    m = s.get("attention_factor")
    if m is None:
        both = s.get("mscale") and s.get("mscale_all_dim")
        m = scale(s["mscale"]) / scale(s["mscale_all_dim"]) if both else scale(1)
    return slowed * f / factor + (1 - slowed) * f, m


def rope(x, inv_freq, factor=1.0, interleaved=False, start=0):
    """x (T, heads, D): the first 2 len(inv_freq) elements of each head turn, as pairs (r, r + R/2) or (2r, 2r + 1); the rest passes."""
    n = len(inv_freq)
    angle = (start + np.arange(x.shape[0], dtype=np.float64))[:, None, None] * inv_freq
    cos, sin = np.cos(angle) * factor, np.sin(angle) * factor
    first, second = (slice(0, 2 * n, 2), slice(1, 2 * n, 2)) if interleaved else (slice(0, n), slice(n, 2 * n))
    a, b, y = x[..., first], x[..., second], x.copy()
    y[..., first], y[..., second] = a * cos - b * sin, b * cos + a * sin
    return y


# Attention


def causal(t, s):
    return s <= t


def window(W):
    """Query t sees the keys t - W + 1 .. t, W of them with itself; without W all before it."""
    return causal if not W else lambda t, s: (s <= t) & (s > t - W)


def everything(t, s):
    return (t >= 0) & (s >= 0)


def alibi_slopes(H):
    n = 1 << (H.bit_length() - 1)
    return narrow(np.array([2.0 ** (-8 * (h + 1) / n) if h < n else 2.0 ** (-4 * (2 * (h - n) + 1) / n) for h in range(H)]))


def attention(q, k, v, mask=causal, scale=None, cap=None, sinks=None, alibi=None, bias=None):
    """q (T, H, D), k (S, G, D), v (S, G, E) -> (T, H E).  mask(t, s) says which keys are seen; cap bounds scores by cap tanh(x / cap)
    before the mask; sinks [H] join the softmax's denominator alone; alibi [H] are slopes; bias (H, T, S) is added as it is."""
    (T, H, D), (S, G, _) = q.shape, k.shape
    k, v = np.repeat(k, H // G, axis=1), np.repeat(v, H // G, axis=1)
    x = np.einsum("thd,shd->hts", q, k) * narrow(D ** -0.5 if scale is None else scale)
    x = softcap(x, cap)
    t, s = np.arange(T)[:, None], np.arange(S)[None, :]
    if alibi is not None:
        x = x + np.asarray(alibi)[:, None, None] * (s - t)
    if bias is not None:
        x = x + bias
    x = np.where(mask(t, s), x, -np.inf)
    if sinks is not None:
        x = np.concatenate([x, np.broadcast_to(np.asarray(sinks)[:, None, None], (H, T, 1))], axis=-1)
    p = softmax(x)[..., :S]
    return np.einsum("hts,she->the", p, v).reshape(T, -1)


def answer(x):
    """A known answer of the sheet: first, sum, sum of (i + 1) v[i]."""
    v = np.asarray(x, dtype=np.float64).ravel()
    return v[0], v.sum(), (np.arange(1, v.size + 1) * v).sum()
