#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay similar: neighbours and scores once more in NumPy, from a tiny model's table.
set -euo pipefail
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
cd "$dir"
PYTHONPATH=$source/vectors/independent "${PYTHON:-python3}" - "$assay" <<'PY'
import json, subprocess, sys
import numpy as np
import tiny
assay = sys.argv[1]
_, w = tiny.write("m.gguf", merges=("h e", "l l", "he ll"), rows=0)
E = w["token_embd.weight"].astype(np.float64)
tiny.write("padded.gguf", rows=1000)  # more rows than tokens: zeros, which are near to nothing that is asked for

def similar(*args):
    subprocess.run([assay, "similar", *args, "--json", "s.json"], check=True, capture_output=True)
    return json.load(open("s.json"))

length = np.sqrt((E * E).sum(1))
scores = {
    "dot": lambda e: E @ e,
    "cosine": lambda e: E @ e / (length * np.sqrt(e @ e)),
    "l2": lambda e: np.sqrt(((E - e) ** 2).sum(1)),
}
for metric, of in scores.items():
    for impl in "oracle", "scalar", "best":
        d = similar("m.gguf", "hell", "a", "-k", "7", "--metric", metric, "--impl", impl)
        assert d["kind"] == "similar" and d["metric"] == metric and (d["rows"], d["width"], d["type"]) == (*E.shape, "f32"), d
        assert [x["text"] for x in d["words"]] == ["hell", "a"] and d["words"][1]["id"] == 97
        for word in d["words"]:
            s = of(E[word["id"]])
            order = [i for i in np.argsort(s if metric == "l2" else -s, kind="stable") if i != word["id"]][:7]
            assert [x["id"] for x in word["nearest"]] == order, (metric, impl, word, order)
            assert all(abs(x["score"] - s[x["id"]]) < 1e-4 for x in word["nearest"]), (metric, impl, word)
assert similar("m.gguf", "a")["metric"] == "cosine" and len(similar("m.gguf", "a")["words"][0]["nearest"]) == 10
assert len(similar("m.gguf", "a", "-k", "10000")["words"][0]["nearest"]) == len(E) - 1
d = similar("padded.gguf", "a", "-k", "10000")
assert d["rows"] == 257 and d["type"] == "bf16" and max(x["id"] for x in d["words"][0]["nearest"]) == 256, d["rows"]
tiny.write("none.gguf", tensors=lambda names: [n for n in names if n != "token_embd.weight"])
tiny.write("blank.gguf", merges=("h e", tiny.mapped(" ") + " b"))
PY
expect 0 "^'a' (97), cosine:$" "$assay" similar m.gguf a
expect 2 "the word 'hehe' is 2 tokens, not one: 'he' (256), 'he' (256)$" "$assay" similar m.gguf hehe
expect 2 "no token of the model stands for the word ''" "$assay" similar m.gguf ''
expect 0 "^' b' (257), l2:$" "$assay" similar blank.gguf ' b' --metric l2
expect 2 "no tensor 'token_embd.weight', so no table of embeddings" "$assay" similar none.gguf a
expect 2 'MODEL.gguf and a WORD are missing' "$assay" similar
expect 2 'a WORD is missing' "$assay" similar m.gguf
expect 2 'cosine, dot and l2 are known' "$assay" similar m.gguf a --metric cos
expect 2 'has no kernel' "$assay" similar m.gguf a --impl similarity=none
expect 2 'No such file' "$assay" similar nothing.gguf a
expect 2 'would overwrite m.gguf' "$assay" similar m.gguf a --json m.gguf
printf '\x08\x00\x00\x00\x00\x00\x00\x00{}      ' >t.safetensors
expect 2 't.safetensors: not a GGUF file' "$assay" similar t.safetensors a
expect 2 'cannot be written: No space' bash -c "'$assay' similar m.gguf a >/dev/full"
