# SPDX-License-Identifier: MIT
"""A small random model as large ones are published: weights in bf16 or f16, in three files with an index; data begin at odd bytes."""
import json
import os

import numpy as np

import common
import write as one

KINDS = {"bf16": lambda x: (x.astype("<f4").view("<u4") & np.uint32(0xffff0000)).view("<f4"), "f16": lambda x: x.astype("<f2")}


def write(family, seed, kind, folder):
    """Tensor k by sorted names is in file k mod 3, the last named first.  The path of the golden."""
    c, W, inputs = one.model(family, seed)
    c = {k: one.narrowed(x) for k, x in c.items()}
    os.makedirs(folder)
    short = {n: w if w.dtype == np.uint8 else KINDS[kind](w) for n, w in W.items()}
    files = {n: f"model-0000{3 - k % 3}-of-00003.safetensors" for k, n in enumerate(sorted(W))}
    for file in set(files.values()):
        stored = {n: common.bf16(w) if kind == "bf16" and w.dtype != np.uint8 else w for n, w in short.items() if files[n] == file}
        common.write(os.path.join(folder, file), stored, 3)
    for name, content in ("config.json", c), ("model.safetensors.index.json", {"metadata": {}, "weight_map": files}):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            json.dump(content, f)
    wide = {n: w if w.dtype == np.uint8 else w.astype(np.float64) for n, w in short.items()}
    golden = one.golden(family, c, wide, inputs)
    common.write(os.path.join(folder, "golden.safetensors"), golden)
    return os.path.join(folder, "golden.safetensors")
