#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Certificates of a few kernels: the page, the JSON, the exit codes; promises that seeded faults break; failures in words
# and shrunk.
set -euo pipefail
assay=$1 source=$2 cc=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# shellcheck source=/dev/null
. "$(dirname "$0")/expect"

for op in add rmsnorm argmax quantize; do
  expect 0 'holds what it declares' "$assay" check --certificate '*' -o "$op" --isa scalar --json "$dir/$op.json"
done
expect 0 'output over its input  *not applicable  *(no input has' "$assay" check --certificate scalar -o argmax
expect 0 'same bits for every partition  *not applicable  *(takes only the whole call)' "$assay" check --certificate scalar -o add
expect 2 'no kernel that runs here' "$assay" check --certificate no-such-kernel
"${PYTHON:-python3}" - "$dir/rmsnorm.json" <<'E2'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["kind"] == "certificate" and d["kernels"]
for k in d["kernels"]:
    assert k["good"] and k["passed"] == k["cases"] > 100
    assert k["grade"] == max(l["permits"] or "A" for l in k["grade_lines"]) and all(l["executed"] for l in k["grade_lines"]), k
    for p in k["properties"]:
        assert p["answer"] in ("yes", "no", "not known", "not applicable")
        assert (p["answer"] == "not applicable") == (p["same"] + p["differ"] + p["lost"] == 0) == (p["reason"] is not None), p
        assert (p["answer"] in ("no", "not known")) == (p["case"] is not None), p
E2

# Wrong, and the same wrong bits every time: the page says so, instead of finding other bits wherever the verdict is bad.
# shellcheck disable=SC2016 # the backticks are Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' | sed 's|y\[c\] = |y[c] = 2 * |' >"$dir/twice.c"
"$cc" -std=c11 -O2 -w -shared -fPIC -I"$source/include" -o "$dir/twice.so" "$dir/twice.c" -lm
expect 1 'judged  *[0-9]* cases, [0-9][0-9]* passed' "$assay" check --plugin "$dir/twice.so" --certificate mine
expect 1 'grade F' "$assay" check --plugin "$dir/twice.so" --certificate mine
for property in 'in every run' 'for every partition' 'for every team' 'wherever operands lie'; do
  expect 1 "same bits $property  *yes" "$assay" check --plugin "$dir/twice.so" --certificate mine
done
expect 1 'a row alone as in a batch  *yes' "$assay" check --plugin "$dir/twice.so" --certificate mine

