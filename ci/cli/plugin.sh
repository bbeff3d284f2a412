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
whole=$(sed -n 's/ cases; .*//p' "$dir/out")
"$assay" check --plugin "$dir/mine.so" --rows <&- >"$dir/out" 2>&1 || { echo "fails where standard input is closed"; cat "$dir/out"; exit 1; }
grep -q 'ok   rmsnorm/example:mine: [1-9]' "$dir/out"

expect 0 '^rmsnorm  *example:mine  *scalar  *strict' "$assay" list kernels --plugin "$dir/mine.so"
expect 2 "did you mean mine?.*list kernels --plugin" "$assay" check --plugin "$dir/mine.so" -k mien

# A stranger's avx2 is not ours: its plug-in's name stands before it, the file's where it declares none or ours.
line='rmsnorm R=3 C=16 eps=1e-5 gen=gauss seed=1'
bears() { # DECLARED SHOWN
  sed "s|\"example\"|$1|;s|.name = \"mine\"|.name = \"avx2\"|" "$dir/mine.c" >"$dir/stranger.c"
  make stranger
  expect 0 "ok   rmsnorm/$2:avx2: 1 passed" "$assay" check --plugin "$dir/stranger.so" --repro "$line"
}
bears '"assay"' stranger
bears '""' stranger
bears NULL stranger
# shellcheck disable=SC2016 # a name, not a variable
bears '"a:b $c\\x1b[2J and more than fits"' 'a_b__c__2J_and_more_tha'
bears '"theirs"' theirs
for glob in avx2 'av*' theirs:avx2 'theirs:*' '*:avx2'; do
  expect 0 'ok   rmsnorm/theirs:avx2: 1 passed' "$assay" check --plugin "$dir/stranger.so" -k "$glob" --repro "$line" --json "$dir/named.json"
done
grep -q '"kernel": "theirs:avx2"' "$dir/named.json" || { echo "JSON shows a stranger's kernel as ours"; exit 1; }
for glob in 'their*' ours:avx2 assay:avx2; do
  expect 2 'no kernel matches' "$assay" check --plugin "$dir/stranger.so" -k "$glob" --repro "$line"
done
expect 0 '^rmsnorm  *theirs:avx2 ' "$assay" list kernels --plugin "$dir/stranger.so"
"$assay" check -o rmsnorm --case "$line" --json "$dir/ours.json" >/dev/null
expect 0 . "$assay" merge -o "$dir/both.json" "$dir/ours.json" "$dir/named.json"
[ "$(grep -o '"kernel": "\(theirs:\)*avx2"' "$dir/both.json" | sort -u | wc -l)" = 2 ] || { echo "merge takes a stranger's kernel for ours"; exit 1; }
if "$assay" --help | grep -q '^  bench'; then
  expect 0 'time of scalar over time of theirs:avx2: ' "$assay" bench --threads 1 --simulate none --no-roofs --plugin "$dir/stranger.so" -k scalar -k theirs:avx2 --case "$line"
fi

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
grep -q 'none.so: cannot open' "$dir/out" || { echo "a plug-in that is not there:"; cat "$dir/out"; exit 1; }

# In the judge's own process, for debuggers: the same numbers, and said to be no verdict; a crash takes the tool along.
line='rmsnorm R=3 C=16 eps=1e-5 gen=gauss seed=1'
expect 0 'no verdict' "$assay" check --in-process --plugin "$dir/mine.so" --repro "$line"
grep -q 'ok   rmsnorm/example:mine: 1 passed' "$dir/out" || { echo "--in-process judges otherwise"; cat "$dir/out"; exit 1; }
expect 1 'FAIL rmsnorm/example:mine' "$assay" check --in-process --plugin "$dir/wrong.so" --repro "$line"
expect 0 'no verdict' "$assay" check --in-process -o rmsnorm --case "$line"
expect 2 'needs the case' "$assay" check --in-process --plugin "$dir/mine.so"
expect 2 'writes no results' "$assay" check --in-process --plugin "$dir/mine.so" --repro "$line" --json "$dir/x.json"
expect 2 'does not go with another mode' "$assay" check --in-process --certificate mine --plugin "$dir/mine.so" --repro "$line"
(ulimit -c 0; "$assay" check --in-process --plugin "$dir/crash.so" --repro "$line") >"$dir/out" 2>&1 && { echo "a crash in this process is lost"; exit 1; }
grep -q 'rmsnorm/example:mine: ' "$dir/out" && { echo "a crash in this process is judged"; cat "$dir/out"; exit 1; }

