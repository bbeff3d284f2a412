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
expect 0 'ok   rmsnorm/mine' "$assay" check --plugin "$dir/mine.so" --case "$line"
cat "$dir/mine.c" "$dir/change.c" >"$dir/loads.c"
plugin loads
expect 1 'loading the plug-in changed the floating-point environment.*flush to zero' \
  "$assay" check --plugin "$dir/loads.so" --case "$line"
sed "s#return ASSAY_OK;#$set_mode&#" "$dir/mine.c" >"$dir/leaves.c"
plugin leaves
expect 1 'run() left .*(flush to zero)' "$assay" check --plugin "$dir/leaves.so" --case "$line"
grep -q '  *abi' "$dir/out"
echo "the judge asserts its own environment; a plug-in that changes it is named, by its constructor and by run()"
