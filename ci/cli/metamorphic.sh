#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Relations between two results of one kernel, without a golden: how many seeded faults they catch, no legal variant flagged,
# and a few faults that a named relation must catch.
set -euo pipefail
assay=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$assay" check --metamorphic --json "$dir/m.json" >"$dir/out" || { cat "$dir/out"; exit 1; }
tail -1 "$dir/out"
"${PYTHON:-python3}" - "$dir/m.json" <<'E2'
import json, sys
d = json.load(open(sys.argv[1]))
t = d["totals"]
assert t["flagged"] == 0 and t["legal"] > 400, t
assert t["caught"] >= 90, t  # a floor: 93 of 309 when it was set
broken = {k["op"] + "/" + k["kernel"]: k["why"] for k in d["kernels"] if k["broken"]}
for fault, relation in {
    "matmul/x-rounded-to-bf16": "x is a sum",
    "matmul/bias-ignored": "bias + 8",
    "silu/tail-skipped": "in reverse",
    "silu/sigmoid": "y - x",
    "softmax/sum-skips-tail": "",
    "attention/causal+1": "what comes later",
    "attention/causal-1": "that value",
    "attention/kv-head-mod": "heads",
    "rmsnorm/tail-not-summed": "in reverse",
}.items():
    assert fault in broken and relation in broken[fault], (fault, broken.get(fault))
assert all(k["held"] + k["broken"] for k in d["kernels"] if k["expected"] == "legal"), "a legal variant was tried by nothing"
E2
"$assay" check -o add --rows --isa scalar | grep -q 'relations hold' || { echo "assay check does not try them"; exit 1; }
