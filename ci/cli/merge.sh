#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay check --shard and assay merge: shards are disjoint and their union is the whole run, in every count; joining is
# associative, commutative and idempotent, byte for byte; results of different builds are refused.  Unfit files: unfit.sh.
set -euo pipefail
assay=$1 source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$assay" --help | grep -q '^  merge' || { echo "this build has no merge"; exit 77; }
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
cd "$dir"
sample=$source/docs/check.sample.json # assay check --isa neon -o rmsnorm --json, by the aarch64 build under qemu

# A whole run against its shards, for two splits and for the seeded faults.
for op in rmsnorm matmul; do # of matmul the rows
  extent=(-o "$op")
  [ $op = rmsnorm ] || extent+=(--rows)
  expect 0 passed "$assay" check "${extent[@]}" --json $op.json
  for n in 4 7; do
    for i in $(seq $n); do expect 0 "assay merge judges" "$assay" check "${extent[@]}" --shard "$i/$n" --json "$op-$i-$n.json"; done
    expect 0 "$n parts" "$assay" merge "$op"-*-$n.json -o "$op-all-$n.json"
  done
done
for i in 1 2 3; do expect 0 "assay merge judges" "$assay" check --faults -o silu --shard "$i/3" --json "faults-$i.json"; done
expect 0 'faults seeded' "$assay" check --faults -o silu --json faults.json
expect 0 'faults caught' "$assay" merge faults-[123].json -o faults-all.json
python3 - <<'PY'
import json
def load(name): # without what a clock says
    return json.load(open(name), object_hook=lambda d: {k: v for k, v in d.items() if k != "seconds"})
drop = ("parts", "digest")
for op in "rmsnorm", "matmul":
    whole = load(op + ".json")
    assert whole["schema"] == 2 and whole["verdict"] == "passed" and not whole["holes"], whole["holes"]
    for n in 4, 7:
        joined = load(f"{op}-all-{n}.json")
        for key in whole:
            assert key in drop or whole[key] == joined[key], (op, n, key, whole[key], joined[key])
        cases = [load(f"{op}-{i}-{n}.json")["cases"] for i in range(1, n + 1)]
        assert sum(cases) == whole["cases"] and min(cases) > 0.5 * whole["cases"] / n, cases
whole, joined = load("faults.json"), load("faults-all.json")
for key in "faults", "caught", "legal", "flagged": # a fault's runs differ: each shard stops at three failures
    assert whole["totals"][key] == joined["totals"][key] > 0 or key == "flagged", key
pick = lambda d: [(k["kernel"], k["passed"], k["not_accepted"], k["worst"], k["types"]) for k in d["kernels"] if k["expected"] == "legal"]
assert pick(whole) == pick(joined) and len(pick(whole)) > 1
PY

# Any way to join them gives the same bytes: random trees over shards of both ops, both splits and the faults.
cat >trees.py <<'PY'
import glob, random, subprocess, sys
assay, r = sys.argv[1], random.Random(7)
files = sorted(f for f in glob.glob("*.json") if "all" not in f)
def merge(names, to):
    p = subprocess.run([assay, "merge", "-o", to] + names, capture_output=True, text=True)
    assert p.returncode in (0, 1), p.stderr
    return to
merge(files, "one.out")
one, n = open("one.out", "rb").read(), 0
for round in range(5):
    heap = files[:] + r.sample(files, r.randrange(4)) # some twice
    r.shuffle(heap)
    while len(heap) > 1:
        take = [heap.pop(r.randrange(len(heap))) for _ in range(min(len(heap), r.randrange(2, 6)))]
        n += 1
        heap.append(merge(take, f"t{n}.out"))
    assert open(heap[0], "rb").read() == one, (round, heap)
a, b, c = "rmsnorm-1-4.json", "rmsnorm-2-4.json", "rmsnorm-3-4.json"
left = merge([merge([a, b], "ab.out"), c], "l.out")
right = merge([a, merge([b, c], "bc.out")], "r.out")
assert open(left, "rb").read() == open(right, "rb").read()
print(f"{n} merges of {len(files)} files in 5 random trees: the same bytes")
PY
python3 trees.py "$assay"

# Of kernels that the options do not mean nothing is said unless it is asked for; they are counted.
expect 0 'not built: 1, filtered: [1-9]' "$assay" merge rmsnorm.json
if grep -q filtered: <(grep -v '^[0-9]* part' out); then cat out; exit 1; fi
expect 0 'no host  softmax/scalar (scalar): filtered' "$assay" merge -v rmsnorm.json
expect 0 ', not built for [a-z0-9_]*: 1,' "$assay" check -o rmsnorm --case 'rmsnorm R=1 C=3'
expect 0 ', not built for [a-z0-9_]*: 0,' "$assay" check -o rmsnorm -k scalar --case 'rmsnorm R=1 C=3'

# What is missing is said and fails.
expect 1 'shards are missing, the first is 2/4' "$assay" merge rmsnorm-1-4.json rmsnorm-3-4.json
expect 0 'came twice' "$assay" merge rmsnorm.json rmsnorm.json
expect 0 passed "$assay" check --isa =scalar --rows --json scalar.json
expect 0 passed "$assay" merge scalar.json --require scalar
expect 1 'REQUIRED neon: rmsnorm' "$assay" merge rmsnorm.json --require neon
expect 1 'REQUIRED scalar: matmul/scalar: filtered' "$assay" merge rmsnorm.json --require scalar,scalar
expect 1 'no run knows' "$assay" merge rmsnorm.json --require abacus

# Another build, another machine: the aarch64 sample.
expect 2 'results of different builds' "$assay" merge rmsnorm.json "$sample"
expect 1 'host aarch64' "$assay" merge rmsnorm.json "$sample" --force --require neon
grep -q 'REQUIRED neon: matmul' out
grep -qw 'rmsnorm/neon' out && { echo 'rmsnorm/neon was judged on aarch64'; exit 1; }
if grep -q 'no host  matmul/neon' out; then echo 'neither run meant matmul'; exit 1; fi
expect 1 'no host  matmul/neon (neon):.*filtered: qemu-user' "$assay" merge -v rmsnorm.json "$sample" --force --require neon
echo "shards and merge: ok"