# Attention that adds up in another order where one query is alone, as kernels for decoding do: right, deterministic, and
# not batch-invariant along the queries, which counts as soon as it is promised.
cat >"$dir/decode.c" <<'END'
#include "assay/assay.h"
#include "assay/params.h"
#include <math.h>
enum { Q, K, V, O = 11 };
static const float *row(const assay_args *a, int i, int64_t x, int64_t y, int64_t z)
{
    const assay_tensor *t = &a->operand[i];
    return (const float *)((const char *)t->data + x * t->stride[0] + y * t->stride[1] + z * t->stride[2]);
}
static float score(const assay_args *a, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const assay_attention_params *p = a->params;
    const float *q = row(a, Q, b, t, h), *k = row(a, K, b, j, h * a->dim[4] / a->dim[3]);
    const int64_t at = a->dim[2] - a->dim[1] + t, ahead = j - at, W = p->window;
    float s = 0;
    if ((p->causal && ahead > 0) || (W > 0 && (ahead >= W || -ahead >= W)))
        return -INFINITY;
    for (int64_t d = 0; d < a->dim[5]; d++)
        s += q[d] * k[d];
    return s * p->scale;
}
static assay_status run(const assay_args *a)
{
    const int64_t S = a->dim[2], E = a->dim[6];
    for (int64_t t = a->begin; t < a->end; t++)
        for (int64_t i = 0; i < a->dim[0] * a->dim[3]; i++) {
            const int64_t b = i / a->dim[3], h = i % a->dim[3];
            float *o = (float *)row(a, O, b, t, h), m = -INFINITY, sum = 0;
            for (int64_t j = 0; j < S; j++)
                m = fmaxf(m, score(a, b, t, h, j));
            for (int64_t e = 0; e < E; e++)
                o[e] = 0;
            for (int64_t n = 0; n < S && m > -INFINITY; n++) {
                const int64_t j = a->dim[1] == 1 ? S - 1 - n : n;
                const float w = expf(score(a, b, t, h, j) - m), *v = row(a, V, b, j, h * a->dim[4] / a->dim[3]);
                sum += w;
                for (int64_t e = 0; e < E && w > 0; e++)
                    o[e] += w * v[e];
            }
            for (int64_t e = 0; e < E && sum > 0; e++)
                o[e] /= sum;
        }
    return ASSAY_OK;
}
static bool accepts(const assay_args *a) { return !(((const assay_attention_params *)a->params)->softcap > 0); }
#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[12] = { F32, F32, F32, [O] = F32 };
static const assay_kernel kernels[] = { { .op = "attention", .name = "decode", .types = types, .run = run, .accepts = accepts, .flags = FLAGS } };
static const assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "decode", "1", kernels, 1, 0, 0 };
const assay_plugin *assay_plugin_v1(void) { return &plugin; }
END
for flags in 0 ASSAY_BATCH_INVARIANT; do
  "$cc" -std=c11 -O2 -w -DFLAGS=$flags -shared -fPIC -I"$source/include" -o "$dir/$flags.so" "$dir/decode.c" -lm
done
decode=(-o attention --case 'attention B=2 T=5 S={9,40} H=4 G=2 D=16 E=8 causal=1 gen=gauss')
expect 0 'ok   attention/decode:decode: 2 passed' "$assay" check --plugin "$dir/0.so" "${decode[@]}"
expect 1 'declares "a row alone as in a batch"; row T=4 alone: o differs' "$assay" check --plugin "$dir/ASSAY_BATCH_INVARIANT.so" "${decode[@]}" --no-shrink
"$assay" check --plugin "$dir/0.so" -o attention --certificate decode >"$dir/out" || true
grep -q 'same bits in every run  *yes' "$dir/out"
grep -q 'grade F' "$dir/out"
grep -A1 'a row alone as in a batch  *no' "$dir/out" | grep -q 'row T=.* alone: o differs' || { cat "$dir/out"; exit 1; }

# The order of a sum, of a stranger's moe_combine in plain C: chains, lanes, a wider and a compensated sum, and what is declared.
cat >"$dir/sum.c" <<'END'
#include "assay/assay.h"
static float sum(const float *x, const float *w, int64_t step, int64_t K, int64_t T)
{
    float lane[LANES] = { 0 }, s = 0, lost = 0;
    double wide = 0;
    for (int64_t k = 0; k < K; k++) {
        const float p = x[k * step] * w[k];
        if (COMPENSATED) {
            volatile float after = s + p;
            lost += s * s >= p * p ? (s - after) + p : (p - after) + s;
            s = after;
        } else if (WIDE)
            wide += (double)p;
        else
            lane[T > 1 ? 0 : k % LANES] += p;
    }
    if (COMPENSATED || WIDE)
        return WIDE ? (float)wide : s + lost;
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}
static assay_status run(const assay_args *a)
{
    const assay_tensor *o = a->operand;
    for (int64_t t = 0; t < a->dim[0]; t++)
        for (int64_t d = 0; d < a->dim[2]; d++)
            ((float *)((char *)o[5].data + t * o[5].stride[0]))[d] =
                sum((const float *)((char *)o[2].data + t * o[2].stride[0]) + d,
                    (const float *)((char *)o[0].data + t * o[0].stride[0]), o[2].stride[1] / 4, a->dim[1], a->dim[0]);
    return ASSAY_OK;
}
static bool accepts(const assay_args *a) { return !a->operand[1].rank && !a->operand[3].rank && !a->operand[4].rank; }
#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[6] = { F32, [2] = F32, [5] = F32 };
static const assay_contract contract = { .h = { DECLARED } };
static const assay_kernel kernels[] = { { .op = "moe_combine", .name = "mine", .flags = ASSAY_UNSLICED,
                                          .types = types, .run = run, .accepts = accepts, .contract = &contract } };
