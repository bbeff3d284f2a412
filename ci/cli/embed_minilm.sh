#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay embed of the real all-MiniLM-L6-v2 (ci/models minilm): vectors of two sentences against NumPy's in double.
set -euo pipefail
assay=$(realpath "$1") source=$2 model=$2/models/minilm
[ -f "$model/golden.safetensors" ] || { echo "skipped: models/minilm is not there (ci/models minilm fetches it)"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$source/vectors/independent/models "${PYTHON:-python3}" - "$assay" "$model" "$dir/v.safetensors" <<'PY'
import json, subprocess, sys
import numpy as np
import bert, common, convert_minilm
assay, model, path = sys.argv[1:]
golden, wrong = common.read(model + "/golden.safetensors"), 0
truth = np.array([golden["embedding.0"], golden["embedding.1"]])
common.NARROW = True  # as ops have their parameters: the scale of scores in f32
with open(model + "/config.json", encoding="utf-8") as f:
    c, W = json.load(f), common.read(model + "/model.safetensors")
narrow = np.array([bert.embed(c, W, golden[f"ids.{k}"]) for k in range(2)])
for impl, bound in (("oracle", 1e-13), ("scalar", 2e-6), ("best", 2e-6)):
    subprocess.run([assay, "embed", model, *convert_minilm.SENTENCES, "--impl", impl, "-o", path], check=True, capture_output=True)
    v = common.read(path)["embeddings"]
    apart = max(1 - a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(v, truth))
    cosine = v[0] @ v[1] / np.sqrt((v[0] @ v[0]) * (v[1] @ v[1]))
    off, most, close = abs(cosine - golden["cosine"][0]), np.abs(v - truth).max(), np.abs(v - narrow).max()
    print(f"{impl}: 1 - cosine with the truth {apart:.3g}; the sentences' cosine {cosine:.12f}, off by {off:.3g}; "
          f"largest difference {most:.3g}, with parameters as f32 {close:.3g}")
    wrong += not (apart <= 1e-6 and off <= 1e-6 and close <= bound)
sys.exit(wrong > 0)
PY
