#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay report: every kind of document becomes a section, in both forms; what is missing is named with what makes it; words
# of strangers stay words.  And "--json -" of each kind: the document alone on standard output.
set -euo pipefail
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$assay" --help | grep -q '^  report' || { echo "this build has no report"; exit 77; }
cd "$dir"
"$assay" check -o add --rows --json check.json >/dev/null
"$assay" check --metamorphic -o add --json - >metamorphic.json 2>/dev/null
"$assay" check --certificate '*' -o add --json - >certificate.json 2>/dev/null
"$assay" check --contracts -o add --json - >contracts.json 2>/dev/null
"$assay" primitives -k exp --json - >primitives.json 2>/dev/null
"$assay" formats -t q8_0 -t q4_0 -t f32 --json - >formats.json 2>/dev/null
cat >others.py <<'PY'
import json, sys
for kind in "metamorphic", "certificate", "contracts", "primitives", "formats":
    d = json.load(open(kind + ".json"))
    assert d["schema"] == 1 and d["kind"] == kind and d["commit"], d.keys()
def write(name, d):
    json.dump({"schema": 1, "commit": "other", **d}, open(name + ".json", "w"))
write("hostile", {"kind": "hostile", "commit": "*c*<i>`x`[l](u)\x1b[2J\u202e\x9b", "version": "_v_ & &lt;", "totals": {"plugins": 2, "contained": 1, "left_behind": 0}, "kernels": [
    {"name": "<b>a|b*", "when": "running", "verdict": "crash", "why": "signal <i>11</i> | at 0x8", "good": True},
    {"name": "c", "when": "loading", "verdict": "refused", "why": "", "good": False}]})
write("mutants", {"kind": "mutants", "op": "add", "made": 50, "mutants": 25, "caught": 24, "survived": 1, "equivalent": 0, "legal": 0,
                  "outside": 0, "undefined": 0, "floor": 100, "by": {"EX": 24}})
c = json.load(open("certificate.json"))
c["kernels"][0]["properties"][0].update(declared=True, differ=1, answer="no", first="x", case="y")
c["kernels"][0]["good"] = False
json.dump(c, open("broken.json", "w"))
# more than any page has room for
k = c["kernels"][0]
k["properties"] = [{**k["properties"][0], "property": f"property {i} " * 9} for i in range(400)]
json.dump(c, open("wide.json", "w"))
write("huge", {"kind": "mutants", "op": "o" * 999, "made": 1e300, "mutants": 1e300, **{w: 1e300 for w in (
    "caught", "survived", "equivalent", "legal", "outside", "undefined")}, "floor": 100, "by": {f"verdict {i}": 1e300 for i in range(99)}})
write("odd", {"kind": "mutants", "op": "add", "made": 1, "mutants": 1, "caught": 1e307, "survived": 1e308, "floor": 1, "by": [1, 2]})
write("crowd", {"kind": "hostile", "totals": {}, "kernels": [{"name": "x", "when": f"{i} " * 40, "verdict": f"{i}", "good": True} for i in range(99)]})
PY
"${PYTHON:-python3}" others.py
# results of assay bench from three machines, the calls of a model, pairs with a peer, a comparison: made from the sample in docs/
cat >machines.py <<'PY'
import copy, json, sys
d = json.load(open(sys.argv[1]))
row = next(b for b in d["benchmarks"] if b["kernel"] != "scalar" and "llama3" not in b["workload"])
row["why"] = {"bound_by": "memory", "words": ["memory bounds it: its bytes alone take 80 %", "instructions n/a (no counter)"]}
row["share"], row["impossible"] = 0.6, False
json.dump(d, open("bench.json", "w"))
for i, name in enumerate(("Second | <b>CPU", "Third CPU")):
    other = copy.deepcopy(d)
    other["context"]["assay"]["cpu"]["model"] = name
    next(b for b in other["benchmarks"] if b["name"] == row["name"])["share"] = 0.3 - 0.1 * i
    json.dump(other, open(f"host{i}.json", "w"))
calls = {**copy.deepcopy(d), "benchmarks": [], "phases": [
    {"name": "m", "model": "tiny", "phase": "decode16", "tokens": 2, "threads": 1, "cache": cache, "calls": 4, "measured": 4, "ns": 8e6, "roof_ns": roof,
     "rows": 2, "marked": 1, "ops": [{"op": "matmul", "calls": 4, "measured": 4, "ns": 8e6, "roof_ns": roof}]} for cache, roof in (("hot", 2e6), ("cold", 9e6))]}
