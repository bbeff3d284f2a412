#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay bench and doctor: results that a reader understands, resume after a kill, and kernels that are wrong (everywhere, or
# in one element of a large product) get no time.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
"$assay" --help | grep -q '^  bench' || { echo "this build has no bench"; exit 77; }
ends 2 "$assay" bench -o nothing
ends 2 "$assay" bench -k 'none*'
ends 2 "$assay" bench --resume
ends 2 "$assay" bench --no-roofs --case 'rmsnorm R=x'
ends 2 "$assay" bench --simulate perhaps
ends 2 "$assay" bench -w 'none*' --threads 1 --no-roofs
ends 0 "$assay" doctor --json "$dir/doctor.json"
grep -q 'instructions' "$dir/out"

# Results: every row has a name of the grammar, a verdict, times, and counters with their provenance.
run=(--threads 1 --simulate none -o rmsnorm --case 'rmsnorm R={1,3,5} C=64 eps=1e-05' --json "$dir/r.json")
ends 0 "$assay" bench "${run[@]}"
cat >"$dir/read.py" <<'PY'
import json, re, sys
d = json.load(open(sys.argv[1]))
assert d["schema"] == 1 and d["kind"] == "bench" and d["context"]["assay"]["cpu"]["isa"], "no passport"
assert d["context"]["caches"] is not None and d["context"]["library_build_type"], "not Google Benchmark's context"
assert len(sys.argv) > 2 or any(r["name"] == "call" and r["value"] > 0 for r in d["roofs"]), "no call cost"
size = {c["level"]: c["bytes"] for c in d["context"]["assay"]["caches"] if c["type"] != "instruction"}
for r in d["roofs"]:
    below = size.get(int(r["level"][1]) - 1) if r.get("level", "") in ("L2", "L3") else None
    assert not below or 2 * below <= r["bytes"] <= 4 * below, ("far beyond the level below it a guest's cache is memory", r["name"], r["bytes"], below)
for b in d["benchmarks"]:
    assert re.fullmatch(r"[a-z0-9_]+/[^/]+/[^/]+/[^/]+/\d+t/(hot|cold)", b["name"]), b["name"]
    assert b["verdict"]["pass"] and b["verdict"]["how"] == "all elements", b["verdict"]
    assert b["real_time"] > 0 and b["iterations"] > 0 and b["time_unit"] == "ns" and len(b["samples"]) == b["repetitions"]
    assert b["case"].startswith("rmsnorm ")
    why = b["why"]
    assert len(why["words"]) > 4 and all(0 < x for x in why["shares"].values()) and ("share" in why) == ("bound_by" in why), why
    assert len(sys.argv) > 2 or why["shares"] or b["impossible"], ("a row of which no limit was measured", b["name"], why)
    assert why["least_bytes"] == 4 * 64 * (2 * int(re.search(r"R=(\d)", b["case"])[1]) + 1), why
    assert ("ipc" in why) == all(b["counters"].get(k, {}).get("from") == "hardware" for k in ("instructions", "cycles")), why
    for name, c in b["counters"].items():
        assert c["from"] in ("hardware", "software", "simulated", "n/a"), (name, c)
        assert ("value" in c) != (c["from"] == "n/a") and ("why" in c) == (c["from"] == "n/a"), (name, c)
print(len(d["benchmarks"]))
PY
rows=$(python3 "$dir/read.py" "$dir/r.json")
[ "$rows" -ge 3 ]
grep -q '"rmsnorm/scalar/case:R=5,C=64,eps=1e-05/f32/1t/hot"' "$dir/r.json" # each shape is measured under a name of its own

# Killed in the middle: what was measured stands, the rest is added, nothing twice.
run+=(--no-roofs)
rm -f "$dir"/r.json*
"$assay" bench "${run[@]}" >"$dir/out" 2>&1 &
pid=$!
for _ in $(seq 600); do
  [ "$(grep -c '"line": "row"' "$dir/r.jsonl" 2>/dev/null)" -ge 1 ] 2>/dev/null && break
  sleep 0.05
done
kill -9 "$pid" 2>/dev/null || true
wait "$pid" 2>/dev/null || true
first=$(grep -m1 '"line": "row"' "$dir/r.jsonl")
printf '{"line": "row", "name": "cut' >>"$dir/r.jsonl"
ends 0 "$assay" bench "${run[@]}" --resume
grep -qF "$first" "$dir/r.jsonl"
[ "$(python3 "$dir/read.py" "$dir/r.json" no-roofs)" = "$rows" ]
ends 0 "$assay" bench "${run[@]}" --resume
grep -q '^0 rows measured' "$dir/out"

sed -i 's/"binary":"[0-9a-f]*"/"binary":"0"/' "$dir/r.jsonl" # as if another build had written it
grep -q '"binary":"0"' "$dir/r.jsonl"
ends 0 "$assay" bench "${run[@]}" --resume
grep -q "^$rows rows measured" "$dir/out"
[ -s "$dir/r.jsonl.old" ]

# A full disk is one sentence; no half document.
ln -s /dev/full "$dir/full.jsonl"
ends 2 "$assay" bench "${run[@]/$dir\/r.json/$dir/full.json}"
grep -q 'No space left' "$dir/out"
[ ! -e "$dir/full.json" ]

