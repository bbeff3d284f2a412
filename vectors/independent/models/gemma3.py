# SPDX-License-Identifier: MIT
"""Gemma 3, text: Gemma 2 without caps, RMS norms of q and k (1 + w, each head), five local layers to one global one; local layers have a
window and a rope base of their own, which no scaling touches.

Keys read: Gemma's, query_pre_attn_scalar sliding_window sliding_window_pattern layer_types rope_local_base_freq rope_scaling
final_logit_softcapping attention_bias."""
import common as m
import gemma
import gemma2

GEMMA = True


def shapes(c):
    return gemma.shapes(c, gemma2.NORMS, qk_norm=True)


def logits(c, W, ids):
    x, D = gemma.embed(c, W, ids), c["head_dim"]
    everywhere = m.frequencies(D, c["rope_theta"], c.get("rope_scaling"), c["max_position_embeddings"], len(ids))
    near = m.frequencies(D, c["rope_local_base_freq"])
    for i in range(c["num_hidden_layers"]):
        kinds = c.get("layer_types")
        slides = kinds[i] == "sliding_attention" if kinds else (i + 1) % c.get("sliding_window_pattern", 6) != 0
        x = gemma.sandwich(c, W, x, i, near if slides else everywhere, m.window(slides and c["sliding_window"]))
    return gemma.head(c, W, x)


def small(seed):
    c = dict(gemma.SMALL, architectures=["Gemma3ForCausalLM"], model_type="gemma3_text", rope_theta=1e6, rope_local_base_freq=10000.0,
             query_pre_attn_scalar=16 if seed % 4 < 2 else 24, sliding_window=7, num_hidden_layers=7, hidden_size=32)
    if seed % 2:
        c.update(rope_scaling=dict(rope_type="linear", factor=8.0), sliding_window_pattern=3, num_hidden_layers=4)
    return c
