#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay bench --budget: what there is no time for is named and counted, and gone from the results once a later run has measured it;
# with time for all, all rows of a run without a budget, those of the best tier first.
set -euo pipefail
assay=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for wrong in 5 0s 6x -1m; do
  code=0
  "$assay" bench "--budget=$wrong" >/dev/null 2>err || code=$?
  if [ "$code" != 2 ] || ! grep -q 'as 90s, 6m or 1h' err; then cat err; exit 1; fi
done
code=0
"$assay" bench --budget 9s --case 'add N=8' >/dev/null 2>err || code=$?
if [ "$code" != 2 ] || ! grep -q 'does not go with' err; then cat err; exit 1; fi
some=(--quick --no-roofs --simulate none --threads 1 -o rmsnorm -w 'smollm2*')
"$assay" bench "${some[@]}" --json all.json >/dev/null
"$assay" bench "${some[@]}" --budget 1h --json rich.json >rich.txt
# no time: a second is over before the first problem where calibration alone takes it; else some rows, the rest named
"$assay" bench --quick --no-roofs --simulate none --threads 1 --budget 1s --json poor.json >poor.txt || [ $? = 1 ]
grep -q 'left out by the budget of time' poor.txt
"$assay" bench "${some[@]}" --budget 1s --json on.json >/dev/null || [ $? = 1 ]
"$assay" bench "${some[@]}" --resume --json on.json >/dev/null
"${PYTHON:-python3}" - <<'PY'
import json
def rows(name):
    return [b["name"] for b in json.load(open(name))["benchmarks"]]
def left(name):
    return [n["name"] for n in json.load(open(name))["not_measured"] if n["why"].startswith("left out by the budget")]
assert rows("all.json") and sorted(rows("all.json")) == sorted(rows("rich.json")), (rows("all.json"), rows("rich.json"))
assert not left("all.json") and not left("rich.json")
assert sorted(rows("on.json")) == sorted(rows("all.json")) and not left("on.json"), left("on.json")
ops = {n.split("/")[0] for n in left("poor.json")}
assert len(left("poor.json")) > 50 and len(ops) > 20, (len(left("poor.json")), len(ops))
kernels = [b["kernel"] for b in json.load(open("rich.json"))["benchmarks"] if b["kernel"] != "scalar"]
if "avx512" in kernels and "avx2" in kernels:
    assert kernels.index("avx512") < kernels.index("avx2"), kernels
PY
echo "budget: all rows with time, $(grep -o '^[0-9]* problems* left out' poor.txt) without; --resume goes on"
