#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Failures that are known, and claims (docs/results.md): strict, counted apart, in every output, and refused where a line
# says nothing.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >"$dir/mine.c"
sed 's|(p->plus_one ? 1 : 0)|0|' "$dir/mine.c" >"$dir/wrong.c"
for name in mine wrong; do $cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o "$dir/$name.so" "$dir/$name.c"; done
cd "$dir"
check() { expect "$1" "$2" "$assay" check --plugin "./$3.so" --rows "${@:4}"; }
reason='1 + w is not built | yet, see the plan'
echo "2026-12-01 | example:mine | some T1 class | rmsnorm plus_one=1 | $reason" >some.txt
echo "2026-12-01 | mine | T1 | rmsnorm R=2 C=8 x=f32 eps=0 plus_one=1 gen=gauss | $reason" >one.txt

# known, and nothing else is wrong
check 0 '0 failed, [1-9][0-9]* failed as known' wrong --known some.txt --json k.json --junit k.xml --tap k.tap --markdown k.md
grep -q "line 1 of some.txt: example:mine, rmsnorm plus_one=1: [1-9][0-9]* of [1-9][0-9]* runs failed as known" out
grep -q "^not ok 1 - .*mine # TODO known failure: 2026-12-01: $reason" k.tap
grep -q "<skipped type=\"known failure\" message=\"2026-12-01: $reason\"/>" k.xml
grep -q 'mine: known failure of [1-9]' k.md
expect 0 'known rmsnorm/example:mine.*failed as known' "$assay" merge -o merged.json k.json
"${PYTHON:-python3}" - <<'PY'
import json
for name in "k.json", "merged.json":
    d = json.load(open(name))
    k = d["kernels"][0]
    assert d["verdict"] == "passed" and k["verdict"] == "known" and k["failed"] == 0, k
    assert d["totals"]["known"] == k["known"] == len(k["known_failures"]) > 5 and not d["unmet"]
    assert all(f["known"].startswith("2026-12-01: 1 + w") and f["by"] == "T1" for f in k["known_failures"])
PY
# a case more than the line knows of, another verdict than it names, a pass, a line whose failure is gone
check 1 '[1-9][0-9]* failed, 1 failed as known' wrong --known one.txt
check 0 '0 failed, 1 failed as known' wrong --known one.txt --case 'rmsnorm R=2 C=8 plus_one=1'
sed 's/ T1 / crash memory /' one.txt >other.txt
check 1 '1 failed' wrong --known other.txt --case 'rmsnorm R=2 C=8 plus_one=1'
grep -q 'unmet line 1 of other.txt' out
cat some.txt one.txt >both.txt # a pass that one line allows another does not
check 1 'unexpected pass: it passes, but line 2 of both.txt' mine --known both.txt --case 'rmsnorm R=2 C=8 plus_one=1'
check 1 'unexpected pass: it passes, but line 1 of one.txt expects a failure' mine --known one.txt --case 'rmsnorm R=2 C=8 plus_one=1'
check 1 ': 0 of [1-9][0-9]* runs failed as known: remove that line' mine --known some.txt --json gone.json --tap gone.tap
grep -q '^not ok 2 - expected and not met: some.txt, line 1' gone.tap
expect 1 'UNMET some.txt, line 1' "$assay" merge -o merged.json gone.json
# compare: known is a state of its own
check 1 FAIL wrong --json f.json
check 0 ok mine --json p.json
expect 1 'failed .* known -> failed' "$assay" compare k.json f.json
expect 1 'failed .* passed -> known' "$assay" compare p.json k.json
expect 0 'mended .* known -> passed' "$assay" compare k.json p.json
expect 0 '1 same' "$assay" compare k.json k.json
if "$assay" --help | grep -q '^  report'; then
  expect 0 . "$assay" report --check k.json -o page
  grep -q 'These fail as is known' page/index.html && grep -q "see the plan" page/index.html
fi
# --resume plays what was known as known
"$assay" check --plugin ./wrong.so --rows --known some.txt --json r.json >out 2>&1 &
until [ -e r.json ] || { [ -e r.jsonl ] && [ "$(wc -l <r.jsonl)" -gt 60 ]; }; do sleep 0.01; done
kill -9 $! 2>/dev/null || true
wait $! 2>/dev/null || true
check 0 'failed as known' wrong --known some.txt --json r.json --resume
cmp <(sed 's/"seconds": [^,}]*//g' r.json) <(sed 's/"seconds": [^,}]*//g' k.json)

# claims
printf 'mine | rmsnorm x=f32 plus_one=0\nexample:mine | rmsnorm bias=none* plus_one=1\n' >good.txt
sed -i 's/ bias=none\*//' good.txt
check 0 '0 failed' mine --claims good.txt
printf '# ours\nmine | rmsnorm x=f16\nnine | rmsnorm\nmine | rmsnorm C=123456\n' >claims.txt
check 1 '3 expected and not met' mine --claims claims.txt --json c.json
grep -q 'mine, rmsnorm x=f16: claimed and not run: it took none of [1-9][0-9]* such cases' out
grep -q 'nine, rmsnorm: claimed and not run: no kernel of this name is in this run' out
grep -q 'C=123456: claimed and not run: no run of it was such a case' out
expect 1 'UNMET claims.txt, line 2' "$assay" merge -o merged.json c.json
echo 'other | softmax' >none.txt
check 1 'note: none.txt does not claim rmsnorm/example:mine' mine --claims none.txt

# what says nothing
while IFS='@' read -r line words; do
  printf '%b' "$line" >bad.txt
  expect 2 "$words" "$assay" check --plugin ./mine.so --known bad.txt
done <<'END'
x@line 1: DATE | KERNEL | VERDICTS | CASE | REASON: x
# none\n\n2026-13-01 | a | T1 | rmsnorm | r@line 3: a date is needed
2026-12-01 | a | T9 | rmsnorm | r@line 1: verdicts as a failure names them.*: T9
2026-12-01 | a | some | rmsnorm | r@line 1: verdicts as a failure names them.*: some
2026-12-01 | a | T1 | rmsnrm | r@no such op; did you mean rmsnorm
2026-12-01 | a | T1 | rmsnorm Q=1 | r@Q=1: neither a dimension
2026-12-01 | a | T1 | rmsnorm C | r@C: KEY=VALUE is needed
2026-12-01 | a | T1 | rmsnorm | @a field is empty
# nothing@bad.txt: it has no line
a\0b\nc@line 1: a line of text
a\rb\n@line 1: a control character
END
head -c 9000 /dev/zero | tr '\0' a >bad.txt
expect 2 'line 1: a line of text, under 4,095 bytes' "$assay" check --known bad.txt
expect 2 'Is a directory' "$assay" check --known .
expect 2 'No such file' "$assay" check --claims nowhere
for with in --faults '--for 1s' '--plugin mine.so --plugin wrong.so'; do
  # shellcheck disable=SC2086 # words
  expect 2 'does not go with --known' "$assay" check --known some.txt $with
done
expect 2 'claims does not go with -k' "$assay" check --claims claims.txt -k mine
expect 2 'some.txt' "$assay" check --plugin ./mine.so --known some.txt --json some.txt
