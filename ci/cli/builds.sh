#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two builds of one plug-in: check says which cases changed verdict, bench which is slower, and git bisect finds, by the
# script of docs/bench.md, the commit that made it slow and the one that made it wrong.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_NOSYSTEM=1 HOME=$dir
fast() { # SOURCE
  # shellcheck disable=SC2016 # backquotes of Markdown
  sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >"$1"
}
slow() { sed -i 's|static assay_status run(|static assay_status once(|;s|^static const assay_typeset|static assay_status run(const assay_args *a) { once(a); once(a); return once(a); }\n&|' "$1"; }
wrong() { sed -i 's|(p->plus_one ? 1 : 0)|0|' "$1"; }
make() { $cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o "${1%.c}.so" "$1"; }

fast "$dir/old.c"
for name in slow wrong; do
  fast "$dir/$name.c"
  $name "$dir/$name.c"
done
sed 's|"mine"|"other"|' "$dir/old.c" >"$dir/other.c"
for name in old slow wrong other; do make "$dir/$name.c"; done

pair() { expect "$1" "$2" "$assay" check --plugin "$dir/$3.so" --plugin "$dir/$4.so" "${@:5}"; }
cases='rmsnorm R={1,3} C=16 plus_one={0,1}'
pair 1 'rmsnorm/mine: 2 of 4 cases changed: 2 passed -> failed' old wrong --case "$cases" --json "$dir/w.json"
grep -q '^    passed -> failed: T1 (bound): rmsnorm  *R=1 C=16 plus_one=1' "$dir/out"
again=$(sed -n "s/^ *assay \(check .*\)/\1/p" "$dir/out" | head -1)
(eval "\"$assay\" $again" >"$dir/out" 2>&1) && { echo "the line that reproduces it does not"; exit 1; }
grep -q 'FAIL rmsnorm/example:mine: 0 passed, 1 failed' "$dir/out" # under the plug-in's own name, alone
expect 1 '2 failed' "$assay" merge -o "$dir/merged.json" "$dir/w.json"
grep -q '"kernel": "old:mine"' "$dir/merged.json"
pair 0 '2 failed -> passed' wrong old --case "$cases" # the exit code is the new one's
pair 0 '1 kernel in both, 0 cases changed verdict' old slow --case "$cases"
pair 0 'rmsnorm/mine: in the old build alone' old other --case "$cases"
mkdir "$dir/a"
cp "$dir/old.so" "$dir/a"
pair 0 'ok   rmsnorm/old.2:mine' old a/old --case "$cases"
pair 2 'only two can count' old slow --plugin "$dir/old.so"
pair 2 'no one journal' old slow --case "$cases" --json "$dir/x.json" --resume
pair 2 "does not go with --model: the cases are the ops'" old slow --model x.gguf
pair 2 'in no other mode' old slow --mutants
pair 2 'no kernel of either build matches -k none' old slow -k none
expect 2 'only one can count' "$assay" list kernels --plugin a --plugin b
expect 2 'only one can count' "$assay" vectors check --plugin a --plugin b
"$assay" --help | grep -q '^  bench' || { echo "builds: this build has no bench; check alone was tried"; exit 0; }

line='rmsnorm R=64 C=512'
sed 's|return ASSAY_OK;|return ASSAY_UNSUPPORTED;|' "$dir/old.c" >"$dir/refuses.c" # what the other wrote by then is not judged
make "$dir/refuses.c"
expect 1 'refuses:mine  *n/a: run() returned unsupported' "$assay" bench --threads 1 --no-roofs --simulate none --case "$line" \
  --plugin "$dir/old.so" --plugin "$dir/refuses.so"
grep -q 'old:mine  *n/a: not measured: the pair ended with the other kernel' "$dir/out"
run=("$assay" bench --threads 1 --no-roofs --simulate none)
expect 1 'SLOWER: slow:mine takes more than 5 % longer' "${run[@]}" --case "$line" --plugin "$dir/old.so" --plugin "$dir/slow.so" --fail-if-slower 5% --json "$dir/b.json"
"${PYTHON:-python3}" - "$dir/b.json" <<'PY'
import json, sys
hot = next(p for p in json.load(open(sys.argv[1]))["pairs"] if p["name"].endswith("/hot"))
assert hot["a"] == "old:mine" and hot["b"] == "slow:mine" and hot["slower"] is True and hot["high"] < 0.6, hot
assert hot["cpu_low"] <= hot["cpu_ratio"] <= hot["cpu_high"] < 0.6 and hot["verdict_b"]["pass"], hot
PY
expect 0 '^0 pairs are slower by more than 5 %' "${run[@]}" --case "$line" --plugin "$dir/slow.so" --plugin "$dir/old.so" --fail-if-slower 5%
expect 1 'FAILED: ' "${run[@]}" --plugin "$dir/old.so" --plugin "$dir/wrong.so" --case "$line plus_one=1"
expect 2 'compares two' "${run[@]}" --case "$line" --plugin "$dir/old.so" --fail-if-slower 5%
expect 2 'so many per cent' "${run[@]}" --case "$line" --plugin "$dir/old.so" --plugin "$dir/slow.so" --fail-if-slower 5
expect 2 'takes in both builds' "${run[@]}" --case "$line" --plugin "$dir/old.so" --plugin "$dir/other.so"

# A history of eight commits: the fifth made it slow, the seventh wrong.  The script is the one of docs/bench.md.
repo=$dir/repo
git init -q -b main "$repo"
cd "$repo"
fast kernel.c
for n in 1 2 3 4 5 6 7 8; do
  [ $n != 5 ] || slow kernel.c
  [ $n != 7 ] || wrong kernel.c
  echo "// $n" >>kernel.c
  git add kernel.c
  git commit -qm "commit $n"
  git tag "c$n"
done
sed -n '/^#!.bin/,/^```$/p' "$source/docs/bench.md" | sed '$d' >"$dir/bisect"
[ "$(wc -l <"$dir/bisect")" -gt 5 ] || { echo "docs/bench.md has no script"; exit 1; }
export ASSAY=$assay CC=$cc INCLUDE=$source/include OLD=$dir/old.so CASE="$line plus_one=1"
finds() { # WHAT COMMIT BAD
  git bisect start "$3" c1 >/dev/null
  git bisect run bash "$dir/bisect" "$1" >"$dir/out" 2>&1 || { cat "$dir/out"; exit 1; }
  [ "$(git rev-parse refs/bisect/bad)" = "$(git rev-parse "$2")" ] || { echo "$1: not $2"; cat "$dir/out"; exit 1; }
  git bisect reset >/dev/null 2>&1
}
finds slow c5 c6
finds wrong c7 c8
echo "two builds: changed verdicts and a slower kernel are named; git bisect found both commits"
