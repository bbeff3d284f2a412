#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# README.md's first screen as it stands: docs/plugin.md's kernel and one that loses its tail, with the very words that README shows,
# but for how much of a bound is used: that is the compiler's.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
assay=$(realpath "$assay")
# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >"$dir/mine.c"
sed '/^            y\[c\]/i\            if (a->dim[1] <= 16 || c < (a->dim[1] \& ~7))' "$dir/mine.c" >"$dir/tail.c"
cmp -s "$dir/mine.c" "$dir/tail.c" && { echo "docs/plugin.md: the edit changed nothing"; exit 1; }
for name in mine tail; do $cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o "$dir/$name.so" "$dir/$name.c"; done

cd "$dir"
shown=0
while read -r line; do
  words=${line#\$ assay }
  sed -n "/^\$ assay ${words//\//\\/}\$/,/^\`\`\`\$/p" "$source/README.md" | sed '1d;$d;s/worst [0-9.]*//' >want
  # shellcheck disable=SC2086 # words of a command line
  "$assay" $words 2>&1 | sed 's/worst [0-9.]*//' >out || true
  while IFS= read -r said; do
    grep -qxF -- "$said" out || { printf 'README.md shows, of assay %s:\n%s\nand it says:\n' "$words" "$said"; cat out; exit 1; }
    shown=$((shown + 1))
  done <want
done < <(grep '^\$ assay check' "$source/README.md")
[ "$shown" -ge 5 ] || { echo "README.md shows $shown lines of assay check"; exit 1; }
echo "$shown lines of README.md are what it says"
