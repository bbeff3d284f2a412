#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay synth: a model of every family that is listed, the same bytes by the same seed, run by the oracle and by the best kernels.
set -euo pipefail
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
cd "$dir"
export PYTHONPATH=$source/vectors/independent/models
python=${PYTHON:-python3}
"$python" - <<'PY'
import common
import numpy as np
ids = lambda n, seed: np.random.Generator(np.random.PCG64(seed)).integers(3, 300, n).astype(np.int32)
given = {"ids": ids(20, 1), "decoder_ids": ids(12, 2)}
noise = np.random.Generator(np.random.PCG64(3)).standard_normal
common.write("text.safetensors", given)
common.write("whisper.safetensors", {**given, "mel": noise((10, 12))})
common.write("vit.safetensors", {"pixels": noise((3, 20, 20))})
PY
n=0
for family in $("$assay" list models | cut -d' ' -f1); do
  inputs=text.safetensors
  [ ! -f "$family.safetensors" ] || inputs=$family.safetensors
  "$assay" synth "$family" -o a.gguf >said
  "$assay" synth "$family" -o b.gguf >/dev/null
  cmp a.gguf b.gguf || { echo "$family: the same seed gives other bytes"; exit 1; }
  "$assay" synth "$family" -o b.gguf --seed 2 >/dev/null
  ! cmp -s a.gguf b.gguf || { echo "$family: another seed gives the same bytes"; exit 1; }
  "$assay" logits a.gguf "$inputs" -o oracle.safetensors >/dev/null || { echo "$family: not run"; exit 1; }
  "$python" -c "import common, sys
given, answer = (common.read(f) for f in sys.argv[1:])
assert (abs(answer['logits']) < 1e3).all() and answer['logits'].std() > 1e-3
common.write('both.safetensors', {**given, 'logits': answer['logits']})" "$inputs" oracle.safetensors
  for impl in scalar best; do
    "$assay" logits a.gguf both.safetensors --impl $impl --tolerance 1e-4 >out || { echo "$family, $impl:"; cat out; exit 1; }
  done
  "$assay" synth "$family" -t q8_0 -o a.gguf >/dev/null
  "$assay" logits a.gguf "$inputs" --impl best >/dev/null || { echo "$family in q8_0: not run"; exit 1; }
  n=$((n + 1))
done
[ "$n" -ge 25 ] || { echo "$n families"; exit 1; }
"$assay" synth llama -o m.gguf --layers 2 --width 64 --heads 4 --kv-heads 1 --head 16 --ffn 96 --vocab 400 rope.freq_base=5000 >said
grep -q 'm.gguf: llama, 20 tensors, ' said
expect 0 'tokens/s' "$assay" run m.gguf -p 'the moon' -n 2
expect 0 'rope.freq_base .* 5000 .* read' "$assay" list model m.gguf
"$assay" synth t5 -o t.gguf >/dev/null
expect 0 'tokens/s' "$assay" translate t.gguf hello -n 3
expect 2 'which file or folder' "$assay" list model
mkdir made
"$python" "$source/vectors/independent/models/write.py" llama 0 made >/dev/null
sed -i 's/"hidden_size": */&-/' made/config.json
expect 2 'num_hidden_layers .* not reached' "$assay" list model made
if grep REFUSED out; then exit 1; fi
sed -i 's/"hidden_size": *-/"hat": 1, "hidden_size": /' made/config.json
expect 2 'hat .* 1 .* REFUSED: not understood' "$assay" list model made
if grep "not reached" out; then exit 1; fi
expect 2 'llama reads no key .expert_hat.' "$assay" synth llama -o m.gguf expert_hat=1
expect 2 '5 heads are no multiple of 2 kv heads' "$assay" synth llama -o m.gguf --heads 5 --kv-heads 2
expect 2 'is no family that is known; did you mean llama?' "$assay" synth lama -o m.gguf
expect 2 'is no KEY=NUMBER' "$assay" synth llama -o m.gguf vocab_size=many
expect 2 '.o FILE is missing' "$assay" synth llama
expect 2 'FAMILY is missing' "$assay" synth
"$assay" synth bert -o bert.gguf >/dev/null
printf '%0100d' 0 >long
expect 2 'long: a text of [0-9]* tokens, which a model of family bert sees at once: its context is 64' "$assay" fidelity bert.gguf --text long
head -c 9 long >short
expect 0 'RMS  op  *kernels' "$assay" fidelity bert.gguf --text short
expect 0 '^1 row of 400 logits' "$assay" fidelity m.gguf --ids 5 --no-ops
grep -q '100.00 %      0       n/a' out
expect 2 'bert.gguf: family bert has an encoder' "$assay" formats bert.gguf -t q8_0
expect 0 "note: --tensor 'blk9' matches none of the 53 tensors" "$assay" quantize bert.gguf --dry-run -t q8_0 --tensor blk9=keep --tensor 'blk.*=keep'
"$assay" synth whisper -o whisper.gguf >/dev/null
"$python" -c "import common, numpy
ids = numpy.ones(3, numpy.int32)
common.write('wide.safetensors', {'mel': numpy.ones((20, 12)), 'ids': ids, 'decoder_ids': ids})"
expect 2 '20 rows of 12 numbers, where the model reads 10 rows of a multiple of 2' "$assay" logits whisper.gguf wide.safetensors
echo "$n families"
