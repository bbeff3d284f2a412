# SPDX-License-Identifier: MIT
"""Reads and writes vector files (docs/vectors.md) with NumPy alone: the format's reader for the independent check."""
import json
import struct

import numpy as np

PLAIN = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I8": "i1", "U8": "u1",
         "F8_E4M3": "u1", "F8_E5M2": "u1"}


class Vector:
    """meta: the metadata; raw: name -> (type of the file, array); a BF16 array holds the words."""

    def __init__(self, path):
        with open(path, "rb") as f:
            data = f.read()
        (n,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + n])
        self.path = path
        self.meta = header.pop("__metadata__", {})
        self.raw = {}
        for name, t in header.items():
            begin, end = t["data_offsets"]
            a = np.frombuffer(data[8 + n + begin : 8 + n + end], dtype=PLAIN[t["dtype"]]).reshape(t["shape"])
            self.raw[name] = (t["dtype"], a)

    def _pairs(self, key):
        return dict(p.split("=", 1) for p in self.meta.get(key, "").split())

    @property
    def dims(self):
        return {k: int(v) for k, v in self._pairs("dims").items()}

    @property
    def types(self):
        return self._pairs("types")

    @property
    def params(self):
        return self._pairs("params")

    def number(self, name, default=0.0):
        """A float parameter as the op sees it: rounded to f32."""
        return float(np.float32(self.params.get(name, default)))

    def has(self, name):
        return name in self.raw


def write(path, meta, tensors):
    """tensors: name -> array of f8, f4, f2, u2 (the words of bf16), i4, i8, i1, u1 or bool."""
    names = {"f8": "F64", "f4": "F32", "f2": "F16", "i4": "I32", "i8": "I64", "i1": "I8", "u1": "U8", "u2": "BF16", "b1": "BOOL"}
    header, at, body = {"__metadata__": meta}, 0, b""
    for name, a in tensors.items():
        a = np.ascontiguousarray(a)
        b = a.astype(a.dtype.newbyteorder("<"), copy=False).tobytes()
        header[name] = {"dtype": names[a.dtype.str[1:]], "shape": list(a.shape), "data_offsets": [at, at + len(b)]}
        at += len(b)
        body += b
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)
