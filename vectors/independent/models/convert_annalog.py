# SPDX-License-Identifier: MIT
"""convert_annalog.py PACKAGE FOLDER: annalog (the unpacked wheel; needs PyTorch to read it) as transformer.py has it, its vocabulary as
tokens.json (id -> text), and golden.safetensors: of two molecules ids.k, decoder_ids.k (what greedy search says, behind <sos>), logits.k."""
import io
import json
import os
import pickle
import re
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # noqa: E402
import search  # noqa: E402
import transformer  # noqa: E402

MOLECULES = "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "CC(=O)OC1=CC=CC=C1C(=O)O"  # caffeine, aspirin
NAMES = [("tok_embedding", "embed"), ("pos_embedding", "positions"), ("decoder.fc_out", "output"), ("self_attention.fc_", "self_attn."),
         ("encoder_attention.fc_", "cross_attn."), ("enc_attn_layer_norm", "cross_attn_norm"), ("self_attn_layer_norm", "self_attn_norm"),
         ("ff_layer_norm", "ffn_norm"), ("positionwise_feedforward.fc_", "fc"), (r"attn\.([qkvo])\.", r"attn.\1_proj.")]


class Plain(pickle.Unpickler):
    """Lists, dictionaries, strings and numbers alone."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name}: not read")


def renamed(name):
    for old, new in NAMES:
        name = re.sub(old, new, name)
    return name


def main(package, folder):
    import torch  # here alone, so that without it the file can still be looked at
    package = os.path.join(package, "annalog", "ckpt_and_vocab")
    theirs = torch.load(os.path.join(package, "Lev_extended.pt"), map_location="cpu", weights_only=True)
    W = {renamed(n): t.double().numpy() for n, t in theirs.items()}
    with open(os.path.join(package, "stereo_experiment_vocab_ttf.pkl"), "rb") as f:
        words = Plain(io.BytesIO(f.read())).load()
    number, golden = words["stoi"], {}
    c = dict(model_type="transformer", architectures=["Transformer"], vocab_size=len(words["itos"]), d_model=256, num_heads=8, d_ff=512, num_layers=3,
             num_decoder_layers=3, layer_norm_eps=1e-5, position_table="learned", max_position_embeddings=102, tie_word_embeddings=False, attention_bias=True,
             pad_token_id=number["<pad>"], bos_token_id=number["<sos>"], eos_token_id=number["<eos>"], decoder_start_token_id=number["<sos>"])
    assert {n: w.shape for n, w in W.items()} == transformer.shapes(c)
    common.write_model(folder, c, W)
    with open(os.path.join(folder, "tokens.json"), "w", encoding="utf-8") as f:
        json.dump(words["itos"], f)
    for k, molecule in enumerate(MOLECULES):
        ids = np.array([number[t] for t in ["<sos>", *re.findall(r"\[[^]]+\]|%\d\d|Br|Cl|.", molecule), "<eos>"]], dtype=np.int32)
        memory = transformer.encode(c, W, ids)
        said, margin = search.greedy(lambda some: transformer.decode(c, W, memory, some)[-1], number["<sos>"], {number["<eos>"]}, 60)
        decoder_ids = np.array([number["<sos>"], *said[:-1]], dtype=np.int32)
        golden |= {f"ids.{k}": ids, f"decoder_ids.{k}": decoder_ids, f"logits.{k}": transformer.decode(c, W, memory, decoder_ids)}
        print(f"{folder}: {molecule} -> {''.join(words['itos'][i] for i in said)} (logits win by {margin:.2g})")
    common.write(os.path.join(folder, "golden.safetensors"), golden)


if __name__ == "__main__":
    main(*sys.argv[1:])
