# SPDX-License-Identifier: MIT
"""BERT: an encoder whose norms stand behind the sums, with a head for masked tokens (BertForMaskedLM) or, as BertModel, as it is.

Keys read: vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size hidden_act layer_norm_eps max_position_embeddings
type_vocab_size architectures.  Names of BertForMaskedLM begin with bert., those of BertModel do not.
inputs: ids (T), types (T, zeros if left out).  logits() of BertForMaskedLM is (T, V), of BertModel the last layer (T, d)."""
import numpy as np

import common as m


STEPS = False  # all at once: no token waits for another


def masked_lm(c):
    return c["architectures"] == ["BertForMaskedLM"]


def dense(s, name, out, width):
    s[name + ".weight"], s[name + ".bias"] = (out, width), (out,)


def norm(s, name, d):
    s[name + ".weight"] = s[name + ".bias"] = (d,)


def body(c, p):
    """The tensors of the encoder, whose names begin with p; RoBERTa has the same."""
    d, F, s = c["hidden_size"], c["intermediate_size"], {}
    for n, rows in (("word", c["vocab_size"]), ("position", c["max_position_embeddings"]), ("token_type", c["type_vocab_size"])):
        s[f"{p}embeddings.{n}_embeddings.weight"] = (rows, d)
    norm(s, p + "embeddings.LayerNorm", d)
    for i in range(c["num_hidden_layers"]):
        l = f"{p}encoder.layer.{i}."
        for n in ("self.query", "self.key", "self.value", "output.dense"):
            dense(s, l + "attention." + n, d, d)
        norm(s, l + "attention.output.LayerNorm", d)
        dense(s, l + "intermediate.dense", F, d)
        dense(s, l + "output.dense", d, F)
        norm(s, l + "output.LayerNorm", d)
    return s


def shapes(c):
    d = c["hidden_size"]
    if not masked_lm(c):
        s = body(c, "")
        dense(s, "pooler.dense", d, d)
        return s
    s = body(c, "bert.")
    s["cls.predictions.bias"] = (c["vocab_size"],)
    dense(s, "cls.predictions.transform.dense", d, d)
    norm(s, "cls.predictions.transform.LayerNorm", d)
    return s


def normed(c, W, name, x):
    return m.layernorm(x, W[name + ".weight"], W[name + ".bias"], c["layer_norm_eps"])


def encode(c, W, p, ids, positions, types):
    """ids, positions, types (T) -> (T, d)"""
    act, H = m.ACTIVATIONS[c["hidden_act"]], c["num_attention_heads"]
    tables = zip(("word", "position", "token_type"), (ids, positions, types))
    x = normed(c, W, p + "embeddings.LayerNorm", sum(W[f"{p}embeddings.{n}_embeddings.weight"][i] for n, i in tables))
    for i in range(c["num_hidden_layers"]):
        l = f"{p}encoder.layer.{i}."
        q, k, v = (m.heads(m.linear(W, f"{l}attention.self.{n}", x), H) for n in ("query", "key", "value"))
        o = m.linear(W, l + "attention.output.dense", m.attention(q, k, v, m.everything))
        x = normed(c, W, l + "attention.output.LayerNorm", x + o)
        f = m.linear(W, l + "output.dense", act(m.linear(W, l + "intermediate.dense", x)))
        x = normed(c, W, l + "output.LayerNorm", x + f)
    return x


def hidden(c, W, inputs):
    ids = np.asarray(inputs["ids"])
    return encode(c, W, "bert." if masked_lm(c) else "", ids, np.arange(len(ids)), np.asarray(inputs.get("types", 0 * ids)))


def head(c, W, dense_name, norm_name, table, bias, x):
    """The head for masked tokens: a dense layer, its activation, a norm, and the words' table."""
    h = normed(c, W, norm_name, m.ACTIVATIONS[c["hidden_act"]](m.linear(W, dense_name, x)))
    return h @ W[table].T + W[bias]


def logits(c, W, inputs):
    x, p = hidden(c, W, inputs), "cls.predictions."
    if not masked_lm(c):
        return x
    return head(c, W, p + "transform.dense", p + "transform.LayerNorm", "bert.embeddings.word_embeddings.weight", p + "bias", x)


def embed(c, W, ids, normalize=True):
    """A sentence's embedding (d): the mean over all tokens, [CLS] and [SEP] too; then of length 1."""
    mean = hidden(c, W, {"ids": ids}).mean(axis=0)
    return mean / max(np.sqrt((mean * mean).sum()), 1e-12) if normalize else mean


KNOWN = dict(config=dict(model_type="bert", architectures=["BertForMaskedLM"], vocab_size=11, hidden_size=16, num_hidden_layers=2,
                         num_attention_heads=4, intermediate_size=24, hidden_act="gelu", layer_norm_eps=1e-12, max_position_embeddings=8,
                         type_vocab_size=2),
             inputs=dict(ids=[3, 7, 1, 9, 4], types=[0, 0, 0, 1, 1]), want="-0.446344830544214 | -2.33518928512452 | 36.7806654814865")
SMALL = dict(model_type="bert", vocab_size=96, hidden_size=48, num_hidden_layers=3, num_attention_heads=6, intermediate_size=80, hidden_act="gelu",
             layer_norm_eps=1e-12, max_position_embeddings=64, type_vocab_size=2, pad_token_id=0)


def small(seed):
    return SMALL | [dict(architectures=["BertForMaskedLM"]), dict(architectures=["BertModel"], num_attention_heads=4),
                    dict(architectures=["BertForMaskedLM"], hidden_act="gelu_new", layer_norm_eps=1e-5)][seed % 3]


def draw(c, rng):
    T = int(rng.integers(5, 40))
    return dict(ids=rng.integers(3, c["vocab_size"], T), types=np.sort(rng.integers(0, c["type_vocab_size"], T)))


def hf(c, inputs):
    """The names of the transformers classes, and what they are called with."""
    return ("BertConfig", c["architectures"][0], dict(input_ids=inputs["ids"], token_type_ids=inputs["types"]))
