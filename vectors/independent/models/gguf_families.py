# SPDX-License-Identifier: MIT
"""What GGUF makes of each family: a function of the config.json's model_type, (config, weights) -> (architecture, keys, names, weights)."""
import math

import numpy as np

import gpt_oss as oss

MIXER = {"model.layers.#.self_attn.q_proj": "blk.#.attn_q", "model.layers.#.self_attn.k_proj": "blk.#.attn_k",
         "model.layers.#.self_attn.v_proj": "blk.#.attn_v", "model.layers.#.self_attn.qkv_proj": "blk.#.attn_qkv",
         "model.layers.#.self_attn.o_proj": "blk.#.attn_output", "model.layers.#.self_attn.dense": "blk.#.attn_output",
         "model.layers.#.self_attn.q_norm": "blk.#.attn_q_norm", "model.layers.#.self_attn.k_norm": "blk.#.attn_k_norm",
         "model.layers.#.self_attn.sinks": "blk.#.attn_sinks.weight"}
NET = {"model.layers.#.mlp.gate_proj": "blk.#.ffn_gate", "model.layers.#.mlp.up_proj": "blk.#.ffn_up",
       "model.layers.#.mlp.gate_up_proj": "blk.#.ffn_up", "model.layers.#.mlp.down_proj": "blk.#.ffn_down",
       "model.layers.#.mlp.fc1": "blk.#.ffn_up", "model.layers.#.mlp.fc2": "blk.#.ffn_down"}
EXPERTS = {"model.layers.#.block_sparse_moe.gate": "blk.#.ffn_gate_inp", "model.layers.#.block_sparse_moe.experts.w1": "blk.#.ffn_gate_exps",
           "model.layers.#.block_sparse_moe.experts.w3": "blk.#.ffn_up_exps", "model.layers.#.block_sparse_moe.experts.w2": "blk.#.ffn_down_exps",
           "model.layers.#.mlp.gate": "blk.#.ffn_gate_inp", "model.layers.#.mlp.router": "blk.#.ffn_gate_inp",
           "model.layers.#.mlp.shared_expert_gate": "blk.#.ffn_gate_inp_shexp"}
for part in ("gate", "up", "down"):
    EXPERTS[f"model.layers.#.mlp.experts.{part}_proj"] = f"blk.#.ffn_{part}_exps"
    EXPERTS[f"model.layers.#.mlp.shared_expert.{part}_proj"] = f"blk.#.ffn_{part}_shexp"
LLAMA = MIXER | NET | EXPERTS | {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "model.final_layernorm": "output_norm", "lm_head": "output",
    "model.layers.#.input_layernorm": "blk.#.attn_norm", "model.layers.#.post_attention_layernorm": "blk.#.ffn_norm",
    "rope_freqs": "rope_freqs", "rope_factors_long": "rope_factors_long", "rope_factors_short": "rope_factors_short"}
SANDWICH = {"model.layers.#.post_attention_layernorm": "blk.#.post_attention_norm",
            "model.layers.#.pre_feedforward_layernorm": "blk.#.ffn_norm", "model.layers.#.post_feedforward_layernorm": "blk.#.post_ffw_norm"}


def need(what, why):
    if not what:
        raise SystemExit(f"not in GGUF: {why}")


def sizes(c, layers, d, heads, kv_heads, F, context):
    return {"context_length": context, "embedding_length": d, "block_count": layers, "feed_forward_length": F, "attention.head_count": heads,
            "attention.head_count_kv": kv_heads}


def usual(c, eps="rms_norm_eps"):
    """What nearly all say alike."""
    d, H = c["hidden_size"], c["num_attention_heads"]
    k = sizes(c, c["num_hidden_layers"], d, H, c.get("num_key_value_heads") or H, c["intermediate_size"],
              c.get("max_position_embeddings") or c.get("model_max_length"))
    k["attention.layer_norm_rms_epsilon" if eps == "rms_norm_eps" else "attention.layer_norm_epsilon"] = float(c[eps])
    if c.get("head_dim"):
        k["attention.key_length"] = k["attention.value_length"] = c["head_dim"]
    if c.get("rope_theta"):
        k["rope.freq_base"] = float(c["rope_theta"])
    return k


def head_size(c):
    return c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]


