#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Exit codes and sentences of wrong use: each one names what is wrong, none crashes.
set -uo pipefail
assay=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
expect 2 'usage: assay' "$assay"
expect 0 'usage: assay' "$assay" --help
for how in --version -V version; do expect 0 'compiler:' "$assay" $how; done
expect 0 'usage: assay' "$assay" help
expect 0 '--max-failures' "$assay" help check
expect 2 'no command frobnicate (' "$assay" frobnicate

# One sentence, what may have been meant, exit code 2: commands, lists, options, ops, kernels, tiers, keys of a case.
typo() { # MEANT COMMAND...
  expect 2 "did you mean $1?" "${@:2}"
  [ "$(wc -l <"$dir/out")" -le 2 ] || { echo "more than a sentence: ${*:2}"; cat "$dir/out"; exit 1; }
}
typo check "$assay" chekc
typo check "$assay" help chek
typo kernels "$assay" list kernel
typo --threads "$assay" check --treads 2
typo --max-failures "$assay" check -k scalar --max-failure-s=2
typo --json "$assay" bench --jsno x
typo --prompt "$assay" run --promt x
typo softmax "$assay" check -o sofmtax
typo softmax "$assay" check --case 'sofmax R=1'
typo avx2 "$assay" check -k avx22
typo scalar "$assay" check -o add -k avx2 -k scalr
typo avx512 "$assay" check --isa avx521
typo plus_one "$assay" check --case 'rmsnorm plus_on=1'
typo gauss "$assay" check --case 'rmsnorm R=1 C=1 gen={equal,gaus}'
grep -q 'ok  ' "$dir/out" && { echo "cases ran before the pattern was read"; exit 1; }
expect 2 'no option --x-y (' "$assay" check --x-y
expect 0 'passed' "$assay" check --memory 100 -o add -k scalar --case 'add R=1 C=1'
# A short option at the end of the line, without its word: glibc says which, whatever the command.
for at in 'check -o' 'check -vk' 'bench -k' 'run -p' 'run x -n' 'report -o' 'merge -o'; do
  # shellcheck disable=SC2086
  expect 2 'requires an argument' "$assay" $at
done
# Control characters of a command line are shown as ?, too: scripts fill in names of files.
for at in nope --nope 'check -k' 'check --'; do
  # shellcheck disable=SC2086
  ends 2 "$assay" $at$'\e[31m'
  grep -q $'\e' "$dir/out" && { echo "an escape of the command line reaches the terminal: $at"; cat -v "$dir/out"; exit 1; }
done
# What would be lost without a word is refused: the first of two values, and what a mode does not heed.
for twice in '-o add -o mul' '-vo add --op=mul' '--threads 1 --threads 2' '--case a --case=b' '--json a --js b' '--isa avx2 --isa scalar'; do
  # shellcheck disable=SC2086
  expect 2 'is given twice, as .* only one can count' "$assay" check $twice
done
expect 0 passed "$assay" check -o add --op=add --threads 1 --threads=1 -k scalar -k avx2 --case 'add R=1 C=1'
heeds() { # MODE WHICH...: options that it refuses, no other
  local option refused
  for option in --json=x --tap=x --case=x --shard=1/2 --resume --rows --full --seed=3 --max-failures=1 --plugin=x.so --threads=1; do
    case " ${*:2} " in *" ${option%%=*} "*) refused=1 ;; *) refused=0 ;; esac
    ends 2 "$assay" check -o nothing "$1" $option --json=x
    [ "$(grep -ce "$1.* does not go with" "$dir/out")" = $refused ] || { echo "$1 $option: refused should be $refused"; cat "$dir/out"; exit 1; }
  done
}
heeds --faults --plugin
heeds --contracts --tap --resume --max-failures --plugin
heeds --self --tap --case --shard --resume --max-failures --plugin
expect 2 'does not go with --json' "$assay" check --coverage --json "$dir/x.json"
expect 2 'does not go with --rows' "$assay" check --metamorphic --rows
expect 2 'does not go with -k' "$assay" check --certificate '*' -k avx2
expect 2 'does not go with --junit' "$assay" check --certificate '*' --junit "$dir/x.xml"
expect 0 'Usage: assay check' "$assay" check -h
# Every option that takes a number takes nothing else: no sign, blank, empty word, rest, or number that is too large.
number() { # OPTION COMMAND...
  local bad
  for bad in -3 +3 ' 3' '' 3x x 0x 1e400 nan '3,' 99999999999999999999; do
    expect 2 "$1 ${bad:+${bad:0:1}}.*number" timeout 5 "${@:2}" "$1" "$bad"
  done
}
for option in --threads --time-limit --memory-limit --seed --max-failures --room; do number $option "$assay" check; done
for option in --threads --time-limit --memory-limit --seed; do number $option "$assay" bench; done
for option in --threads --time-limit --memory-limit; do number $option "$assay" vectors check; done
number --threads "$assay" quantize a.gguf b.gguf -t q8_0
number --threads "$assay" formats
number -k "$assay" similar x.gguf x
for option in -n --threads --batch --beams --beam-groups --diverse --draft-tokens --temperature --top-k --top-p --min-p --typical --repetition-penalty --penalty-window --mirostat --mirostat-tau \
  --mirostat-eta --seed --window; do
  number $option "$assay" run x.gguf -p x
