# SPDX-License-Identifier: MIT
"""Baichuan 1 and 2: Llama's graph, q | k | v in one matrix W_pack, no biases, as many key heads as heads.  7B turns q and k (half rope,
base 10000), 13B has ALiBi instead.  Baichuan 2 has a head of unit rows: logits = x . W_r / max(|W_r|, 1e-12).

All have model_type baichuan, and each its own code beside the file; no key says which.  What real files differ in is taken:
* max_position_embeddings: the files of 7B have it (rope), those of 13B have model_max_length alone (ALiBi);
* z_loss_weight, a key of Baichuan 2's configuration class, or the vocabulary of Baichuan 2, vocab_size 125696: the head of unit rows.
  (Baichuan 2's first files leave z_loss_weight to its default, so the number 125696 must do for them; small models say the key.)

Keys read: these, hidden_size num_hidden_layers num_attention_heads intermediate_size hidden_act rms_norm_eps."""
import numpy as np

import common as m
import llama

UNREAD = ("tie_word_embeddings",)
SEEDS = range(6)  # the last two are those that GGUF knows


def shapes(c):
    d = c["hidden_size"]
    s = {"model.embed_tokens.weight": (c["vocab_size"], d), "model.norm.weight": (d,), "lm_head.weight": (c["vocab_size"], d)}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        s[p + "self_attn.W_pack.weight"], s[p + "self_attn.o_proj.weight"] = (3 * d, d), (d, d)
        s[p + "input_layernorm.weight"] = s[p + "post_attention_layernorm.weight"] = (d,)
        llama.gated_shapes(s, p + "mlp.", d, c["intermediate_size"])
    return s


def logits(c, W, ids):
    H, eps, turns = c["num_attention_heads"], c["rms_norm_eps"], "max_position_embeddings" in c
    x, rope, slopes = W["model.embed_tokens.weight"][ids], m.frequencies(c["hidden_size"] // H, 1e4), m.alibi_slopes(H)
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        y = m.heads(m.linear(W, p + "self_attn.W_pack", m.rms(x, W[p + "input_layernorm.weight"], eps)), 3 * H)
        q, k, v = y[:, :H], y[:, H:2 * H], y[:, 2 * H:]
        a = m.attention(m.rope(q, *rope), m.rope(k, *rope), v) if turns else m.attention(q, k, v, alibi=slopes)
        x = x + m.linear(W, p + "self_attn.o_proj", a)
        x = x + llama.gated(c, W, p + "mlp.", m.rms(x, W[p + "post_attention_layernorm.weight"], eps))
    head = W["lm_head.weight"]
    if c["vocab_size"] == 125696 or "z_loss_weight" in c:
        head = head / np.maximum(np.sqrt((head * head).sum(axis=-1, keepdims=True)), 1e-12)
    return m.rms(x, W["model.norm.weight"], eps) @ head.T


KIND = dict(architectures=["BaichuanForCausalLM"], model_type="baichuan", hidden_act="silu", rms_norm_eps=1e-6, tie_word_embeddings=False,
            bos_token_id=1, eos_token_id=2, pad_token_id=0)
KNOWN = dict(config=dict(KIND, vocab_size=11, hidden_size=24, num_hidden_layers=2, num_attention_heads=6, intermediate_size=24,
                         model_max_length=8, z_loss_weight=0),
             ids=[3, 7, 1, 9, 4], want="2.46595485436936 | -7.44597132504755 | -201.461909023021")
VARIANTS = [dict(), dict(z_loss_weight=0), dict(max_position_embeddings=128, architectures=["BaiChuanForCausalLM"]),
            dict(max_position_embeddings=128, z_loss_weight=0),
            dict(max_position_embeddings=128, num_hidden_layers=32), dict(num_hidden_layers=40)]  # as many as GGUF tells them by


def small(seed):
    return dict(KIND, vocab_size=96, hidden_size=60, num_hidden_layers=3, num_attention_heads=6, intermediate_size=80,
                model_max_length=128) | VARIANTS[seed % len(VARIANTS)]
