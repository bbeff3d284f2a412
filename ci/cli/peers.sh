#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ci/peers says what it takes, and refuses the rest in a sentence, without a peer at hand.   peers.sh ASSAY SOURCE
set -euo pipefail
refused() { # WORDS... : exit code 2 and the sentence in $says
  local code=0
  "$peers" "$@" >"$out" 2>&1 || code=$?
  [ $code = 2 ] && grep -q "$says" "$out" || { echo "ci/peers $* exits with $code:"; cat "$out"; exit 1; }
}
peers=$2/ci/peers out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$peers" --help | grep -q 'ci/peers table'
says="takes a peer, ggml, openblas, onednn or onnxruntime, not 'mkl'" refused check mkl native
says="takes native or avx2, not 'sse'" refused bench ggml sse
says="peers/avx2/onnxruntime.so is not built" refused bench onnxruntime avx2
says="what is 'tables'" refused tables
