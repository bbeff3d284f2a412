#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay compare: what is slower, faster, the same, unclear, failed, mended, new and gone is called so, in every output; the gate's exit
# code; noise files; machines; Google Benchmark's form; what cannot be compared is refused.
set -euo pipefail
assay=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for command in compare bench; do
  "$assay" --help | grep -q "^  $command" || { echo "this build has no $command"; exit 77; }
done
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
cd "$dir"
says() { # PATTERN...: each stands in what the last command printed
  local pattern
  for pattern; do grep -q -e "$pattern" out || { echo "no '$pattern' in:"; cat out; exit 1; }; done
}
silent() { # PATTERN: it does not
  if grep -e "$1" out; then echo "that should not be there"; exit 1; fi
}
ends 0 "$assay" bench --threads 1 --simulate none --no-roofs --isa scalar --case 'rmsnorm R=2 C={16,64} eps=1e-05' --json real.json

# Runs of a machine with 1 % of noise, from the real one: a row for each verdict.
cat >make.py <<'PY'
import copy, json, random
real = json.load(open("real.json"))
row, r = real["benchmarks"][0], random.Random(14)
assert len(row["cpu_samples"]) == len(row["samples"]) == row["repetitions"], row

def make(name, side, k, model=None, noise=0.01):
    d = copy.deepcopy(real)
    d["context"]["assay"]["date"] = f"2026-12-01T00:{2 * k + side:02d}:00Z"
    d["benchmarks"] = []
    if model:
        d["context"]["assay"]["cpu"]["model"] = model
    speed = 3 if model else 1
    for what, factor in (("slow", 1.3), ("fast", 0.7), ("same", 1), ("failed", 1), ("mended", 1), ("gone" if side == 0 else "added", 1)):
        b = copy.deepcopy(row)
        b["name"] = b["run_name"] = f"rmsnorm/scalar/{what}/f32/1t/hot"
        run = 1000 / speed * (factor if side else 1) * (1 + noise * r.gauss(0, 1))
        b["samples"] = [run * (1 + noise * r.random()) for _ in range(7)]
        b["cpu_samples"] = [run * (1 + noise * r.random()) for _ in range(7)]
        b["share"] = 100 / run / speed * (0.5 if model and what == "same" else 1)
        b["marks"] = [{"name": "busy", "words": "others"}] if what == "same" and k == 0 else []
        b["verdict"]["used"] = 0.1 + 0.2 * side
        if what == ("failed" if side else "mended"):
            b["verdict"]["pass"] = False
            del b["samples"], b["cpu_samples"], b["real_time"]
        d["benchmarks"].append(b)
    json.dump(d, open(name, "w"))

for k in range(10):
    make(f"b{k}.json", 0, k), make(f"n{k}.json", 1, k), make(f"o{k}.json", 1, k, "Another CPU"), make(f"w{k}.json", 1, k, noise=0.5)
PY
python3 make.py
expect 1 '1 failed, 1 slower, 1 faster, 1 mended, 1 gone, 1 new, 1 same' "$assay" compare b[0-4].json -- n[0-4].json
says '^slower .*/slow/.* 1[.][23][0-9]*x \[1[.]' '^faster .*/fast/.* 0[.][67][0-9]*x' '^failed .*/failed/.*passed -> failed' 'share of the bound 0.100 -> 0.300'
silent '^same' # -v shows these
silent '^!'    # no remark where sides took turns
expect 1 '^same .*/same/.*disturbed in 2 of 10 runs' "$assay" compare -v b[0-4].json -- n[0-4].json

# Every output says the same; a row that failed is in the exit code, a slower one where it is asked for.
ends 1 "$assay" compare b[0-4].json --json c.json --markdown c.md --csv c.csv --fail-if-slower 5% -- n[0-4].json
python3 - <<'PY'
import csv, json
d = json.load(open("c.json"))
rows = {r["name"].split("/")[2]: r for r in d["rows"]}
assert d["kind"] == "compare" and len(d["base"]) == len(d["new"]) == 5 and d["margin"] == 0.05, d
assert {k: r["verdict"] for k, r in rows.items()} == {"slow": "slower", "fast": "faster", "same": "same", "failed": "failed",
                                                      "mended": "mended", "gone": "gone", "added": "new"}, rows
