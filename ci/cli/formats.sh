#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay formats: both parts of the error; a model's divergence once more in NumPy, from logits that assay run writes.
set -euo pipefail
export OMP_WAIT_POLICY=passive
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
cd "$dir"
mkdir aside
export TMPDIR=$dir/aside
PYTHONPATH=$source/vectors/independent "${PYTHON:-python3}" - "$assay" <<'PY'
import json, struct, subprocess, sys
import numpy as np
import tiny
assay = sys.argv[1]
TEXT = "hello world, hello hello held"

def formats(*args):
    subprocess.run([assay, "formats", *args, "--json", "f.json"], check=True, capture_output=True)
    return json.load(open("f.json"))

def logits(path, impl):
    subprocess.run([assay, "run", path, "-p", TEXT, "-n", "0", "--impl", impl, "--logits", "l"], check=True, capture_output=True)
    raw = open("l", "rb").read()
    n, = struct.unpack("<Q", raw[:8])
    t = json.loads(raw[8:8 + n])["logits"]
    x = np.frombuffer(raw[8 + n:][slice(*t["data_offsets"])], np.float32).reshape(t["shape"]).astype(np.float64)
    return x - np.log(np.exp(x).sum(1, keepdims=True))

d = formats()
rows = {r["type"]: r for r in d["formats"]}
assert d["kind"] == "formats" and d["model"] is None and len(rows) >= 15, d
assert [r["bits"] for r in d["formats"]] == sorted(r["bits"] for r in d["formats"])
assert rows["f32"]["normal"]["weights"] == rows["f32"]["normal"]["format"] == 0
for r in rows.values():
    for kind in "normal", "outliers":
        assert abs(r[kind]["weights"] - r[kind]["format"]) <= 0.15 * r[kind]["weights"], r
        assert (r["kernel"] is None) == ("kernel" not in r[kind]), r
assert abs(rows["bf16"]["normal"]["weights"] / rows["f16"]["normal"]["weights"] - 8) < 0.4
for name in "q8_0", "q5_0", "q4_0", "q4_k":  # one step for a block, the outlier's
    assert rows[name]["outliers"]["format"] > 1.1 * rows[name]["normal"]["format"], rows[name]
for low, high in ("q8_0", "q5_0"), ("q5_0", "q4_0"), ("q6_k", "q4_k"), ("q4_k", "q2_k"):
    assert rows[low]["normal"]["format"] < rows[high]["normal"]["format"], (low, high)
scalar = {r["type"]: r for r in formats("--isa", "scalar")["formats"]}
for name, r in scalar.items():
    assert r["kernel"] in ("scalar", None) and r["normal"].get("kernel", 0) < 2e-6, r
    assert r["normal"]["format"] == rows[name]["normal"]["format"], name

tiny.write("m.gguf", d=64, ffn=96, width=16)
d = formats("m.gguf", "-p", TEXT, "-t", "q4_0", "-t", "iq4_nl", "-t", "q8_0", "-t", "q6_k", "--threads", "2")
rows = {r["type"]: r for r in d["formats"]}
assert "model" not in rows["q6_k"] and d["model"] == "m.gguf"
truth = logits("m.gguf", "oracle")
assert d["positions"] == len(truth)
kl = lambda a, b: (np.exp(a) * (a - b)).sum(1)
for name in "q4_0", "q8_0", "iq4_nl":
    subprocess.run([assay, "quantize", "m.gguf", "q.gguf", "-t", name], check=True, capture_output=True)
    if rows[name]["kernel"] is None:
        subprocess.run([assay, "quantize", "q.gguf", "f.gguf", "-t", "f32"], check=True, capture_output=True)
    golden = logits("f.gguf" if rows[name]["kernel"] is None else "q.gguf", "oracle")
    told, want = rows[name]["model"], kl(truth, golden)
    assert abs(told["kl_format"] / want.mean() - 1) < 1e-3 and abs(told["kl_format_largest"] / want.max() - 1) < 1e-3, (name, told, want)
    assert abs(told["same_first"] - (truth.argmax(1) == golden.argmax(1)).mean()) < 1e-9 and told["fits"] == 1
    if rows[name]["kernel"]:
        want = kl(golden, logits("q.gguf", "best")).mean()  # logits are written as f32
        assert abs(told["kl_kernel"] - want) < 1e-3 * want + 1e-9, (name, told, want)
    else:
        assert "kl_kernel" not in told
PY
expect 0 'most rows are no whole blocks of it' "$assay" formats m.gguf -t q4_k
expect 2 'no type that a model file' "$assay" formats -t q8_1
expect 2 "one MODEL; 'b' is too much" "$assay" formats a b
expect 2 'No such file' "$assay" formats none.gguf -t q8_0
expect 2 'no such tier' "$assay" formats --isa sse9
expect 2 'has 1 token; 2 are needed' "$assay" formats m.gguf -t q8_0 -p h
expect 2 'cannot be written' env TMPDIR=/proc/nowhere "$assay" formats m.gguf -t q8_0
expect 2 'would overwrite m.gguf' "$assay" formats m.gguf -t q8_0 --json m.gguf
[ -z "$(ls -A aside)" ] || { echo "left behind: $(ls -A aside)"; exit 1; }