# The last words of a runner are kept: a library's, and a sanitizer's that is not loaded first.
break_it says 's|return ASSAY_OK;|fputs("libtile: no room\\n", stderr); abort();|;s|#include <math.h>|&\n#include <stdio.h>\n#include <stdlib.h>|' 'libtile: no room (died of signal 6' 1
if ! "$assay" --version | grep -q fsanitize && $cc -std=c11 -w -fsanitize=address -shared -fPIC -I "$source/include" -o "$dir/asan.so" "$dir/mine.c"; then
  expect 2 'ASan runtime does not come first' "$assay" check --plugin "$dir/asan.so"
  runtime=$($cc -print-file-name=libasan.so)
  [ ! -e "$runtime" ] || for how in '' --in-process; do # not where clang's runtime has another name
    # shellcheck disable=SC2086 # no word at all
    expect 0 'ok   rmsnorm/example:mine: 1 passed' env LD_PRELOAD="$runtime" ASAN_OPTIONS=detect_leaks=0 "$assay" check $how --plugin "$dir/asan.so" --repro "$line"
  done
fi

# A file named without a folder is a file here, not a library of the system's.
(cd "$dir" && "$assay" check --plugin mine.so --case 'rmsnorm R=1 C=4' >out) || { echo "mine.so without ./"; exit 1; }

# A kernel that never ends is given up after three cases, --max-failures ends the run; the counts add up to the whole.
counts() { # FILE FAILED: all runs of a file's one kernel are accounted for, and each failure is in it
  "${PYTHON:-python3}" - "$1" "$2" "$whole" <<'END'
import json, sys
name, failed, whole = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
d = json.load(open(name))
k, total = d["kernels"][0], d["totals"]
words = ("passed", "failed", "not_accepted", "other_types", "not_run")
for counts in (k, total):
    if sum(counts.get(w, 0) for w in words) != whole or counts["failed"] != failed or counts["not_run"] < 1:
        sys.exit(f"{name}: {[counts.get(w, 0) for w in words]} of {whole}")
if len(k["failures"]) != failed or k["verdict"] != "failed":
    sys.exit(f"{name}: {len(k['failures'])} failures are in it, {k['verdict']}")
END
}
sed 's|return ASSAY_OK;|for (int i = 0; a->begin < a->end; i++) __asm__ volatile("");|' "$dir/mine.c" >"$dir/endless.c"
make endless
ends 1 "$assay" check --time-limit 1 --plugin "$dir/endless.so" --json "$dir/endless.json" --junit "$dir/endless.xml"
grep -q 'the third time-out or crash: its other cases are not run' "$dir/out"
grep -q '0 passed, 3 failed, 0 not accepted, .* [1-9][0-9]* not run' "$dir/out" || { cat "$dir/out"; exit 1; }
grep -q ' [1-9][0-9]* not run' "$dir/endless.xml" || { echo "JUnit without: not run"; exit 1; }
counts "$dir/endless.json" 3
ends 1 "$assay" merge -o "$dir/merged.json" "$dir/endless.json"
grep -q '3 failed, 0 not accepted, .* not run' "$dir/out" || { cat "$dir/out"; exit 1; }
counts "$dir/merged.json" 3
sed 's|(p->plus_one ? 1 : 0)|0|' "$dir/mine.c" >"$dir/plain.c"
make plain
ends 1 "$assay" check --max-failures 9 --plugin "$dir/plain.so" --json "$dir/plain.json"
counts "$dir/plain.json" 9
"$assay" check --plugin "$dir/endless.so" --time-limit 1 --case 'rmsnorm R={1,2,3,4}' >"$dir/live" 2>&1 &
live=$!
for _ in $(seq 100); do grep -q 'timeout: no answer' "$dir/live" && break; sleep 0.1; done
kill -0 $live || { echo "a failure is printed at the end of the run, not as it comes"; exit 1; }
wait $live && exit 1

# What the failures share; the contract under which there are none.
ends 1 "$assay" check --plugin "$dir/plain.so" --json "$dir/plain.json" --junit "$dir/plain.xml" --tap "$dir/plain.tap" --markdown "$dir/plain.md"
grep -q '^    all [1-9][0-9]* cases that fail have plus_one=1, ' "$dir/out" || { cat "$dir/out"; exit 1; }
for form in json xml tap md; do
  grep -q 'all [1-9][0-9]* cases that fail have plus' "$dir/plain.$form" || { echo "plain.$form says nothing of the cause"; exit 1; }
