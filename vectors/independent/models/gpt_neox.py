# SPDX-License-Identifier: MIT
"""GPT-NeoX, Pythia: attention and FFN side by side, a LayerNorm each, biases everywhere but at the head; q k v of one head next to each
other in the fused matrix [H, 3, D]; a quarter of each head turns (half rope).

Keys read: vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size hidden_act layer_norm_eps rotary_pct
rotary_emb_base rope_scaling max_position_embeddings use_parallel_residual attention_bias tie_word_embeddings."""
import common as m
import llama


def shapes(c):
    d, F, V = c["hidden_size"], c["intermediate_size"], c["vocab_size"]
    s, bias = {"gpt_neox.embed_in.weight": (V, d)}, c.get("attention_bias", True)
    for i in range(c["num_hidden_layers"]):
        p = f"gpt_neox.layers.{i}."
        for n, out, width, b in (("attention.query_key_value", 3 * d, d, bias), ("attention.dense", d, d, bias),
                                 ("mlp.dense_h_to_4h", F, d, True), ("mlp.dense_4h_to_h", d, F, True)):
            llama.linear(s, p + n, out, width, b)
        for n in ("input_layernorm", "post_attention_layernorm"):
            s[f"{p}{n}.weight"] = s[f"{p}{n}.bias"] = (d,)
    s["gpt_neox.final_layer_norm.weight"] = s["gpt_neox.final_layer_norm.bias"] = (d,)
    if not c.get("tie_word_embeddings", False):
        s["embed_out.weight"] = (V, d)
    return s


def logits(c, W, ids):
    def norm(name, x):
        return m.layernorm(x, W[name + ".weight"], W[name + ".bias"], c["layer_norm_eps"])

    d, H, act = c["hidden_size"], c["num_attention_heads"], m.ACTIVATIONS[c["hidden_act"]]
    x, rope = W["gpt_neox.embed_in.weight"][ids], m.frequencies(
        int(d // H * c["rotary_pct"]), c["rotary_emb_base"], c.get("rope_scaling"), c.get("max_position_embeddings"), len(ids))
    for i in range(c["num_hidden_layers"]):
        p = f"gpt_neox.layers.{i}."
        y = m.linear(W, p + "attention.query_key_value", norm(p + "input_layernorm", x)).reshape(len(ids), H, 3, d // H)
        a = m.attention(m.rope(y[:, :, 0], *rope), m.rope(y[:, :, 1], *rope), y[:, :, 2])
        a = x + m.linear(W, p + "attention.dense", a)
        h = norm(p + "post_attention_layernorm", x if c.get("use_parallel_residual", True) else a)
        x = a + m.linear(W, p + "mlp.dense_4h_to_h", act(m.linear(W, p + "mlp.dense_h_to_4h", h)))
    head = W["gpt_neox.embed_in.weight" if c.get("tie_word_embeddings", False) else "embed_out.weight"]
    return norm("gpt_neox.final_layer_norm", x) @ head.T


def small(seed):
    return dict(architectures=["GPTNeoXForCausalLM"], model_type="gpt_neox", vocab_size=96, hidden_size=96, num_hidden_layers=3,
                num_attention_heads=6, intermediate_size=80, hidden_act="gelu", layer_norm_eps=1e-5, rotary_pct=(0.25, 1.0)[seed % 2],
                rotary_emb_base=10000, use_parallel_residual=seed % 2 == 0, attention_bias=seed % 4 != 3, max_position_embeddings=128,
                tie_word_embeddings=False, bos_token_id=0, eos_token_id=2)
