# SPDX-License-Identifier: MIT
"""Llama 1, 2, 3 and whatever has its graph: RMS norm, half rope, grouped heads, a gated FFN, no biases unless config.json says so.

Keys read: vocab_size hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim intermediate_size hidden_act
rms_norm_eps rope_theta rope_scaling max_position_embeddings attention_bias mlp_bias tie_word_embeddings.
attention() and logits() have places for what Mistral, Qwen and the mixtures of experts do otherwise."""
import common as m

UNREAD = ("sliding_window",)  # transformers passes over it here; Assay does as it says


def sizes(c):
    """(d, heads, key heads, head size)"""
    d, H = c["hidden_size"], c["num_attention_heads"]
    return d, H, c.get("num_key_value_heads") or H, c.get("head_dim") or d // H


def linear(s, name, out, width, bias):
    s[name + ".weight"] = (out, width)
    if bias:
        s[name + ".bias"] = (out,)


def attention_shapes(s, c, p, bias, out_bias):
    d, H, G, D = sizes(c)
    for n, rows in (("q", H), ("k", G), ("v", G)):
        linear(s, f"{p}{n}_proj", rows * D, d, bias)
    linear(s, p + "o_proj", d, H * D, out_bias)


def gated_shapes(s, p, d, F, bias=False):
    linear(s, p + "gate_proj", F, d, bias)
    linear(s, p + "up_proj", F, d, bias)
    linear(s, p + "down_proj", d, F, bias)


def shapes(c, bias=None, out_bias=None, ffn=None, qk_norm=False):
    d, s = c["hidden_size"], {"model.embed_tokens.weight": (c["vocab_size"], c["hidden_size"])}
    bias = c.get("attention_bias", False) if bias is None else bias
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        attention_shapes(s, c, p + "self_attn.", bias, bias if out_bias is None else out_bias)
        if qk_norm:
            s[p + "self_attn.q_norm.weight"] = s[p + "self_attn.k_norm.weight"] = (sizes(c)[3],)
        s[p + "input_layernorm.weight"] = s[p + "post_attention_layernorm.weight"] = (d,)
        if ffn:
            ffn(s, c, p, i)
        else:
            gated_shapes(s, p + "mlp.", d, c["intermediate_size"], c.get("mlp_bias", False))
    s["model.norm.weight"] = (d,)
    if not c.get("tie_word_embeddings", False):
        s["lm_head.weight"] = (c["vocab_size"], d)
    return s


def rope_of(c, length):
    return m.frequencies(sizes(c)[3], c.get("rope_theta", 1e4), c.get("rope_scaling"), c.get("max_position_embeddings"), length)


def attention(c, W, p, h, rope, mask):
    _, H, G, _ = sizes(c)
    q, k, v = (m.heads(m.linear(W, f"{p}{n}_proj", h), rows) for n, rows in (("q", H), ("k", G), ("v", G)))
    if p + "q_norm.weight" in W:
        q, k = (m.rms(x, W[f"{p}{n}_norm.weight"], c["rms_norm_eps"]) for n, x in (("q", q), ("k", k)))
    return m.linear(W, p + "o_proj", m.attention(m.rope(q, *rope), m.rope(k, *rope), v, mask))


def gated(c, W, p, h):
    act = m.ACTIVATIONS[c.get("hidden_act", "silu")]
    return m.linear(W, p + "down_proj", act(m.linear(W, p + "gate_proj", h)) * m.linear(W, p + "up_proj", h))


def logits(c, W, ids, masks=lambda i: m.causal, ffn=None):
    x, eps, rope = W["model.embed_tokens.weight"][ids], c["rms_norm_eps"], rope_of(c, len(ids))
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        x = x + attention(c, W, p + "self_attn.", m.rms(x, W[p + "input_layernorm.weight"], eps), rope, masks(i))
        h = m.rms(x, W[p + "post_attention_layernorm.weight"], eps)
        x = x + (ffn(c, W, p, i, h) if ffn else gated(c, W, p + "mlp.", h))
    head = W["model.embed_tokens.weight" if c.get("tie_word_embeddings", False) else "lm_head.weight"]
    return m.rms(x, W["model.norm.weight"], eps) @ head.T


TINY = dict(vocab_size=11, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=24,
            hidden_act="silu", rms_norm_eps=1e-5, rope_theta=10000.0, max_position_embeddings=8, tie_word_embeddings=False)
KNOWN = dict(config=dict(TINY, architectures=["LlamaForCausalLM"], model_type="llama"), ids=[3, 7, 1, 9, 4],
             want="1.23346110135903 | 1.06858362368158 | -73.3374202762356")

SMALL = dict(vocab_size=96, hidden_size=48, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, intermediate_size=80,
             hidden_act="silu", rms_norm_eps=1e-5, rope_theta=10000.0, max_position_embeddings=128, tie_word_embeddings=False,
             bos_token_id=1, eos_token_id=2)
SEEDS = range(7)
VARIANTS = [
    dict(rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32),
         head_dim=16),
    dict(rope_scaling=dict(rope_type="linear", factor=4.0)),
    dict(rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32), head_dim=16),
    dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True, rope_theta=500000.0, rms_norm_eps=1e-6),
    dict(rope_scaling=dict(type="linear", factor=2.0), num_key_value_heads=6, head_dim=10),
    dict(rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=4.0, beta_slow=0.5, mscale=1.0,
                           mscale_all_dim=0.8), head_dim=20),
    dict(rope_scaling=dict(rope_type="yarn", factor=2.0, beta_fast=4.0, attention_factor=1.25, truncate=False), head_dim=20),
]


def small(seed):
    return dict(SMALL, architectures=["LlamaForCausalLM"], model_type="llama") | VARIANTS[seed % len(VARIANTS)]
