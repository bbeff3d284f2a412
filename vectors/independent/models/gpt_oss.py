# SPDX-License-Identifier: MIT
"""gpt-oss: RMS norms, attention with biases and a sink for each head, a window in every second layer from the first on, yarn; the FFN is
a mixture, softmax over the best k alone, of experts with biases: g = min(gate, 7), u = clip(up, -7, 7), (u + 1) g sigmoid(1.702 g).

Experts are stored [E, in, out], gate and up in turn (even columns gate); or, as published, in MXFP4: *_blocks [E, out, in / 32, 16] and
*_scales [E, out, in / 32], 32 numbers of four bits, low half first, times 2^(scale - 127).

Keys read: vocab_size hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim intermediate_size rms_norm_eps
rope_theta rope_scaling max_position_embeddings sliding_window layer_types num_local_experts num_experts_per_tok tie_word_embeddings;
swiglu_limit; quantization_config.quant_method says which tensors there are.  transformers takes swiglu_limit, 7 in all files, for that."""
import numpy as np

import common as m
import llama

FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
ALPHA = 1.702


def packed(c):
    return (c.get("quantization_config") or {}).get("quant_method") == "mxfp4"


def shapes(c):
    (d, H, G, D), F, E = llama.sizes(c), c["intermediate_size"], c["num_local_experts"]
    s = {"model.embed_tokens.weight": (c["vocab_size"], d), "model.norm.weight": (d,)}
    if not c.get("tie_word_embeddings", False):
        s["lm_head.weight"] = (c["vocab_size"], d)
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        llama.attention_shapes(s, c, p + "self_attn.", True, True)
        s[p + "self_attn.sinks"] = (H,)
        s[p + "input_layernorm.weight"] = s[p + "post_attention_layernorm.weight"] = (d,)
        llama.linear(s, p + "mlp.router", E, d, True)
        for n, width, out in (("gate_up_proj", d, 2 * F), ("down_proj", F, d)):
            q = f"{p}mlp.experts.{n}"
            s[q + "_bias"] = (E, out)
            if packed(c):
                s[q + "_blocks"], s[q + "_scales"] = (E, out, width // 32, 16), (E, out, width // 32)
            else:
                s[q] = (E, width, out)
    return s


def unpack(blocks, scales):
    """[E, in, out]"""
    nibbles = np.stack([blocks & 15, blocks >> 4], axis=-1).reshape(*blocks.shape[:-1], 32)
    w = FP4[nibbles] * np.exp2(scales.astype(np.float64) - 127)[..., None]
    return w.reshape(*w.shape[:2], -1).swapaxes(1, 2)


def experts(c, W, p, h):
    up_down = [W[q] if q in W else unpack(W[q + "_blocks"], W[q + "_scales"]) for q in (p + "experts.gate_up_proj", p + "experts.down_proj")]
    (wide, narrow), y = up_down, 0 * h
    which, score = m.top(m.linear(W, p + "router", h), c["num_experts_per_tok"])
    weight, limit = m.softmax(score), c.get("swiglu_limit", 7.0)
    for t, row in enumerate(h):
        for e, w in zip(which[t], weight[t]):
            z = row @ wide[e] + W[p + "experts.gate_up_proj_bias"][e]
            g, u = np.minimum(z[0::2], limit), np.clip(z[1::2], -limit, limit)
            y[t] += w * (((u + 1) * g * m.sigmoid(m.narrow(ALPHA) * g)) @ narrow[e] + W[p + "experts.down_proj_bias"][e])
    return y


def logits(c, W, ids):
    _, H, G, _ = llama.sizes(c)
    x, eps, rope = W["model.embed_tokens.weight"][ids], c["rms_norm_eps"], llama.rope_of(c, len(ids))
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        slides = c["layer_types"][i] == "sliding_attention" if c.get("layer_types") else i % 2 == 0
        h = m.rms(x, W[p + "input_layernorm.weight"], eps)
        q, k, v = (m.heads(m.linear(W, f"{p}self_attn.{n}_proj", h), rows) for n, rows in (("q", H), ("k", G), ("v", G)))
        a = m.attention(m.rope(q, *rope), m.rope(k, *rope), v, m.window(slides and c["sliding_window"]), sinks=W[p + "self_attn.sinks"])
        x = x + m.linear(W, p + "self_attn.o_proj", a)
        x = x + experts(c, W, p + "mlp.", m.rms(x, W[p + "post_attention_layernorm.weight"], eps))
    head = W["model.embed_tokens.weight" if c.get("tie_word_embeddings", False) else "lm_head.weight"]
    return m.rms(x, W["model.norm.weight"], eps) @ head.T


KIND = dict(architectures=["GptOssForCausalLM"], model_type="gpt_oss", attention_bias=True, rms_norm_eps=1e-5, swiglu_limit=7.0)
KNOWN = dict(config=llama.TINY | KIND | dict(head_dim=4, rope_scaling=None, sliding_window=3, num_local_experts=4, num_experts_per_tok=2,
                                             intermediate_size=6, layer_types=["sliding_attention", "full_attention"]),
             ids=[3, 7, 1, 9, 4], want="-0.0394552928186448 | 0.0469719844133966 | -44.0418458149611")


def small(seed):
    c = llama.SMALL | KIND | dict(
        hidden_size=96, head_dim=20, intermediate_size=16, num_local_experts=5, num_experts_per_tok=2, sliding_window=6, rope_theta=150000.0,
        rope_scaling=dict(rope_type="yarn", factor=2.0, beta_fast=4.0, beta_slow=1.0, truncate=False, original_max_position_embeddings=64))
    c["layer_types"] = ["full_attention" if i % 2 else "sliding_attention" for i in range(c["num_hidden_layers"])]
    if seed % 2:
        c["rope_scaling"].update(factor=32.0, beta_fast=32.0, original_max_position_embeddings=4096)
        c.update(max_position_embeddings=131072, intermediate_size=32, num_experts_per_tok=3)
        c["quantization_config"] = dict(quant_method="mxfp4", modules_to_not_convert=[
            "model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"])
    return c
