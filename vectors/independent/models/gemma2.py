# SPDX-License-Identifier: MIT
"""Gemma 2: Gemma between two norms for each half, scores and logits capped by c tanh(x / c), a window in layers 0, 2, ..

Keys read: Gemma's, query_pre_attn_scalar attn_logit_softcapping final_logit_softcapping sliding_window layer_types attention_bias."""
import common as m
import gemma

GEMMA = True
NORMS = gemma.NORMS + ("pre_feedforward_layernorm", "post_feedforward_layernorm")


def shapes(c):
    return gemma.shapes(c, NORMS)


def logits(c, W, ids):
    x, rope = gemma.embed(c, W, ids), gemma.frequencies(c, len(ids))
    for i in range(c["num_hidden_layers"]):
        slides = c["layer_types"][i] == "sliding_attention" if c.get("layer_types") else i % 2 == 0
        x = gemma.sandwich(c, W, x, i, rope, m.window(slides and c["sliding_window"]), c.get("attn_logit_softcapping"))
    return gemma.head(c, W, x)


KIND = dict(architectures=["Gemma2ForCausalLM"], model_type="gemma2", hidden_activation="gelu_pytorch_tanh", rms_norm_eps=1e-6)
KNOWN = dict(config=dict(KIND, vocab_size=11, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=6,
                         intermediate_size=24, query_pre_attn_scalar=9, attn_logit_softcapping=2.0, final_logit_softcapping=3.0,
                         sliding_window=3, rope_theta=10000.0, max_position_embeddings=8, tie_word_embeddings=True),
             ids=[3, 7, 1, 9, 4], want="-0.318397916826055 | 1.48386214461907 | -3.35007863453014")


def small(seed):
    return gemma.SMALL | KIND | dict(query_pre_attn_scalar=24 if seed % 2 else 16, attn_logit_softcapping=2.5, final_logit_softcapping=4.0,
                                     sliding_window=(6, 9)[seed % 2])
