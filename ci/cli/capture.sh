#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A run's calls with their real operands, as vectors: captured, judged, measured; what cannot be captured is refused.
set -euo pipefail
assay=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
cd "$dir"
"$assay" synth llama --layers 2 -o m.gguf >/dev/null
capture() { "$assay" run m.gguf --ids 1,2,3,4,5 -n 3 --ignore-eos --threads 2 "$@" 2>&1; }

# In a layer the products of q, k, v, gate and up; that of the output and the way down are matmul_add.
expect 0 '^captured: 5 calls of matmul in a,' capture --capture op=matmul,layer=1 --capture-dir a
[ -f a/matmul.step0.layer1.4.safetensors ] && [ ! -e a/matmul.step0.layer1.5.safetensors ]
# Each op of every layer, of a step of one token: caches are updated in place, and kept as they were.
for op in attention cache rope matmul_add swiglu; do
  capture --capture "op=$op,step=1" --capture-dir b >/dev/null
done
expect 0 'the reference agrees with' "$assay" vectors check a/*.safetensors b/*.safetensors
if grep -E 'FAIL|disagree' out; then exit 1; fi
# The golden is that of the numbers in the file: one number of x changed, and the file disagrees.
python3 - <<'P'
import glob, json, struct
path = sorted(glob.glob('a/*'))[0]
b = bytearray(open(path, 'rb').read())
n = struct.unpack('<Q', b[:8])[0]
h = json.loads(b[8:8 + n])
at = 8 + n + h['x']['data_offsets'][0]
b[at:at + 4] = struct.pack('<f', struct.unpack('<f', b[at:at + 4])[0] + 1)
open('spoilt.safetensors', 'wb').write(b)
assert h['__metadata__']['x-call'] == 'step 0, layer 1' and h['__metadata__']['x-model'] == 'm.gguf', h['__metadata__']
P
expect 1 'spoilt' "$assay" vectors verify spoilt.safetensors

expect 0 'matmul/[a-z0-9_]*/vector:matmul.step0.layer1.0/' "$assay" bench --no-roofs --threads 1 --vector a/matmul.step0.layer1.0.safetensors
expect 0 'rows measured, 0 of them failed' "$assay" bench --no-roofs --threads 1 --vector b/attention.step1.layer0.0.safetensors
expect 2 'does not go with --case' "$assay" bench --vector a/matmul.step0.layer1.0.safetensors --case 'add R=1 C=8'
expect 2 'm.gguf' "$assay" bench --vector m.gguf

expect 2 'is there already' capture --capture op=matmul,layer=1 --capture-dir a
expect 2 'no call of matmul in this layer' capture --capture op=matmul,layer=9 --capture-dir c
expect 2 'op=OP is missing' capture --capture layer=1
expect 2 "is none of op=OP" capture --capture op=matmul,layer=x
expect 2 'matmull' capture --capture op=matmull
expect 2 'which is not asked for' capture --capture-dir c
expect 2 'a reference computed them' capture --impl oracle --capture op=matmul --capture-dir c
expect 2 'does not go with --repeat' capture --repeat 2 --capture op=matmul
