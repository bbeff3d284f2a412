# SPDX-License-Identifier: MIT
"""GLM-4-9B in transformers' own form: Llama's graph; the first half of each head turns, in neighbouring pairs; biases of q, k, v alone;
gate and up are one matrix, gate first.

Keys read: vocab_size hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim partial_rotary_factor
intermediate_size rms_norm_eps rope_theta rope_scaling max_position_embeddings attention_bias tie_word_embeddings."""
import common as m
import llama

NORMS = ("input_layernorm", "post_attention_layernorm")


def shapes(c, norms=NORMS):
    d, F, s = c["hidden_size"], c["intermediate_size"], {"model.embed_tokens.weight": (c["vocab_size"], c["hidden_size"])}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        llama.attention_shapes(s, c, p + "self_attn.", c.get("attention_bias", True), False)
        s |= {f"{p}{n}.weight": (d,) for n in norms}
        s[p + "mlp.gate_up_proj.weight"], s[p + "mlp.down_proj.weight"] = (2 * F, d), (d, F)
    s["model.norm.weight"] = (d,)
    if not c.get("tie_word_embeddings", False):
        s["lm_head.weight"] = (c["vocab_size"], d)
    return s


def attention(c, W, p, h, rope):
    _, H, G, _ = llama.sizes(c)
    q, k, v = (m.heads(m.linear(W, f"{p}{n}_proj", h), rows) for n, rows in (("q", H), ("k", G), ("v", G)))
    return m.linear(W, p + "o_proj", m.attention(m.rope(q, *rope, interleaved=True), m.rope(k, *rope, interleaved=True), v))


def fused(c, W, p, h):
    y, F = m.linear(W, p + "gate_up_proj", h), c["intermediate_size"]
    return m.linear(W, p + "down_proj", m.silu(y[..., :F]) * y[..., F:])


def logits(c, W, ids, after_attention=None, after_ffn=None):
    """The names of the norms of what each half adds, which GLM-4-0414 has."""
    def norm(name, x):
        return m.rms(x, W[name + ".weight"], c["rms_norm_eps"]) if not name.endswith("None") else x

    x = W["model.embed_tokens.weight"][ids]
    rope = m.frequencies(int(llama.sizes(c)[3] * c.get("partial_rotary_factor", 0.5)), c.get("rope_theta", 1e4),
                         c.get("rope_scaling"), c.get("max_position_embeddings"), len(ids))
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        x = x + norm(f"{p}{after_attention}", attention(c, W, p + "self_attn.", norm(p + "input_layernorm", x), rope))
        x = x + norm(f"{p}{after_ffn}", fused(c, W, p + "mlp.", norm(p + "post_attention_layernorm", x)))
    head = W["model.embed_tokens.weight" if c.get("tie_word_embeddings", False) else "lm_head.weight"]
    return norm("model.norm", x) @ head.T


SMALL = dict(vocab_size=96, hidden_size=48, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, head_dim=16,
             partial_rotary_factor=0.5, intermediate_size=80, hidden_act="silu", rms_norm_eps=1.5625e-07, rope_theta=10000.0,
             max_position_embeddings=128, tie_word_embeddings=False, pad_token_id=0, eos_token_id=[0, 1])


def small(seed):
    return dict(SMALL, architectures=["GlmForCausalLM"], model_type="glm", attention_bias=seed % 2 == 0, head_dim=(16, 8)[seed % 2],
                tie_word_embeddings=seed % 4 == 3)
