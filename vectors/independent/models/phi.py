# SPDX-License-Identifier: MIT
"""Phi-1.5, Phi-2: one LayerNorm feeds attention and FFN side by side; biases everywhere, at the head too; a part of each head turns.

Keys read: vocab_size hidden_size num_hidden_layers num_attention_heads num_key_value_heads partial_rotary_factor intermediate_size
hidden_act layer_norm_eps rope_theta rope_scaling max_position_embeddings tie_word_embeddings.
qk_layernorm is false in the published models and not followed."""
import common as m
import llama


def shapes(c):
    (d, H, G, D), s = llama.sizes(c), {"model.embed_tokens.weight": (c["vocab_size"], c["hidden_size"])}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        for n, out, width in (("q_proj", H * D, d), ("k_proj", G * D, d), ("v_proj", G * D, d), ("dense", d, H * D)):
            llama.linear(s, f"{p}self_attn.{n}", out, width, True)
        llama.linear(s, p + "mlp.fc1", c["intermediate_size"], d, True)
        llama.linear(s, p + "mlp.fc2", d, c["intermediate_size"], True)
        s[p + "input_layernorm.weight"] = s[p + "input_layernorm.bias"] = (d,)
    s["model.final_layernorm.weight"] = s["model.final_layernorm.bias"] = (d,)
    llama.linear(s, "lm_head", c["vocab_size"], d, True)
    if c.get("tie_word_embeddings", False):
        del s["lm_head.weight"]
    return s


def logits(c, W, ids):
    def norm(name, x):
        return m.layernorm(x, W[name + ".weight"], W[name + ".bias"], c["layer_norm_eps"])

    _, H, G, D = llama.sizes(c)
    x, rope = W["model.embed_tokens.weight"][ids], m.frequencies(
        int(D * c["partial_rotary_factor"]), c["rope_theta"], c.get("rope_scaling"), c.get("max_position_embeddings"), len(ids))
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        h = norm(p + "input_layernorm", x)
        q, k, v = (m.heads(m.linear(W, f"{p}self_attn.{n}_proj", h), rows) for n, rows in (("q", H), ("k", G), ("v", G)))
        x = x + m.linear(W, p + "self_attn.dense", m.attention(m.rope(q, *rope), m.rope(k, *rope), v))
        x = x + m.linear(W, p + "mlp.fc2", m.ACTIVATIONS[c["hidden_act"]](m.linear(W, p + "mlp.fc1", h)))
    head = W["model.embed_tokens.weight" if c.get("tie_word_embeddings", False) else "lm_head.weight"]
    return norm("model.final_layernorm", x) @ head.T + W["lm_head.bias"]


def small(seed):
    return dict(architectures=["PhiForCausalLM"], model_type="phi", vocab_size=96, hidden_size=60, num_hidden_layers=3, num_attention_heads=6,
                num_key_value_heads=(6, 2)[seed % 2], partial_rotary_factor=(0.4, 0.6)[seed % 2], intermediate_size=80,
                hidden_act="gelu_new", layer_norm_eps=1e-5, rope_theta=10000.0, max_position_embeddings=128, qk_layernorm=False,
                tie_word_embeddings=False, bos_token_id=1, eos_token_id=2)
