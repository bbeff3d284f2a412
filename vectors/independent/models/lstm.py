# SPDX-License-Identifier: MIT
"""An LSTM language model: a table of words, layers of LSTM cells, a head.

Keys read: vocab_size embedding_size hidden_size num_layers tie_word_embeddings (then the head's matrix is the table, and both sizes are equal).
Tensors: encoder.weight [V, E], rnn.{weight_ih,weight_hh,bias_ih,bias_hh}_l{k} (rows: gates i f g o), decoder.{weight,bias}.
inputs: ids (T).  logits (T, V).  States are zero at the start."""
import numpy as np

import common as m

FADES = True  # a state of which little is left behind many tokens


def shapes(c):
    E, H, s = c["embedding_size"], c["hidden_size"], {"encoder.weight": (c["vocab_size"], c["embedding_size"]), "decoder.bias": (c["vocab_size"],)}
    for k in range(c["num_layers"]):
        s[f"rnn.weight_ih_l{k}"], s[f"rnn.weight_hh_l{k}"] = (4 * H, H if k else E), (4 * H, H)
        s[f"rnn.bias_ih_l{k}"] = s[f"rnn.bias_hh_l{k}"] = (4 * H,)
    if not c["tie_word_embeddings"]:
        s["decoder.weight"] = (c["vocab_size"], H)
    elif E != H:
        raise ValueError(f"one table for words of {E} and states of {H}")
    return s


def cell(x, h, c, w_ih, w_hh, b_ih, b_hh):
    """One step: the new (h, c)."""
    i, f, g, o = np.split(w_ih @ x + b_ih + w_hh @ h + b_hh, 4)
    c = m.sigmoid(f) * c + m.sigmoid(i) * np.tanh(g)
    return m.sigmoid(o) * np.tanh(c), c


def logits(c, W, inputs):
    x = W["encoder.weight"][np.asarray(inputs["ids"])]
    for k in range(c["num_layers"]):
        h = kept = np.zeros(c["hidden_size"])
        parts, out = [W[f"rnn.{n}_l{k}"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")], []
        for row in x:
            h, kept = cell(row, h, kept, *parts)
            out.append(h)
        x = np.array(out)
    return x @ W["encoder.weight" if c["tie_word_embeddings"] else "decoder.weight"].T + W["decoder.bias"]


def small(seed):
    c = dict(model_type="lstm", architectures=["LSTMForCausalLM"], vocab_size=96, embedding_size=40, hidden_size=48, num_layers=2, tie_word_embeddings=False)
    return c | [{}, dict(embedding_size=48, tie_word_embeddings=True, num_layers=3)][seed % 2]


def draw(c, rng):
    return dict(ids=rng.integers(0, c["vocab_size"], int(rng.integers(5, 60))))
