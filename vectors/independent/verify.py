#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recomputes every committed vector with NumPy and mpmath, without our C code.

ops/<op>.py holds, from the op's definition (docs and papers), by_numpy(v) and, where PyTorch has the op, by_torch(v), with RANDOM,
the cases that torch_witness.py makes.  Either takes a Vector and returns {output: (value, scale)}: value in float64, scale what an
error is measured against (None: the value must be right to the bit, in the output's type).

usage: verify.py [DIR]            exit 0: all agree; 1: one does not; 77: NumPy or mpmath is not there
       verify.py --lines ASSAY    can the program make a file of each line of RANDOM?"""
import importlib
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np

    import formats
    import inputs
    from vector import Vector
except ImportError as e:
    print(f"verify.py: {e}: not recomputed", file=sys.stderr)
    sys.exit(77)

SLACK = 2.0**-44
HERE = os.path.dirname(os.path.abspath(__file__))


def of_op(op):
    """The op's file; None: it has none."""
    return importlib.import_module(f"ops.{op}") if os.path.exists(os.path.join(HERE, "ops", f"{op}.py")) else None


def random_files(assay, folder, seeds):
    """Files of each line of RANDOM for each of so many seeds; no files, and a sentence, if one of the lines cannot be had."""
    known = subprocess.run([assay, "list", "ops"], capture_output=True, text=True, check=True).stdout
    names = [op for op in sorted({l.split()[0] for l in known.splitlines() if l[:1] > " "}) if of_op(op)]
    lines = [f"{op} {line} seed={{101..{100 + seeds}}}" for op in names for line in getattr(of_op(op), "RANDOM", ())]
    r = subprocess.run([assay, "vectors", "generate", "--dir", folder, *lines], capture_output=True, text=True)
    print((r.stderr if r.returncode else r.stdout).strip())
    return sorted(os.path.join(d, f) for d, _, files in os.walk(folder) for f in files if not r.returncode)


def stored(v, name, want):
    """What an exact output's bytes must say: want in the type of the file's tensor, as float64."""
    kind, raw = v.raw[f"expected.{name}"]
    if kind == "BF16":
        return formats.bf16_words(formats.encode_bf16(want)), formats.bf16_words(raw)
    if kind in formats.FLOATS_8:
        return formats.FLOATS_8[kind][formats.encode_8(kind, want)], formats.FLOATS_8[kind][raw]
    element, _, layout = v.types.get(name, "f32").partition(":")
    if kind == "U8" and layout:
        copy = Vector.__new__(Vector)
        copy.meta, copy.raw = v.meta, {name: v.raw[f"expected.{name}"]}
        have = inputs.panels(copy, name, element)[0]
        return want, have
    if kind == "U8" and want.dtype != np.uint8:
        return want, formats.decode(kind, element, raw)
    if kind == "U8":
        return want, raw
    with np.errstate(over="ignore", invalid="ignore"):
        return want.astype(raw.dtype).astype(np.float64), raw.astype(np.float64)


def compare(v, name, want, scale):
    """The number of elements that differ, and the first of them in words."""
    if scale is None:
        want, have = stored(v, name, want)
        bad = ~((want == have) | (np.isnan(want.astype(float)) & np.isnan(have.astype(float))))
    else:
        have = v.raw[f"expected.{name}"][1].astype(np.float64)
        with np.errstate(invalid="ignore"):
            near = np.abs(have - want) <= SLACK * scale + 2.0**-1000
        bad = ~(near | (want == have) | (np.isnan(want) & np.isnan(have)))
    if not bad.any():
        return 0, ""
    at = tuple(int(i[0]) for i in np.nonzero(bad))
    return int(bad.sum()), f"{name}{list(at)} is {have[at]!r} in the file, {want[at]!r} here"


def main():
    if sys.argv[1:2] == ["--lines"]:
        with tempfile.TemporaryDirectory() as folder:
            return 0 if random_files(sys.argv[2], folder, 1) else 1
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "data")
    files = sorted(os.path.join(d, f) for d, _, names in os.walk(root) for f in names if f.endswith(".safetensors"))
    wrong, per_op = 0, {}
    for path in files:
        v = Vector(path)
        op = v.meta["op"]
        here = of_op(op)
        if here is None:
            print(f"  FAIL {path}: there is no ops/{op}.py")
            wrong += 1
            continue
        outputs = [n[9:] for n in v.raw if n.startswith("expected.")]
        results = here.by_numpy(v)
        per_op[op] = per_op.get(op, 0) + 1
        if sorted(outputs) != sorted(results):
            print(f"  FAIL {path}: outputs {outputs}, recomputed {sorted(results)}")
            wrong += 1
            continue
        for name, (want, scale) in results.items():
            n, first = compare(v, name, want, scale)
            if n:
                print(f"  FAIL {path}: {n} elements: {first}")
                wrong += 1
    print(f"{len(files)} files, {wrong} wrong: " + ", ".join(f"{o} {n}" for o, n in sorted(per_op.items())))
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
