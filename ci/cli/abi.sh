#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The floating-point environment: a plug-in whose constructor changes it is named; a judge that would start in another
# one than C's refuses; the trampoline's wrong kernels from outside: a plug-in that keeps what it must keep, and not.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
case $(uname -m) in
x86_64) set_mode='unsigned m; __asm__ volatile("stmxcsr %0" : "=m"(m)); m |= 0x8000; __asm__ volatile("ldmxcsr %0" : : "m"(m));' ;;
aarch64) set_mode='unsigned long m; __asm__ volatile("mrs %0, fpcr" : "=r"(m)); m |= 1ul << 24; __asm__ volatile("msr fpcr, %0" : : "r"(m));' ;;
*) echo "no such test for $(uname -m)"; exit 77 ;;
esac
printf '__attribute__((constructor)) static void change(void) { %s }\n' "$set_mode" >"$dir/change.c"
$cc -O1 -shared -fPIC -o "$dir/change.so" "$dir/change.c"
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
line='rmsnorm R=3 C={5,16} eps=1e-5 gen=gauss'
expect 2 'flush to zero' env LD_PRELOAD="$dir/change.so" "$assay" check --case "$line"

# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >"$dir/mine.c"
plugin() { # NAME: compiles NAME.c
  $cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o "$dir/$1.so" "$dir/$1.c"
}
plugin mine
expect 0 'ok   rmsnorm/example:mine' "$assay" check --plugin "$dir/mine.so" --case "$line"
cat "$dir/mine.c" "$dir/change.c" >"$dir/loads.c"
plugin loads
expect 1 'loading the plug-in changed the floating-point environment.*flush to zero' \
  "$assay" check --plugin "$dir/loads.so" --case "$line"
sed "s#return ASSAY_OK;#$set_mode&#" "$dir/mine.c" >"$dir/leaves.c"
plugin leaves
expect 1 'run() left .*(flush to zero)' "$assay" check --plugin "$dir/leaves.so" --case "$line"
grep -q '  *abi' "$dir/out"

# Upper halves of vector registers: no ABI asks for them, so a note; a failure of one that promises to clean them.
if [ "$(uname -m)" = x86_64 ] && grep -qw avx2 /proc/cpuinfo; then
  dirty='__asm__ volatile("vpcmpeqd %%ymm7, %%ymm7, %%ymm7" : : : "xmm7");'
  sed "s#return ASSAY_OK;#$dirty&#" "$dir/mine.c" >"$dir/upper.c"
  plugin upper
  upper=("$assay" check --plugin "$dir/upper.so" --case "$line")
  expect 0 'ok   rmsnorm/example:mine: 2 passed' "${upper[@]}" --json "$dir/upper.json" --markdown "$dir/upper.md"
  grep -q 'note: run() left the upper half of ymm7 in use (no vzeroupper): legal, .* _mm256_zeroupper()' "$dir/out"
  grep -q '"note": *"run() left the upper half of ymm7' "$dir/upper.json"
  grep -q 'note: run() left the upper half of ymm7' "$dir/upper.md"
  expect 0 'note: run() left the upper half' "$assay" merge "$dir/upper.json"
  expect 0 'note  *run() left the upper half of ymm7' "$assay" check --plugin "$dir/upper.so" --certificate mine
  sed 's#\.run = run }#.run = run, .flags = ASSAY_CLEAN_UPPER }#' "$dir/upper.c" >"$dir/promise.c"
  plugin promise
  expect 1 'abi: run() left the upper half of ymm7 in use' "$assay" check --plugin "$dir/promise.so" --case "$line"
fi
echo "the judge asserts its own environment; a plug-in that changes it is named, by its constructor and by run()"