static const assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "sum", "1", kernels, 1, 0, 0 };
const assay_plugin *assay_plugin_v1(void) { return &plugin; }
END
order() { # CODE WORDS LANES WIDE COMPENSATED DECLARED
  "$cc" -std=c11 -O1 -w -ffp-contract=off -DLANES="$3" -DWIDE="$4" -DCOMPENSATED="$5" -DDECLARED="$6" -shared -fPIC \
    -I"$source/include" -o "$dir/sum.so" "$dir/sum.c"
  expect "$1" "$2" "$assay" check --plugin "$dir/sum.so" -o moe_combine --rows --certificate mine --json "$dir/sum.json"
}
order 0 'a chain of 64$' 1 0 0 0
order 0 'longest chain 63 additions, 64 by contract (strict)' 1 0 0 0
order 1 'longest chain 63 additions, 19 by contract (4 lanes): BREAKS WHAT IT DECLARES' 1 0 0 'ASSAY_DEPTH_LANES, 4'
order 0 'accumulates in f64' 1 1 0 0
order 0 'not seen: compensated, or wider than f32: no term is swallowed' 1 0 1 0
order 1 'T=1 is added otherwise than T=4: there it is a chain of 64' 4 0 0 'ASSAY_DEPTH_LANES, 4'
grep -q '4 lanes, each a chain of 16, added pairwise' "$dir/out"
sed -i 's/T > 1 ? 0 : k % LANES/k % LANES/' "$dir/sum.c"
order 0 'could declare  *4 lanes: 19 additions of 64 terms in place of 64, a bound 3.[23] times tighter' 4 0 0 0
order 0 'longest chain 17 additions, 19 by contract (4 lanes)' 4 0 0 'ASSAY_DEPTH_LANES, 4'
"${PYTHON:-python3}" - "$dir/sum.json" <<'E2'
import json, sys
k = json.load(open(sys.argv[1]))["kernels"][0]
assert k["good"] and "could_declare" not in k
for s in k["sums"]:
    assert s["longest"] <= s["declared"] and s["every_output"] and s["accumulator"] == "f32" and s["not_seen"] is None, s
    leaves = s["tree"].replace("(", " ").replace(")", " ").split()
    assert sorted(map(int, leaves)) == list(range(s["terms"])), s
    assert s.get("as_with_more_rows", True), s
E2

# Its picture: lanes as triangles, the longest way, a title and a description; a folder for all; what cannot be drawn is said.
expect 2 '.--picture goes with --certificate' "$assay" check -o add --picture "$dir/x.svg"
expect 0 'not seen, they' "$assay" check --certificate scalar -o logsumexp --picture "$dir/none.svg"
grep -q 'no picture: no tree of logsumexp/scalar was seen' "$dir/out" && [ ! -e "$dir/none.svg" ]
lanes=("$assay" check --plugin "$dir/sum.so" -o moe_combine --rows --certificate mine --picture)
if command -v gnuplot >/dev/null; then
  expect 0 'a picture of it in' "${lanes[@]}" "$dir/tree.svg"
  "${PYTHON:-python3}" - "$dir/tree.svg" <<'E2'