calls["pairs"] = [{"name": "x", "a": "avx2", "b": "sgemm", "ratio": 2, "low": 1.9, "high": 2.1, "a_ns": 2000, "b_ns": 1000,
                   "side_b": {"supplier": "peer"}, "verdict_a": {"pass": True}, "verdict_b": {"pass": True}}]
json.dump(calls, open("calls.json", "w"))
side = [{"file": "f", "commit": "abc", "machine": "M"}]
json.dump({"schema": 1, "kind": "compare", "of": "bench", "unit": "ns", "base": side, "new": side,
           "totals": {"slower": 1, "faster": 0, "same": 3, "cannot tell": 1}, "rows": [
    {"name": "a", "verdict": "slower", "base_ns": 1000, "new_ns": 1500, "ratio": 1.5, "low": 1.4, "high": 1.6},
    {"name": "b", "verdict": "same", "base_ns": 7, "new_ns": 7}, {"name": "c", "verdict": "cannot tell", "why": "one run a side"}]}, open("compared.json", "w"))
for kind, d in ("bench", calls), ("compare", json.load(open("compared.json"))):  # of other kinds of members than any reader hopes for
    for i, junk in enumerate((7, "x", [1, "y", None, []], {"a": {"b": 1e308}}, None)):
        json.dump({k: v if k in ("schema", "kind", "context") else junk for k, v in d.items()}, open(f"junk-{kind}{i}.json", "w"))
PY
"${PYTHON:-python3}" machines.py "$source/docs/results.sample.json"
"$assay" report --out hosts --bench bench.json host0.json host1.json calls.json compared.json >/dev/null
says() { grep -q -- "$1" hosts/report.md || { echo "the page does not say: $1"; cat hosts/report.md; exit 1; }; }
says '^| matmul | 1 | 60 % | 30 % | 20 % |'
says '^| B | Second / \\<b\\>CPU'
says 'What bounds the rows:.* memory 1'
says 'decode16, hot caches: its calls take 4.00 ms a token, and the roofs allow 1.00 ms; matmul takes most'
says 'decode16, cold caches: .*cannot be'
says '^| A | tiny, decode16 | 1 | hot | 250.0 | 1000.0 |'
says 'peer sgemm: ours takes 2.00 times as long'
says 'rows slower: 1, faster: 0, the same: 3; of 1 it cannot be told'
says '^| a | slower | 1.000 | 1.500 | 1.500 | 1.400 to 1.600 |'
for junk in junk-*.json; do "$assay" report --out junk --bench bench.json "$junk" >/dev/null; done
"$assay" report --out page --check check.json metamorphic.json certificate.json primitives.json hostile.json mutants.json formats.json \
  --absent 'cheats:the dog ate it' >/dev/null
"$assay" report --out much --check check.json wide.json huge.json odd.json crowd.json >/dev/null
"$assay" report --out part --check check.json --absent 'check:the dog ate half of it' >/dev/null
grep -q 'In part.*the dog ate half' part/report.md && grep -q 'right, in .*in part, see the end' part/report.md
"$assay" report --out bad --check check.json broken.json >/dev/null
"${PYTHON:-python3}" - <<'PY'
import re
html, md = open("page/index.html").read().replace("<wbr>", ""), open("page/report.md").read()
for heading in "Verdicts", "Mutants", "Cheats and hostile plug-ins", "Relations, without a reference", "Primitives", "Certificates", "Element types: error against bits", "Words and units":
    assert f">{heading}</h2>" in html and f"href='#s" in html and f"\n## {heading}\n" in md, heading
for text in "the dog ate it", "ci/contain build/assay . cc cheats --json FILE", "assay bench --quick --json FILE", "no file of it was given", \
        "FAILED: 1 of 2 plug-ins", "FAILED: 24 of 25 small changes", "commit other":
    assert text in html and text in md, text
for name, says in ("formats", "Error against bits"), ("primitives", "Worst error of each primitive"):  # titles, descriptions, script with data
    assert f'role="img" aria-labelledby="t-{name} d-{name}"' in html and f'<title id="t-{name}">{says}' in html or "gnuplot is not installed" in html
    assert f"download='{name}.gp'" in html or "gnuplot is not installed" in html
much = open("much/index.html").read().replace("<wbr>", "")
assert "</html>" in much and much.count(">others</t") == 3, much.count(">others</t")
assert "<b>a" not in html and "<i>11" not in html and "&lt;b&gt;a/b*" in html and "&lt;i&gt;11&lt;/i&gt; / at" in html
assert r"commit \*c\*\<i\>\`x\`\[l\](u)" in md, [l for l in md.split("\n") if "commit" in l]
for text in html, md:
    assert not set(text) & set("\x1b\x9b\u202e"), "control characters"