def scaling(c, k, W):
    """rope_scaling: keys, or the divisors of frequencies that rope_freqs holds."""
    s = c.get("rope_scaling") or {}
    kind = s.get("rope_type", s.get("type", "default"))
    need(kind in ("default", "linear", "yarn", "llama3"), f"rope of type {kind}")
    need(not {"mscale", "mscale_all_dim", "attention_factor"} & set(s), "a factor of sine and cosine besides yarn's own")
    if kind in ("linear", "yarn"):
        k |= {"rope.scaling.type": kind, "rope.scaling.factor": float(s["factor"])}
    if kind == "yarn":
        k["rope.scaling.original_context_length"] = s.get("original_max_position_embeddings") or c["max_position_embeddings"]
        k |= {f"rope.scaling.yarn_{b}": float(s[b]) for b in ("beta_fast", "beta_slow") if b in s}
    if kind == "llama3":
        D, low, high, original = head_size(c), s["low_freq_factor"], s["high_freq_factor"], s["original_max_position_embeddings"]
        wave = 2 * math.pi * c["rope_theta"] ** (np.arange(0, D, 2) / D)
        keeps = np.clip((original / wave - low) / (high - low), 0, 1)
        W["rope_freqs.weight"] = 1 / (keeps + (1 - keeps) / s["factor"])


