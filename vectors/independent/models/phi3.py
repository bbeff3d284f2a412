# SPDX-License-Identifier: MIT
"""Phi-3, Phi-4: Llama's graph with q | k | v and gate | up each in one matrix; LongRoPE divides each frequency by a factor of its own,
out of one of two lists: the long one for a text longer than original_max_position_embeddings.  (transformers goes by the length of
the text; a program may go by the context that it was started with.)

Keys read: Llama's without biases; original_max_position_embeddings partial_rotary_factor sliding_window; rope_scaling's type, short_factor
and long_factor."""
import common as m
import llama


def shapes(c):
    (d, H, G, D), F = llama.sizes(c), c["intermediate_size"]
    s = {"model.embed_tokens.weight": (c["vocab_size"], d), "model.norm.weight": (d,)}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        s[p + "self_attn.qkv_proj.weight"], s[p + "self_attn.o_proj.weight"] = ((H + 2 * G) * D, d), (d, H * D)
        s[p + "mlp.gate_up_proj.weight"], s[p + "mlp.down_proj.weight"] = (2 * F, d), (d, F)
        s[p + "input_layernorm.weight"] = s[p + "post_attention_layernorm.weight"] = (d,)
    if not c.get("tie_word_embeddings", False):
        s["lm_head.weight"] = (c["vocab_size"], d)
    return s


def rope_of(c, length):
    s, dims = c.get("rope_scaling"), int(llama.sizes(c)[3] * c.get("partial_rotary_factor", 1.0))
    if s:  # "su" is what the first files call it
        s = dict(s, type="longrope", original_max_position_embeddings=c["original_max_position_embeddings"])
    return m.frequencies(dims, c.get("rope_theta", 1e4), s, c["max_position_embeddings"], length)


def logits(c, W, ids):
    (_, H, G, D), F, eps = llama.sizes(c), c["intermediate_size"], c["rms_norm_eps"]
    x, rope, mask = W["model.embed_tokens.weight"][ids], rope_of(c, len(ids)), m.window(c.get("sliding_window"))
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        y = m.heads(m.linear(W, p + "self_attn.qkv_proj", m.rms(x, W[p + "input_layernorm.weight"], eps)), H + 2 * G)
        q, k, v = y[:, :H], y[:, H:H + G], y[:, H + G:]
        x = x + m.linear(W, p + "self_attn.o_proj", m.attention(m.rope(q, *rope), m.rope(k, *rope), v, mask))
        y = m.linear(W, p + "mlp.gate_up_proj", m.rms(x, W[p + "post_attention_layernorm.weight"], eps))
        x = x + m.linear(W, p + "mlp.down_proj", m.silu(y[:, :F]) * y[:, F:])
    head = W["model.embed_tokens.weight" if c.get("tie_word_embeddings", False) else "lm_head.weight"]
    return m.rms(x, W["model.norm.weight"], eps) @ head.T


VARIANTS = [dict(sliding_window=9), dict(rope_scaling=True, original_max_position_embeddings=16),
            dict(rope_scaling=True, original_max_position_embeddings=32), dict(partial_rotary_factor=0.75, tie_word_embeddings=True)]


def small(seed):
    c = dict(llama.SMALL, architectures=["Phi3ForCausalLM"], model_type="phi3", original_max_position_embeddings=128, pad_token_id=0)
    c |= VARIANTS[seed % len(VARIANTS)]
    if c.get("rope_scaling"):
        c["rope_scaling"] = dict(type="longrope", short_factor=[1.0, 1.0625, 1.125, 1.5], long_factor=[1.0, 1.3125, 2.5, 8.0])
    return c
