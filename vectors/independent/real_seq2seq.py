# SPDX-License-Identifier: MIT
"""annalog: an encoder and a decoder of three layers each, norms behind the sums, which writes molecules like a given one.  See real.py."""
import importlib.util
import io
import os
import pickle
import re
import sys
import types

import torch

from real_record import Layers, Wrong, raw, raw_ids

MOLECULES = "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "CC(=O)OC1=CC=CC=C1C(=O)O"  # caffeine, aspirin
STEPS, PAD = 12, "<pad>"


class Plain(pickle.Unpickler):
    """Lists, dictionaries, strings and numbers alone."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name}: not read")


def theirs(package, W, words, pad):
    """The package's own classes with its weights, without what its __init__ imports."""
    sys.modules["annalog_files"] = parent = types.ModuleType("annalog_files")
    parent.__path__ = [os.path.join(package, "annalog", "model_files")]
    spec = importlib.util.find_spec("annalog_files.seq2seq_attention")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parts = [make(words, 256, 3, 8, 512, 0.1, "cpu", 102) for make in (module.Encoder, module.Decoder)]
    model = module.Seq2Seq(*parts, pad, pad, "cpu").eval()
    model.load_state_dict(W)
    return model


def ours(l, name, x, keys, mask, causal=False, lens=None):
    """An attention of theirs, in the steps that it takes."""
    q, k, v = [l.split(l.dense(a, f"{name}.fc_{n}.weight", f"{name}.fc_{n}.bias")) for a, n in ((x, "q"), (keys, "k"), (keys, "v"))]

    def attention(q, k, v):
        energy = torch.einsum("bthd,bshd->bhts", q, k) / torch.sqrt(torch.tensor([32.0]))
        return torch.einsum("bhts,bshd->bthd", torch.softmax(energy.masked_fill(mask == 0, -1e10), -1), v)
    return l.dense(l.attend(q, k, v, attention, causal, lens), f"{name}.fc_o.weight", f"{name}.fc_o.bias")


def embedded(l, side, ids):
    """sqrt(256) times a row of the tokens' table, and one of the places'."""
    token, place = 16 * l.W[f"{side}.tok_embedding.weight"], l.W[f"{side}.pos_embedding.weight"]
    at = torch.arange(ids.shape[1]).expand_as(ids)
    y = token[ids] + place[at]
    l.keep("embed_sum", {"ids": raw_ids(ids.reshape(-1)), "token": raw(token), "pos": raw_ids(at.reshape(-1)), "place": raw(place)},
           {"y": raw(y.reshape(-1, y.shape[-1]))})
    return y


def blocks(l, side, x, *attentions):
    """Layers whose norms stand behind the sums."""
    def norm(p, name, new, x):
        return l.norm(new, f"{p}.{name}.weight", f"{p}.{name}.bias", x)[0]
    for i in range(3):
        p = f"{side}.layers.{i}"
        for kind, short, keys, *how in attentions:
            x = norm(p, f"{short}_attn_layer_norm", ours(l, f"{p}.{kind}_attention", x, x if keys is None else keys, *how), x)
        f = f"{p}.positionwise_feedforward.fc_"
        up = l.active(l.dense(x, f + "1.weight", f + "1.bias"), "activation", "form=relu", torch.relu)
        x = norm(p, "ff_layer_norm", l.dense(up, f + "2.weight", f + "2.bias"), x)
    return x


def annalog(r, package):
    folder = os.path.join(package, "annalog", "ckpt_and_vocab")
    W = torch.load(os.path.join(folder, "Lev_extended.pt"), map_location="cpu", weights_only=True)
    with open(os.path.join(folder, "stereo_experiment_vocab_ttf.pkl"), "rb") as f:
        vocabulary = Plain(io.BytesIO(f.read())).load()
    number, l = vocabulary["stoi"], Layers(r, "annalog", W, 8)
    source = [[number[t] for t in ["<sos>", *re.findall(r"\[[^]]+\]|%\d\d|Br|Cl|.", m), "<eos>"]] for m in MOLECULES]
    lens = torch.tensor([len(s) for s in source])
    src = torch.tensor([s + [number[PAD]] * (int(lens.max()) - len(s)) for s in source])
    model = theirs(package, W, len(vocabulary["itos"]), number[PAD])
    trg = torch.full((len(src), 1), number["<sos>"])
    for _ in range(STEPS):
        trg = torch.cat([trg, model(src, trg)[0][:, -1:].argmax(-1)], 1)
    hidden, causal = model.make_src_mask(src), torch.tril(torch.ones(trg.shape[1], trg.shape[1])).bool()
    memory = blocks(l, "encoder", embedded(l, "encoder", src), ("self", "self", None, hidden, False, lens))
    x = blocks(l, "decoder", embedded(l, "decoder", trg), ("self", "self", None, causal, True), ("encoder", "enc", memory, hidden, False, lens))
    logits = l.dense(x, "decoder.fc_out.weight", "decoder.fc_out.bias", rows=8, columns=59)
    off = float((logits - model(src, trg)[0]).abs().max())
    if not off < 1e-3:
        raise Wrong(f"logits are off by {off:.3g} from those of the package's own program")
    l.chosen(logits.reshape(-1, 59))
    said = ["".join(vocabulary["itos"][i] for i in row if i > 3) for row in trg.tolist()]
    return f"begins {' and '.join(said)} for caffeine and aspirin; logits as its own program's to {off:.2g}"
