#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A system without /proc: what cannot be checked of a plug-in is said, and a memory that nobody can read is n/a.
set -euo pipefail
assay=$1 source=$2 cc=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
if "$assay" --version | grep -q -e '-fsanitize'; then echo "a sanitizer needs /proc itself: not tried"; exit 77; fi
unshare -m true 2>/dev/null || { echo "this user may not hide /proc: not tried"; exit 77; }
# shellcheck disable=SC2016 # the backticks are Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >"$dir/mine.c"
"$cc" -std=c11 -O2 -w -shared -fPIC -I"$source/include" -o "$dir/mine.so" "$dir/mine.c" -lm
blind() { unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$@"; }

expect 0 'passed, 0 failed' "$assay" check --plugin "$dir/mine.so" --case 'rmsnorm R=3 C=7 eps=1e-05' --json "$dir/seen.json"
expect 0 'not checked here: memory and number of threads of processes: not watched (no /proc).*threads that stay behind: not counted (no /proc)' \
  blind "$assay" check --plugin "$dir/mine.so" --case 'rmsnorm R=3 C=7 eps=1e-05' --json "$dir/blind.json"
python3 - "$dir" <<'PY'
import json, sys
seen, blind = (json.load(open(f"{sys.argv[1]}/{n}.json")).get("not_checked") or "" for n in ("seen", "blind"))
assert "no /proc" in blind and "no /proc" not in seen, (seen, blind)
PY
if "$assay" --help | grep -q '^  doctor'; then
  expect 0 'memory n/a (no /proc/meminfo)' blind "$assay" doctor
  grep -q 'memory and number of threads of processes: not watched (no /proc)' "$dir/out" || { echo "doctor does not say it"; exit 1; }
fi
echo "without /proc: what is not checked is said"