def permuted(w, heads):
    """Rows of each head: what stood in halves stands in pairs."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def turned(W, c):
    """q and k of architecture llama."""
    H = c["num_attention_heads"]
    for n, heads in (("q", H), ("k", c.get("num_key_value_heads") or H)):
        W |= {name: permuted(w, heads) for name, w in W.items() if f".{n}_proj." in name}


def llama(c, W):
    k = usual(c) | {"vocab_size": c["vocab_size"], "rope.dimension_count": head_size(c)}
    need(not c.get("sliding_window"), "windows, which architecture llama does not have")
    scaling(c, k, W)
    turned(W, c)
    return "llama", k, LLAMA, W


mistral = llama


def mixtral(c, W):
    arch, k, names, W = llama(c, W)
    return arch, k | {"expert_count": c["num_local_experts"], "expert_used_count": c["num_experts_per_tok"]}, names, W


def qwen(arch, c, W):
    k = usual(c)
    need(not c.get("use_sliding_window"), "windows, which architecture qwen2 does not have")
    scaling(c, k, W)
    return arch, k, LLAMA, W


def qwen2(c, W):
    return qwen("qwen2", c, W)


def qwen3(c, W):
    return qwen("qwen3", c, W)


def qwen2_moe(c, W):
    need(not c.get("norm_topk_prob") and not c.get("mlp_only_layers") and c.get("decoder_sparse_step", 1) == 1,
         "weights that sum to 1, or layers without experts")
    arch, k, names, W = qwen("qwen2moe", c, W)
    W |= {n: w.reshape(-1) for n, w in W.items() if n.endswith("shared_expert_gate.weight")}
    return arch, k | {"expert_count": c["num_experts"], "expert_used_count": c["num_experts_per_tok"],
                      "expert_feed_forward_length": c["moe_intermediate_size"],
                      "expert_shared_feed_forward_length": c["shared_expert_intermediate_size"]}, names, W


def qwen3_moe(c, W):
    need(c.get("norm_topk_prob") and not c.get("mlp_only_layers") and c.get("decoder_sparse_step", 1) == 1,
         "weights that do not sum to 1, or layers without experts")
    arch, k, names, W = qwen("qwen3moe", c, W)
    return arch, k | {"expert_count": c["num_experts"], "expert_used_count": c["num_experts_per_tok"],
                      "expert_feed_forward_length": c["moe_intermediate_size"]}, names, W


def gpt_oss(c, W):
    k = usual(c) | {"attention.sliding_window": c["sliding_window"], "expert_count": c["num_local_experts"],
                    "expert_used_count": c["num_experts_per_tok"], "expert_feed_forward_length": c["intermediate_size"]}
    scaling(c, k, W)
    kinds = c.get("layer_types") or []
    need(all((kind == "sliding_attention") == (i % 2 == 0) for i, kind in enumerate(kinds)), "windows in other than every second layer")
    for name in [n for n in W if n.endswith("_blocks")]:
        stem = name[:-len("_blocks")]
        W[stem] = oss.unpack(W.pop(name), W.pop(stem + "_scales"))
    for name in [n for n in W if ".mlp.experts." in n]:
        w, stem = W.pop(name), name.removesuffix("_bias")
        end = ".bias" if name.endswith("_bias") else ".weight"
        w = w if end == ".bias" else w.swapaxes(1, 2)
        if stem.endswith("gate_up_proj"):
            W[stem.replace("gate_up", "gate") + end], W[stem.replace("gate_up", "up") + end] = w[:, 0::2], w[:, 1::2]
        else:
            W[stem + end] = w
    return "gpt-oss", k, LLAMA | {"model.layers.#.post_attention_layernorm": "blk.#.post_attention_norm"}, W


def gpt2(c, W):
    need(not c.get("scale_attn_by_inverse_layer_idx") and c.get("scale_attn_weights", True), "scores scaled otherwise")
    d, H = c["n_embd"], c["n_head"]
    k = sizes(c, c["n_layer"], d, H, H, c.get("n_inner") or 4 * d, c["n_positions"]) | {"attention.layer_norm_epsilon": c["layer_norm_epsilon"]}
    W = {n: w.T if w.ndim == 2 and ".h." in n else w for n, w in W.items()}
    h = {"ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up",
         "mlp.c_proj": "ffn_down"}
    names = {f"transformer.h.#.{a}": f"blk.#.{b}" for a, b in h.items()}
    return "gpt2", k, names | {"transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm"}, W


def plus_one(W):
    return {n: 1 + w if n.endswith("norm.weight") else w for n, w in W.items()}


def gemma_sizes(c, largest=None):
    """Scores are scaled by a rule that knows three sizes of model."""
    by = c["hidden_size"] // c["num_attention_heads"] if c["num_hidden_layers"] == largest else c["head_dim"]
    need(c.get("query_pre_attn_scalar", by) == by, f"query_pre_attn_scalar other than {by}")
    return usual(c)


def gemma(c, W):
    k = gemma_sizes(c)
    need(k.pop("rope.freq_base") == 10000, "another base of rope")
    return "gemma", k, LLAMA, plus_one(W)


def gemma2(c, W):
    k = gemma_sizes(c, 46) | {n: float(c[n]) for n in ("attn_logit_softcapping", "final_logit_softcapping")}
    need(k.pop("rope.freq_base") == 10000, "another base of rope")
    return "gemma2", k | {"attention.sliding_window": c["sliding_window"]}, LLAMA | SANDWICH, plus_one(W)


def gemma3_text(c, W):
    k = gemma_sizes(c, 62) | {"attention.sliding_window": c["sliding_window"]}
    need(c["rope_local_base_freq"] == 10000, "another base of rope in local layers")
    if c.get("sliding_window_pattern", 6) != 6:
        k["attention.sliding_window_pattern"] = c["sliding_window_pattern"]
    if c.get("final_logit_softcapping"):
        k["final_logit_softcapping"] = float(c["final_logit_softcapping"])
    scaling(c, k, W)
    return "gemma3", k, LLAMA | SANDWICH, plus_one(W)


def glm(c, W):
    return "chatglm", usual(c) | {"rope.dimension_count": int(head_size(c) * c["partial_rotary_factor"])}, LLAMA, W


def glm4(c, W):
    k = usual(c) | {"rope.dimension_count": int(head_size(c) * c["partial_rotary_factor"])}
    return "glm4", k, LLAMA | {"model.layers.#.post_self_attn_layernorm": "blk.#.post_attention_norm",
                               "model.layers.#.post_mlp_layernorm": "blk.#.post_ffw_norm"}, W


def chatglm(c, W):
    d, H, D = c["hidden_size"], c["num_attention_heads"], c["kv_channels"]
    k = sizes(c, c["num_layers"], d, H, c["multi_query_group_num"], c["ffn_hidden_size"], c["seq_length"])
    k |= {"attention.layer_norm_rms_epsilon": c["layernorm_epsilon"], "rope.dimension_count": D // 2,
          "rope.freq_base": 10000.0 * c.get("rope_ratio", 1)}
    if D * H != d:
        k["attention.key_length"] = k["attention.value_length"] = D
    p, q = "transformer.encoder.", "transformer.encoder.layers.#."
    return "chatglm", k, {"transformer.embedding.word_embeddings": "token_embd", p + "final_layernorm": "output_norm",
                          "transformer.output_layer": "output", q + "input_layernorm": "blk.#.attn_norm",
                          q + "self_attention.query_key_value": "blk.#.attn_qkv", q + "self_attention.dense": "blk.#.attn_output",
                          q + "post_attention_layernorm": "blk.#.ffn_norm", q + "mlp.dense_h_to_4h": "blk.#.ffn_up",
                          q + "mlp.dense_4h_to_h": "blk.#.ffn_down"}, W


def baichuan(c, W):
    """The head of unit rows is divided in the file; converters there leave it, and so the answer, as it is."""
    turns, H = "max_position_embeddings" in c, c["num_attention_heads"]
    need(c["num_hidden_layers"] == (32 if turns else 40), "whether heads turn, but by 32 or 40 layers")
    for name in [n for n in W if n.endswith("W_pack.weight")]:
        q, key, v = np.split(W.pop(name), 3)
        for n, w in (("q", permuted(q, H)), ("k", permuted(key, H)), ("v", v)):
            W[name.replace("W_pack", n + "_proj")] = w
    head = W["lm_head.weight"]
    if "z_loss_weight" in c or c["vocab_size"] == 125696:
        W["lm_head.weight"] = head / np.maximum(np.sqrt((head * head).sum(axis=-1, keepdims=True)), 1e-12)
    return "baichuan", usual(c) | {"rope.dimension_count": head_size(c)}, LLAMA, W


def phi(c, W):
    k = usual(c, "layer_norm_eps")
    need(k.pop("rope.freq_base") == 10000, "another base of rope")
    return "phi2", k | {"rope.dimension_count": int(head_size(c) * c["partial_rotary_factor"])}, LLAMA, W


def phi3(c, W):
    k, s = usual(c), c.get("rope_scaling")
    k |= {"rope.dimension_count": int(head_size(c) * c.get("partial_rotary_factor", 1)), "attention.sliding_window": c.get("sliding_window") or 0,
          "rope.scaling.original_context_length": c["original_max_position_embeddings"]}
    if s:
        long = c["max_position_embeddings"] / c["original_max_position_embeddings"]
        k["rope.scaling.attn_factor"] = math.sqrt(1 + math.log(long) / math.log(c["original_max_position_embeddings"])) if long > 1 else 1.0
        W |= {f"rope_factors_{which}.weight": np.array(s[which + "_factor"]) for which in ("long", "short")}
    return "phi3", k, LLAMA, W


def grouped(W, per, groups):
    """Rows by groups of heads (queries that share a key, key, value) to all queries, all keys, all values."""
    for name in [n for n in W if ".query_key_value." in n]:
        w = W[name].reshape(groups, per + 2, -1, *W[name].shape[1:])
        W[name] = np.concatenate([x.reshape(-1, *W[name].shape[1:]) for x in (w[:, :-2], w[:, -2], w[:, -1])])


def gpt_neox(c, W):
    k = usual(c, "layer_norm_eps")
    need(c.get("attention_bias", True), "attention without biases")
    need(c["rotary_emb_base"] == 10000, "another base of rope")
    k |= {"rope.dimension_count": int(c["rotary_pct"] * head_size(c)), "use_parallel_residual": c.get("use_parallel_residual", True)}
    grouped(W, 1, c["num_attention_heads"])
    p = "gpt_neox.layers.#."
    return "gptneox", k, {"gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm", "embed_out": "output",
                          p + "input_layernorm": "blk.#.attn_norm", p + "attention.query_key_value": "blk.#.attn_qkv",
                          p + "attention.dense": "blk.#.attn_output", p + "post_attention_layernorm": "blk.#.ffn_norm",
                          p + "mlp.dense_h_to_4h": "blk.#.ffn_up", p + "mlp.dense_4h_to_h": "blk.#.ffn_down"}, W


BLOCKS = {"self_attention.query_key_value": "attn_qkv", "self_attention.dense": "attn_output", "mlp.dense_h_to_4h": "ffn_up",
          "mlp.dense_4h_to_h": "ffn_down", "input_layernorm": "attn_norm"}


def falcon(c, W):
    need(c["parallel_attn"], "one half after the other")
    H, d, new = c["num_attention_heads"], c["hidden_size"], c["new_decoder_architecture"]
    G = (c.get("num_kv_heads") or H) if new else 1 if c["multi_query"] else H
    need(c["rope_theta"] == 10000, "another base of rope")
    grouped(W, H // G, G)
    k = sizes(c, c["num_hidden_layers"], d, H, G, c.get("ffn_hidden_size") or 4 * d, 2048)
    names = {f"transformer.h.#.{a}": f"blk.#.{b}" for a, b in (BLOCKS | {"ln_mlp": "attn_norm", "ln_attn": "attn_norm_2"}).items()}
    return "falcon", k | {"attention.layer_norm_epsilon": c["layer_norm_epsilon"]}, names | {
        "transformer.word_embeddings": "token_embd", "transformer.ln_f": "output_norm", "lm_head": "output"}, W


def bloom(c, W):
    need(not c.get("apply_residual_connection_post_layernorm"), "sums with the normed value")
    d, H = c.get("hidden_size") or c["n_embed"], c.get("n_head") or c["num_attention_heads"]
    grouped(W, 1, H)
    k = sizes(c, c["n_layer"], d, H, H, 4 * d, c.get("seq_length", d)) | {"attention.layer_norm_epsilon": c["layer_norm_epsilon"]}
    names = {f"transformer.h.#.{a}": f"blk.#.{b}" for a, b in (BLOCKS | {"post_attention_layernorm": "ffn_norm"}).items()}
    return "bloom", k, names | {"transformer.word_embeddings": "token_embd", "transformer.word_embeddings_layernorm": "token_embd_norm",
                                "transformer.ln_f": "output_norm"}, W


def t5(c, W):
    need(c["relative_attention_max_distance"] == 128, "another distance than 128 from which all is one")
    need(c["feed_forward_proj"] in ("relu", "gated-gelu"), f"a net of {c['feed_forward_proj']}")
    k = sizes(c, c["num_layers"], c["d_model"], c["num_heads"], c["num_heads"], c["d_ff"], c.get("n_positions", 512))
    del k["attention.head_count_kv"]
    k |= {"attention.key_length": c["d_kv"], "attention.value_length": c["d_kv"], "decoder_block_count": c["num_decoder_layers"],
          "attention.layer_norm_epsilon": c["layer_norm_epsilon"], "attention.layer_norm_rms_epsilon": c["layer_norm_epsilon"],
          "attention.relative_buckets_count": c["relative_attention_num_buckets"], "decoder_start_token_id": c["decoder_start_token_id"]}
    names = {"shared": "token_embd", "lm_head": "output"}
    for side, short, net in (("encoder", "enc", 1), ("decoder", "dec", 2)):
        p, q = f"{side}.block.#.layer.", f"{short}.blk.#."
        names |= {f"{p}0.SelfAttention.{n}": f"{q}attn_{n}" for n in "qkvo"} | {f"{p}1.EncDecAttention.{n}": f"{q}cross_attn_{n}" for n in "qkvo"}
        names |= {p + "0.layer_norm": q + "attn_norm", p + "1.layer_norm": q + "cross_attn_norm",
                  p + "0.SelfAttention.relative_attention_bias": q + "attn_rel_b", f"{side}.final_layer_norm": f"{short}.output_norm",
                  f"{p}{net}.layer_norm": q + "ffn_norm"}
        parts = (("wi_0", "ffn_gate"), ("wi_1", "ffn_up"), ("wi", "ffn_up"), ("wo", "ffn_down"))
        names |= {f"{p}{net}.DenseReluDense.{a}": q + b for a, b in parts}
    return "t5", k, names, W


def bert(c, W):
    need(c["architectures"] == ["BertModel"], "the head for masked tokens")
    k = usual(c, "layer_norm_eps") | {"attention.causal": False, "pooling_type": 0}
    p = "encoder.layer.#."
    return "bert", k, {"embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
                       "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm",
                       p + "attention.self.query": "blk.#.attn_q", p + "attention.self.key": "blk.#.attn_k",
                       p + "attention.self.value": "blk.#.attn_v", p + "attention.output.dense": "blk.#.attn_output",
                       p + "attention.output.LayerNorm": "blk.#.attn_output_norm", p + "intermediate.dense": "blk.#.ffn_up",
                       p + "output.dense": "blk.#.ffn_down", p + "output.LayerNorm": "blk.#.layer_output_norm",
                       "pooler.dense": ""}, W
