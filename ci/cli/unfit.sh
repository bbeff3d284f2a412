#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay merge on files that are none, are cut, or hold what a run does not write: each is refused in one sentence.
set -euo pipefail
assay=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$assay" --help | grep -q '^  merge' || { echo "this build has no merge"; exit 77; }
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
cd "$dir"
expect 0 passed "$assay" check -o rmsnorm --rows --json rmsnorm.json
change() { # FILE PYTHON: writes bad.json; a part's digest is made to fit when the change says so
  python3 - "$1" "$2" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
p = d["parts"][0]
exec(sys.argv[2])
json.dump(d, open("bad.json", "w"))
PY
}
expect 2 'which results' "$assay" merge
expect 2 'No such file' "$assay" merge nowhere.json
expect 2 'only one can be standard output' "$assay" merge rmsnorm.json --tap - --junit -
printf '{' >bad.json
expect 2 'is not JSON' "$assay" merge bad.json
: >bad.json
expect 2 'is not JSON' "$assay" merge bad.json
head -c 3000 rmsnorm.json >bad.json
expect 2 'is not JSON' "$assay" merge bad.json
printf '[1]' >bad.json
expect 2 'not the results' "$assay" merge bad.json
while IFS='|' read -r code pattern; do
  change rmsnorm.json "$code"
  expect 2 "$pattern" "$assay" merge rmsnorm.json bad.json
done <<'TABLE'
d["schema"] = 1|schema 1, this build reads 2
d["kind"] = "bench"|not the results
d["parts"] = []|at least one
d["parts"] = {}|at least one
d["parts"] = [7]|an object
p["kernels"] = 7|a list is needed
p["kernels"][0] = "x"|an object
p["kernels"][0]["passed"] = 1e300|a whole number
p["kernels"][0]["passed"] = -5|a whole number
p["kernels"][0]["passed"] = 1.5|a whole number
p["kernels"][0]["passed"] = "many"|a whole number
p["kernels"][0]["worst"] = []|a number is needed
p["kernels"][0]["reached"] = "maybe"|judged, not on this CPU
p["kernels"][0]["op"] = None|a text
p["kernels"][0]["kernel"] = "\x1b[2J"|a control character
p["features"] = ["a b"]|a list of words
p["shard"] = 9|I of N
p["shards"] = 0|I of N
del p["target"]|a text
p["kernels"][0]["passed"] += 1|does not match its digest
p["commit"] = "other"|does not match its digest
TABLE
echo "merge: unfit files are refused"
