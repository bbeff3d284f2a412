#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whatever writes a file: a link, a pipe and a device stay what they are, "-" is standard output and holds the document
# alone; what does not arrive fails, whoever printed it.  The writer by itself: unit.save.
set -euo pipefail
assay=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$(realpath "$0")")/expect"
cd "$dir"
stop() { echo "$1"; exit 1; }
has() { "$assay" --help | grep -q "^  $1 "; }

commands=(
  'check -o add -k scalar --case add_R=1_C=3 --json'
  'check -o add -k scalar --case add_R=1_C=3 --junit'
  'check -o add -k scalar --case add_R=1_C=3 --tap'
  'check -o add -k scalar --case add_R=1_C=3 --markdown'
  'check --certificate scalar -o add --json'
  'primitives -k exp --json'
)
"$assay" check -o add -k scalar --case 'add R=1 C=3' --json in.json >/dev/null
if has merge; then commands+=('merge in.json -o' 'merge in.json --junit'); fi
if has doctor; then commands+=('doctor --json'); fi
if has bench; then commands+=('bench --quick --no-roofs --simulate none --threads 1 -k scalar --case add_R=1_C=64 --json'); fi
if has vectors; then commands+=('vectors check -o silu -k scalar --json'); fi
if has run && [ -x "${assay%/*}/assay-models" ]; then
  "${assay%/*}/assay-models" --write model.gguf >/dev/null
  commands+=('run model.gguf -p a -n 2 --json' 'run model.gguf -p a -n 2 --logits' 'run model.gguf -p a -n 2 --imatrix-out' 'fidelity model.gguf --ids 5,6 --json' 'fidelity model.gguf --ids 5,6 -o' 'quantize model.gguf out.gguf -t f16 --json' 'formats -t f16 --json' 'similar model.gguf a --json')
fi
mkdir folder
for command in "${commands[@]}"; do
  words=()
  for w in $command; do words+=("${w//_/ }"); done
  rm -rf folder/* link pipe
  ln -s folder/target link
  expect 0 '' "$assay" "${words[@]}" link
  if [ ! -L link ] || [ ! -s folder/target ]; then stop "a link was replaced: $command"; fi
  mkfifo pipe
  cat pipe >through &
  expect 0 '' "$assay" "${words[@]}" pipe
  wait $!
  if [ ! -p pipe ] || [ ! -s through ]; then stop "a pipe was replaced: $command"; fi
  "$assay" "${words[@]}" - >alone 2>rest
  if [ ! -s alone ] || [ -e ./- ]; then stop "- is not standard output: $command"; fi
  # times and ids apart, it is what the file holds: of the same kind, and nothing stands round it
  [ "$(head -c 15 alone | tr -d "0-9\0")" = "$(head -c 15 folder/target | tr -d "0-9\0")" ] || stop "more than the document: $command"
  expect 0 '' "$assay" "${words[@]}" /dev/null
  [ -c /dev/null ] || stop "a device was replaced: $command"
  expect 2 'cannot be written: No space' "$assay" "${words[@]}" /dev/full
  if [ -n "$(find . -name '.assay*')" ] || [ -e pipel ]; then stop "left behind: $command: $(ls -A . folder)"; fi
done
expect 2 'both write same: one would be lost' "$assay" check -o add --json same --tap same
expect 2 'only one can be standard output' "$assay" check -o add --json - --tap -
ln -s /dev/null link.jsonl
expect 0 '' "$assay" check -o add --rows --json link.json
if [ ! -L link.jsonl ] || [ ! -c /dev/null ]; then stop "the journal replaced what stood there"; fi
expect 2 'link.jsonl is no regular file' "$assay" check -o add --json link.json --resume
expect 2 'has no journal' "$assay" check -o add --json - --resume

# What a run reads, by any name, is not overwritten.
ln -s in.json same
expect 2 '--json would overwrite ./in.json, which this run reads' "$assay" check --plugin in.json --json same
[ ! -e model.gguf ] || expect 2 'would overwrite model.gguf' "$assay" run model.gguf -p a -n 1 --json model.gguf

# Standard output is full.
full() { # COMMAND...
  local got=0
  "$assay" "$@" >/dev/full 2>err </dev/null || got=$?
  if [ "$got" != 2 ] || ! grep -q 'standard output: cannot be written: No space' err; then
    stop "exit $got, output lost: $*: $(cat err)"
  fi
}
full --help
full --version
full check --help
full list kernels
full check -o add -k scalar --case 'add R=1 C=3'
full check -o nothing --help
full primitives -k exp
! has merge || full merge in.json
full list op add
full help
full check --coverage -o add
! has doctor || full doctor
! has vectors || full vectors check -o silu -k scalar
! has bench || full bench --quick --no-roofs --simulate none --threads 1 -k scalar --case 'add R=1 C=64'
! has report || full report -c in.json -o page
[ ! -e model.gguf ] || full run model.gguf -p a -n 2
[ ! -e model.gguf ] || full fidelity model.gguf --ids 5,6
[ ! -e model.gguf ] || full tokenize model.gguf --decode 104
echo "outputs: ${#commands[@]} writers tried on links, pipes, devices and -; lost output fails"
