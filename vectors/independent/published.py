#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Vocabularies that llama.cpp publishes for its own tests, models/ggml-vocab-*.gguf, with texts (.inp) and the ids that Hugging Face's
tokenizers made of them (.out): `assay tokenize` must say the same ids, but for what a file puts before and behind a text.

usage: published.py ASSAY FOLDER     exit 0: all equal; 1: one is not; 77: FOLDER has none of them"""
import glob
import os
import sys

from tokens import ids_of


def judge(assay, model):
    with open(model + ".inp", encoding="utf-8", newline="") as f:
        texts = f.read().split("\n__ggml_vocab_test__\n")
    with open(model + ".out", encoding="utf-8") as f:
        wanted = [[int(i) for i in line.split()] for line in f.read().split("\n")]
    texts = texts[:-1] if not texts[-1].strip() else texts
    have = ids_of(assay, model, texts)
    wrong = [i for i, (ids, want) in enumerate(zip(have, wanted)) if want not in (ids, ids[1:], ids[1:-1])]
    print(f"{'FAIL ' if wrong else 'ok   '} {os.path.basename(model)}: {len(texts)} texts, {len(wrong)} differ")
    for i in wrong[:5]:
        print(f"       {texts[i]!a}\n         theirs {wanted[i][:24]}\n         ours   {have[i][:24]}")
    return bool(wrong)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    models = [m for m in sorted(glob.glob(os.path.join(sys.argv[2], "ggml-vocab-*.gguf"))) if os.path.exists(m + ".out") and os.path.getsize(m)]
    sys.exit(max(judge(sys.argv[1], m) for m in models) if models else 77)