done
for option in --frequency-penalty --presence-penalty; do # may be below 0
  for bad in +3 ' 3' '' 3x x 0x 1e400 nan inf --3 '3,' -101; do
    expect 2 "$option .*number from -100 to 100" timeout 5 "$assay" run x.gguf -p x $option "$bad"
  done
done
expect 2 '^assay run: -n is given twice, as 1 and as 2' "$assay" run x.gguf -p x -n 1 -n 2
for bad in 3 1/ /2 1/2x 3/2 0/2 -1/2 1/99999999999999999999 4294967297/4294967298; do
  expect 2 "shard $bad: I/N" "$assay" check --shard $bad
done
for bad in x..3 1.. 3..1 1..3x 1..99999999999999999999; do expect 2 "{$bad}" "$assay" check --case "add R={$bad}"; done
for option in '--time-limit 0' '--max-failures 0' '--threads 0' '--memory-limit 1073741825' '--room 1048577'; do
  # shellcheck disable=SC2086
  expect 2 "$option: a whole number" "$assay" check $option
done
expect 0 passed "$assay" check -o add -k scalar --case 'add R=1 C={1..3}' --seed 0xffffffffffffffff --threads 1,64 --room 64
# A team that no machine like this runs would say nothing for minutes.
for command in 'check' 'bench' 'vectors check' 'run x.gguf -p x'; do
  # shellcheck disable=SC2086
  expect 2 "threads 9999999: .*this machine has $(getconf _NPROCESSORS_ONLN) CPU" timeout 5 "$assay" $command --threads 9999999
done
expect 0 '^1 case; kernels: 2' "$assay" check -o add -k scalar -k avx2 --case 'add R=1 C=1'
ARGP_HELP_FMT=rmargin=0 expect 0 '--isa' timeout 10 "$assay" check --help
"$assay" check -o add --rows >"$dir/out"
[ "$(grep -c '[1-9][0-9]* of other types' "$dir/out")" -ge 1 ] || { echo "runs that nobody explains"; cat "$dir/out"; exit 1; }

# Progress (total, time left) and colours on a terminal alone, and gone before a line of results.
on_terminal - "$assay" <<'END'
import re, sys
import terminal
def run(env, *args):
    return terminal.run([sys.argv[1], "check", *args], {"TERM": "xterm", **env})[1]
text = run({"NO_COLOR": ""}, "-o", "rmsnorm", "-k", "scalar")
if "\033[32mok" not in text:
    sys.exit("no colour on a terminal")
if "\033[32m" in run({"NO_COLOR": "1"}, "-o", "add", "-k", "scalar"):
    sys.exit("NO_COLOR is not heeded")
if not re.search(r"\d+/\d+ cases, about .* left", text):
    sys.exit("no progress: " + repr(text[:300]))
for line in text.split("\n"):
    last = line.rstrip("\r").split("\r\033[K")[-1]
    if "cases, about" in last:
        sys.exit("progress is glued to: " + repr(line))
END
"$assay" check -o add --rows -k scalar 2>&1 | grep -q "$(printf '\033')" && { echo "escape codes in a pipe"; exit 1; }

