#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/plugin.md as it stands: cut out, compiled with the header alone, judged; then nine that are broken.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
make() { $cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o "$dir/$1.so" "$dir/$1.c"; }
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"

# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >"$dir/mine.c"
[ "$(wc -l <"$dir/mine.c")" -gt 15 ] || { echo "docs/plugin.md has no example"; exit 1; }
make mine
ends 0 "$assay" check --plugin "$dir/mine.so"
"$assay" check --plugin "$dir/mine.so" <&- >"$dir/out" 2>&1 || { echo "fails where standard input is closed"; cat "$dir/out"; exit 1; }
grep -q 'ok   rmsnorm/mine: [1-9]' "$dir/out"

break_it() { # NAME SED-SCRIPT WORD: a broken copy must fail with WORD in the output
  sed "$2" "$dir/mine.c" >"$dir/$1.c"
  cmp -s "$dir/mine.c" "$dir/$1.c" && { echo "$1: the edit changed nothing"; exit 1; }
  make "$1"
  ends "$4" "$assay" check --time-limit 2 --plugin "$dir/$1.so" --case 'rmsnorm R=3 C={5,16} eps=1e-5 gen=gauss'
  grep -q -- "$3" "$dir/out" || { echo "$1: no '$3' in:"; cat "$dir/out"; exit 1; }
}
break_it crash 's|float \*y = .*|float *y = (float *)8, ss = 0;|' 'crash' 1
break_it past 's|y\[c\] =|y[c + 1] =|' 'memory' 1
break_it input 's|ss += |((float *)x)[c] += 1, ss += |' 'memory' 1
break_it wrong 's|+ p->eps)|+ p->eps * 2)|' 'T1' 1
break_it exits 's|return ASSAY_OK;|_Exit(0);|;s|#include <math.h>|&\n#include <stdlib.h>|' 'exit code 0' 1
break_it abi 's|{ ASSAY_ABI,|{ 77,|' 'built against ABI 77' 2
break_it mute 's|^static assay_status run|__attribute__((constructor)) static void stuck(void) { for (;;) pause(); }\n&|;s|#include <math.h>|&\n#include <unistd.h>|' 'said nothing' 2
break_it unknown 's|.op = "rmsnorm"|.op = "rmsnrom"|' 'which is no op' 2
break_it ops 's|kernels, 1, 0, 0 }|kernels, 1, 0, 3 }|' 'brings 3 ops' 2
ends 2 "$assay" check --plugin "$dir/none.so"
echo "docs/plugin.md compiles and passes; nine broken ones are named"
