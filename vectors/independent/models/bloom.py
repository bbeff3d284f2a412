# SPDX-License-Identifier: MIT
"""BLOOM: a LayerNorm on the embedding, ALiBi, biases everywhere, q k v of one head next to each other in the fused matrix [H, 3, D],
tanh GELU, the head tied.

Keys read: vocab_size n_embed (or hidden_size) num_attention_heads (or n_head) n_layer layer_norm_epsilon
apply_residual_connection_post_layernorm.  The names in brackets are those of small models, the others those of old files."""
import common as m

PEER_BOUND = 1e-8  # transformers' BLOOM has 0.79788456 for the root of 2 / pi in its GELU


def sizes(c):
    return c.get("n_embed") or c["hidden_size"], c.get("num_attention_heads") or c["n_head"]


def shapes(c):
    d, _ = sizes(c)
    s = {"transformer.word_embeddings.weight": (c["vocab_size"], d)}
    norms, F = ["word_embeddings_layernorm", "ln_f"], 4 * d
    for i in range(c["n_layer"]):
        p = f"h.{i}."
        norms += [p + "input_layernorm", p + "post_attention_layernorm"]
        for n, out, width in (("self_attention.query_key_value", 3 * d, d), ("self_attention.dense", d, d), ("mlp.dense_h_to_4h", F, d),
                              ("mlp.dense_4h_to_h", d, F)):
            s[f"transformer.{p}{n}.weight"], s[f"transformer.{p}{n}.bias"] = (out, width), (out,)
    for n in norms:
        s[f"transformer.{n}.weight"] = s[f"transformer.{n}.bias"] = (d,)
    return s


def logits(c, W, ids):
    def norm(name, x):
        return m.layernorm(x, W[name + ".weight"], W[name + ".bias"], c["layer_norm_epsilon"])

    d, H = sizes(c)
    x, slopes, after = W["transformer.word_embeddings.weight"][ids], m.alibi_slopes(H), c.get("apply_residual_connection_post_layernorm", False)
    x = norm("transformer.word_embeddings_layernorm", x)
    for i in range(c["n_layer"]):
        p = f"transformer.h.{i}."
        h = norm(p + "input_layernorm", x)
        y = m.linear(W, p + "self_attention.query_key_value", h).reshape(len(ids), H, 3, d // H)
        a = m.attention(y[:, :, 0], y[:, :, 1], y[:, :, 2], alibi=slopes)
        x = (h if after else x) + m.linear(W, p + "self_attention.dense", a)
        h = norm(p + "post_attention_layernorm", x)
        x = (h if after else x) + m.linear(W, p + "mlp.dense_4h_to_h", m.gelu_tanh(m.linear(W, p + "mlp.dense_h_to_4h", h)))
    return norm("transformer.ln_f", x) @ W["transformer.word_embeddings.weight"].T


def small(seed):
    return dict(architectures=["BloomForCausalLM"], model_type="bloom", vocab_size=96, hidden_size=48, n_layer=3, n_head=(6, 4)[seed % 2],
                layer_norm_epsilon=1e-5, seq_length=128, bos_token_id=1, eos_token_id=2, apply_residual_connection_post_layernorm=seed % 4 == 3)
