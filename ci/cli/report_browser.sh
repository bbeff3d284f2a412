#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The page of assay report as a browser lays it out, on a phone and on a screen: nothing wider than its place, nothing missing,
# every picture and axis named (report_browser.py asks).  And pages with one thing wrong each, which it must find.
set -euo pipefail
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ -n "$chromium" ] || { echo "chromium is not installed: the page is not looked at (apt-get install chromium)"; exit 77; }
command -v gnuplot >/dev/null || { echo "gnuplot is not installed"; exit 77; }
"$assay" --help | grep -q '^  report' || { echo "this build has no report"; exit 77; }
cd "$dir"
"$assay" check -o silu --rows --quick --json check.json >/dev/null
"$assay" primitives -k exp --json primitives.json >/dev/null
"$assay" formats -t q8_0 -t q4_0 -t f32 --json formats.json >/dev/null
# results as a whole run leaves them: many ops with long names, teams, marks, a pair, a failed row, a run of a model
cat >results.py <<'PY'
import copy, json, sys
d = json.load(open(sys.argv[1]))
row, roof = d["benchmarks"][0], d["roofs"]
roof += [{**roof[0], "name": "fma.avx512.1t", "isa": "avx512", "value": 172},
         {**roof[1], "name": "read.memory.2t", "threads": 2, "kind": "memory", "value": 30}]
rows = []
for i in range(60):
    for work in "smollm2-135m.decode.attention_with_a_long_name", "smollm2-135m.prefill512.ffn_up":
        for threads in 1, 2:
            r = copy.deepcopy(row)
            ns = 1e6 * (1 + i % 7) / threads ** (1.5 if i % 9 == 0 else 0.8)
            r.update(op=f"operation_{i % 30}", kernel=f"q4_{i}_avx512vnni", workload=work, threads=threads, real_time=ns, low=0.9 * ns, high=1.2 * ns,
                     share=0.01 + i / 60, gflops=0.5 + 3 * i, impossible=i % 11 == 0, bytes=7e6 / (1 + i), bound_by="memory", packed_bytes=0,
                     marks=[{"name": "busy", "words": "others used 1.61 CPUs meanwhile; 127 times a second a thread had to make way"}] if i % 5 == 0 else [])
            r["name"] = f"{r['op']}/{r['kernel']}/{work}/f32/{threads}t/hot"
            rows.append(r)
rows[3]["verdict"].update({"pass": False, "why": "y[3, 4] is 1.5, and 1.25 is right: 3.2 times its bound of 0.078"})
d["benchmarks"] += rows
old = copy.deepcopy(d)
for r in old["benchmarks"][:40]:
    for m in "real_time", "low", "high":
        r[m] *= 0.5
json.dump(old, open("old.json", "w"))
d["pairs"] = [{"name": "matmul/a:b/smollm2-135m.decode.qkv/f32/1t/hot", "a": "avx2", "b": "sgemm", "ratio": 1.31, "low": 1.28, "high": 1.33, "a_ns": 1000,
               "b_ns": 763, "side_b": {"supplier": "openblas"}, "verdict_a": {"pass": True}, "verdict_b": {"pass": True}}]
d["benchmarks"][0]["why"] = {"bound_by": "memory", "words": ["memory bounds it: its bytes alone take 80 % of its best time at the roof of L3"]}
d["phases"] = [{"model": "SmolLM2-135M-Instruct.Q4_1", "phase": "decode512", "tokens": 1, "threads": 1, "cache": cache, "calls": 394, "measured": 394,
                "ns": 2e7, "roof_ns": 7e6, "rows": 13, "marked": 2, "ops": [
    {"op": op, "calls": 30, "measured": 30, "ns": 4e6, "roof_ns": 1e6} for op in ("matmul", "attention_with_a_long_name", "gate_up")]} for cache in ("hot", "cold")]
json.dump(d, open("bench.json", "w"))
for name in "Another Processor With A Long Name 9999X @ 3.70GHz", "Ampere Altra":
    other = copy.deepcopy(d)
    other["context"]["assay"]["cpu"]["model"] = name
    json.dump(other, open(name[:3] + ".json", "w"))
side = [{"file": "f", "commit": "0123456789ab", "machine": "Another Processor With A Long Name, 128 CPUs"}] * 5
json.dump({"schema": 1, "kind": "compare", "commit": "x", "of": "bench", "unit": "ns", "base": side, "new": side, "totals": {"slower": 20, "cannot tell": 20},
           "rows": [{"name": r["name"], "verdict": v, "base_ns": 1e6, "new_ns": 2e6, "ratio": 2, "low": 1.9, "high": 2.1}
                    for v in ("slower", "cannot tell") for r in rows[:20]]}, open("compared.json", "w"))
def phase(tokens, ms):
    return {"tokens": tokens, "seconds": tokens * ms / 1e3, "tokens_per_second": 1e3 / ms, "shares": [
        {"op": f"operation_{i}", "kernel": f"q4_{i}_avx512vnni", "calls": 30, "seconds": tokens * ms / 8e3, "share": 0.125} for i in range(8)]}
for n in 16, 1024:
    json.dump({"schema": 1, "kind": "run", "commit": "x",
               "model": "SmolLM2-135M-Instruct.Q4_1.gguf", "parameters": 134515008, "impl": "best", "isa": "avx512vnni",
               "kv": "f32", "threads": 2, "text": "a text", "packed_bytes": 96436224,
               "first_token_seconds": 0.04, "prefill": phase(n, 2), "decode": phase(15, 9),
               "step_seconds": [0.009 + 0.0001 * i for i in range(15)]}, open(f"model{n}.json", "w"))
PY
"${PYTHON:-python3}" results.py "$source/docs/results.sample.json"
"$assay" report --out page --check check.json --bench bench.json --base old.json --model model16.json --model model1024.json \
  primitives.json formats.json Ano.json Amp.json compared.json --absent 'check:of 3 of 55 ops the written rows alone were judged' >/dev/null
ask() { "${PYTHON:-python3}" "$source/ci/cli/report_browser.py" "$chromium" "$@"; }
ask page/index.html 390 1440 || { echo "report_browser: see above"; exit 1; }
# what it must find, each alone
broken() { # WHAT, PYTHON over s
  "${PYTHON:-python3}" -c "import sys; s = open('page/index.html').read(); t = $2; assert t != s; open('broken.html', 'w').write(t)"
  if ask broken.html 390 >said; then echo "$1: not found"; exit 1; fi
  grep -q "$1" said || { cat said; exit 1; }
}
broken 'wider than' "s.replace('<p>', '<p><span style=\"display:block;width:700px\">x</span>', 1)"
broken 'empty cell' "s.replace('</td></tr>', '</td><td></td></tr>', 1)"
broken 'missing value' "s.replace('<li>', '<li>undefined ', 1)"
broken 'without a name' "s.replace('role=\"img\"', '', 1)"
broken 'axis without a name' "s.replace('share of the roof that binds, %', ' ')"
echo "report_browser: two widths; five wrong pages found"
