#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay gate: a kernel that needs more instructions is found, an unchanged one and a faster one pass, another compiler's baseline is not
# compared, a baseline that cannot be read is refused with its line.
set -euo pipefail
assay=$1 source=$2 cc=$3
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
. "$source/ci/cli/expect"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/k.c" <<'C'
#include "assay/assay.h"
#include "assay/params.h"
#include <math.h>
static assay_status run(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[1].data;
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]);
        float *y = (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]), ss = 0;
        for (int64_t c = 0; c < a->dim[1]; c++)
            ss += x[c] * x[c];
        for (int n = 0; n < TIMES; n++)
            for (int64_t c = 0; c < a->dim[1]; c++)
                ((volatile float *)y)[c] = (w[c] + (p->plus_one ? 1 : 0)) * (x[c] / sqrtf(ss / (float)a->dim[1] + p->eps));
    }
    return ASSAY_OK;
}
static const assay_typeset f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_kernel kernels[] = { { .op = "rmsnorm", .name = "mine", .types = f32, .run = run } };
static const assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "example", "1", kernels, 1, 0, 0 };
const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void) { return &plugin; }
C
for n in 1 2; do
  "$cc" -std=c11 -O1 -shared -fPIC -I "$source/include" -DTIMES=$n -o "$dir/$n.so" "$dir/k.c"
done
b=$dir/baseline.txt
expect 0 'rows written' "$assay" gate --plugin "$dir/1.so" --baseline "$b" --renew
[ "$(grep -c 'rmsnorm/example:mine/' "$b")" -ge 2 ] || { echo "no rows in the baseline"; cat "$b"; exit 1; }
expect 0 '^[1-9][0-9]* rows as the baseline says, 0 within' "$assay" gate --plugin "$dir/1.so" --baseline "$b" # to the last instruction
expect 1 '^more .*rmsnorm/example:mine/.*: instructions' "$assay" gate --plugin "$dir/2.so" --baseline "$b" --json "$dir/j"
grep -q '"verdict": "failed"' "$dir/j" || { echo "not failed in JSON"; head -c 400 "$dir/j"; exit 1; }
expect 0 ' 0 need more' "$assay" gate --plugin "$dir/2.so" --baseline "$b" --more 200
sed 's/^compiler .*/compiler Other 1/' "$b" >"$dir/other.txt"
expect 0 '^not comparable (compiler .*, baseline Other 1)' "$assay" gate --plugin "$dir/2.so" --baseline "$dir/other.txt"
{ cat "$b"; echo 'many few rows'; } >"$dir/bad.txt"
expect 2 "bad.txt:$(wc -l <"$dir/bad.txt"): neither" "$assay" gate --plugin "$dir/1.so" --baseline "$dir/bad.txt"
tail -1 "$b" | cat "$b" - >"$dir/twice.txt"
expect 2 'a second time' "$assay" gate --plugin "$dir/1.so" --baseline "$dir/twice.txt"
grep -v / "$b" >"$dir/none.txt"
expect 1 'no row could be compared' "$assay" gate --plugin "$dir/1.so" --baseline "$dir/none.txt"
expect 2 'without -o, -k and --isa' "$assay" gate --renew -o rmsnorm --baseline "$b"
expect 2 'baseline FILE' "$assay" gate