done
shares() { # NAME SED-SCRIPT WORDS: what is said of a broken copy over all cases
  sed "$2" "$dir/mine.c" >"$dir/$1.c"
  make "$1"
  ends 1 "$assay" check --plugin "$dir/$1.so"
  grep -q -- "$3" "$dir/out" || { echo "$1: no '$3' in:"; cat "$dir/out"; exit 1; }
}
shares long 's|ss += x\[c\]|ss += (c < 100 ? 1 : 1.01f) * x[c]|' 'cases that fail have C > [0-9]*, \(none of the\|as have [0-9] of the\)'
shares pair 's|(p->plus_one ? 1 : 0)|(p->plus_one ? a->dim[1] % 2 ? 1.1f : 1 : 0)|' 'cases that fail have plus_one=1 and C odd, none of the'
shares dense 's|r \* a->operand\[0\].stride\[0\]|r * a->dim[1] * 4|' 'cases that fail have R > 1, as have'
shares flush 's|y\[c\] = \(.*\);|{ float v = \1; y[c] = fabsf(v) < 0x1p-126f ? 0 : v; }|' 'right if the kernel declares: subnormals flushed'
shares half 's|x\[c\]|(float)(_Float16)x[c]|g' 'right if the kernel declares: x rounded to f16'
shares narrow 's|ss += \(x\[c\].*\);|ss = (float)(_Float16)(ss + \1);|' 'right if the kernel declares: accumulates in f16'

# What the processor says of a crash, and where; what lies around an operand.
break_it behind 's|a->operand\[0\].data + r|a->operand[0].data + 4096 + r|' 'reads byte .* behind x .*, by the instruction at behind.so+0x.*indices of R' 1
break_it first 's|const float \*w = .*|const volatile float *w = a->operand[1].data; (void)w[a->dim[1]];|' \
  'reads the first byte behind w (20 bytes long), by the instruction at first.so+0x' 1
break_it divide 's|ss = 0;|ss = (float)((int)a->dim[1] / p->plus_one);|' 'signal' 1
if [ "$(uname -m)" = x86_64 ]; then
  grep -q 'signal 8 .*: an integer division by zero.*at divide.so+0x' "$dir/out" || { cat "$dir/out"; exit 1; }
  break_it aligned 's|ss = 0;|ss = 0; __asm__ volatile("movaps 1(%%rsp), %%xmm0" ::: "xmm0");|' \
    'general protection: likely a misaligned address.*at aligned.so+0x' 1
  break_it trap 's|ss = 0;|ss = 0; __builtin_trap();|' 'signal 4 .*: an instruction that this CPU does not have' 1
fi

# Every public header as C++; what a field leaves to the op has its usual value when a kernel sees it.
cat >"$dir/plus.cc" <<'END'
#include "assay/assay.h"
#include "assay/blocks.h"
#include "assay/params.h"
#include <cmath>
namespace {
const assay_typeset f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                              ASSAY_TYPES(ASSAY_T(f32)) };
const assay_typeset turned[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)), ASSAY_TYPES(ASSAY_T(f32)),
                                 ASSAY_TYPES(ASSAY_T(i32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                 ASSAY_TYPES(ASSAY_T(f32)) };
float *row(const assay_tensor *t, int64_t r, int64_t h)
{
    return reinterpret_cast<float *>(static_cast<char *>(t->data) + r * t->stride[0] + h * t->stride[1]);
}
assay_status softmax(const assay_args *a)
{
    const float scale = static_cast<const assay_softmax_params *>(a->params)->scale;
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = row(a->operand, r, 0);
        double most = -INFINITY, sum = 0;
        for (int64_t c = 0; c < a->dim[1]; c++)
            most = std::fmax(most, static_cast<double>(scale) * x[c]);
        for (int64_t c = 0; c < a->dim[1]; c++)
            sum += std::exp(static_cast<double>(scale) * x[c] - most);
        for (int64_t c = 0; c < a->dim[1]; c++)
            row(a->operand + 3, r, 0)[c] = static_cast<float>(std::exp(static_cast<double>(scale) * x[c] - most) / sum);
    }
    return ASSAY_OK;
}
assay_status rope(const assay_args *a)
{
    const assay_rope_params *p = static_cast<const assay_rope_params *>(a->params);
    const int64_t R = p->n_dims;
    for (int64_t t = a->begin; t < a->end; t++)
        for (int64_t h = 0; h < a->dim[1]; h++)
            for (int64_t r = 0; r < R / 2; r++) {
                const int64_t i = p->mode ? r : 2 * r, j = p->mode ? r + R / 2 : 2 * r + 1;
                const double at = static_cast<int32_t *>(a->operand[1].data)[t] *
                                  std::pow(static_cast<double>(p->base), -2.0 * r / R);
                const float *x = row(a->operand, t, h);
                row(a->operand + 6, t, h)[i] = static_cast<float>(x[i] * std::cos(at) - x[j] * std::sin(at));
                row(a->operand + 6, t, h)[j] = static_cast<float>(x[i] * std::sin(at) + x[j] * std::cos(at));
            }
    return ASSAY_OK;
}
const assay_kernel kernels[] = { { "softmax", "plus", 0, 0, 0, f32, nullptr, nullptr, nullptr, softmax, 0, 0, 0, 0, 0, 0, 0 },
                                 { "rope", "plus", 0, 0, 0, turned, nullptr, nullptr, nullptr, rope, 0, 0, 0, 0, 0, 0, 0 } };
const assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "c++", "1", kernels, 2, nullptr, 0 };
}
extern "C" const assay_plugin *assay_plugin_v1() { return &plugin; }
END
for cxx in g++ clang++; do
  command -v $cxx >/dev/null || { echo "$cxx is not there: the headers are not tried with it"; continue; }
  for std in 11 20; do
    $cxx -std=c++$std -O2 -Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Wno-missing-declarations -Werror \
      -shared -fPIC -I "$source/include" -o "$dir/plus.so" "$dir/plus.cc"
  done
  ends 0 "$assay" check --plugin "$dir/plus.so" --case 'softmax R=3 C={5,16} gen=gauss'
  ends 0 "$assay" check --plugin "$dir/plus.so" --case 'rope T=3 H=2 D={8,16} mode={half,interleaved}'
done
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then # a limit that stands for other users alone
  mkdir -m 755 "$dir/few"; chmod 755 "$dir"; install -m 755 "$assay" "$dir/few/assay"
  ends 2 setpriv --reuid=60123 --regid=60123 --clear-groups sh -c "ulimit -u 3 2>/dev/null || ulimit -p 3; cd /; exec '$dir/few/assay' check -o add"
  grep -q 'cannot judge' "$dir/out"
fi

# What a team and a second call take before any kernel's code runs is not the kernel's failure; with what the sentence
# asks for it passes, and with less it is not judged.
cases=(--plugin "$dir/mine.so" --case 'rmsnorm R=7 C={3..40} gen=gauss')
for team in 2 9; do
  expect 2 "cannot judge: .* $team threads needs [0-9]* MiB .* gives 1\$" "$assay" check "${cases[@]}" --threads $team --memory-limit 1
  least=$(sed -n 's/.*needs \([0-9]*\) MiB.*/\1/p' "$dir/out")
  "$assay" --version | grep -q fsanitize || expect 0 'ok   rmsnorm' "$assay" check "${cases[@]}" --threads $team --memory-limit "$least"
  expect 2 "cannot judge: .*gives $((least - 1))\$" "$assay" check "${cases[@]}" --threads $team --memory-limit $((least - 1))
done
if "$assay" --help | grep -q '^  bench'; then
  rows=("$assay" bench --plugin "$dir/mine.so" --threads 2 --memory-limit 1 --no-roofs --simulate none --case "$line")
  for more in '' '-k scalar -k mine'; do
    # shellcheck disable=SC2086
    expect 2 'cannot judge: .* 2 threads needs' "${rows[@]}" $more
  done
fi
# A library that ends the process is quoted; no destructor writes what is read-only by then.
{
  printf '#include <stdio.h>\n#include <stdlib.h>\n'
  sed 's|    const float .w = |    fputs("the library has had enough\\n", stderr), exit(3);\n&|' "$dir/mine.c"
} >"$dir/enough.c"
make enough
expect 1 'the library has had enough (its process ended with exit code 3)' "$assay" check --no-shrink --plugin "$dir/enough.so" --repro "$line"
echo "docs/plugin.md compiles and passes; nine broken ones are named"