import sys, xml.etree.ElementTree as E
s = "{http://www.w3.org/2000/svg}"
t = E.parse(sys.argv[1]).getroot()
assert t.find(s + "title").text == "moe_combine/sum:mine: experts, 64 of them", t.find(s + "title").text
assert "4 lanes, each a chain of 16, added pairwise" in t.find(s + "desc").text and "17 additions" in t.find(s + "desc").text
words = ["".join(x.itertext()).strip() for x in t.iter(s + "text")]
assert words.count("16") == 4 + 1 and {"15", "17", "longest way"} <= set(words), words  # four names, a height
E2
  expect 0 'a picture of 16 terms in .*/trees/moe_combine-sum-mine-2.svg' "${lanes[@]}" "$dir/trees"
  [ "$(find "$dir/trees" -name '*.svg' | wc -l)" = 3 ]
  expect 2 'tree.svg/no' "${lanes[@]}" "$dir/tree.svg/no"
  # shellcheck disable=SC2016 # it is to stay as it is
  sed 's|"mine"|"it'"'"'s `touch stolen`"|' "$dir/sum.c" >"$dir/quoted.c"
  "$cc" -std=c11 -O1 -w -DLANES=4 -DWIDE=0 -DCOMPENSATED=0 -DDECLARED=0 -shared -fPIC -I"$source/include" -o "$dir/quoted.so" "$dir/quoted.c"
  (cd "$dir" && "$assay" check --plugin "$dir/quoted.so" -o moe_combine --rows --certificate '*' --picture "$dir/quoted.svg" >out 2>&1) || true
  if [ -e "$dir/stolen" ] || ! grep -q 'touch stolen' "$dir/quoted.svg"; then cat "$dir/out"; exit 1; fi
fi
mkdir "$dir/nothing"
expect 2 'gnuplot did not draw .*: it is not installed' env PATH="$dir/nothing" "${lanes[@]}" "$dir/no.svg"

# A product by Strassen's seven, one level of them: the failure names the model that its error obeys.
cat >"$dir/seven.c" <<'END'
#include "assay/assay.h"
static const signed char of_x[7][4] = { { 1, 0, 0, 1 }, { 0, 0, 1, 1 }, { 1 }, { 0, 0, 0, 1 }, { 1, 1 }, { -1, 0, 1 }, { 0, 1, 0, -1 } };
static const signed char of_w[7][4] = { { 1, 0, 0, 1 }, { 1 }, { 0, 0, 1, -1 }, { -1, 1 }, { 0, 0, 0, 1 }, { 1, 0, 1 }, { 0, 1, 0, 1 } };
static const signed char of_y[4][7] = { { 1, 0, 0, 1, -1, 0, 1 }, { 0, 0, 1, 0, 1 }, { 0, 1, 0, 1 }, { 1, -1, 1, 0, 0, 1 } };
static float *at(const assay_tensor *t, int64_t r, int64_t c) { return (float *)((char *)t->data + r * t->stride[0]) + c; }
static float mixed(const assay_tensor *t, const signed char *sign, int64_t r, int64_t c, int64_t R, int64_t C)
{
    float s = 0;
    for (int q = 0; q < 4; q++)
        if (sign[q])
            s += sign[q] * *at(t, r + q / 2 * R, c + q % 2 * C);
    return s;
}
static assay_status run(const assay_args *a)
{
    const assay_tensor *x = &a->operand[0], *w = &a->operand[1], *y = &a->operand[3];
    const int64_t T = a->dim[0] / 2, N = a->dim[1] / 2, K = a->dim[2] / 2;
    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++) {
            float m[7] = { 0 };
            for (int p = 0; p < 7; p++)
                for (int64_t k = 0; k < K; k++)
                    m[p] += mixed(x, of_x[p], t, k, T, K) * mixed(w, of_w[p], n, k, N, K);
            for (int q = 0; q < 4; q++) {
                float s = 0;
                for (int p = 0; p < 7; p++)
                    s += of_y[q][p] * m[p];
                *at(y, t + q / 2 * T, n + q % 2 * N) = s;
            }
        }
    return ASSAY_OK;
}
static bool accepts(const assay_args *a) { return !a->operand[2].rank && !(a->dim[0] % 2 || a->dim[1] % 2 || a->dim[2] % 2); }
#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[4] = { F32, F32, [3] = F32 };
static const assay_kernel kernels[] = { { .op = "matmul", .name = "mine", .flags = ASSAY_UNSLICED, .types = types, .run = run, .accepts = accepts } };
static const assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "seven", "1", kernels, 1, 0, 0 };
const assay_plugin *assay_plugin_v1(void) { return &plugin; }
END
"$cc" -std=c11 -O2 -w -ffp-contract=off -shared -fPIC -I"$source/include" -o "$dir/seven.so" "$dir/seven.c"
expect 1 "the error is norm-wise (as Strassen's), not component-wise" "$assay" check --plugin "$dir/seven.so" --case 'matmul T=32 N=32 K=64 gen={gauss,wide}'

