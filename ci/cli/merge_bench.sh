#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay bench --shard and assay merge of what it wrote: shards are disjoint and their union is the whole run's rows; joining in
# any order gives the same bytes and loses nothing; each host's roofs stay its own; what does not belong together is refused.
set -euo pipefail
assay=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for command in merge bench; do
  "$assay" --help | grep -q "^  $command" || { echo "this build has no $command"; exit 77; }
done
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
cd "$dir"
run=("$assay" bench --threads 1 --simulate none --no-roofs --isa scalar --case 'rmsnorm R={1,2,3} C={16,64} eps=1e-05')
expect 0 '6 rows measured' "${run[@]}" --json whole.json
for i in 1 2 3; do expect 0 "shard $i/3: assay merge joins" "${run[@]}" --shard "$i/3" --json "s$i.json"; done
cp s1.jsonl other.jsonl
expect 0 '6 rows measured' "${run[@]}" --resume --json other.json # the journal of another shard is put aside
[ -s other.jsonl.old ]
python3 - <<'PY'
# Another machine with a roof of its own, that measured the same rows.
import json
rows = lambda name: sorted((r["name"], r["case"]) for r in json.load(open(name))["benchmarks"])
parts = [rows(f"s{i}.json") for i in (1, 2, 3)]
assert sorted(sum(parts, [])) == rows("whole.json") and sum(map(len, parts)) == len(rows("whole.json")) == 6, parts
d = json.load(open("whole.json"))
d["context"]["assay"]["cpu"]["model"] = "Another"
d["roofs"] = [{"name": "mul+add.sse2.1t", "kind": "compute", "value": 1.5}]
json.dump(d, open("other.json", "w"))
d["context"]["assay"]["commit"] = "0000000"
json.dump(d, open("build.json", "w"))
d["context"]["assay"]["cpu"] = 7
json.dump(d, open("unfit.json", "w"))
PY
expect 0 '6 rows of 3 parts on 1 kinds of CPU' "$assay" merge s1.json s2.json s3.json -o all.json
expect 1 'LACKING  quick on .*: shards 2/3 are missing' "$assay" merge s3.json s1.json -o s13.json
expect 0 . "$assay" merge s13.json s2.json -o again.json
cmp all.json again.json
expect 0 'came twice' "$assay" merge all.json s2.json again.json -o again.json
cmp all.json again.json
expect 0 '12 rows of 4 parts on 2 kinds of CPU' "$assay" merge other.json all.json -o two.json
expect 0 '12 rows of 4 parts' "$assay" merge s2.json other.json s1.json s3.json -o - # the document alone
"$assay" merge s2.json other.json s1.json s3.json -o - >again.json 2>/dev/null
cmp two.json again.json
python3 - <<'PY'
import json
d = json.load(open("two.json"))
model = {p["digest"]: p["context"]["assay"]["cpu"]["model"] for p in d["parts"]}
assert len(model) == 4 and d["schema"] == 1 and d["kind"] == "bench" and not d["lacking"]
assert [model[r["part"]] for r in d["roofs"]] == ["Another"], d["roofs"]
for name in ("s1", "s2", "s3", "other"):  # every part can be had back
    one = json.load(open(name + ".json"))
    back = [p["digest"] for p in d["parts"] if p["context"] == one["context"]]
    for key in "benchmarks", "roofs", "pairs", "not_measured":
        mine = [{k: v for k, v in r.items() if k != "part"} for r in d[key] if r["part"] in back]
        assert len(back) == 1 and mine == one[key], (name, key)
d["benchmarks"][0]["real_time"] /= 2
json.dump(d, open("faster.json", "w"))
d = json.load(open("two.json"))
d["benchmarks"][0]["part"] = "0123456789abcdef"
json.dump(d, open("homeless.json", "w"))
PY
expect 2 'results of different builds' "$assay" merge whole.json build.json
expect 0 'kinds of CPU' "$assay" merge whole.json build.json --force
expect 2 'does not match its digest' "$assay" merge two.json faster.json
expect 2 'does not match its digest\|of no part' "$assay" merge homeless.json
expect 2 'the passport' "$assay" merge whole.json unfit.json
expect 2 'are for results of assay check' "$assay" merge whole.json --require avx2
"$assay" check -o add --isa scalar --json check.json >/dev/null
expect 2 'not the results of assay bench' "$assay" merge whole.json check.json
expect 2 'not the results of assay check' "$assay" merge check.json whole.json
echo "bench: 3 shards are the whole, joined in any order; two machines' roofs kept apart"