s = rows["slow"]
assert 1 < s["low"] < 1.3 < s["high"] and s["freedom"] == 8 and s["p"] < 1e-3 and 1.01 < s["smallest"] < 1.2, s
assert "ratio" not in rows["failed"] and rows["failed"]["new_verdict"] == "failed" and "low" not in rows["gone"]
assert d["totals"]["slower"] == 1 and sum(d["totals"].values()) == 7
lines = list(csv.DictReader(open("c.csv")))
assert len(lines) == 7 * 5 * (5 + 5) and {l["machine"] for l in lines} and float(lines[0]["ns"]) > 0, len(lines)
text = open("c.md").read()
assert "| **slower** | rmsnorm/scalar/slow" in text and text.count("<details>") == 1, text
PY
keep() { python3 -c 'import json, sys
for p in sys.argv[2:]:
    d = json.load(open(p)); d["benchmarks"] = [b for b in d["benchmarks"] if b["name"].split("/")[2] in sys.argv[1]]
    json.dump(d, open("k" + p, "w"))' "$@"; }
keep slow,fast,same,gone,added b?.json n?.json w?.json o?.json
expect 0 '1 slower' "$assay" compare kb[0-4].json -- kn[0-4].json # told, and no gate asked for
expect 1 '1 slower by more than 5 %' "$assay" compare --fail-if-slower 5 kb[0-4].json -- kn[0-4].json
expect 1 '1 slower by more than 0 %' "$assay" compare --fail-if-slower 0% kb[0-4].json -- kn[0-4].json
expect 0 '0 slower by more than 50 %' "$assay" compare --fail-if-slower 50% kb[0-4].json -- kn[0-4].json
expect 1 '1 slower by more than 5 %' "$assay" compare --cpu-time --fail-if-slower 5% kb[0-4].json -- kn[0-4].json
expect 0 '0 slower by more' "$assay" compare --fail-if-slower 5% kb[0-4].json -- kw[0-4].json # noise hides it, and it is said
says 'cannot tell  .*/slow/.*slower would show'

# Few runs: no verdict, with a noise file of the same machine neither.
expect 0 'too few runs' "$assay" compare kb0.json kn0.json
says '^cannot tell .*/slow/.*how much runs differ is not known'
silent '^slower'
expect 0 'too few runs' "$assay" compare kb[0-2].json -- kn[0-2].json
says '^cannot tell .*/slow/.*chance alone'
expect 0 '10 runs of one program' "$assay" compare --aa kb?.json --json noise.json
says '^[0-9.]* %  *[0-9.]* %  *[0-9.]* %  *rmsnorm/scalar/slow'
expect 1 '1 slower by more than 10 %' "$assay" compare --noise noise.json --fail-if-slower 10% kb[0-4].json -- kn[0-4].json
expect 0 'beyond the noise, but too few' "$assay" compare --noise noise.json --fail-if-slower 10% kb[0-2].json -- kn[0-2].json
expect 0 'beyond the noise, but too few' "$assay" compare --noise noise.json kb0.json kn0.json
expect 2 'noise of a machine that is not' "$assay" compare --noise noise.json kb[0-2].json -- ko[0-2].json
expect 2 'kind is not noise' "$assay" compare --noise kb0.json kb[0-2].json -- kn[0-2].json
expect 0 'all runs of one side came before' "$assay" compare kb0.json kb1.json -- kb8.json kb9.json

# What assay merge has joined is as many runs.
ends 0 "$assay" merge -o mb.json kb[0-4].json
ends 0 "$assay" merge -o mn.json kn[0-4].json
expect 1 '1 slower by more than 5 %' "$assay" compare --fail-if-slower 5% mb.json mn.json
says '^base: 5 runs'

# Another machine: as shares of its roof, where `same` lost half and `slow` a quarter; times would say three times as fast.
expect 1 '2 slower by more' "$assay" compare --fail-if-slower 5% kb[0-4].json -- ko[0-4].json
says 'different machines' '^slower .*/same/.* \(2[.]0\|1[.]9\)[0-9]*x'
expect 2 'another machine' "$assay" compare --cpu-time kb[0-4].json -- ko[0-4].json

# Verdicts of the judge.
ends 0 "$assay" check -o rmsnorm -k scalar -k avx2 --threads 1 --case 'rmsnorm R=2 C=16' --json good.json
python3 - <<'PY'
import json
d = json.load(open("good.json"))
k = d["kernels"]
k[0]["verdict"], k[0]["worst"] = "failed", 7.5
k.append(dict(k[-1], kernel="another"))
json.dump(d, open("bad.json", "w"))
PY
expect 1 '^failed .*passed -> failed; share of the bound 0.[0-9]* -> 7.500' "$assay" compare good.json bad.json
expect 0 '^mended ' "$assay" compare bad.json good.json
says '^gone .*rmsnorm/another'
expect 0 ' same$' "$assay" compare good.json good.json

# As Google Benchmark writes it: its compare.py and U test where they are.
ends 0 "$assay" compare --gbench gb.json b[0-4].json
ends 0 "$assay" compare --gbench gn.json n[0-4].json
python3 - <<'PY'
import json, statistics
d = json.load(open("gb.json"))
rows = [b for b in d["benchmarks"] if b["run_name"] == "rmsnorm/scalar/slow/f32/1t/hot"]
runs, more = rows[:35], {b["aggregate_name"]: b for b in rows[35:]}
assert [b["repetition_index"] for b in runs] == list(range(35)) and all(b["run_type"] == "iteration" and b["repetitions"] == 35 for b in runs)
times = [b["real_time"] for b in runs]
want = {"mean": statistics.mean(times), "median": statistics.median(times), "stddev": statistics.stdev(times)}
want["cv"] = want["stddev"] / want["mean"]
for name, value in want.items():
    b = more[name]
    assert abs(b["real_time"] / value - 1) < 1e-9 and b["name"].endswith("hot_" + name) and b["run_type"] == "aggregate" and b["iterations"] == 35, b
assert more["cv"]["aggregate_unit"] == "percentage" and more["mean"]["aggregate_unit"] == "time" and len(more) == 4
assert {b["family_index"] for b in d["benchmarks"]} == {0} and [b["per_family_instance_index"] for b in d["benchmarks"]] == sorted(b["per_family_instance_index"] for b in d["benchmarks"])
PY
if [ -e /usr/share/benchmark/compare.py ] && /usr/bin/python3 -c 'import scipy' 2>/dev/null; then
  ends 0 /usr/bin/python3 -W ignore /usr/share/benchmark/compare.py --no-color benchmarks gb.json gn.json
  says 'slow/f32/1t/hot_pvalue  *0[.]0000 .*U Test, Repetitions: 35 vs 35'
else
  echo "not tried, for it is not here: Google Benchmark's compare.py (libbenchmark-tools, python3-scipy)"
fi

# What cannot be compared.
expect 2 'two sides are needed' "$assay" compare b0.json
expect 2 'two sides are needed' "$assay" compare b0.json b1.json b2.json
expect 2 'not compared with each other' "$assay" compare b0.json good.json
expect 2 'are one run' "$assay" compare b0.json b0.json -- n0.json
expect 2 'its kind is noise' "$assay" compare noise.json b0.json
expect 2 'without --' "$assay" compare --aa b0.json b1.json -- b2.json
expect 2 'three runs' "$assay" compare --aa b0.json b1.json
expect 2 'for results of assay bench' "$assay" compare --csv x.csv good.json bad.json
expect 2 'fail-if-slower' "$assay" compare --fail-if-slower x b0.json n0.json
expect 2 'cannot be opened' "$assay" compare nothing.json b0.json
edit() { python3 -c 'import json, sys; d = json.load(open("b0.json")); exec(sys.argv[1]); json.dump(d, open("e.json", "w"))' "$1"; }
edit 'd["benchmarks"][0]["samples"][0] = -1'
expect 2 'positive numbers are needed' "$assay" compare e.json n0.json
edit 'd["benchmarks"][0]["samples"] = 5'
expect 2 'a list is needed' "$assay" compare e.json n0.json
edit 'd["benchmarks"].append(d["benchmarks"][0])'
expect 2 'stands there twice' "$assay" compare e.json n0.json
edit 'd["benchmarks"][0]["name"] = 5'
expect 2 'without a name' "$assay" compare e.json n0.json
edit 'd["context"] = None'
expect 2 'passport' "$assay" compare e.json n0.json
edit 'd["benchmarks"] = []'
expect 1 'no row stands on both sides' "$assay" compare e.json n0.json
edit 'd["benchmarks"][0].pop("cpu_samples")'
expect 2 'no CPU time of each repetition' "$assay" compare --gbench g.json e.json
echo "compare: each verdict in each output, the gate, noise, machines, Google Benchmark's form"
