# SPDX-License-Identifier: MIT
"""ChatGLM2, ChatGLM3 and GLM-4-9B as their own remote code stores them: Llama-like; q | k | v in one matrix with biases, few key heads;
the first half of each head turns, in neighbouring pairs, by a base of 10000 rope_ratio; gate and up are one matrix, gate first.
(ChatGLM2-6B-32K alone divides the positions by rope_ratio instead; its config.json does not show it, and it is not followed.)

Keys read: padded_vocab_size hidden_size num_layers num_attention_heads kv_channels multi_query_group_num ffn_hidden_size
layernorm_epsilon add_qkv_bias rope_ratio.  FIXED are keys that every published file has with these values; others are refused."""
import common as m

UNREAD = "rope_scaling", "rope_theta", "tie_word_embeddings"  # of transformers; the remote code reads none of them

FIXED = dict(multi_query_attention=True, rmsnorm=True, post_layer_norm=True, apply_residual_connection_post_layernorm=False,
             add_bias_linear=False)


def sizes(c):
    for key, value in FIXED.items():
        if c.get(key, value) != value:
            raise ValueError(f"{key} is {c[key]}, not {value}")
    return c["num_attention_heads"], c["multi_query_group_num"], c["kv_channels"]


def shapes(c):
    (H, G, D), d, F, V = sizes(c), c["hidden_size"], c["ffn_hidden_size"], c["padded_vocab_size"]
    s = {"transformer.embedding.word_embeddings.weight": (V, d), "transformer.output_layer.weight": (V, d),
         "transformer.encoder.final_layernorm.weight": (d,)}
    for i in range(c["num_layers"]):
        p = f"transformer.encoder.layers.{i}."
        s[p + "input_layernorm.weight"] = s[p + "post_attention_layernorm.weight"] = (d,)
        s[p + "self_attention.query_key_value.weight"] = ((H + 2 * G) * D, d)
        if c.get("add_qkv_bias", False):
            s[p + "self_attention.query_key_value.bias"] = ((H + 2 * G) * D,)
        s[p + "self_attention.dense.weight"] = (d, H * D)
        s[p + "mlp.dense_h_to_4h.weight"], s[p + "mlp.dense_4h_to_h.weight"] = (2 * F, d), (d, F)
    return s


def logits(c, W, ids):
    (H, G, D), F, eps = sizes(c), c["ffn_hidden_size"], c["layernorm_epsilon"]
    x, rope = W["transformer.embedding.word_embeddings.weight"][ids], m.frequencies(D // 2, 1e4 * c.get("rope_ratio", 1))
    for i in range(c["num_layers"]):
        p = f"transformer.encoder.layers.{i}."
        y = m.heads(m.linear(W, p + "self_attention.query_key_value", m.rms(x, W[p + "input_layernorm.weight"], eps)), H + 2 * G)
        q, k, v = m.rope(y[:, :H], *rope, interleaved=True), m.rope(y[:, H:H + G], *rope, interleaved=True), y[:, H + G:]
        x = x + m.linear(W, p + "self_attention.dense", m.attention(q, k, v))
        y = m.linear(W, p + "mlp.dense_h_to_4h", m.rms(x, W[p + "post_attention_layernorm.weight"], eps))
        x = x + m.linear(W, p + "mlp.dense_4h_to_h", m.silu(y[:, :F]) * y[:, F:])
    return m.rms(x, W["transformer.encoder.final_layernorm.weight"], eps) @ W["transformer.output_layer.weight"].T


KIND = dict(FIXED, architectures=["ChatGLMModel"], model_type="chatglm", add_qkv_bias=True, layernorm_epsilon=1e-5, original_rope=True,
            apply_query_key_layer_scaling=True, attention_softmax_in_fp32=True, fp32_residual_connection=False, tie_word_embeddings=False,
            eos_token_id=2, pad_token_id=0)
KNOWN = dict(config=dict(KIND, padded_vocab_size=11, vocab_size=11, hidden_size=16, num_layers=2, num_attention_heads=2, kv_channels=8,
                         multi_query_group_num=1, ffn_hidden_size=24, seq_length=8),
             ids=[3, 7, 1, 9, 4], want="-0.334233004719771 | 12.0861277332079 | 250.960711208202")


def small(seed):
    c = dict(KIND, padded_vocab_size=96, vocab_size=96, hidden_size=48, num_layers=3, num_attention_heads=6, kv_channels=(16, 8)[seed % 2],
             multi_query_group_num=(2, 3)[seed % 2], ffn_hidden_size=80, seq_length=128)
    return dict(c, rope_ratio=50, layernorm_epsilon=1.5625e-07) if seed % 2 else c