expect 0 'by promise' "$assay" check --faults -o rmsnorm -k 'batch-invariance-declared-and-broken'
expect 0 'by promise' "$assay" check --faults -o rmsnorm -k 'determinism-declared-and-broken-by-call'
expect 0 'by promise' "$assay" check --faults -o rmsnorm -k 'determinism-declared-and-broken-by-slice'
expect 0 '0 flagged' "$assay" check --faults -o rmsnorm -k 'promises-kept'

line='matmul T=3 N=23 K=9 seed=1'
kernel=tail-of-n-skipped-where-n-mod-8-is-7
expect 0 'in words: the last 7 N .*: never written' "$assay" check --faults -k "$kernel" --repro "$line"
expect 0 '21 of 69 elements of y are wrong' "$assay" check --faults -k "$kernel" --repro "$line"
expect 0 '> T=0 N=16 .*not written' "$assay" check --faults -k "$kernel" --repro "$line"
expect 0 'shrunk: matmul T=1 N=7 K=1 gen=zero seed=1' "$assay" check --faults --shrink -k "$kernel" --repro "$line"
"$assay" check --faults -k "$kernel" --repro "$line" | grep -q shrunk && { echo "shrinks without being asked"; exit 1; }
# A kernel of a stranger, not a seeded fault: the example of docs/plugin.md with a sum that leaves out what is behind the last 8.
# shellcheck disable=SC2016 # the backticks are Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' |
  sed '0,/c < a->dim\[1\]/s//c < (a->dim[1] > 8 ? a->dim[1] \/ 8 * 8 : a->dim[1])/' >"$dir/short.c"
"$cc" -std=c11 -O2 -shared -fPIC -I"$source/include" -o "$dir/short.so" "$dir/short.c" -lm
short=("$assay" check --plugin "$dir/short.so" --case 'rmsnorm R=3 C=20 eps=1e-5 gen=gauss seed=1')
expect 1 'every element: each R by a factor of its own' "${short[@]}"
expect 1 "shrunk: assay check --plugin '$dir/short.so' -k 'mine' --repro 'rmsnorm R=1 C=9 gen=equal seed=1' (operands \(plain\|after another\), 1 thread)" "${short[@]}"
expect 1 'FAIL rmsnorm/example:mine' "${short[@]}" --no-shrink
grep -q shrunk "$dir/out" && { echo "--no-shrink shrinks"; exit 1; }
# The printed line, pasted into a shell, fails again, whatever the file is called.
pasted() { # COMMAND...: the first line that it prints to repeat a case
  "$@" >"$dir/out" 2>&1 || true
  grep -m1 -o 'assay check .*--repro.*' "$dir/out" | sed "s|^assay|'$assay'|" >"$dir/pasted"
  [ -s "$dir/pasted" ] || { echo "no line to paste: $*"; exit 1; }
}
cp "$dir/short.so" "$dir/it's \$HOME.so"
pasted "$assay" check --plugin "$dir/it's \$HOME.so" --case 'rmsnorm R=3 C=20 eps=1e-5 gen=gauss seed=1' --no-shrink
expect 1 'FAIL rmsnorm/example:mine' bash "$dir/pasted"
echo "certificates, promises, words and shrinking as documented"
