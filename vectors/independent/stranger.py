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


def files(save):
    """Yields (path, exit code that assay must give)."""
    x, w = rng.standard_normal((3, 21)).astype("f4"), rng.standard_normal(21).astype("f4")
    eps = float(np.float32(1e-5))
    plain = {"op": "rmsnorm", "params": "eps=1e-05"}

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


def bf16(x):
    """The words of the nearest bf16, ties to even: of normal numbers."""
    bits = np.asarray(x, "f8").view("u8")
    low = (bits + np.uint64((1 << 44) - 1) + (bits >> np.uint64(45) & np.uint64(1))) & ~np.uint64((1 << 45) - 1)
    return (low.view("f8").astype("f4").view("u4") >> 16).astype("u2")


def softmax(x):
    e = np.exp(x.astype("f8") - x.astype("f8").max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def answers(save):
    """Other people's answers: in their types, under their contracts, in part.  Yields (path, exit code, words, options)."""
    x = rng.standard_normal((4, 33)).astype("f4")
    y = softmax(x)
    meta, put = {"op": "softmax"}, lambda m=(), **t: ({**{"op": "softmax"}, **dict(m)}, {"x": x, **t})
    half, brain = y.astype("f2"), bf16(y)
    wide = (brain.astype("u4") << 16).view("f4").astype("f8")
    # correctly rounded in 16 bits; one ulp of the type beyond, where the exact value is near the first
    for name, right, value in ("f16", half, half.astype("f8")), ("bf16", brain, wide):
        ulp = np.abs(y) * (2.0**-11 if name == "f16" else 2.0**-8)
        at = np.unravel_index(np.argmin(np.abs(value - y) / ulp), y.shape)
        wrong = right.copy().view("u2")
        wrong[at] += 1
        x16 = x.astype("f2") if name == "f16" else bf16(x)
        y16 = softmax(x16 if name == "f16" else (x16.astype("u4") << 16).view("f4"))
        yield save("right_" + name, *put(**{"expected.y": right})), 0, "", []
        yield save("next_" + name, *put(**{"expected.y": wrong.view(right.dtype)})), 1, "T1", []
        only = {"x": x16, "expected.y": y16.astype("f2") if name == "f16" else bf16(y16)}
        yield save("all_" + name, meta, only), 0, "", []
    # an op that writes f32 alone, answered in f16; an exact one
    a, b = rng.standard_normal((2, 16)).astype("f4"), rng.standard_normal((5, 16)).astype("f4")
    product = {"x": a, "w": b, "expected.y": (a.astype("f8") @ b.astype("f8").T).astype("f2")}
    yield save("matmul_f16", {"op": "matmul"}, product), 0, "", []
    add = {"a": a.astype("f2"), "b": b[:2].astype("f2")}
    total = {**add, "expected.y": (add["a"].astype("f4") + add["b"].astype("f4")).astype("f2")}
    yield save("add_f16", {"op": "add"}, total), 0, "", []
    total["expected.y"] = total["expected.y"].copy()
    total["expected.y"][1, 3] *= np.float16(1.01)
    yield save("add_f16_wrong", {"op": "add"}, total), 1, "y[19]", []
    best = {"x": a, "expected.id": a.argmax(axis=1)}
    yield save("argmax_i64", {"op": "argmax"}, best), 0, "", []
    # silu(-inf): the limit, with either sign, and NaN are right, in every type; nothing else is
    cold = np.array([[-np.inf, 0, 1, -5]], "f4")
    for value, code in ((0.0, 0), (-0.0, 0), (np.nan, 0), (1e-3, 1), (-np.inf, 1)):
        for kind in "f8", "f4", "f2":
            at = (np.array([[0, 0, 1, -5]], "f8") / (1 + np.exp([[0, 0, -1, 5]]))).astype(kind)
            at[0, 0] = value
            yield save(f"silu_{value}_{kind}", {"op": "silu"}, {"x": cold, "expected.y": at}), code, "", []
            gate = {"gate": cold, "up": np.ones_like(cold), "expected.y": at}
            yield save(f"swiglu_{value}_{kind}", {"op": "swiglu"}, gate), code, "", []
    # names
    for key, near in (("tolerence", "tolerance"), ("Params", "params"), ("dim", "dims"), ("not-judged", "not_judged")):
        yield save("key_" + key, *put({key: ""}, **{"expected.y": y})), 2, f"did you mean {near}?", []
    yield save("own_key", *put({"x-note": "mine", "format": "np"}, **{"expected.y": y})), 0, "", []
    for name, near in ("expected.Y", "expected.y"), ("kapa.sum", "kappa.sum"), ("masc", "mask"), ("y", "expected.y"):
        yield save("tensor_" + name, *put(**{"expected.y": y, name: y.astype("f4")})), 2, f"did you mean {near}?", []
    for key, value, says in (
        ("dims", "R=4 Q=3", "has no 'Q'"),
        ("dims", "R=4x", "whole number"),
        ("types", "maks=f32", "did you mean mask?"),
        ("params", "scal=2", "did you mean scale?"),
        ("tolerance", "aps=1", "did you mean abs?"),
        ("tolerance", "abs=1e-6x", "is not abs=NUMBER"),
        ("not_judged", "x", "has no 'x'"),
        ("contract", "fzt=1", "did you mean ftz?"),
        ("contract", "ftz=2", "ftz=2: a whole number from 0 to 1"),
        ("contract", "e_exp=-1", "e_exp=-1: a number of units"),
        ("contract", "acc=q8_0", "acc=q8_0: f32, f16, bf16 or f64"),
        ("contract", "lanes=8 block=32", "one of lanes, block and pairwise"),
        ("contract", "round.z=q8_0", "has no such input"),
        ("contract", "round.x=q8_0:fast", "round.x=q8_0:fast: a rounding other than the type's own"),
        ("contract", "round.x=q9", "round.x=q9: a type that can be written"),
        ("contract", "ftz", "is not key=value"),
    ):
        yield save(f"{key}_{value}", *put({key: value}, **{"expected.y": y})), 2, says, []
    turned = np.ascontiguousarray(y.T)
    yield save("transposed", *put({"dims": "R=4 C=33"}, **{"expected.y": turned})), 2, "in another shape", []
    plane = {"expected.y": y, "kappa.sum": np.zeros(3, "f4")}
    yield save("plane", *put(**plane)), 2, "4 elements of F32 are needed", []
    # not judged: in part, as a whole, all of it
    part, mark = y.copy(), np.ones(y.shape, "u1")
    part[1], mark[1] = np.nan, 0
    counted = "99 of 132 elements judged; outputs not judged: 0"
    yield save("part", *put(**{"expected.y": part, "judged.y": mark})), 0, counted, []
    yield save("part_f32", *put(**{"expected.y": part.astype("f4"), "judged.y": mark.astype(bool)})), 0, counted, []
    yield save("part_not_said", *put(**{"expected.y": part})), 1, "", []
    rest = part.copy()
    rest[2, 2] = 0.5
    yield save("part_rest", *put(**{"expected.y": rest, "judged.y": mark})), 1, "y[68]", []
    yield save("mark_short", *put(**{"expected.y": y, "judged.y": mark[:3]})), 2, "has 99 elements", []
    yield save("none", *put({"not_judged": "y"})), 1, "nothing is judged: all 132", []
    yield save("none_marked", *put(**{"expected.y": y, "judged.y": 0 * mark})), 1, "nothing is judged", []
    # under a contract: subnormals flushed, an exponential of 8 units; in the file and on the command line
    tiny = np.full((1, 4), 1e-20, "f4")
    flushed = {"x": tiny, "w": tiny, "expected.y": np.zeros((1, 1), "f4")}
    yield save("flushed", {"op": "matmul"}, {**flushed, "w": tiny[:1]}), 1, "T1", []
    yield save("flushed_said", {"op": "matmul", "contract": "ftz=1"}, flushed), 0, "", []
    yield save("flushed_option", {"op": "matmul"}, flushed), 0, "", ["--contract", "ftz=1"]
    yield save("flushed_over", {"op": "matmul", "contract": "ftz=1"}, flushed), 1, "T1", ["--contract", "e_exp=8"]
    cold = np.full((1, 4), -4.7, "f4")
    logistic = cold.astype("f8") / (1 + np.exp(-cold.astype("f8")))
    off = {"x": cold, "expected.y": (logistic * (1 + 10 * 2.0**-24)).astype("f4")}
    yield save("exp", {"op": "silu"}, off), 1, "T1", []
    yield save("exp_said", {"op": "silu", "contract": "e_exp=8"}, off), 0, "", []
    yield save("option", {"op": "silu"}, off), 2, "did you mean e_exp?", ["--contract", "exp=8"]
    rounded = {"x": np.tile(a, 2), "w": np.tile(b, 2)}
    blocks = rounded["x"].astype("f4")
    scale = (np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)).astype("f4")
    codes = np.round(blocks * (np.float32(1) / scale))
    seen = codes.astype("f8") * scale.astype("f2").astype("f8")
    rounded["expected.y"] = (seen @ rounded["w"].astype("f8").T).astype("f4")
    yield save("q8_0", {"op": "matmul"}, rounded), 1, "T1", []
    yield save("q8_0_said", {"op": "matmul", "contract": "round.x=q8_0"}, rounded), 0, "", []


