#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The chain of samplers in assay run, on a synthetic model: the same seed and the same text by every tier's kernels and by the oracle, what
# each option does to a text, what is said of it, and what is refused.  (unit.chain has the known answers.)
set -uo pipefail
bad=0
# shellcheck source=ci/cli/tiny
. "$(dirname "$0")/tiny" "$1"
ids() { # OPTIONS...: the ids of a run
  expect 0 '^sampler: ' "$assay" run "$model" --ids 5,6,7 -n 24 --ignore-eos "$@" --json "$dir/run.json" >&2
  "${PYTHON:-python3}" -c 'import json, sys; print(*json.load(open(sys.argv[1]))["ids"])' "$dir/run.json"
}
differ() { # WHAT A B
  [ "$2" != "$3" ] || { echo "$1 changes nothing: '$2'"; bad=1; }
}
same() { # WHAT A B
  [ "$2" = "$3" ] || { echo "$1: '$2', not '$3'"; bad=1; }
}

# The model's logits by the baseline, so that only the samplers' kernels differ.
swap() { # HOW: in place of the baseline's samplers
  local op list=scalar
  for op in penalize truncate sample gumbel topk argmax log_softmax; do list+=,$op=$1; done
  echo "$list"
}
mapfile -t tiers < <("$assay" list isa | sed -nE 's/^([a-z0-9]+) .*\byes\b.*/\1/p')
[ "${#tiers[@]}" -gt 0 ] || { echo "no tiers in assay list isa"; "$assay" list isa; bad=1; }
chains=(
  '--repetition-penalty 1.3 --frequency-penalty 0.2 --presence-penalty 0.1 --penalty-window 8 --logit-bias 18=-inf --logit-bias 9=1.5'
  '--temperature 0.8 --seed 3 --top-k 40 --top-p 0.95 --min-p 0.02 --typical 0.98 --repetition-penalty 1.1'
  '--temperature 1.2 --seed 9007199254740992 --samplers temperature,min_p,top_p --min-p 0.05 --top-p 0.9'
  '--temperature 1 --seed 4 --mirostat 2 --mirostat-tau 4 --mirostat-eta 0.3 --presence-penalty 0.5'
  '--temperature 1 --seed 4 --mirostat 1 --mirostat-tau 4 --mirostat-eta 0.3 --frequency-penalty 0.1'
  '--temperature 0.9 --seed 3 --draw gumbel --top-k 60 --typical 0.97'
)
all=
for chain in "${chains[@]}"; do
  read -ra options <<<"$chain"
  base=$(ids "${options[@]}" --impl scalar)
  [ "$(wc -w <<<"$base")" = 24 ] || { echo "$chain: '$base'"; bad=1; }
  for tier in "${tiers[@]}"; do
    same "$chain on $tier" "$(ids "${options[@]}" --impl "$(swap best)" --isa "$tier")" "$base"
  done
  same "$chain by the oracle" "$(ids "${options[@]}" --impl "$(swap oracle)")" "$base"
  same "$chain again" "$(ids "${options[@]}" --impl scalar --threads 2)" "$base"
  case $all in *"$base"*) echo "$chain changes nothing"; bad=1 ;; esac
  all+="$base;"
done

# What an option does.
greedy=$(ids --impl scalar)
read -ra token <<<"$greedy"
case " $(ids --impl scalar --logit-bias "${token[0]}=-inf") " in *" ${token[0]} "*) echo "a banned token came"; bad=1 ;; esac
same 'a bias of 100' "$(ids --impl scalar --logit-bias 77=100 | tr ' ' '\n' | sort -u)" 77
[ "$(tr ' ' '\n' <<<"$greedy" | sort -u | wc -l)" -lt 24 ] || { echo "the greedy text has no token twice: it shows no penalty"; bad=1; }
same 'presence-penalty 100: a token twice' "$(ids --impl scalar --presence-penalty 100 | tr ' ' '\n' | sort | uniq -d)" ''
same 'top-k 1' "$(ids --impl scalar --temperature 5 --top-k 1)" "$greedy"
same 'temperature 1e-4' "$(ids --impl scalar --temperature 1e-4 --typical 0.9999)" "$greedy"
draw=$(ids --impl scalar --temperature 1 --seed 1)
differ --draw "$(ids --impl scalar --temperature 1 --seed 1 --draw gumbel)" "$draw"
same "--draw inverse" "$(ids --impl scalar --temperature 1 --seed 1 --draw inverse)" "$draw"
differ --seed "$(ids --impl scalar --temperature 1 --seed 2)" "$draw"
same 'what is off' "$(ids --impl scalar --temperature 1 --seed 1 --top-k 0 --top-p 1 --min-p 0 --typical 1 --mirostat 0 --samplers penalties,temperature)" "$draw"
order=(--impl scalar --temperature 3 --top-p 0.5 --seed 1)
differ --samplers "$(ids "${order[@]}")" "$(ids "${order[@]}" --samplers temperature,top_p)"

# What is said.
expect 0 '^sampler: the likeliest token$' "$assay" run "$model" --ids 5 -n 1
expect 0 '^sampler: penalties (repetition-penalty 1.1, penalty-window 64), top_k 7, temperature 0.5, a draw by seed 0$' \
  "$assay" run "$model" --ids 5 -n 1 --temperature 0.5 --top-k 7 --repetition-penalty 1.1
expect 0 '^mirostat: [0-9.]* bits of surprise on average, a limit of [0-9.]* at the end$' \
  "$assay" run "$model" --ids 5 -n 9 --ignore-eos --temperature 1 --mirostat 2 --json "$dir/run.json"
"${PYTHON:-python3}" - "$dir/run.json" "$assay" <<'PY' || bad=1
import json, subprocess, sys
s = json.load(open(sys.argv[1]))["sampler"]
assert s["mirostat"] == 2 and s["mirostat_tau"] == 5 and s["temperature"] == 1 and s["top_k"] == 0, s
assert abs(s["mirostat_limit"] - (10 - 0.1 * 9 * (s["mirostat_surprise"] - 5))) < 1e-6, s
help = subprocess.run([sys.argv[2], "run", "--help"], capture_output=True, text=True).stdout
assert ",".join(s["order"]) in "".join(help.split()), s["order"]  # the usual order is the one that --help says
PY

# What is refused, before the model is read.
expect 2 'top-p 1.5: a number from 0 to 1' "$assay" run none.gguf -p x --top-p 1.5
expect 2 'min-p 0.1 says what to draw from, but --temperature 0' "$assay" run none.gguf -p x --min-p 0.1
expect 2 'top-k 5 and --mirostat 2' "$assay" run none.gguf -p x --temperature 1 --mirostat 2 --top-k 5
expect 2 'draw gumbel says how to draw' "$assay" run none.gguf -p x --draw gumbel
expect 2 'penalty-window 5: no penalty' "$assay" run none.gguf -p x --penalty-window 5
expect 2 'top_k stands at places 1 and 3' "$assay" run none.gguf -p x --samplers top_k,min_p,top_k
expect 2 'did you mean min_p' "$assay" run none.gguf -p x --samplers minp
expect 2 'value is a finite number, or -inf' "$assay" run none.gguf -p x --logit-bias 5=nan
expect 2 'logit-bias 352=1: token ids are 0 .. 351' "$assay" run "$model" -p x --logit-bias 352=1
bans=()
for i in $(seq 0 256); do bans+=(--logit-bias "$i=-inf"); done
expect 2 'logit-bias 256=-inf is one too many: at most 256' "$assay" run "$model" -p x "${bans[@]}"
exit "$bad"