assert "NaN is passed on" in md and re.search(r"class=' kept' data-h=\"[^\"]+\">promised", html) and "</html>" in html
columns = 0
lines = md.splitlines()
for before, line in zip([""] + lines, lines):  # a row has as many cells as its heading
    if line.startswith("|") and not before.startswith("|"):
        columns = line.count("|")
    assert not line.startswith("|") or line.count("|") == columns, line
assert "BROKEN" in open("bad/report.md").read() and "FAILED" in open("bad/report.md").read()
PY
code=0
"$assay" report --out no contracts.json 2>err || code=$?
if [ "$code" != 2 ] || ! grep -q 'its kind is contracts' err; then cat err; exit 1; fi
code=0
"$assay" report --out no 2>err || code=$?
if [ "$code" != 2 ] || ! grep -q 'nothing to report' err; then cat err; exit 1; fi

for wrong in '--minutes 0' '--minutes 9x' --minutes --base; do # before anything is set up
  code=0
  # shellcheck disable=SC2086 # two words
  bash "$source/ci/report" $wrong 2>err || code=$?
  if [ "$code" != 2 ]; then echo "ci/report $wrong: $code"; cat err; exit 1; fi
done

"$assay" check -o silu --rows --json drawn.json >/dev/null
# gnuplot is given no path of ours, and nothing in a path or a name is more than a name
if command -v gnuplot >/dev/null; then
  mkdir bin
  fake() { # COMMAND: what stands in for gnuplot does but for --version
    cat >bin/gnuplot <<SH
#!/bin/sh
case \$1 in --version) exit ;; esac
$1
SH
    chmod +x bin/gnuplot
  }
  fake "tee script | $(command -v gnuplot) \"\$@\""
  for out in "it's" 'a "b"' "x \$(touch pwned)" "\`touch pwned\`" 'back\slash' $'new\nline' "';system('touch pwned');'" 'plain dir' -x; do
    PATH=$dir/bin:$PATH "$assay" report "--out=$out" --check drawn.json primitives.json >/dev/null
    [ -e first ] || cp -r -- "$out" first
    cmp -- "./$out/index.html" first/index.html
    [ -s "./$out/figures/margins.svg" ]
    [ "$(grep -c '^!\[' "./$out/report.md")" = 2 ]
    (cd -- "./$out/figures" && "$(command -v gnuplot)" --default-settings margins.gp | grep -q '</svg>')
    if grep -F -e "$source" -e "$dir" "./$out/script"; then exit 1; fi
  done
  [ -z "$(find . -name pwned)" ]
  "${PYTHON:-python3}" - <<'PY'
import json
d = json.load(open("drawn.json"))
for i, k in enumerate(d["kernels"]):
    k["kernel"] = ["a\"b", "`touch pwned`", "$(touch pwned)\\n", "'; system('touch pwned') #", "<script>x</script>"][i % 5]
json.dump(d, open("unkind.json", "w"))
PY
  "$assay" report --out unkind --check unkind.json >/dev/null
  [ -z "$(find . -name pwned)" ]
  [ "$(grep -c . unkind/data/margins.dat)" = "$(grep -c . first/data/margins.dat)" ]
  if grep -F '<script>' unkind/index.html unkind/figures/margins.svg unkind/report.md; then exit 1; fi
  # a picture that is not drawn is told, on the page and by the exit code
  for broken in 'exit 3' 'echo "<svg"' "kill -9 \$\$"; do
    fake "$broken"
    code=0
    PATH=$dir/bin:$PATH "$assay" report --out broken --check drawn.json >/dev/null 2>err || code=$?
    if [ "$code" != 1 ] || ! grep -q 'did not draw margins' err || ! grep -q 'gnuplot failed' broken/report.md; then cat err; exit 1; fi
  done
fi
# a page or a number that cannot be written is no page
for file in index.html report.md data/margins.dat figures/margins.svg figures/margins.gp; do
  case $file in figures/*) command -v gnuplot >/dev/null || continue ;; esac
  rm -rf full
  mkdir -p full/data full/figures
  ln -s /dev/full "full/$file"
  code=0
  "$assay" report --out full --check drawn.json >/dev/null 2>err || code=$?
  if [ "$code" != 2 ] || ! grep -q "$file: cannot be written: No space" err; then echo "$file: exit $code"; cat err; exit 1; fi
done
mkdir empty
PATH=$dir/empty "$assay" report --out tables --check drawn.json >/dev/null
grep -q 'gnuplot is not installed' tables/report.md
echo "report: six kinds drawn, the rest named; --json - of four kinds"
