#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay run --plugin on a synthetic model: docs/plugin.md's kernel in its place, calls that it does not accept, and broken ones that end the run
# with a sentence, exit status 1 and nothing left behind.
set -uo pipefail
bad=0 source=$2 cc=${3:-cc}
# shellcheck source=ci/cli/tiny
. "$(dirname "$0")/tiny" "$1"
make() { $cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o "$dir/$1.so" "$dir/$1.c"; }
# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >"$dir/mine.c"
make mine || { echo "docs/plugin.md's example does not compile"; exit 1; }
args=("$model" --ids "5,6,7" -n 30 --ignore-eos)
json() { python3 -c 'import json, sys; print(eval(sys.argv[2], {"run": json.load(open(sys.argv[1]))}))' "$1" "$2"; }
same() { # WHAT A B
  [ "$2" = "$3" ] || { echo "$1: '$2', not '$3'"; bad=1; }
}
edit() { # NAME SED-SCRIPT
  sed "$2" "$dir/mine.c" >"$dir/$1.c"
  cmp -s "$dir/mine.c" "$dir/$1.c" && { echo "$1: the edit changed nothing"; exit 1; }
  make "$1"
}

# A kernel for an op: all its calls; the same text as without, within what rounding does to a greedy one of this seed.
expect 0 '1 thread' "$assay" run "${args[@]}" --json "$dir/plain.json"
expect 0 'plug-in: rmsnorm: [1-9][0-9]* calls by example:mine; none fell back' "$assay" run "${args[@]}" --plugin "$dir/mine.so" --json "$dir/mine.json"
grep -q 'judge it first: assay check --plugin' "$dir/out" || { echo "nothing says that it is not judged"; bad=1; }
grep -q '  rmsnorm  *example:mine ' "$dir/out" || { echo "the shares do not name it"; bad=1; }
same 'the text with it' "$(json "$dir/mine.json" 'run["ids"]')" "$(json "$dir/plain.json" 'run["ids"]')"
same 'its calls' "$(json "$dir/mine.json" '[(p["op"], p["kernel"], p["calls"] > 30, p["fell_back"]) for p in run["plugin"]]')" "[('rmsnorm', 'example:mine', True, 0)]"
# By name, or not at all; other ops as --impl says.
for name in mine example:mine; do
  expect 0 'plug-in: rmsnorm: [1-9][0-9]* calls' "$assay" run "${args[@]}" --plugin "$dir/mine.so" --impl "oracle,rmsnorm=$name"
done
expect 0 'plug-in: rmsnorm: no call' "$assay" run "${args[@]}" --plugin "$dir/mine.so" --impl best
expect 0 'plug-in: rmsnorm: [1-9][0-9]* calls' "$assay" run "${args[@]}" --plugin "$dir/mine.so" --impl scalar,rmsnorm=plugin
expect 2 "no kernel 'yours'" "$assay" run "${args[@]}" --plugin "$dir/mine.so" --impl rmsnorm=yours
expect 2 "'plugin' is neither" "$assay" run "${args[@]}" --impl plugin
(cd "$dir" && "$assay" run "${args[@]}" --plugin mine.so >out 2>&1) || { echo "mine.so without ./"; bad=1; }
# What it refuses goes to the best of ours, and is counted: the prompt's calls have three rows, the others one.
edit picky 's|.run = run }|.run = run, .accepts = one }|;s|^static const assay_typeset|static bool one(const assay_args *a) { return a->dim[0] == 1; }\n&|;s|"mine"|"picky"|'
expect 0 'calls by example:picky; [1-9][0-9]* fell back to others: not accepted' "$assay" run "${args[@]}" --plugin "$dir/picky.so"
# Of two kernels the one that takes the call; two of one name are refused.
expect 0 'plug-in: rmsnorm: [1-9][0-9]* calls by example:mine, [1-9][0-9]* calls by example:picky; none' \
  "$assay" run "${args[@]}" --plugin "$dir/mine.so" --plugin "$dir/picky.so"
expect 2 'rmsnorm has a kernel example:mine already' "$assay" run "${args[@]}" --plugin "$dir/mine.so" --plugin "$dir/mine.so"
# Files are written as ever, though the process that runs the kernel may write none; perplexity and beams go through it, too.
expect 0 tokens/s "$assay" run "${args[@]}" --impl scalar --logits "$dir/a.safetensors"
expect 0 tokens/s "$assay" run "${args[@]}" --plugin "$dir/mine.so" --impl scalar --logits "$dir/b.safetensors"
cmp -s "$dir/a.safetensors" "$dir/b.safetensors" || { echo "--logits through the other process differ"; bad=1; }
same 'JSON on standard output' "$("$assay" run "${args[@]}" --plugin "$dir/mine.so" --json - 2>/dev/null | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["ids"]))')" 30
expect 2 'No space left' "$assay" run "${args[@]}" --plugin "$dir/mine.so" --json /dev/full
"$assay" run "${args[@]}" --plugin "$dir/mine.so" >/dev/full 2>"$dir/err"; same 'a full disk' "$?" 2
expect 0 'plug-in: rmsnorm: [1-9]' "$assay" run "$model" --perplexity "$dir/mine.c" --window 64 --plugin "$dir/mine.so"
expect 0 'plug-in: rmsnorm: [1-9]' "$assay" run "${args[@]}" --beams 3 --plugin "$dir/mine.so"
"$assay" run "${args[@]}" --plugin "$dir/mine.so" </dev/null 2>/dev/null | head -c 5 >"$dir/begin"
[ -s "$dir/begin" ] || { echo "nothing comes through a pipe"; bad=1; }

