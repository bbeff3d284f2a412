#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ASSAY_SECRET: other inputs, a hash where results are shown, the text nowhere, nothing of it where a plug-in runs.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
cd "$dir"
with() { ASSAY_SECRET=gossamer-93-lantern "$@"; }
other() { ASSAY_SECRET=another "$@"; }
case='rmsnorm R=3 C=16 eps=1e-5 gen=gauss'
expect 0 '^secret [0-9a-f]\{8\}$' with "$assay" check -o rmsnorm --case "$case" --json a.json --junit a.xml
hash=$(sed -n 's/^secret //p' out)
grep -q "\"secret\": *\"$hash\"" a.json || { echo "no hash in JSON"; exit 1; }
grep -q "<property name=\"secret\" value=\"$hash\"/>" a.xml || { echo "no hash in JUnit"; exit 1; }
! grep -rl gossamer . || { echo "the secret itself is written"; exit 1; }
ends 0 "$assay" check -o rmsnorm --case "$case" --json b.json
! grep -q '^secret' out || { echo "a hash without a secret"; exit 1; }
grep -q '"secret": *null' b.json || { echo "JSON without a secret"; exit 1; }
expect 2 "no secret and secret $hash" "$assay" merge --force a.json b.json
ends 0 other "$assay" check -o rmsnorm --case "$case" --json c.json
expect 2 "secret $hash" "$assay" merge a.json c.json
expect 2 'unset it' with "$assay" vectors generate

# Neither the journal of a run that was killed nor results of bench are mixed with what another secret made.
ASSAY_SECRET=gossamer-93-lantern "$assay" check -o rmsnorm --json cut.json >cut.out 2>&1 &
while [ ! -s cut.jsonl ]; do kill -0 $! || { echo "over before it could be killed"; cat cut.out; exit 1; }; sleep 0.01; done
{ kill -9 $!; wait $! || true; } 2>/dev/null
cp cut.jsonl before.jsonl
another=$(other "$assay" check -o add -k scalar --case 'add R=1 C=1' | sed -n 's/^secret //p')
refused() { # WHOSE SENTENCE
  expect 2 "$2" "$1" "$assay" check -o rmsnorm --json cut.json --resume
  if ! cmp -s cut.jsonl before.jsonl || [ -e cut.jsonl.old ] || [ -e cut.json ]; then echo "the journal was touched"; exit 1; fi
}
refused other "made with secret $hash, this run's with secret $another"
refused env "made with secret $hash, this run's with no secret"
expect 0 "^secret $hash$" with "$assay" check -o rmsnorm --json cut.json --resume
if "$assay" --help | grep -q '^  bench'; then
  rows=("$assay" bench --threads 1 --simulate none --no-roofs --isa scalar --case 'add R=2 C=8' --json)
  ends 0 with "${rows[@]}" x.json
  ends 0 other "${rows[@]}" y.json
  ends 0 "${rows[@]}" z.json
  for force in '' --force; do
    expect 2 "different inputs: .*secret [0-9a-f]* and .*secret [0-9a-f]*; they are not joined" "$assay" merge $force x.json y.json
    expect 2 "no secret.*; they are not joined" "$assay" merge $force x.json z.json
  done
  expect 2 "made with secret $hash, this run's with secret $another" other "${rows[@]}" x.json --resume
  expect 2 "made with secret $hash, this run's with no secret" "${rows[@]}" x.json --resume
  expect 2 "made with no secret, this run's with secret $hash" with "${rows[@]}" z.json --resume
  expect 0 'known already' with "${rows[@]}" x.json --resume
fi

# Nothing of the text is left where a plug-in runs; the inputs are other ones, and a failure says whose.
# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >mine.c
cat >>mine.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern char **environ;
__attribute__((constructor)) static void look(void)
{
    char here = 0, *end = environ[0];
    for (char **e = environ; *e; e++)
        end = *e + strlen(*e) > end ? *e + strlen(*e) : end;
    if (getenv("ASSAY_SECRET"))
        fputs("found in the environment\n", stderr), abort();
    for (char *p = &here; p + 9 < end; p++)
        if (p[0] == 'g' && p[1] == 'o' && !memcmp(p + 2, "ssame", 5) && p[7] == 'r' && p[8] == '-')
            fputs("found on the stack\n", stderr), abort();
}
C
$cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o mine.so mine.c
ends 0 with "$assay" check --plugin ./mine.so --case "$case"
sed 's|+ p->eps)|+ p->eps * 2 + 1)|' mine.c >wrong.c
$cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o wrong.so wrong.c
ends 1 "$assay" check --no-shrink --plugin ./wrong.so --case "$case"
grep -m1 ' T1' out >plain || grep -m1 'rmsnorm/mine: ' out >plain
! grep -q 'needs ASSAY_SECRET' out || { echo "a reproduction asks for a secret"; exit 1; }
expect 1 "# needs ASSAY_SECRET=... of hash $hash" with "$assay" check --no-shrink --plugin ./wrong.so --case "$case"
grep -m1 ' T1' out >mixed || grep -m1 'rmsnorm/mine: ' out >mixed
! cmp -s plain mixed || { echo "the inputs are those of the seed alone"; exit 1; }
