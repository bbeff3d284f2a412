# SPDX-License-Identifier: MIT
"""RoBERTa: BERT's encoder with one token type, whose positions count the tokens that are not padding, from pad_token_id + 1 on (padding
itself has position pad_token_id, and no other token sees it).

Keys read: those of BERT, and pad_token_id.  inputs: ids (T).  logits (T, V)."""
import numpy as np

import bert
import common as m

STEPS = False  # all at once


def shapes(c):
    d, s = c["hidden_size"], bert.body(c, "roberta.")
    s["lm_head.bias"] = (c["vocab_size"],)
    bert.dense(s, "lm_head.dense", d, d)
    bert.norm(s, "lm_head.layer_norm", d)
    return s


def logits(c, W, inputs):
    ids = np.asarray(inputs["ids"])
    if (ids == c["pad_token_id"]).any():
        raise ValueError("padding is left out, not masked")
    x = bert.encode(c, W, "roberta.", ids, np.arange(len(ids)) + c["pad_token_id"] + 1, 0 * ids)
    h = bert.normed(c, W, "lm_head.layer_norm", m.gelu_erf(m.linear(W, "lm_head.dense", x)))  # erf, whatever hidden_act says
    return h @ W["roberta.embeddings.word_embeddings.weight"].T + W["lm_head.bias"]


def small(seed):
    c = bert.SMALL | dict(model_type="roberta", architectures=["RobertaForMaskedLM"], type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5)
    return c | [{}, dict(hidden_act="relu", num_attention_heads=3)][seed % 2]


def draw(c, rng):
    return dict(ids=rng.integers(3, c["vocab_size"], int(rng.integers(5, 40))))


def hf(c, inputs):
    return "RobertaConfig", "RobertaForMaskedLM", dict(input_ids=inputs["ids"])
