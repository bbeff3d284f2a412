# SPDX-License-Identifier: MIT
"""Tiny llama models as GGUF files, and their logits in float64: written and computed without our code.

write(path, **changes) writes a file and returns what logits() needs.  Ids 0 .. 255 are the bytes; further tokens follow."""
import struct

import numpy as np

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
SHAPE = dict(d=32, layers=2, heads=4, kv=2, width=8, ffn=48, base=1e4, eps=1e-5)


def letters():
    """The printable character that stands for each byte in a byte-level vocabulary."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = [b for b in range(256) if b not in own]
    return {**{b: chr(b) for b in own}, **{b: chr(256 + i) for i, b in enumerate(other)}}


LETTER = letters()


def mapped(text):
    return "".join(LETTER[b] for b in text.encode())


def text(s):
    raw = s.encode() if isinstance(s, str) else s
    return struct.pack("<Q", len(raw)) + raw


def value(v):
    """A value with the kind in front: bool, u32, f32, string, or an array of strings, i32 or f32."""
    if isinstance(v, bool):
        return struct.pack("<IB", 7, v)
    if isinstance(v, int):
        return struct.pack("<Ii", 5, v) if v < 0 else struct.pack("<II", 4, v)
    if isinstance(v, float):
        return struct.pack("<If", 6, v)
    if isinstance(v, str):
        return struct.pack("<I", 8) + text(v)
    items = list(v)
    kind = 8 if items and isinstance(items[0], str) else 6 if items and isinstance(items[0], float) else 5
    body = b"".join(text(i) if kind == 8 else struct.pack("<f" if kind == 6 else "<i", i) for i in items)
    return struct.pack("<IIQ", 9, kind, len(items)) + body


def weights(shape, vocab, seed):
    r, c = np.random.default_rng(seed), shape
    matrix = lambda *s: (r.standard_normal(s) * 1.2 / np.sqrt(s[-1])).astype(np.float32)
    vector = lambda n: (1 + 0.1 * r.standard_normal(n)).astype(np.float32)
    w = {"token_embd.weight": matrix(vocab, c["d"])}
    for i in range(c["layers"]):
        for name, rows, width in (("attn_norm", 0, c["d"]), ("attn_q", c["heads"] * c["width"], c["d"]), ("attn_k", c["kv"] * c["width"], c["d"]),
                                  ("attn_v", c["kv"] * c["width"], c["d"]), ("attn_output", c["d"], c["heads"] * c["width"]), ("ffn_norm", 0, c["d"]),
                                  ("ffn_gate", c["ffn"], c["d"]), ("ffn_up", c["ffn"], c["d"]), ("ffn_down", c["d"], c["ffn"])):
            w[f"blk.{i}.{name}.weight"] = matrix(rows, width) if rows else vector(width)
    w["output_norm.weight"] = vector(c["d"])
    w["output.weight"] = matrix(vocab, c["d"])
    return w


def write(path, keys=None, extra=(), merges=("h e",), pre="gpt-2", change=None, tensors=None, rows=0, seed=1, **shape):
    """extra: (text, kind) after the bytes and what the merges make; keys: more keys, None takes one away.
    rows: the table is bf16 of so many rows, the rest of them zeros that take no room on the disk, and the head, too."""
    c = {**SHAPE, **shape}
    tokens, kinds = [LETTER[b] for b in range(256)], [NORMAL] * 256
    for token, kind in [(m.replace(" ", ""), NORMAL) for m in merges] + list(extra):
        if token not in tokens or kind != NORMAL:
            if token in tokens:  # extra: the token of a merge is of another kind
                kinds[tokens.index(token)] = kind
            else:
                tokens.append(token)
                kinds.append(kind)
    w = weights(c, len(tokens), seed)
    if change:
        change(w)
    said = {
        "general.architecture": "llama", "llama.context_length": 128, "llama.embedding_length": c["d"], "llama.block_count": c["layers"],
        "llama.feed_forward_length": c["ffn"], "llama.attention.head_count": c["heads"], "llama.attention.head_count_kv": c["kv"],
        "llama.attention.key_length": c["width"], "llama.attention.value_length": c["width"], "llama.rope.dimension_count": c["width"],
        "llama.rope.freq_base": c["base"], "llama.attention.layer_norm_rms_epsilon": c["eps"], "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre, "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": kinds, "tokenizer.ggml.merges": list(merges),
        **(keys or {}),
    }
    said = {k: v for k, v in said.items() if v is not None}
    kept = {n: w[n] for n in (tensors(list(w)) if tensors else w)}
    if rows:
        table = w["token_embd.weight"].view(np.uint32) >> 16
        w["token_embd.weight"] = w["output.weight"] = (table << 16).view(np.float32)
        kept = {n: a for n, a in kept.items() if n not in ("token_embd.weight", "output.weight")}
    head, data = b"", b""
    for name, a in kept.items():
        head += text(name) + struct.pack(f"<I{a.ndim}QIQ", a.ndim, *reversed(a.shape), 0, len(data))
        data += a.tobytes() + bytes(-a.nbytes % 32)
    if rows:  # at the end
        head += text("token_embd.weight") + struct.pack("<IQQIQ", 2, c["d"], rows, 30, len(data))
        data += table.astype(np.uint16).tobytes()
        kept["token_embd.weight"] = table
    raw = b"GGUF" + struct.pack("<IQQ", 3, len(kept), len(said)) + b"".join(text(k) + value(v) for k, v in said.items()) + head
    with open(path, "wb") as f:
        f.write(raw + bytes(-len(raw) % 32) + data)
        if rows:
            f.truncate(f.tell() + 2 * c["d"] * (rows - len(table)))
    return c, w


def yarn(c, s, original, fast=32, slow=1):
    """Frequencies and the factor of cosine and sine by YaRN, as Hugging Face and ggml have it: 2309.00071, 3.2 to 3.4."""
    D, b = c["width"], c["base"]
    pair = lambda turns: D * np.log(original / (turns * 2 * np.pi)) / (2 * np.log(b))
    lo, hi = max(np.floor(pair(fast)), 0), min(np.ceil(pair(slow)), D - 1)
    far = np.clip((np.arange(D // 2) - lo) / (hi - lo or 0.001), 0, 1)
    f = b ** (-np.arange(0, D, 2) / D)
    return f / s * far + f * (1 - far), 0.1 * np.log(s) + 1


def logits(model, ids, stretch=1.0, scale=None, cap=0.0, window=0, divisor=1.0, scaling=None, m=1.0, rotary=None):
    """stretch divides positions, divisor each pair's frequency; scaling: of yarn; m multiplies cosine and sine besides; rotary: elements that turn."""
    c, w = model
    w = {k: v.astype(np.float64) for k, v in w.items()}
    n, D, pos = len(ids), c["width"], np.arange(len(ids))
    R = rotary or D
    f, by = yarn(c, **scaling) if scaling else (c["base"] ** (-np.arange(0, R, 2) / R) / stretch, 1.0)
    angle, m = pos[:, None, None] * f / divisor, m * by
    norm = lambda x, name: x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float64(np.float32(c["eps"]))) * w[name + ".weight"]

    def turn(x):
        y = x.copy()
        y[..., 0:R:2] = m * (x[..., 0:R:2] * np.cos(angle) - x[..., 1:R:2] * np.sin(angle))
        y[..., 1:R:2] = m * (x[..., 0:R:2] * np.sin(angle) + x[..., 1:R:2] * np.cos(angle))
        return y

    x = w["token_embd.weight"][ids]
    for i in range(c["layers"]):
        of = lambda name, h: h @ w[f"blk.{i}.{name}.weight"].T
        h = norm(x, f"blk.{i}.attn_norm")
        q = turn(of("attn_q", h).reshape(n, -1, D))
        k, v = (np.repeat(z, c["heads"] // c["kv"], 1) for z in (turn(of("attn_k", h).reshape(n, -1, D)), of("attn_v", h).reshape(n, -1, D)))
        s = np.einsum("thd,shd->hts", q, k) * (scale or D**-0.5)
        if cap:
            s = cap * np.tanh(s / cap)
        hidden = (pos[None] > pos[:, None]) | ((pos[:, None] - pos[None] >= window) & bool(window))
        s = np.exp(np.where(hidden, -np.inf, s - s.max(-1, keepdims=True)))
        x = x + of("attn_output", np.einsum("hts,shd->thd", s / s.sum(-1, keepdims=True), v).reshape(n, -1))
        h = norm(x, f"blk.{i}.ffn_norm")
        g = of("ffn_gate", h)
        x = x + of("ffn_down", g / (1 + np.exp(-g)) * of("ffn_up", h))
    return norm(x, "output_norm") @ w["output.weight"].T
