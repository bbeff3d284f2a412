#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay check --for: a kernel that four choices together make wrong passes every quick case; a search finds it, makes it small, keeps
# it, and begins with it the next time.  Who fixes the kernel is rid of the line; signals end a search as its time does.
set -euo pipefail
assay=$(realpath "$1") source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
cd "$dir"
stop() { echo "$1"; cat out assay-found.txt 2>/dev/null; exit 1; }
make() { $cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o "$1.so" "$1.c"; }
held() { grep -vc '^#' "${1:-assay-found.txt}" || true; } # cases in the file

# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >right.c
factor='(p->plus_one \&\& a->dim[0] % 16 == 7 \&\& a->dim[1] % 16 == 5 \&\& a->dim[1] > 40 ? 1.001f : 1)'
sed "s|y\[c\] = \(.*\);|y[c] = \1 * $factor;|" right.c >deep.c
cmp -s right.c deep.c && stop "the edit changed nothing"
make right
make deep
expect 0 'ok   rmsnorm/example:mine' "$assay" check --plugin deep.so

# Found, shrunk, kept; the same seed finds the same after as many cases; nothing is kept where nothing fails.
for n in 1 2; do
  rm -f assay-found.txt
  expect 1 'random search, seed 5, .*; 1 in assay-found.txt' timeout 100 "$assay" check --plugin deep.so --for 90s --seed 5 --max-failures 1
  grep -q 'shrunk: assay check --plugin .* plus_one=1' out || stop "not shrunk"
  grep -qE '^rmsnorm R=7 C=[0-9]+ plus_one=1 .*  # example:mine; found 2[0-9-]{9}' assay-found.txt || stop "not kept, or not small"
  grep -E 'repro|^[0-9]+ cases' out >"run$n"
done
cmp run1 run2 || stop "the same seed draws other cases"
expect 0 '^random search, seed 6, .* drawn$' timeout 100 "$assay" check --plugin right.so --for 1s --seed 6 --keep none.txt
[ ! -e none.txt ] || stop "a file without a failure"

# Judged first: before anything is drawn.  What another op, team or kernel needs stays; so do comments.
printf '# mine\n\nadd R=1 C=3  # theirs:add; found 2026-01-01\nrmsnorm R=2 C=3 seed=4  # example:mine; threads 3\n' >>assay-found.txt
expect 1 'kept ones: 1 judged again, 1 of them fail, 0 dropped, 2 not judged' "$assay" check --plugin deep.so --for 60s --max-failures 1
grep -q ' 0 cases drawn' out || stop "what was kept is not judged first"
[ "$(held)" = 4 ] || stop "a line is gone" # the blank one counts
expect 0 'passes now, and is dropped: rmsnorm R=7' "$assay" check --plugin right.so --for 1s --seed 7
[ "$(held)" = 3 ] || stop "it is not dropped, or more is"
grep -q '^# mine$' assay-found.txt || stop "a comment is lost"
expect 0 'example:mine' "$assay" check --plugin right.so --for 1s --threads 3
if grep -q 'threads 3' assay-found.txt; then stop "its team has judged it, and it stays"; fi

# Inputs of a secret are judged again under the same one.
ASSAY_SECRET=of-this-test-alone expect 1 'secret [0-9a-f]' "$assay" check --plugin deep.so --for 60s --seed 5 --max-failures 1 --keep own.txt
grep -q '; secret [0-9a-f]*$' own.txt || stop "nothing says which secret"
expect 0 '1 not judged .*; 1 in own.txt' "$assay" check --plugin right.so --for 1s --keep own.txt
ASSAY_SECRET=of-this-test-alone expect 0 'dropped' "$assay" check --plugin right.so --for 1s --keep own.txt

# One of two kernels that a line names; a case by hand names none.
printf 'add R=1 C=3 seed=2  # scalar, other:one\nadd R=1 C=4\n' >two.txt
expect 0 'not all of its kernels were judged (scalar, other:one)' "$assay" check -o add -k scalar --for 1s --keep two.txt
[ "$(held two.txt)" = 2 ] || stop "a case was dropped that not all have passed"

# Signals: totals and the exit code of what was judged; Ctrl-C goes to the runners, too.
cat >stopped.py <<'END'
import os, re, signal, sys
import terminal
def stop(text, pid, keys):
    if b" left" not in text:
        return False
    os.write(keys, b"\x03") if sys.argv[1] == "INT" else os.kill(pid, signal.SIGTERM)
    return True
code, text = terminal.run(sys.argv[2:], heed=stop)
if code or not re.search(r"\d cases, (\d+ min )?\d+ s left", text) or not re.search(r"interrupted: [1-9]\d* cases? drawn", text):
    sys.exit(f"{sys.argv[1]}: exit {code}: {text[-600:]!r}")
END
on_terminal stopped.py INT "$assay" check -o add --for 10m
on_terminal stopped.py TERM "$assay" check --plugin right.so --for 20m

# Wrong uses, a sentence each.
for bad in 0 0s x 10 m 1.5h -3s ' 3s' 3S 3sec 99999h 99999999999999999999s ''; do
  expect 2 '^assay check: --for .*with its unit: 90s, 10m, 2h' "$assay" check --for "$bad"
done
line='add R=1 C=1'
for more in "--case=$line" "--repro=$line" --shard=1/2 --json=x.json --junit=x.xml --tap=- --markdown=x.md --exhaustive --rows --faults --self \
  --coverage --tightness --metamorphic --contracts '--certificate=*'; do
  expect 2 '--for does not go with' "$assay" check --for 1s "$more"
done
expect 2 'where --for TIME keeps' "$assay" check --keep x.txt
mkfifo pipe
for bad in - pipe /dev/null /dev/stdout; do expect 2 '--keep .*a regular file is needed' "$assay" check --for 1s --keep "$bad"; done
expect 2 'cannot be written' "$assay" check --for 1s --keep /nowhere/x.txt
expect 2 '--keep would overwrite .*right.so' "$assay" check --plugin right.so --for 1s --keep right.so
printf '# fine\nadd R=1 Q=3\n' >bad.txt
expect 2 'bad.txt: line 2: .*Q' "$assay" check --for 1s --keep bad.txt
expect 2 'nothing to search' "$assay" check -o probe_lstm --for 1s
echo "a search finds what quick cases do not, and begins with it the next time"
