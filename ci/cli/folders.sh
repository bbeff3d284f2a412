#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Hostile folders of models, inputs and sizes: each is refused by its name with exit 2, and no file that was there is lost.
set -euo pipefail
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
cd "$dir"
export PYTHONPATH=$source/vectors/independent/models:$source/vectors/independent PYTHONDONTWRITEBYTECODE=1
python=${PYTHON:-python3}
write=$source/vectors/independent/models/write.py
for family in llama gpt_oss whisper; do
  "$python" "$write" "$family" 1 "$family" --narrow >/dev/null
done
golden=llama/golden.safetensors
fresh() { # a copy of the llama, to be spoiled
  rm -rf d
  cp -r llama d
}
spoil() { # PYTHON: with config c and tensors t of d
  fresh
  "$python" -c "import common, json, numpy as np
c, t = json.load(open('d/config.json')), common.read('d/model.safetensors')
t = {n: x.astype(np.float32) for n, x in t.items()}
text = None
$1
open('d/config.json', 'w').write(text or json.dumps(c))
common.write('d/model.safetensors', t)"
}
refuses() { # PATTERN PYTHON
  spoil "$2"
  expect 2 "$1" "$assay" logits d $golden
}
refuses "config.json has 'rope_scaling' twice" "text = json.dumps(c)[:-1] + ',\"rope_scaling\":{\"a\":1},\"rope_scaling\":{\"b\":1}}'"
refuses "config.json has 'hidden_size' twice" "text = json.dumps(c)[:-1] + ',\"hidden_size\":48}'"
refuses "'rope_scaling.factor', a name with a dot" "c['rope_scaling.factor'] = 4"
refuses "holds integers or bytes" "t['model.layers.0.mlp.up_proj.weight'] = t['model.layers.0.mlp.up_proj.weight'].astype(np.uint8)"
refuses "holds integers or bytes" "t['model.norm.weight'] = t['model.norm.weight'].astype(np.int32)"
spoil "c['id2label'] = {str(i): 'x' for i in range(200000)}" # not a second for each thousand of them
timeout 60 "$assay" logits d $golden --tolerance 1e-9 >/dev/null || { echo "many members"; exit 1; }
# A length of 0 beside two of 2^53: nothing of it can be counted.
fresh
"$python" - <<'PY'
import json
import struct
h = json.dumps({"x": {"dtype": "F32", "shape": [0, 1 << 53, 1 << 53], "data_offsets": [0, 0]}}).encode()
open("d/model.safetensors", "wb").write(struct.pack("<Q", len(h)) + h)
PY
expect 2 'its shape overflows' "$assay" logits d $golden
# An index of other names than its file has; a file that is none.
fresh
mv d/model.safetensors d/a.safetensors
index() { # PYTHON of name n: the file
  "$python" -c "import common, json
json.dump({'weight_map': {n if i else '$2': $1 for i, n in enumerate(common.read('d/a.safetensors'))}}, open('d/model.safetensors.index.json', 'w'))"
}
first=$("$python" -c "import common; print(next(iter(common.read('d/a.safetensors'))))")
index "'a.safetensors'" "$first"
ends 0 "$assay" logits d $golden --tolerance 1e-9
index "'a.safetensors'" no.such
expect 2 "it lists 'no.such', which none of its files holds" "$assay" logits d $golden
for file in ../d/a.safetensors /etc/passwd; do
  index "'$file'" "$first"
  expect 2 'is no name in this folder' "$assay" logits d $golden
done
index "'..'" "$first"
expect 2 'not a regular file but a folder' "$assay" logits d $golden
mkfifo d/pipe
index "'pipe'" "$first"
expect 2 'not a regular file but a FIFO' "$assay" logits d $golden
cp d/a.safetensors d/b.safetensors
index "'ab'[i % 2] + '.safetensors'" "$first"
expect 2 'its files hold 60' "$assay" logits d $golden
# Experts of a gate whose numbers are not finite: none is chosen.
"$python" - <<'PY'
import common
import numpy as np
t = common.read("gpt_oss/model.safetensors")
t = {n: x if x.dtype == np.uint8 else x.astype(np.float32) for n, x in t.items()}
t["model.layers.1.mlp.router.weight"][:] = np.nan
common.write("gpt_oss/model.safetensors", t)
PY
for impl in oracle scalar best; do
  for threads in 1 3; do
    expect 2 'layer 1: a token has fewer experts than it needs' "$assay" logits gpt_oss gpt_oss/golden.safetensors --impl $impl --threads $threads
  done
done
# Inputs.
"$python" - <<'PY'
import common
import numpy as np
g = common.read("llama/golden.safetensors")
common.write("two.safetensors", {"ids": g["ids"].reshape(2, -1)})
common.write("types.safetensors", {"ids": g["ids"], "types": g["ids"] * 0})
g["logits"][0, 0] = np.nan
common.write("nan.safetensors", g)
w = common.read("whisper/golden.safetensors")
common.write("both.safetensors", {"mel": w["mel"], "pixels": w["mel"]})
common.write("short.safetensors", {**w, "ids": w["decoder_ids"][:1]})  # beside mel nobody reads them
PY
expect 2 "'ids' is of rank 2 with 2 in front" "$assay" logits llama two.safetensors
expect 2 'types, of which a model of family llama reads none' "$assay" logits llama types.safetensors
expect 1 'nan of the largest' "$assay" logits llama nan.safetensors --tolerance 1e9
expect 2 'mel and pixels: a model reads one of them' "$assay" logits whisper both.safetensors
ends 0 "$assay" logits whisper short.safetensors --tolerance 1e-9
# Outputs: no file that is read, no disk that has no room for it.
ln -s model.safetensors llama/link
for out in llama/model.safetensors llama/link llama/config.json; do
  expect 2 'would be overwritten, and this run reads it' "$assay" logits llama $golden -o $out
done
ends 0 "$assay" logits llama $golden -o llama/out.safetensors --tolerance 1e-9
ends 0 "$assay" logits llama $golden -o llama/out.safetensors --tolerance 1e-9
expect 2 'needs [0-9]* bytes; [0-9]* are free there' "$assay" synth llama -o m.gguf vocab_size=2147483647 embedding_length=1048576
[ -z "$(find . -name m.gguf -o -name '.assay*')" ] || { echo "something is left"; exit 1; }
# Parts of a GGUF file that are not of one model.
"$python" - <<'PY'
import os
import sys
sys.argv = ["", ""]
import tiny
part = lambda no: {"split.no": no, "split.count": 2, "split.tensors.count": 21}
tiny.write("s-00001-of-00002.gguf", keys=part(0), tensors=lambda n: n[:12])
tiny.write("s-00002-of-00002.gguf", keys={**part(1), "general.architecture": "gpt2"}, tensors=lambda n: n[12:])
tiny.write("q-00001-of-00002.gguf", keys=part(0), tensors=lambda n: n[:12])
os.symlink("q-00001-of-00002.gguf", "q-00002-of-00002.gguf")
PY
expect 2 "general.architecture is 'gpt2', of the first part 'llama'" "$assay" run s-00001-of-00002.gguf --ids 1 -n 1
expect 2 'says it is part 1 of 2; its name says 2 of 2' "$assay" run q-00001-of-00002.gguf --ids 1 -n 1
echo "all refused"
