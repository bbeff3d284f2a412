#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What assay quantize writes, read by the PyPI package gguf: keys, shapes, and every number that it decodes; of types with an exact
rule every byte that it encodes.

usage: requant_gguf.py ASSAY FOLDER     FOLDER: where gguf is installed (ci/formats); exit 0: all agree; 1: one does not; 77: NumPy or
gguf is not there"""
import importlib.util
import os
import subprocess
import sys
import tempfile
import types

try:
    import numpy as np

    sys.path.insert(0, sys.argv[2])
    found = importlib.util.find_spec("gguf")
    if found:  # its reader and quants alone: the whole package wants more packages
        sys.modules["gguf"] = types.ModuleType("gguf")
        sys.modules["gguf"].__path__ = list(found.submodule_search_locations)
    from gguf.constants import GGMLQuantizationType
    from gguf.gguf_reader import GGUFReader
    from gguf.quants import dequantize, quantize

    import tiny
except ImportError as e:
    print(f"requant_gguf.py: {e}: not compared (pip install gguf)", file=sys.stderr)
    sys.exit(77)

assay = os.path.abspath(sys.argv[1])
failed = []


def say(what, count, wrong):
    print(f"{'ok  ' if not wrong else 'FAIL'} {what}: {count} compared with gguf, {wrong} differ")
    if wrong or not count:
        failed.append(what)


def tensors(path):
    return {t.name: t for t in GGUFReader(path).tensors}


def values(t):
    with np.errstate(over="ignore", invalid="ignore"):
        return dequantize(t.data, t.tensor_type).astype(np.float32).ravel()


def run(*args):
    return subprocess.run([assay, "quantize", *args], capture_output=True, text=True)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    tiny.write("m.gguf", d=256, ffn=512, width=32, heads=8, kv=4)
    source = tensors("m.gguf")
    said = run("x", "y", "--type", "?").stderr
    for kind in said[said.index("(") + 1:said.index(")")].split():
        if kind.upper() not in GGMLQuantizationType.__members__:
            print(f"     {kind}: gguf has no such type")
            continue
        # the search of a grid takes milliseconds a block: one matrix
        only = ["--tensor", "*=keep", "--tensor", f"blk.0.ffn_down.*={kind}"] * kind.startswith(("iq1", "iq2", "iq3"))
        for args in ("m.gguf", "out.gguf", "-t", kind, *only), ("out.gguf", "f32.gguf", "-t", "f32"):
            done = run(*args)
            if done.returncode:
                sys.exit(f"assay quantize {' '.join(args)}: {done.stderr}")
        theirs, ours = tensors("out.gguf"), tensors("f32.gguf")
        wrong = count = 0
        for name, t in theirs.items():
            want = ours[name].data.view(np.float32).ravel()
            count += want.size
            wrong += int((values(t) != want).sum()) if list(t.shape) == list(source[name].shape) else want.size
        matrix = theirs["blk.0.ffn_down.weight"]
        say(f"{kind}: numbers", count, wrong + (matrix.tensor_type.name != kind.upper()))
        if kind in ("q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "f16", "bf16"):
            a = source["blk.0.ffn_down.weight"].data.view(np.float32).reshape(256, 512)
            want = quantize(a, matrix.tensor_type).view(np.uint8).ravel()
            got = matrix.data.view(np.uint8).ravel()
            say(f"{kind}: bytes", want.size, int((got != want).sum()))
sys.exit(1 if failed else 0)
