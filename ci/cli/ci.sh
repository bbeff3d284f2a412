#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/ci.md: its script runs as it stands there, with the plug-in of docs/plugin.md against itself; its YAML can be read.
set -euo pipefail
assay=$1 source=$2 cc=$3
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
. "$source/ci/cli/expect"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
block() { # PAGE LANGUAGE: its first block
  awk -v begin="\`\`\`$2" '$0 == begin { on = 1; next } /^```/ && on { exit } on' "$source/docs/$1.md"
}
block ci sh >"$dir/against.sh"
block plugin c >"$dir/mine.c"
grep -q 'assay compare' "$dir/against.sh"
grep -q assay_plugin_v1 "$dir/mine.c"
"$cc" -std=c11 -O2 -shared -fPIC -I "$source/include" -o "$dir/mine.so" "$dir/mine.c"
cp "$dir/mine.so" "$dir/base.so"
ln -s "$(realpath "$assay")" "$dir/assay"
cd "$dir"
PATH=$dir:$PATH CASE='rmsnorm R=2 C=64' RUNS=2 expect 0 'rows as the baseline says' sh against.sh ./base.so ./mine.so
grep -q 'rmsnorm/example:mine/case/' "$dir/out" || { echo "nothing was compared"; cat "$dir/out"; exit 1; }
"${PYTHON:-python3}" - "$source/docs/ci.md" <<'PY'
import re, sys
try:
    import yaml
except ImportError:
    print("YAML not read: this Python has no yaml")
    sys.exit()
blocks = re.findall(r"^```yaml\n(.*?)^```", open(sys.argv[1], encoding="utf-8").read(), re.S | re.M)
assert len(blocks) == 2, len(blocks)
github, gitlab = map(yaml.safe_load, blocks)
assert all("uses" in s or "run" in s for s in github["jobs"]["assay"]["steps"])
assert all(isinstance(s, str) for s in gitlab["kernels"]["script"])
PY
