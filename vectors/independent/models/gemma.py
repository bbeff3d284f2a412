# SPDX-License-Identifier: MIT
"""Gemma: Llama's graph with norms that multiply by 1 + w, the embedding times sqrt(d) and a tanh GELU; the head is tied.

Keys read: vocab_size hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim intermediate_size rms_norm_eps
rope_theta rope_scaling max_position_embeddings.  hidden_act says gelu in old files and means tanh's all the same.
The functions here have places for what Gemma 2 and 3 do otherwise."""
import math

import common as m
import llama

GEMMA = True
NORMS = ("input_layernorm", "post_attention_layernorm")


def shapes(c, norms=NORMS, qk_norm=False):
    d, s = c["hidden_size"], {"model.embed_tokens.weight": (c["vocab_size"], c["hidden_size"])}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        bias = c.get("attention_bias", False)
        llama.attention_shapes(s, c, p + "self_attn.", bias, bias)
        llama.gated_shapes(s, p + "mlp.", d, c["intermediate_size"])
        s |= {f"{p}{n}.weight": (d,) for n in norms}
        if qk_norm:
            s[p + "self_attn.q_norm.weight"] = s[p + "self_attn.k_norm.weight"] = (c["head_dim"],)
    s["model.norm.weight"] = (d,)
    return s


def norm(c, W, name, x):
    return m.rms(x, 1 + W[name + ".weight"], c["rms_norm_eps"])


def attention(c, W, p, h, rope, mask, scale=None, cap=None):
    _, H, G, _ = llama.sizes(c)
    q, k, v = (m.heads(m.linear(W, f"{p}{n}_proj", h), rows) for n, rows in (("q", H), ("k", G), ("v", G)))
    if p + "q_norm.weight" in W:
        q, k = norm(c, W, p + "q_norm", q), norm(c, W, p + "k_norm", k)
    return m.linear(W, p + "o_proj", m.attention(m.rope(q, *rope), m.rope(k, *rope), v, mask, scale, cap))


def ffn(W, p, h):
    return m.linear(W, p + "down_proj", m.gelu_tanh(m.linear(W, p + "gate_proj", h)) * m.linear(W, p + "up_proj", h))


def frequencies(c, length):
    return m.frequencies(c["head_dim"], c["rope_theta"], c.get("rope_scaling"), c.get("max_position_embeddings"), length)


def embed(c, W, ids):
    return math.sqrt(c["hidden_size"]) * W["model.embed_tokens.weight"][ids]


def head(c, W, x):
    return m.softcap(norm(c, W, "model.norm", x) @ W["model.embed_tokens.weight"].T, c.get("final_logit_softcapping"))


def sandwich(c, W, x, i, rope, mask, cap=None):
    """A layer of Gemma 2 and 3: each half between two norms, scores scaled by query_pre_attn_scalar."""
    p, scale = f"model.layers.{i}.", m.narrow(c["query_pre_attn_scalar"] ** -0.5)
    y = attention(c, W, p + "self_attn.", norm(c, W, p + "input_layernorm", x), rope, mask, scale, cap)
    x = x + norm(c, W, p + "post_attention_layernorm", y)
    y = ffn(W, p + "mlp.", norm(c, W, p + "pre_feedforward_layernorm", x))
    return x + norm(c, W, p + "post_feedforward_layernorm", y)


def logits(c, W, ids):
    x, rope = embed(c, W, ids), frequencies(c, len(ids))
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        x = x + attention(c, W, p + "self_attn.", norm(c, W, p + "input_layernorm", x), rope, m.causal)
        x = x + ffn(W, p + "mlp.", norm(c, W, p + "post_attention_layernorm", x))
    return head(c, W, x)


SMALL = dict(vocab_size=96, hidden_size=40, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
             intermediate_size=72, rms_norm_eps=1e-6, rope_theta=10000.0, max_position_embeddings=128, tie_word_embeddings=True,
             hidden_activation="gelu_pytorch_tanh", bos_token_id=2, eos_token_id=1, pad_token_id=0)


def small(seed):
    return dict(SMALL, architectures=["GemmaForCausalLM"], model_type="gemma", hidden_act="gelu_pytorch_tanh",
                num_key_value_heads=(1, 4)[seed % 2])
