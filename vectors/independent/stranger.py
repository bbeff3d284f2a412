#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that NumPy alone wrote, judged by `assay vectors check FILE...`: right ones pass, wrong and broken ones do not.

usage: stranger.py ASSAY     exit 0: as it should be; 1: not; 77: NumPy is not there"""
import glob
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np

    from vector import write
except ImportError as e:
    print(f"stranger.py: {e}: not run", file=sys.stderr)
    sys.exit(77)

rng = np.random.default_rng(2024)


def rmsnorm(x, w, eps):
    x = x.astype(np.float64)
    return w * x / np.sqrt((x * x).mean(axis=1, keepdims=True) + eps)


def files(root):
    """Yields (path, exit code that assay must give)."""
    x, w = rng.standard_normal((3, 21)).astype("f4"), rng.standard_normal(21).astype("f4")
    eps = float(np.float32(1e-5))
    plain = {"op": "rmsnorm", "params": "eps=1e-05"}

    def save(name, meta, tensors):
        path = os.path.join(root, name + ".safetensors")
        write(path, meta, tensors)
        return path

    # the least that a file needs: shapes and types are read off the tensors
    yield save("golden", plain, {"x": x, "w": w, "expected.y": rmsnorm(x, w, eps)}), 0
    # an answer that was computed in f32: it must lie within the bound itself
    yield save("f32", plain, {"x": x, "w": w, "expected.y": rmsnorm(x, w, eps).astype("f4")}), 0
    # half precision weights; a coarser answer with a tolerance of its own
    half = w.astype("f2")
    rough = np.round(rmsnorm(x, half.astype("f8"), eps), 4)
    yield save("tolerance", {**plain, "tolerance": "abs=1e-4"}, {"x": x, "w": half, "expected.y": rough}), 0
    yield save("no_tolerance", plain, {"x": x, "w": half, "expected.y": rough}), 1
    # blocks, as bytes, with their type in the metadata
    codes = rng.integers(-127, 128, (5, 64)).astype("i1")
    scale = rng.uniform(0.01, 0.1, (5, 2)).astype("f2")
    blocks = np.concatenate([scale.reshape(10, 1).view("u1"), codes.reshape(10, 32).view("u1")], axis=1).reshape(5, 68)
    weight = codes * np.repeat(scale.astype("f8"), 32, axis=1)
    act = rng.standard_normal((2, 64)).astype("f4")
    meta = {"op": "matmul", "dims": "T=2 N=5 K=64", "types": "w=q8_0"}
    yield save("blocks", meta, {"x": act, "w": blocks, "expected.y": act.astype("f8") @ weight.T}), 0
    # eps outside the root; one wrong element; a file that ends early; a shape that lies
    bad = (w * x / (np.sqrt((x.astype("f8") ** 2).mean(axis=1, keepdims=True)) + eps)).astype("f8")
    yield save("eps_outside", plain, {"x": x, "w": w, "expected.y": bad}), 1
    one = rmsnorm(x, w, eps)
    one[2, 20] *= 1 + 1e-6
    yield save("one_element", plain, {"x": x, "w": w, "expected.y": one}), 1
    yield save("unknown_op", {"op": "rmsnrom"}, {"x": x}), 2
    yield save("short", {**plain, "dims": "R=3 C=22"}, {"x": x, "w": w, "expected.y": rmsnorm(x, w, eps)}), 2
    cut = save("cut", plain, {"x": x, "w": w, "expected.y": rmsnorm(x, w, eps)})
    os.truncate(cut, os.path.getsize(cut) - 8)
    yield cut, 2


NONSENSE = ["0", "-1", "7", "1099511627776", "9223372036854775807", "1e9", "nan", "", "q4_0", "f16:kpanel16", "f32/TS"]


def damaged(root, n):
    """Committed files with one thing made wrong: metadata that lies, tensors that are gone, other bytes."""
    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
    sources, dice = sorted(glob.glob(os.path.join(data, "*", "*.safetensors"))), random.Random(5)
    for k in range(n):
        with open(dice.choice(sources), "rb") as f:
            content = f.read()
        (length,) = struct.unpack("<Q", content[:8])
        header, body = json.loads(content[8 : 8 + length]), bytearray(content[8 + length :])
        meta = header["__metadata__"]
        what = dice.randrange(5)
        if what < 2:
            pairs = meta["dims" if what else "types"].split()
            i = dice.randrange(len(pairs))
            pairs[i] = pairs[i].split("=")[0] + "=" + dice.choice(NONSENSE)
            meta["dims" if what else "types"] = " ".join(pairs)
        elif what == 2:
            meta[dice.choice(["op", "params", "tag", "tolerance", "schema", "op_version"])] = dice.choice(NONSENSE)
        elif what == 3:
            del header[dice.choice([t for t in header if t != "__metadata__"])]
        else:
            for _ in range(9):
                body[dice.randrange(len(body))] = dice.choice([0, 127, 128, 255])
        text = json.dumps(header).encode()
        path = os.path.join(root, f"damaged{k}.safetensors")
        with open(path, "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text + bytes(body))
        yield path


def survives(root):
    """No damaged file may end the run; each that is refused has its sentence."""
    paths = list(damaged(root, 300))
    r = subprocess.run([sys.argv[1], "vectors", "verify", *paths], capture_output=True, text=True)
    sentences = sum("FAIL" in l and len(l) > 40 for l in r.stdout.splitlines())
    last = r.stdout.splitlines()[-1] if r.stdout else ""
    good = r.returncode == 2 and last.startswith("300 files") and sentences > 150
    print(f"{'ok  ' if good else 'FAIL'} 300 damaged files: exit {r.returncode}, {sentences} sentences; {last}")
    return good


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as root:
        for path, want in files(root):
            r = subprocess.run([sys.argv[1], "vectors", "check", path], capture_output=True, text=True)
            good = r.returncode == want
            wrong += not good
            print(f"{'ok  ' if good else 'FAIL'} {os.path.basename(path)}: exit {r.returncode}, {want} is right")
            said = [l for l in r.stdout.splitlines() + r.stderr.splitlines() if "FAIL" in l or not good]
            print("\n".join("       " + l for l in said[:6]))
        wrong += not survives(root)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