expect 0 '--isa' "$assay" check --help
expect 2 'no such op' "$assay" check -o nothing
expect 2 'no such tier' "$assay" check --isa sse9
expect 2 'no kernel matches' "$assay" check -k 'none*'
expect 2 'no such op' "$assay" check --repro 'nothing R=1'
expect 2 'no such element type' "$assay" check --repro 'rmsnorm x=f7'
expect 2 'does not take that type' "$assay" check --repro 'rmsnorm x=q4_0'
expect 2 'neither a dimension' "$assay" check --repro 'rmsnorm Q=3'
expect 2 'a whole number' "$assay" check --repro 'rmsnorm R=-1'
expect 2 'a whole number' "$assay" check --repro 'rmsnorm R=99999999999999999999'
expect 2 'at most 2^40' "$assay" check --repro 'rmsnorm R=1000000000 C=1000000000'
expect 2 'a number from' "$assay" check --repro 'rmsnorm R=1 C=1 eps=-1'
expect 2 'no such generator' "$assay" check --repro 'rmsnorm R=1 C=1 gen=lottery'
expect 2 'w=none: this operand is always given' "$assay" check --repro 'matmul w=none'
expect 0 '^2 cases' "$assay" check -k scalar --case 'matmul T=1 N=4 K=8 bias={f32,none}'
expect 0 'bias={f32,none}' "$assay" check --help
expect 2 'not key=value' "$assay" check --repro 'rmsnorm gauss'
expect 2 'not a multiple of its block' "$assay" check --repro 'matmul T=1 N=2 K=33 w=q8_0'
expect 2 'no closing brace' "$assay" check --case 'rmsnorm R={1,2'
expect 2 'would have' "$assay" check --repro 'attention B=1099511627776 T=1099511627776 D=0'
expect 0 'passed' "$assay" check -k scalar --repro 'rmsnorm R=2 C=3 eps=1e-5 gen=gauss'
expect 2 'cannot be written' "$assay" check -k scalar --repro 'rmsnorm R=1 C=1' --json /proc/nowhere/x.json
expect 2 'no argument is expected' "$assay" check rmsnorm
expect 2 'one mode at a time' "$assay" check --metamorphic --certificate '*'
expect 2 'one mode at a time' "$assay" check --contracts --faults
expect 2 'mutants needs --plugin' "$assay" check --mutants
expect 2 'about --self' "$assay" check --part x
expect 2 'about --self' "$assay" check --part x -o silu
expect 2 'without is about --parts' "$assay" check --self --without silu
expect 2 'rmsnorm.part: cannot be read' "$assay" check --self --parts /nowhere -o rmsnorm
for what in ops gens kernels contracts types workloads models isa; do expect 0 . "$assay" list "$what"; done
for op in $("$assay" list ops | sed -nE 's/^([a-z_]+) .*/\1/p'); do expect 0 'begin .. end of a call count' "$assay" list op "$op"; done
expect 0 'mode *interleaved, half: ' "$assay" list op rope
expect 0 'H is a multiple of G' "$assay" list op attention
expect 2 'did you mean softmax' "$assay" list op sofmtax
expect 0 "minus-inf .*@x @w" "$assay" list op rmsnorm
expect 2 'which op' "$assay" list op
expect 2 'one list at a time' "$assay" list op add mul
expect 2 'no list of things' "$assay" list things
expect 2 'goes with kernels' "$assay" list ops --plugin x.so
expect 2 'cannot open' "$assay" list kernels --plugin "$dir/none.so"
mkfifo "$dir/pipe" # nobody writes into it: who opens it to load it waits
for command in check bench 'vectors check' 'list kernels' "check --in-process --case=add"; do
  case $command in bench | vectors*) "$assay" --help | grep -q "^  ${command%% *}" || continue ;; esac
  # shellcheck disable=SC2086
  expect 2 'not a regular file but a FIFO' timeout 5 "$assay" $command --plugin "$dir/pipe"
done
if "$assay" --help | grep -q '^  bench'; then # a line that cannot be read is said before anything is measured
  expect 2 'w=q4_9: no such element type' timeout 5 "$assay" bench --case 'matmul T=1 N=4 K=32 w=q4_9'
  ! grep -q roof "$dir/out" || { echo "roofs were measured first"; exit 1; }
  for wrong in '-w nothing' '-k nothing' '-k scalar -k nothing' '-k nothing -k scalar' '-o nothing' '--json /nowhere/x'; do
    # shellcheck disable=SC2086
    ends 2 "$assay" bench --quick $wrong
    ! grep -q roof "$dir/out" || { echo "roofs were measured first: $wrong"; exit 1; }
  done
fi
