# SPDX-License-Identifier: MIT
"""The original Transformer (Vaswani 2017): encoder and decoder, norms behind the sums, relu, one table for source, target and logits.

Keys read: vocab_size d_model num_heads d_ff num_layers num_decoder_layers layer_norm_eps attention_bias, and
  position_table: interleaved (sin, cos, sin, ..: the paper), halves (all sines, then all cosines: tensor2tensor), or learned, read from
    encoder.positions.weight and decoder.positions.weight [max_position_embeddings, d];
  tie_word_embeddings, true if left out: embed.weight [V, d] is all three tables; false: encoder.embed.weight, decoder.embed.weight,
    output.weight and output.bias.
Tensors: {encoder,decoder}.layers.i.self_attn.{q,k,v,o}_proj.weight (and .bias if attention_bias), .self_attn_norm.{weight,bias},
.fc1, .fc2, .ffn_norm.{weight,bias}; the decoder's cross_attn and cross_attn_norm in the same way.
inputs: ids (T), decoder_ids (U).  logits (U, V)."""
import numpy as np

import bert
import common as m


def tied(c):
    return c.get("tie_word_embeddings", True)


def shapes(c):
    d, V, s = c["d_model"], c["vocab_size"], {}
    for name in ("embed",) if tied(c) else ("encoder.embed", "decoder.embed", "output"):
        s[name + ".weight"] = (V, d)
    if not tied(c):
        s["output.bias"] = (V,)
    for side, layers in (("encoder", c["num_layers"]), ("decoder", c["num_decoder_layers"])):
        if c["position_table"] == "learned":
            s[side + ".positions.weight"] = (c["max_position_embeddings"], d)
        for i in range(layers):
            l = f"{side}.layers.{i}."
            for kind in ("self_attn", "cross_attn")[: 1 if side == "encoder" else 2]:
                for n in "qkvo":
                    bert.dense(s, f"{l}{kind}.{n}_proj", d, d)
                    if not c["attention_bias"]:
                        del s[f"{l}{kind}.{n}_proj.bias"]
                bert.norm(s, l + kind + "_norm", d)
            bert.dense(s, l + "fc1", c["d_ff"], d)
            bert.dense(s, l + "fc2", d, c["d_ff"])
            bert.norm(s, l + "ffn_norm", d)
    return s


def sinusoids(rows, d, table):
    """(rows, d): angles p / 10000^(2 i / d), sine and cosine side by side; or p exp(-i ln 10000 / (d/2 - 1)), all sines first."""
    i, p = np.arange(d // 2), np.arange(rows)[:, None]
    if table == "interleaved":
        angle = p / 10000.0 ** (2 * i / d)
        return np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(rows, d)
    angle = p * np.exp(-i * np.log(10000.0) / max(d // 2 - 1, 1))
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def attend(c, W, p, x, keys, mask):
    q, k, v = (m.heads(m.linear(W, f"{p}.{n}_proj", a), c["num_heads"]) for n, a in (("q", x), ("k", keys), ("v", keys)))
    return m.linear(W, p + ".o_proj", m.attention(q, k, v, mask))


def stack(c, W, side, ids, memory=None):
    def norm(name, y):
        return m.layernorm(y, W[name + ".weight"], W[name + ".bias"], c["layer_norm_eps"])
    ids, d = np.asarray(ids), c["d_model"]
    table = W["embed.weight" if tied(c) else side + ".embed.weight"]
    learned = c["position_table"] == "learned"
    x = table[ids] * d ** 0.5 + (W[side + ".positions.weight"][:len(ids)] if learned else sinusoids(len(ids), d, c["position_table"]))
    for i in range(c["num_layers" if memory is None else "num_decoder_layers"]):
        l = f"{side}.layers.{i}."
        x = norm(l + "self_attn_norm", x + attend(c, W, l + "self_attn", x, x, m.everything if memory is None else m.causal))
        if memory is not None:
            x = norm(l + "cross_attn_norm", x + attend(c, W, l + "cross_attn", x, memory, m.everything))
        x = norm(l + "ffn_norm", x + m.linear(W, l + "fc2", m.relu(m.linear(W, l + "fc1", x))))
    return x


def encode(c, W, ids):
    return stack(c, W, "encoder", ids)


def decode(c, W, memory, ids):
    x = stack(c, W, "decoder", ids, memory)
    return x @ W["embed.weight"].T if tied(c) else m.linear(W, "output", x)


def logits(c, W, inputs):
    return decode(c, W, encode(c, W, inputs["ids"]), inputs["decoder_ids"])


SMALL = dict(model_type="transformer", architectures=["Transformer"], vocab_size=96, d_model=48, num_heads=6, d_ff=80, num_layers=3, num_decoder_layers=2,
             layer_norm_eps=1e-6, position_table="interleaved", attention_bias=False, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
VARIANTS = {}, dict(position_table="halves", num_heads=4), dict(attention_bias=True, layer_norm_eps=1e-5), dict(
    position_table="learned", max_position_embeddings=64, tie_word_embeddings=False, attention_bias=True)


def small(seed):
    return SMALL | VARIANTS[seed % len(VARIANTS)]


def draw(c, rng):
    T, U = (int(n) for n in rng.integers(5, 40, 2))
    return dict(ids=rng.integers(3, c["vocab_size"], T), decoder_ids=np.append(c["decoder_start_token_id"], rng.integers(3, c["vocab_size"], U - 1)))