broken() { # NAME SED-SCRIPT WORDS: the run ends with them, the kernel's name and 1
  edit "$1" "$2"
  expect 1 "$1.so ended the run: its kernel example:mine, of op rmsnorm: .*$3" "$assay" run "${args[@]}" --plugin "$dir/$1.so"
}
broken crash 's|float \*y = .*|float *y = (float *)8, ss = 0;|' 'signal 11 .* at address 0x8.*crash.so+0x'
broken exits 's|return ASSAY_OK;|_Exit(0);|;s|#include <math.h>|&\n#include <stdlib.h>|' 'as if the run were over'
broken aborts 's|return ASSAY_OK;|abort();|;s|#include <math.h>|&\n#include <stdlib.h>|' 'signal 6 '
broken forks 's|return ASSAY_OK;|fork(); return ASSAY_OK;|;s|#include <math.h>|&\n#include <unistd.h>|' 'system call clone'
broken static 's|ss = 0;|ss = 0; static int n; ss += n++;|' "read-only memory, .*the plug-in's static memory"
# shellcheck disable=SC2154 # set by tiny
edit writes "s|return ASSAY_OK;|{ int f = open(\"$dir/left\", O_WRONLY \\| O_CREAT, 0600); if (f >= 0 \\|\\| socket(AF_UNIX, SOCK_STREAM, 0) >= 0) abort(); } return ASSAY_OK;|;\
s|#include <math.h>|&\n#include <fcntl.h>\n#include <stdlib.h>\n#include <sys/socket.h>|"
expect 0 'calls by example:mine' "$assay" run "${args[@]}" --plugin "$dir/writes.so"
[ ! -e "$dir/left" ] || { echo "a kernel left a file"; bad=1; }
# A kernel whose answers change from call to call: said by --repeat.
edit clocks 's|+ p->eps)|+ p->eps * (1 + 1e6f * (clock() % 977)))|;s|#include <math.h>|&\n#include <time.h>|'
expect 1 'repetition [0-9]* wrote another text: its token [0-9]* is [0-9]*, not [0-9]*' "$assay" run "${args[@]}" --plugin "$dir/clocks.so" --repeat 20
edit refuses 's|return ASSAY_OK;|return ASSAY_UNSUPPORTED;|'
expect 2 'kernel example:mine of rmsnorm refused a call that it had accepted: unsupported' "$assay" run "${args[@]}" --plugin "$dir/refuses.so"
# How faithful the model stays: with the kernel and without it; one that is a little off shows, one that crashes ends it.
faithful=("$assay" fidelity "$model" --text "$dir/mine.c" --window 64 --floor 1 --impl "scalar,rmsnorm=plugin")
expect 0 'with the plug-in: KL .* tokens/s; without: KL .* tokens/s' "${faithful[@]}" --plugin "$dir/mine.so" --json "$dir/f.json" --fail-above-floor 1000
grep -q 'plug-in: rmsnorm: [1-9][0-9]* calls by example:mine; none fell back' "$dir/out" || { echo "fidelity does not say who computed"; bad=1; }
same 'fidelity of both' "$(python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(0 < d["all"]["kl"]["mean"] < 1e-6, d["without_plugin"]["kl"]["mean"] > 0, d["rows_per_second"] > 0)' "$dir/f.json")" 'True True True'
edit off 's|+ p->eps)|+ p->eps + 0.01f)|'
expect 1 'the mean KL of .* is above 1e-06' "${faithful[@]}" --no-ops --plugin "$dir/off.so" --fail-above-kl 1e-6
expect 1 'assay fidelity: the plug-in .*crash.so ended the run: its kernel example:mine, of op rmsnorm: signal 11' "${faithful[@]}" --plugin "$dir/crash.so"
edit nan 's|return ASSAY_OK;|((float *)a->operand[2].data)[0] = NAN; return ASSAY_OK;|'
expect 1 'logits that are not finite' "${faithful[@]}" --no-ops --plugin "$dir/nan.so"
expect 2 "no kernel 'yours'" "$assay" fidelity "$model" --ids 5,6 --plugin "$dir/mine.so" --impl rmsnorm=yours
# What cannot be loaded.
edit abi 's|{ ASSAY_ABI,|{ 77,|'
expect 2 'built against ABI 77' "$assay" run "${args[@]}" --plugin "$dir/abi.so"
edit dies 's|^static assay_status run|__attribute__((constructor)) static void now(void) { *(volatile int *)8 = 1; }\n&|'
expect 2 'dies.so: the runner died while it loaded the plug-in: signal 11' "$assay" run "${args[@]}" --plugin "$dir/dies.so"
expect 2 'none.so: cannot open' "$assay" run "${args[@]}" --plugin "$dir/none.so"
children_of() { grep -ls "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status | cut -d/ -f3; }
# One that never ends goes with the run that is asked to end.
edit endless 's|return ASSAY_OK;|for (int i = 0; a->begin < a->end; i++) __asm__ volatile("");|'
"$assay" run "${args[@]}" --plugin "$dir/endless.so" >"$dir/out" 2>&1 &
run=$!
for _ in $(seq 100); do
  children=$(children_of "$run")
  [ "$(wc -w <<<"$children")" = 2 ] && break # the judge's, which has described the plug-in, and the run's
  sleep 0.1
done
sleep 0.5
kill -TERM "$run"
wait "$run"
same 'a run that is asked to end' "$?" 143
for _ in $(seq 100); do
  left=0
  for p in $children; do [ -e "/proc/$p" ] && left=1; done
  [ "$left" = 0 ] && break
  sleep 0.1
done
same 'what is left of a kernel that never ends' "$left" 0
exit "$bad"