def rounded_q6_k(x):
    """Blocks of (rows, 256) by plain rounding: the extreme of a group of 16 is code -32, scales are 8 bits."""
    groups = x.astype("f8").reshape(-1, 16, 16)
    at = np.abs(groups).argmax(axis=2)[:, :, None]
    scale = np.take_along_axis(groups, at, 2)[:, :, 0] / -32
    most = np.take_along_axis(scale, np.abs(scale).argmax(axis=1)[:, None], 1)
    d = (most / -128).astype("f2")
    stored = np.clip(np.rint(-128 * scale / most), -128, 127)
    step = d.astype("f8") * stored
    codes = np.clip(np.rint(groups / np.where(step == 0, np.inf, step)[:, :, None]), -32, 31).astype("i4") + 32
    codes = codes.reshape(-1, 2, 4, 32)
    low = (codes[:, :, :2] & 15) | (codes[:, :, 2:] & 15) << 4
    high = sum(codes[:, :, k] >> 4 << 2 * k for k in range(4))
    parts = low.reshape(-1, 128), high.reshape(-1, 64), stored.astype("i1").view("u1"), d.view("u1")
    return np.concatenate([p.astype("u1") for p in parts], axis=1)


def rounded_q4_k(x):
    """The same in q4_k: the range of a group of 32 over 15 steps, scales and minima are 6 bits."""
    groups = x.astype("f8").reshape(-1, 8, 32)
    minimum = -np.minimum(groups.min(axis=2), 0)
    scale = (np.maximum(groups.max(axis=2), 0) + minimum) / 15
    d, dmin = [(a.max(axis=1, keepdims=True) / 63).astype("f2") for a in (scale, minimum)]
    s, m = [np.rint(63 * a / a.max(axis=1, keepdims=True)).astype("i4") for a in (scale, minimum)]
    step, off = (d.astype("f8") * s)[:, :, None], (dmin.astype("f8") * m)[:, :, None]
    codes = np.clip(np.rint((groups + off) / np.where(step == 0, np.inf, step)), 0, 15).astype("i4")
    pairs = codes.reshape(-1, 4, 2, 32)
    scales = s[:, :4] | s[:, 4:] >> 4 << 6, m[:, :4] | m[:, 4:] >> 4 << 6, (s[:, 4:] & 15) | (m[:, 4:] & 15) << 4
    parts = d.view("u1"), dmin.view("u1"), *scales, (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(-1, 128)
    return np.concatenate([p.astype("u1") for p in parts], axis=1)


def encoders(save):
    """Super-blocks that another encoder than ours has written.  As answers()."""
    x = rng.standard_normal((8, 512)).astype("f4")
    nan = x.copy()
    nan[3, 300] = np.nan
    for kind, encode, d_at in ("q4_k", rounded_q4_k, 0), ("q6_k", rounded_q6_k, 208):
        meta, good = {"op": "quantize", "types": "y=" + kind, "tag": "random"}, encode(x)

        def put(blocks, x=x, meta=meta, **more):
            return {**meta, **more}, {"x": x, "expected.y": blocks.reshape(8, -1)}

        far = good.copy()
        far[:, 16 if kind == "q4_k" else 0] ^= 0x88  # one byte of codes in each super-block
        double, zero = good.copy(), np.zeros_like(good)
        double[:, d_at + 1] += 4  # d twice as large
        yield save("rounded_" + kind, *put(good)), 0, "", []
        yield save("code_" + kind, *put(far)), 1, "square error", []
        yield save("scale_" + kind, *put(double)), 1, "square error", []
        yield save("zeros_" + kind, *put(zero)), 1, "square error", []
        yield save("nan_unseen_" + kind, *put(good, nan)), 1, "does not decode to NaN", []
        yield save("nan_open_" + kind, *put(good, nan, contract="nan_ignored=1")), 0, "", []


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


def totals(root):
    """The last line counts the files in words that say what each number is."""
    at = {name: os.path.join(root, name + ".safetensors") for name in ("golden", "eps_outside", "cut")}
    good = True
    for names, code, words in (
        ("golden", 0, "1 file, {} bytes: the reference agrees with 1"),
        ("eps_outside", 1, "1 file, {} bytes: the reference disagrees with 1"),
        ("cut", 2, "1 file, 0 bytes: 1 cannot be read"),
        ("golden cut", 2, "2 files, {} bytes: the reference agrees with 1; 1 cannot be read"),
        ("golden eps_outside cut", 2, "3 files, {} bytes: the reference agrees with 1 and disagrees with 1; 1 cannot be read"),
    ):
        paths = [at[n] for n in names.split()]
        bytes_read = sum(os.path.getsize(p) for p in paths if p != at["cut"])
        r = subprocess.run([sys.argv[1], "vectors", "verify", *paths], capture_output=True, text=True)
        says = r.returncode == code and words.format(bytes_read) in r.stdout.splitlines()
        print(f"{'ok  ' if says else 'FAIL'} {names}: exit {r.returncode}, {code} is right; {r.stdout.splitlines()[-1:]}")
        good = good and says
    return good


def counts(root):
    """JSON says of how many elements and outputs a part of the results speaks, where that is not all of them."""
    good, out = True, os.path.join(root, "counts.json")
    for names, code, want in (
        ("part", 0, {"elements": 132, "elements_judged": 99}),
        ("golden part", 0, {"elements": 195, "elements_judged": 162}),
        ("part none", 1, {"elements": 264, "elements_judged": 99, "outputs_not_judged": 1}),
    ):
        paths = [os.path.join(root, n + ".safetensors") for n in names.split()]
        r = subprocess.run([sys.argv[1], "vectors", "check", "--json", out, *paths], capture_output=True, text=True)
        with open(out, encoding="utf-8") as f:
            (part,) = json.load(f)["parts"]
        has = {k: part[k] for k in ("elements", "elements_judged", "outputs_not_judged") if k in part}
        says = r.returncode == code and has == want
        print(f"{'ok  ' if says else 'FAIL'} {names}: exit {r.returncode}, {code} is right; {has}, {want} is right")
        good = good and says
    return good


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as root:

        def save(name, meta, tensors):
            path = os.path.join(root, name + ".safetensors")
            write(path, meta, tensors)
            return path

        plain = ((path, want, "", []) for path, want in files(save))
        for path, want, words, options in [*plain, *answers(save), *encoders(save)]:
            r = subprocess.run([sys.argv[1], "vectors", "check", path, *options], capture_output=True, text=True)
            good = r.returncode == want and words in r.stdout + r.stderr
            wrong += not good
            print(f"{'ok  ' if good else 'FAIL'} {os.path.basename(path)}: exit {r.returncode}, {want} is right")
            said = [l for l in r.stdout.splitlines() + r.stderr.splitlines() if "FAIL" in l or not good]
            print("\n".join("       " + l for l in said[:6]))
        wrong += not survives(root)
        wrong += not totals(root)
        wrong += not counts(root)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
