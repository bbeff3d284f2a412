# SPDX-License-Identifier: MIT
"""gguf.py FOLDER OUT.gguf: the model of config.json and model.safetensors as a GGUF file (version 3, all tensors F32), with the names, keys
and forms that llama.cpp's converters give each architecture (gguf-py/gguf/constants.py, tensor_mapping.py, conversion/*.py).

What that format cannot say of a model is refused: a converter there would drop it, and the file would be another model."""
import json
import os
import re
import struct
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # noqa: E402
import gguf_families  # noqa: E402

U32, F32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9
ALIGN = 32


def text(s):
    b = s.encode()
    return struct.pack("<Q", len(b)) + b


def value(x):
    """A key's type and value: whole numbers as u32, reals as f32."""
    if isinstance(x, bool):
        return struct.pack("<IB", BOOL, x)
    if isinstance(x, int):
        return struct.pack("<II", U32, x)
    if isinstance(x, float):
        return struct.pack("<If", F32, x)
    if isinstance(x, list):
        items = [value(i) for i in x]
        return struct.pack("<I", ARRAY) + items[0][:4] + struct.pack("<Q", len(x)) + b"".join(i[4:] for i in items)
    return struct.pack("<I", STRING) + text(x)


def write(path, arch, keys, tensors):
    keys = {"general.architecture": arch} | {f"{arch}.{k}": v for k, v in keys.items()}
    head, data = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)), b""
    head += b"".join(text(k) + value(v) for k, v in keys.items())
    for name, w in tensors.items():
        w32 = np.ascontiguousarray(w, np.float32)
        dims = w32.shape[::-1]
        head += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, 0, len(data))
        data += w32.tobytes()
        data += b"\0" * (-len(data) % ALIGN)
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % ALIGN) + data)


def stacked(W):
    """Experts that are tensors each (..experts.3.w1.weight) as one (..experts.w1.weight)."""
    out, parts = {}, {}
    for name, w in W.items():
        found = re.search(r"\.experts\.(\d+)\.", name)
        if found:
            parts.setdefault(name.replace(found[0], ".experts.", 1), {})[int(found[1])] = w
        else:
            out[name] = w
    return out | {n: np.stack([p[i] for i in range(len(p))]) for n, p in parts.items()}


def renamed(W, names):
    """By the family's table of names, # for the layer's number, without .weight and .bias."""
    out = {}
    for name, w in W.items():
        stem, end = re.fullmatch(r"(.*?)((?:\.weight|\.bias)?)", name).groups()
        layer = re.search(r"\.(\d+)\.", stem) or re.match(r"()(?!)", "")
        generic = stem.replace(layer[0], ".#.", 1) if layer else stem
        if generic not in names:
            raise SystemExit(f"{name}: no such name is known of this architecture")
        if names[generic]:
            out[names[generic].replace("#", layer[1] if layer else "") + end] = w
    return out


def main(folder, path):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        c = json.load(f)
    convert = getattr(gguf_families, c["model_type"], None)
    if convert is None:
        raise SystemExit(f"{c['model_type']}: no architecture of GGUF is known for it")
    arch, keys, names, W = convert(c, stacked(common.read(os.path.join(folder, "model.safetensors"))))
    tensors = renamed(W, names)
    write(path, arch, keys, tensors)
    print(f"{path}: {arch}, {len(keys)} keys, {len(tensors)} tensors")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