# A kernel that is wrong in one element only of a product above the sampling limit, and one that is wrong everywhere.
cat >"$dir/wrong.c" <<'C'
#include "assay/assay.h"
static assay_status multiply(const assay_args *a, int wrong, int half)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    for (int64_t n = a->begin; n < a->end; n++)
        for (int64_t t = 0; t < T; t++) {
            const float *x = (const float *)a->operand[0].data + t * K, *w = (const float *)a->operand[1].data + n * K;
            float s[8] = { 0 };
            for (int64_t k = 0; k < K; k += 8)
                for (int i = 0; i < 8; i++)
                    s[i] += x[k + i] * w[k + i];
            float y = s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
            y += wrong == 2 || (wrong && n == N / 3 && (t == T / 2 || wrong == 3));
            if (half)
                ((_Float16 *)a->operand[3].data)[t * N + n] = (_Float16)y;
            else
                ((float *)a->operand[3].data)[t * N + n] = y;
        }
    return ASSAY_OK;
}
static assay_status right(const assay_args *a) { return multiply(a, 0, 0); }
static assay_status one(const assay_args *a) { return multiply(a, 1, 0); }
static assay_status all(const assay_args *a) { return multiply(a, 2, 0); }
static assay_status slow(const assay_args *a)
{
    for (int i = 0; i < 500; i++)
        multiply(a, 0, 0);
    return ASSAY_OK;
}
static assay_status lopsided(const assay_args *a) /* the first share is the longest by far */
{
    for (int i = 0; i < (a->begin ? 1 : 300); i++)
        multiply(a, 0, 0);
    return ASSAY_OK;
}
static assay_status half(const assay_args *a) { return multiply(a, 0, 1); }
static assay_status column(const assay_args *a) { return multiply(a, 3, 1); }
static const assay_typeset f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(0), ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_typeset f16[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(0), ASSAY_TYPES(ASSAY_T(f16)) };
static const assay_kernel kernels[] = { { .op = "matmul", .name = "right", .types = f32, .run = right },
                                        { .op = "matmul", .name = "one", .types = f32, .run = one },
                                        { .op = "matmul", .name = "all", .types = f32, .run = all },
                                        { .op = "matmul", .name = "slow", .types = f32, .run = slow },
                                        { .op = "matmul", .name = "lopsided", .types = f32, .run = lopsided },
                                        { .op = "matmul", .name = "half", .types = f16, .run = half },
                                        { .op = "matmul", .name = "column", .types = f16, .run = column } };
const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    static const assay_plugin p = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "wrong", "1", kernels, 7, 0, 0 };
    return &p;
}
C
$cc -std=c11 -O3 -shared -fPIC -I "$source/include" -o "$dir/wrong.so" "$dir/wrong.c"
ends 1 "$assay" bench --threads 1 --simulate none --no-roofs --plugin "$dir/wrong.so" -k right -k one -k all --json "$dir/w.json" --case 'matmul T=24 N=8192 K=800'
python3 - "$dir/w.json" <<'PY'
import json, sys
rows = {b["kernel"]: b for b in json.load(open(sys.argv[1]))["benchmarks"] if b["cache"] == "hot"}
right, one, every = (rows["wrong:" + name] for name in ("right", "one", "all"))
assert right["verdict"]["pass"] and right["verdict"]["freivalds"] == "pass" and right["real_time"] > 0, right
assert one["verdict"]["freivalds"] == "fail" and not one["verdict"]["pass"] and "real_time" not in one, one
assert not every["verdict"]["pass"] and every["verdict"]["by"] == "T1" and "real_time" not in every, every
assert right["supplier"] == "wrong 1", right
PY
# Where the output's type holds no exact sums: a wrong row that is not among the sampled ones.
ends 1 "$assay" bench --threads 1 --simulate none --no-roofs --plugin "$dir/wrong.so" -k '[hc]*' --json "$dir/h.json" --case 'matmul T=24 N=8192 K=800 y=f16'
python3 - "$dir/h.json" <<'PY'
import json, sys
rows = {b["kernel"]: b for b in json.load(open(sys.argv[1]))["benchmarks"] if b["cache"] == "hot"}
half, column = (rows["wrong:" + name]["verdict"] for name in ("half", "column"))
assert half["pass"] and half["how"] == "16 of 8192 N, and 4 of 24 T" and half["freivalds"].startswith("n/a"), half
assert not column["pass"] and column["by"] == "T1" and "real_time" not in rows["wrong:column"], column
PY
# A small number keeps its digits, a kernel far slower than the scalar one too, and columns have a head.
expect 0 'slow.* us  *0[.]0*[1-9][0-9]* GFLOP/s  *0[.]0[0-9]*[1-9][0-9]*x scalar' "$assay" bench --threads 1 --simulate none --no-roofs \
  --plugin "$dir/wrong.so" -k slow --case 'matmul T=1 N=8 K=8'
grep -q '^op/kernel/workload/types/threads/state  *time  *rate share of the roof, against the scalar reference' "$dir/out"
# Time lost between threads: one that has nearly all the work, and the others wait.
if [ "$(nproc)" -ge 2 ]; then
  ends 0 "$assay" bench --threads 2 --simulate none --no-roofs --plugin "$dir/wrong.so" -k lopsided --json "$dir/l.json" --case 'matmul T=8 N=64 K=64'
  python3 - "$dir/l.json" <<'PY'
import json, sys
hot = next(b for b in json.load(open(sys.argv[1]))["benchmarks"] if b["cache"] == "hot")
why, b = hot["why"], hot["why"]["balance"]
assert b["mean_ns"] <= b["busiest_ns"] <= b["wall_ns"] and 1.7 < b["max_over_mean"] <= 2.001 and b["lost"] > 0.4, b
assert abs(b["lost"] - b["lost_imbalance"] - b["lost_barriers"]) < 1e-6 and any("the busiest works" in w for w in why["words"]), why
PY
fi
ends 0 "$assay" bench --threads 1 --no-roofs -k scalar -k right --plugin "$dir/wrong.so" --case 'matmul T=2 N=64 K=64'
grep -q 'time of scalar over time of wrong:right: ' "$dir/out"
echo "bench and doctor: $rows rows read back, resumed after a kill; wrong kernels got no time"
