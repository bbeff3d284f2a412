# SPDX-License-Identifier: MIT
"""Falcon: half rope, erf GELU, attention and FFN side by side on one norm (7B) or on a norm each (40B), or one after the other; q k v
fused by groups: [G, H / G + 2, D] (new_decoder_architecture), [H + 2, D] (multi_query) or [H, 3, D].

Keys read: vocab_size hidden_size num_hidden_layers num_attention_heads num_kv_heads new_decoder_architecture multi_query parallel_attn
num_ln_in_parallel_attn bias ffn_hidden_size activation layer_norm_epsilon rope_theta rope_scaling max_position_embeddings tie_word_embeddings.
alibi (Falcon-RW, whose slopes are rounded to bf16) is refused."""
import common as m
import llama


def plan(c):
    """(key heads, norms of a layer)"""
    if c.get("alibi", False):
        raise ValueError("alibi is not followed")
    new, beside = c["new_decoder_architecture"], c["parallel_attn"]
    G = c.get("num_kv_heads") or c["num_attention_heads"] if new else 1 if c["multi_query"] else c["num_attention_heads"]
    count = c.get("num_ln_in_parallel_attn") or (2 if new else 1)
    return G, ["input_layernorm", "post_attention_layernorm"] if not beside else ["ln_attn", "ln_mlp"] if new and count == 2 else ["input_layernorm"]


def shapes(c):
    d, H, (G, norms) = c["hidden_size"], c["num_attention_heads"], plan(c)
    s, F = {"transformer.word_embeddings.weight": (c["vocab_size"], d)}, c.get("ffn_hidden_size") or 4 * d
    for i in range(c["num_hidden_layers"]):
        p = f"transformer.h.{i}."
        for n, out, width in (("self_attention.query_key_value", (H + 2 * G) * (d // H), d), ("self_attention.dense", d, d),
                              ("mlp.dense_h_to_4h", F, d), ("mlp.dense_4h_to_h", d, F)):
            llama.linear(s, p + n, out, width, c["bias"])
        for n in norms:
            s[f"{p}{n}.weight"] = s[f"{p}{n}.bias"] = (d,)
    s["transformer.ln_f.weight"] = s["transformer.ln_f.bias"] = (d,)
    if not c.get("tie_word_embeddings", True):
        s["lm_head.weight"] = (c["vocab_size"], d)
    return s


def logits(c, W, ids):
    def norm(name, x):
        return m.layernorm(x, W[name + ".weight"], W[name + ".bias"], c["layer_norm_epsilon"])

    (d, H, (G, norms)), T = (c["hidden_size"], c["num_attention_heads"], plan(c)), len(ids)
    x, rope = W["transformer.word_embeddings.weight"][ids], m.frequencies(
        d // H, c["rope_theta"], c.get("rope_scaling"), c.get("max_position_embeddings"), T)
    for i in range(c["num_hidden_layers"]):
        p = f"transformer.h.{i}."
        h = norm(p + norms[0], x)
        y = m.linear(W, p + "self_attention.query_key_value", h).reshape(T, G, H // G + 2, d // H)
        q, k, v = y[:, :, :-2].reshape(T, H, -1), y[:, :, -2], y[:, :, -1]
        a = x + m.linear(W, p + "self_attention.dense", m.attention(m.rope(q, *rope), m.rope(k, *rope), v))
        if not c["parallel_attn"]:
            h = norm(p + norms[1], a)
        elif len(norms) == 2:
            h = norm(p + norms[1], x)
        x = a + m.linear(W, p + "mlp.dense_4h_to_h", m.ACTIVATIONS[c.get("activation", "gelu")](m.linear(W, p + "mlp.dense_h_to_4h", h)))
    head = W["transformer.word_embeddings.weight" if c.get("tie_word_embeddings", True) else "lm_head.weight"]
    return norm("transformer.ln_f", x) @ head.T


VARIANTS = [dict(), dict(new_decoder_architecture=True, num_kv_heads=2), dict(multi_query=False, parallel_attn=False, bias=True),
            dict(new_decoder_architecture=True, num_kv_heads=3, num_ln_in_parallel_attn=1, tie_word_embeddings=False)]


def small(seed):
    return dict(architectures=["FalconForCausalLM"], model_type="falcon", vocab_size=96, hidden_size=48, num_hidden_layers=3,
                num_attention_heads=6, new_decoder_architecture=False, multi_query=True, parallel_attn=True, bias=False, alibi=False,
                activation="gelu", ffn_hidden_size=80, layer_norm_epsilon=1e-5, rope_theta=10000.0, max_position_embeddings=128,
                tie_word_embeddings=True, bos_token_id=1, eos_token_id=2) | VARIANTS[seed % len(VARIANTS)]
