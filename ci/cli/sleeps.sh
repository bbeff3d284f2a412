#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A call that sleeps until the limit is made once more (a loaded machine may have lost a wake-up), three times in all for a
# kernel: one that sleeps now and then is not tried for hours.  This one does so in each process that has lived for a second.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
cd "$dir"
{ cat <<'C'
#define _GNU_SOURCE
#include <time.h>
#include <unistd.h>
static double born;
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
__attribute__((constructor)) static void begin(void)
{
    born = now();
}
static void drowse(void)
{
    usleep(100000);
    while (now() - born > 1)
        usleep(1000000);
}
C
  # shellcheck disable=SC2016 # backquotes of Markdown
  sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' | sed 's|^    const .*p = a->params;|&\n    drowse();|'
} >drowsy.c
$cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o drowsy.so drowsy.c
ends 1 "$assay" check --time-limit 1 --max-failures 1 --no-shrink --plugin ./drowsy.so --case 'rmsnorm R=1 C={1..40}' --json drowsy.json
tries=$(grep -c 'rmsnorm/example:mine: its process slept until the limit; the call is run once more' out || true)
[ "$tries" = 3 ] || { echo "$tries second tries, not 3"; cat out; exit 1; }
python3 - <<'PY'
import json
kernel, = [k for k in json.load(open("drowsy.json"))["kernels"] if k["kernel"] == "example:mine"]
assert kernel["passed"] >= 3 and kernel["failed"] == 1 and kernel["failures"][0]["by"] == "timeout", kernel
PY
echo "three second tries, then a failure; $(grep -c . out) lines"
