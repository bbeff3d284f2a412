#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ci/lint with tools of versions that it was not written for: skipped by name and version, and a failure where they are pinned.
# Its own rules of how files are written and programs started, of externs, and of what is cited.
set -euo pipefail
source=$2
git -C "$source" rev-parse 2>/dev/null || { echo "not a git checkout: ci/lint has no list of files"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
for tool in clang-format cppcheck shellcheck; do
  # shellcheck disable=SC2016 # the script's own
  printf '#!/bin/sh\n[ "$1" = --version ] && echo "%s version 99.1" || { echo found something; exit 1; }\n' "$tool" >"$dir/$tool"
  chmod +x "$dir/$tool"
done
PATH="$dir:$PATH"
ends 0 env -u ASSAY_PINNED bash "$source/ci/lint"
for tool in clang-format cppcheck shellcheck; do
  grep -q "lint: $tool is skipped: .* here is 99.1" "$dir/out" || { echo "$tool is not named:"; cat "$dir/out"; exit 1; }
done
ends 1 env ASSAY_PINNED=1 bash "$source/ci/lint"
# A program that is started by a shell, and a file that is opened by hand, are found by name.
git clone -q "$source" "$dir/tree"
cp "$source/ci/lint" "$dir/tree/ci/lint"
printf 'void *a(void) { return popen("ls", "r"); }\nvoid *b(void) { return fopen("f", "w"); }\n' >>"$dir/tree/cli/main.c"
printf 'extern int c;\n/* as lemmas.md and issue %d say */\n' 7 >>"$dir/tree/cli/main.c"
ends 1 env -u ASSAY_PINNED bash "$dir/tree/ci/lint"
for what in 'extern int c' 'cites lemmas.md' 'as lemmas.md and issue'; do
  grep -q "cli/main.c:.*$what" "$dir/out" || { echo "$what is not named:"; cat "$dir/out"; exit 1; }
done
for what in popen fopen; do
  grep -q "^cli/main.c:.*$what(" "$dir/out" || { echo "$what is not named:"; cat "$dir/out"; exit 1; }
done
echo "three tools of other versions are skipped by name; where they are pinned, that fails"
