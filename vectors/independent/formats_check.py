#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the element types of the core, compiled on the spot, with the PyPI package gguf: every value of decode, every
byte of encode.  Types or rules that gguf lacks are compared with formats.py.

usage: formats_check.py [CC [FOLDER]]     FOLDER: where gguf is installed (ci/formats); exit 0: all agree; 1: one does not; 77: NumPy or gguf is not there"""
import ctypes
import importlib.util
import os
import subprocess
import sys
import tempfile
import types

try:
    import numpy as np

    if len(sys.argv) > 2:
        sys.path.insert(0, sys.argv[2])
    found = importlib.util.find_spec("gguf")
    if found:  # its quants alone: the whole package wants more packages
        sys.modules["gguf"] = types.ModuleType("gguf")
        sys.modules["gguf"].__path__ = list(found.submodule_search_locations)
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    import formats
    import grid_search
    import grids
except ImportError as e:
    print(f"formats_check.py: {e}: not compared (pip install gguf)", file=sys.stderr)
    sys.exit(77)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RNG = np.random.default_rng(20)


class Info(ctypes.Structure):
    CODEC = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    _fields_ = [("name", ctypes.c_char_p), ("block", ctypes.c_int32), ("bytes", ctypes.c_int32), ("u", ctypes.c_double),
                ("decode", CODEC), ("encode", CODEC)]


def build(compiler, folder):
    library = os.path.join(folder, "dtype.so")
    names = "dtype dtype_blocks dtype_kquants dtype_super dtype_tables dtype_256 dtype_mx dtype_iq dtype_grid dtype_grid_place"
    sources = [os.path.join(ROOT, "reference/core", f"{f}.c") for f in names.split()]
    subprocess.run([compiler, "-std=c11", "-O2", "-ffp-contract=off", "-shared", "-fPIC", "-I", os.path.join(ROOT, "include"),
                    *sources, "-o", library, "-lm"], check=True)
    lib = ctypes.CDLL(library)
    lib.assay_dtype_find.restype = ctypes.POINTER(Info)
    lib.assay_dtype_find.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    return lambda name: lib.assay_dtype_find(name.encode(), None).contents


def decode(info, blocks):
    b = np.ascontiguousarray(blocks, dtype=np.uint8)
    y = np.empty((len(b), info.block))
    info.decode(y.ctypes.data, b.ctypes.data, y.size)
    with np.errstate(over="ignore", invalid="ignore"):
        return y.astype(np.float32)


def encode(info, x):
    with np.errstate(invalid="ignore"):
        x = np.ascontiguousarray(x, dtype=np.float64)
    b = np.empty((x.size // info.block, info.bytes), dtype=np.uint8)
    info.encode(b.ctypes.data, x.ctypes.data, x.size)
    return b


def with_scales(info, name, blocks, d):
    """Puts the f16 codes d, and random ones of finite value for a minimum, into the blocks."""
    if name == "mxfp4":
        blocks[:, 0] %= 255  # ff is NaN here, 2^127 there
    if name in ("mxfp4", "nvfp4"):
        return blocks
    if name == "iq1_m":
        for k in range(4):
            blocks[:, 49 + 2 * k] = blocks[:, 49 + 2 * k] & 15 | (d >> 4 * k & 15) << 4
        return blocks
    at = {"q6_k": 208, "q2_k": 80, "q3_k": 108, "tq1_0": 52, "tq2_0": 64}.get(name, 0)
    blocks[:, at : at + 2] = d.astype("<u2").view(np.uint8).reshape(-1, 2)
    if name in ("q4_1", "q5_1", "q2_k", "q4_k", "q5_k"):
        m = RNG.integers(0, 1 << 16, len(blocks)).astype("<u2")
        m[(m & 0x7C00) == 0x7C00] &= 0xBBFF
        blocks[:, at + 2 : at + 4] = m.view(np.uint8).reshape(-1, 2)
    return blocks


def all_codes(name):
    """For every f16 scale each code of the format: (scales, blocks) in pieces."""
    d = np.arange(1 << 16, dtype=np.uint16)
    if name == "q4_0":
        codes = np.tile(np.arange(16, dtype=np.uint8) * 17, (1 << 16, 1))  # both halves of a byte: code j
        yield d, codes
    else:
        for first in range(0, 256, 32):
            yield d, np.tile(np.arange(first, first + 32, dtype=np.uint8), (1 << 16, 1))


def check_decode(find, say):
    for name in ("q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "iq4_nl", "iq4_xs", "mxfp4", "nvfp4",
                 "tq1_0", "tq2_0", *grids.DECODE):
        info, kind = find(name), GGMLQuantizationType[name.upper()]
        pieces = [with_scales(info, name, RNG.integers(0, 256, (1 << 16 if info.block == 32 else 1 << 14, info.bytes)).astype(np.uint8),
                              RNG.integers(0, 1 << 16, 1 << 16 if info.block == 32 else 1 << 14))]
        if name in ("q8_0", "q4_0"):
            pieces += [np.concatenate([d.astype("<u2").view(np.uint8).reshape(-1, 2), q], axis=1) for d, q in all_codes(name)]
        count = wrong = 0
        for blocks in pieces:
            ours = decode(info, blocks)
            with np.errstate(over="ignore", invalid="ignore"):
                theirs = dequantize(blocks, kind)
            same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
            count, wrong = count + same.size, wrong + int((~same).sum())
        say(f"decode {name}", count, wrong, "gguf")
    for name in ("q8_1", "q8_k", *grids.DECODE, *formats.MX, *formats.FNUZ):
        info = find(name)
        blocks = RNG.integers(0, 256, (1 << 14, info.bytes)).astype(np.uint8)
        ours = decode(info, blocks)
        with np.errstate(over="ignore", invalid="ignore"):
            theirs = formats.decode("U8", name, blocks).reshape(ours.shape).astype(np.float32)
        say(f"decode {name}", ours.size, int((~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))).sum()), "formats.py")


def inputs():
    """Rows of 32: generic, half steps of each format, all exponents, sparse, long-tailed."""
    n = 1 << 13
    g = RNG.standard_normal((n, 32))
    out = [g, RNG.uniform(-1, 1, (n, 32)), g**5, np.where(RNG.random((n, 32)) < 0.9, 0, g), np.abs(g),
           g * np.exp2(RNG.integers(-100, 12, (n, 1)))]
    for steps in (16, 15, 32, 31, 254):
        e = RNG.integers(-steps, steps + 1, (n, 32)) / 2
        e[:, 5], e[:, 29] = -steps / 2, steps / 2
        out.append(e * np.exp2(RNG.integers(-8, 8, (n, 1))))
    x = np.concatenate(out).astype(np.float32)
    x = x[np.abs(x).max(axis=1) > 0]
    return x[: len(x) // 8 * 8]  # whole blocks of 256 too


def supers(level):
    """Rows of 256: generic, of one sign, of many sizes, and (level) nearly constant: there all trials of q6_k have one code for all
    and are equally good, so that the rounding of double chooses."""
    r = np.random.default_rng(21)
    g = r.standard_normal((128, 256))
    sizes = np.repeat(np.exp2(r.integers(-6, 6, (128, 8))), 32, axis=1)
    near = 1 - r.uniform(0, 1, (32 if level else 0, 256)) * 0.01
    return np.concatenate([g, np.abs(g), -np.abs(g), g * sizes, g + 3, near, g * np.exp2(r.integers(-40, 40, (128, 1)))]).astype(np.float32)


def check_encode(find, say):
    x = inputs()
    for name in ("q8_0", "q4_0", "q4_1", "q5_0", "q5_1"):
        ours, theirs = encode(find(name), x), quantize(x, GGMLQuantizationType[name.upper()]).reshape(len(x), -1)
        say(f"encode {name}", ours.size, int((ours != theirs).sum()), "gguf")
    for name in ("q8_0", "q8_1", "q4_0", "q4_1", "q5_0", "q5_1", "mxfp4", "nvfp4", "tq1_0", "tq2_0", "q8_k", *formats.MX):
        x = x.reshape(-1, find(name).block)
        ours, theirs = encode(find(name), x), formats.ENCODE[name](x)
        say(f"encode {name}", ours.size, int((ours != theirs).sum()), "formats.py")
    x = x.reshape(-1, 256)
    for name in ("tq1_0", "tq2_0"):
        ours, theirs = encode(find(name), x), quantize(x, GGMLQuantizationType[name.upper()]).reshape(len(x), -1)
        say(f"encode {name}", ours.size, int((ours != theirs).sum()), "gguf")
    for name, level in (("q2_k", False), ("q3_k", False), ("q4_k", True), ("q5_k", True), ("q6_k", False), ("iq4_nl", False), ("iq4_xs", False)):
        x = supers(level).reshape(-1, find(name).block)
        if name == "q2_k":  # generic rows: of few codes, two trials may fit one group equally well
            x = x[:128]
        ours, theirs = encode(find(name), x), formats.ENCODE[name](x)
        say(f"encode {name}", ours.size, int((ours != theirs).sum()), "kquants.py")
    x = supers(False)[[0, 300, 400]]  # generic, of one sign, of many sizes
    x[1, 7] = np.nan
    for name in grid_search.FORM:
        ours, theirs = encode(find(name), x), formats.ENCODE[name](x)
        say(f"encode {name}", ours.size, int((ours != theirs).sum()), "grid_search.py")
    bits = np.concatenate([RNG.integers(0, 1 << 32, 1 << 20, dtype=np.uint32), np.arange(0, 1 << 32, 65521, dtype=np.uint32),
                           (np.arange(1 << 16, dtype=np.uint32) << 16) | 0x8000, np.arange(1 << 16, dtype=np.uint32)])
    f = bits.view(np.float32)
    number = ~np.isnan(f)
    ours = encode(find("bf16"), f).view("<u2").ravel()
    theirs = quantize(f.reshape(-1, 1), GGMLQuantizationType.BF16).view("<u2").ravel()
    say("encode bf16", ours.size, int((ours != theirs)[number].sum()) + int(((ours & 0x7F80) != 0x7F80)[~number].sum()), "gguf")
    with np.errstate(invalid="ignore"):
        wide = f.astype(np.float64)
    for name, kind in (("e4m3", "F8_E4M3"), ("e5m2", "F8_E5M2")):
        ours, theirs = encode(find(name), f).ravel(), formats.encode_8(kind, wide)
        say(f"encode {name}", ours.size, int((ours != theirs).sum()), "formats.py")
    for name in formats.FNUZ:
        ours, theirs = encode(find(name), f).ravel(), formats.encode_fnuz(name, wide)
        say(f"encode {name}", ours.size, int((ours != theirs).sum()), "formats.py")
    ours = encode(find("f16"), f).view("<u2").ravel()
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        theirs = f.astype("<f2").view("<u2")
    say("encode f16", ours.size, int((ours != theirs)[number].sum()) + int(((ours & 0x7E00) != 0x7E00)[~number].sum()), "NumPy")


def main():
    failed = []

    def say(what, count, wrong, peer):
        print(f"{'ok  ' if not wrong else 'FAIL'} {what}: {count} compared with {peer}, {wrong} differ")
        if wrong or not count:
            failed.append(what)

    with tempfile.TemporaryDirectory() as folder:
        find = build(sys.argv[1] if len(sys.argv) > 1 else "cc", folder)
        check_decode(find, say)
        check_encode(find, say)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
