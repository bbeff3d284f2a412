#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# cmake --install, moved elsewhere afterwards: the headers as pkg-config and CMake find them, man pages and completion that say
# what --help says, and the tool without its source tree.
set -euo pipefail
assay=$1 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
ends 0 cmake --install "$(dirname "$assay")" --prefix "$dir/first"
mv "$dir/first" "$dir/moved here"
here="$dir/moved here"
PATH="$here/bin:$PATH"
[ "$(command -v assay)" = "$here/bin/assay" ]
cd "$dir"

# the example of docs/plugin.md, from the installed documents
# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$here/share/doc/assay/docs/plugin.md" | sed '1d;$d' >mine.c
export PKG_CONFIG_PATH="$here/share/pkgconfig"
flags=() tool=
eval "flags=($(pkg-config --cflags assay)) tool=$(pkg-config --variable=assay assay)"
ends 0 "$cc" -std=c11 -O2 -shared -fPIC "${flags[@]}" -o mine.so mine.c
expect 0 'ok   rmsnorm/example:mine' assay check --plugin ./mine.so --case 'rmsnorm R=3 C={5,16} eps=1e-5 gen=gauss' --json check.json
[ "$(pkg-config --modversion assay)" = "$(assay --version | sed -n '1s/assay \([^ ]*\).*/\1/p')" ]
[ "$tool" -ef "$here/bin/assay" ]

# the pages of the ops' bounds are where the installed docs/bounds.md links to
grep -oE '\]\(\.\./[^)#]+' "$here/share/doc/assay/docs/bounds.md" | sed 's/^](//' >linked
[ "$(wc -l <linked)" -gt 10 ]
while read -r page; do
  [ -s "$here/share/doc/assay/docs/$page" ] || { echo "docs/bounds.md links to $page, which is not installed"; exit 1; }
done <linked

cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(mine C)
find_package(assay 0.1 REQUIRED)
add_library(mine MODULE mine.c)
target_link_libraries(mine PRIVATE assay::plugin)
enable_testing()
add_test(NAME mine COMMAND assay::assay check --plugin $<TARGET_FILE:mine> --case "rmsnorm R=3 C=5 eps=1e-5 gen=gauss")
CMAKE
ends 0 cmake -G Ninja -B build -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$here"
ends 0 ninja -C build
expect 0 '100% tests passed' ctest --test-dir build

# the tool's own files
expect 0 'add' assay vectors check -o add
mv "$here/share/assay/vectors/add" . # these it read, not the source tree's
expect 2 'no vector files of add' assay vectors check -o add
ends 0 assay report --check check.json --out report
[ -s report/index.html ]

# each option of --help is in its page, and no other
pages=0
while read -r command; do
  page="$here/share/man/man1/assay-$command.1"
  options() { { grep -oE -- "$1" || true; } | sed -E 's/^[^-]*//' | sort -u; }
  assay "$command" --help | sed -nE '/^ {2,6}-/p' | options '(^ +|, )--[a-z-]+' >said
  sed -n '/^\.B \\-/s/\\//gp' "$page" | options '[ ,]--[a-z-]+' >printed
  diff said printed || { echo "$page and assay $command --help differ"; exit 1; }
  pages=$((pages + 1))
done < <(assay --help | awk '!NF { block++ } block == 1 && NF { print $1 }')
[ "$pages" -ge 8 ]

# completion asks the tool: by each shell
cat >complete.bash <<'BASH'
. "$1/share/bash-completion/completions/assay"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_assay
echo "${COMPREPLY[*]}"
BASH
cat >complete.zsh <<'ZSH'
_describe() { print -l -- ${(P)2} }
_files() { print files }
file=$1/share/zsh/site-functions/_assay
shift
words=("$@") CURRENT=$#
source $file
ZSH
shells=(bash)
if command -v zsh >/dev/null; then shells+=(zsh); else echo "zsh is not here: its completion is not tried"; fi
for shell in "${shells[@]}"; do
  completes() { # WORD that must be offered, where each argument is a word so far
    local want=$1
    shift
    "$shell" "complete.$shell" "$here" "$@" >out 2>&1 || { cat out; exit 1; }
    grep -qE -- "(^| )$want( |:|$)" out || { echo "$shell: $want is not offered for '$*':"; cat out; exit 1; }
  }
  completes check assay ''
  completes --json assay check --js
  completes softmax assay check -o so
  completes avx2 assay bench -k ''
  completes kernels assay list ''
  completes --plugin assay list --p
  completes bench assay help be
done
[ "$(bash complete.bash "$here" assay check --op = ali)" = alibi ]
echo "installed, moved, found by pkg-config and CMake; $pages man pages and the completion of ${shells[*]} say what --help says"
