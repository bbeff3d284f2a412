# SPDX-License-Identifier: MIT
"""Files of layouts.py and methods.py: safetensors, the JSON beside them, and what assay quantize makes of them."""
import json
import os
import struct

import numpy as np

KIND = {np.dtype(np.int32): "I32", np.dtype(np.float32): "F32", np.dtype(np.float16): "F16", np.dtype(np.uint8): "U8", np.dtype(np.int64): "I64"}


def safetensors(path, tensors, meta=None):
    """tensors: name -> array, or (dtype, array)"""
    head, data = {"__metadata__": meta or {"format": "pt"}}, b""
    for name, a in tensors.items():
        kind, a = a if isinstance(a, tuple) else (KIND[a.dtype], a)
        head[name] = {"dtype": kind, "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def config(name, only=None, **says):
    """The one JSON file of these that lies beside the model; only: all that it says."""
    for f in "quantize_config.json", "quant_config.json", "config.json":
        if os.path.exists(f):
            os.remove(f)
    if only:
        json.dump(only, open(name, "w"))
    elif name:
        json.dump({"model_type": "llama", "quantization_config": says} if name == "config.json" else says, open(name, "w"))


def read_gguf(path):
    """Types, shapes, innermost last, and bytes from there on of a GGUF file's tensors."""
    raw, at = open(path, "rb").read(), 24
    n_tensors, n_keys = struct.unpack("<QQ", raw[8:24])

    def text():
        nonlocal at
        n, = struct.unpack_from("<Q", raw, at)
        at += 8 + n
        return raw[at - n:at].decode()

    def value(kind):
        nonlocal at
        if kind == 8:
            text()
        elif kind == 9:
            item, count = struct.unpack_from("<IQ", raw, at)
            at += 12
            for _ in range(count):
                value(item)
        else:
            at += {0: 1, 1: 1, 2: 2, 3: 2, 7: 1, 10: 8, 11: 8, 12: 8}.get(kind, 4)

    for _ in range(n_keys):
        text()
        at += 4
        value(struct.unpack_from("<I", raw, at - 4)[0])
    listed = []
    for _ in range(n_tensors):
        name = text()
        rank, = struct.unpack_from("<I", raw, at)
        shape = struct.unpack_from(f"<{rank}Q", raw, at + 4)[::-1]
        kind, begin = struct.unpack_from("<IQ", raw, at + 4 + 8 * rank)
        at += 16 + 8 * rank
        listed.append((name, shape, kind, begin))
    data = (at + 31) // 32 * 32
    return {n: (kind, shape, raw[data + begin:]) for n, shape, kind, begin in listed}


def floats(path, name):
    kind, shape, raw = read_gguf(path)[name]
    n = int(np.prod(shape))
    return np.frombuffer(raw[:4 * n], np.float32).reshape(shape).astype(np.float64) if kind == 0 else None


def read(path):
    """Arrays of a safetensors file."""
    raw = open(path, "rb").read()
    n, = struct.unpack("<Q", raw[:8])
    types = {v: k for k, v in KIND.items()}
    head = json.loads(raw[8:8 + n])
    of = lambda t: np.frombuffer(raw[8 + n:][slice(*t["data_offsets"])], types[t["dtype"]]).reshape(t["shape"])
    return {name: of(t) for name, t in head.items() if name != "__metadata__"}
