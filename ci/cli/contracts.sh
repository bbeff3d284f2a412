#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every part of every kernel's contract stands in docs/contracts.md.
set -euo pipefail
assay=$1 source=$2
bad=0 seen=0
while IFS= read -r line; do
  text=$(sed -E 's/^[^ ]+ +[^ ]+ +//; s/[0-9.]+ lanes/N lanes/; s/blocks of [0-9]+/blocks of N/; s/(exp|log|tanh|erf|rsqrt|div|sin) within [0-9.]+ u/exp within E u/' <<<"$line")
  while IFS= read -r part; do
    seen=$((seen + 1))
    [ "$part" = strict ] || grep -qF -- "\`$part\`" "$source/docs/contracts.md" || { echo "not in docs/contracts.md: $part ($line)"; bad=1; }
  done <<<"${text//; /$'\n'}"
done < <("$assay" list contracts)
[ "$seen" -gt 0 ] || { echo "no contract was read"; exit 1; }
exit "$bad"
