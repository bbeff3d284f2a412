#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ci/peers and ci/llama say what they take, and refuse the rest in a sentence, without a peer at hand.   peers.sh ASSAY SOURCE
set -euo pipefail
peers=$2/ci/peers out=$(mktemp)
trap 'rm -f "$out"' EXIT
refused() { # SENTENCE WORDS...: exit code 2, with this sentence
  local says=$1 code=0
  shift
  "$peers" "$@" >"$out" 2>&1 || code=$?
  if [ $code != 2 ] || ! grep -q "$says" "$out"; then
    echo "ci/peers $* exits with $code:"
    cat "$out"
    exit 1
  fi
}
"$peers" --help | grep -q 'ci/peers table'
refused "takes a peer, ggml, openblas, onednn, onnxruntime or torch, not 'mkl'" check mkl native
refused "takes native or avx2, not 'sse'" bench ggml sse
refused "peers/avx2/onnxruntime.so is not built" bench onnxruntime avx2
refused "what is 'tables'" tables
code=0
python3 "$2/ci/llama" "$2/no-such.gguf" >"$out" 2>&1 || code=$?
if [ $code != 2 ] || ! grep -q 'no-such.gguf: no such file' "$out"; then
  echo "ci/llama exits with $code:"
  cat "$out"
  exit 1
fi
