# SPDX-License-Identifier: MIT
"""RNNsearch (Bahdanau, Cho, Bengio 2014, appendix A): an encoder of two directions, attention, and a decoder with a maxout layer.

Both GRUs are the paper's: r, z = sg(W e + U h), h' = (1 - z) h + z tanh(W e + U (r h)).  So the reset gate stands before U, and z says how
much is new; PyTorch's nn.GRU has neither.  The decoder's gates and candidate each get the context by a matrix of its own, too.
No biases, as the paper's formulas have none.  Rows of stacked matrices: r, z, n (the candidate).
As in the formulas, word i is told from s_{i-1} and word i - 1, which both then make s_i.  The authors' own program (GroundHog) has the
same gates and the same maxout over neighbours but makes s_i from word i, and before the first word adds no word to the maxout layer.

Keys read: vocab_size target_vocab_size embedding_size (m) hidden_size (n) alignment_size (a) maxout_size (l).
Tensors, with their names in the paper:
  encoder.embed.weight [V, m] (E, one for both directions), encoder.gru.weight_ih_l0[_reverse] [3n, m] (W_r, W_z, W),
  encoder.gru.weight_hh_l0[_reverse] [3n, n] (U_r, U_z, U); annotations are h_j = [forward; backward]
  decoder.init.weight [n, n] (W_s: s_0 = tanh(W_s backward h_1)), decoder.embed.weight [V', m], decoder.gru.weight_ih [3n, m] (W_r, W_z, W),
  decoder.gru.weight_hh [3n, n] (U_r, U_z, U), decoder.gru.weight_ch [3n, 2n] (C_r, C_z, C)
  decoder.attention.query.weight [a, n] (W_a), decoder.attention.key.weight [a, 2n] (U_a), decoder.attention.score.weight [1, a] (v_a)
  decoder.maxout.state.weight [2l, n] (U_o), decoder.maxout.embed.weight [2l, m] (V_o), decoder.maxout.context.weight [2l, 2n] (C_o)
  decoder.output.weight [V', l] (W_o)
inputs: ids (T), decoder_ids (U), the word before each that is asked for.  logits (U, V')."""
import numpy as np

import common as m

FADES = True  # a state of which little is left behind many tokens


def shapes(c):
    n, e, a, l, V = c["hidden_size"], c["embedding_size"], c["alignment_size"], c["maxout_size"], c["target_vocab_size"]
    s = {"encoder.embed.weight": (c["vocab_size"], e)}
    for way in ("", "_reverse"):
        s["encoder.gru.weight_ih_l0" + way], s["encoder.gru.weight_hh_l0" + way] = (3 * n, e), (3 * n, n)
    of = {"init": (n, n), "embed": (V, e), "attention.query": (a, n), "attention.key": (a, 2 * n), "attention.score": (1, a),
          "maxout.state": (2 * l, n), "maxout.embed": (2 * l, e), "maxout.context": (2 * l, 2 * n), "output": (V, l)}
    s |= {f"decoder.{name}.weight": shape for name, shape in of.items()}
    return s | {"decoder.gru.weight_ih": (3 * n, e), "decoder.gru.weight_hh": (3 * n, n), "decoder.gru.weight_ch": (3 * n, 2 * n)}


def gru(x, h, u):
    """x: what the input (and context) give to r, z and n, one behind the other; u [3n, n]."""
    (xr, xz, xn), (ur, uz, un) = np.split(x, 3), np.split(u, 3)
    r, z = m.sigmoid(xr + ur @ h), m.sigmoid(xz + uz @ h)
    return (1 - z) * h + z * np.tanh(xn + un @ (r * h))


def attend(s, keys, annotations, query, score):
    """keys: the annotations by U_a, once a sentence.  The context."""
    return m.softmax(np.tanh(query @ s + keys) @ score) @ annotations


def encode(c, W, ids):
    """(T, 2n)"""
    x, ways = W["encoder.embed.weight"][np.asarray(ids)], []
    for way, order in (("", 1), ("_reverse", -1)):
        h, out = np.zeros(c["hidden_size"]), []
        for row in x[::order]:
            h = gru(W["encoder.gru.weight_ih_l0" + way] @ row, h, W["encoder.gru.weight_hh_l0" + way])
            out.append(h)
        ways.append(np.array(out[::order]))
    return np.concatenate(ways, axis=1)


def decode(c, W, memory, ids):
    def w(name):
        return W[f"decoder.{name}.weight"]
    s, keys, out = np.tanh(w("init") @ memory[0, c["hidden_size"]:]), memory @ w("attention.key").T, []
    for e in w("embed")[np.asarray(ids)]:
        context = attend(s, keys, memory, w("attention.query"), w("attention.score")[0])
        t = w("maxout.state") @ s + w("maxout.embed") @ e + w("maxout.context") @ context
        out.append(w("output") @ t.reshape(-1, 2).max(axis=1))
        s = gru(W["decoder.gru.weight_ih"] @ e + W["decoder.gru.weight_ch"] @ context, s, W["decoder.gru.weight_hh"])
    return np.array(out)


def logits(c, W, inputs):
    return decode(c, W, encode(c, W, inputs["ids"]), inputs["decoder_ids"])


def small(seed):
    c = dict(model_type="rnnsearch", architectures=["RNNSearch"], vocab_size=96, target_vocab_size=80, embedding_size=40, hidden_size=48, alignment_size=36,
             maxout_size=28, eos_token_id=1, decoder_start_token_id=0)
    return c | [{}, dict(embedding_size=24, hidden_size=20, alignment_size=44, maxout_size=50)][seed % 2]


def draw(c, rng):
    T, U = (int(n) for n in rng.integers(5, 40, 2))
    return dict(ids=rng.integers(0, c["vocab_size"], T), decoder_ids=np.append(c["decoder_start_token_id"], rng.integers(2, c["target_vocab_size"], U - 1)))
