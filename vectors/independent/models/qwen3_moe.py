# SPDX-License-Identifier: MIT
"""Qwen3-MoE: Qwen3's attention; Qwen2-MoE's experts without the shared one.

Keys read: Qwen3's without its window, num_experts num_experts_per_tok norm_topk_prob moe_intermediate_size decoder_sparse_step mlp_only_layers."""
import common as m
import llama
import qwen2_moe


def ffn_shapes(s, c, p, i):
    d, p = c["hidden_size"], p + "mlp."
    if not qwen2_moe.sparse(c, i):
        llama.gated_shapes(s, p, d, c["intermediate_size"])
        return
    s[p + "gate.weight"] = (c["num_experts"], d)
    for e in range(c["num_experts"]):
        llama.gated_shapes(s, f"{p}experts.{e}.", d, c["moe_intermediate_size"])


def ffn(c, W, p, i, h):
    p, y = p + "mlp.", 0 * h
    if not qwen2_moe.sparse(c, i):
        return llama.gated(c, W, p, h)
    which, weight = m.top(m.softmax(m.linear(W, p + "gate", h)), c["num_experts_per_tok"])
    if c.get("norm_topk_prob", False):
        weight = weight / weight.sum(axis=-1, keepdims=True)
    for t, row in enumerate(h):
        for e, w in zip(which[t], weight[t]):
            y[t] += w * llama.gated(c, W, f"{p}experts.{e}.", row)
    return y


def shapes(c):
    return llama.shapes(c, ffn=ffn_shapes, qk_norm=True)


def logits(c, W, ids):
    if c.get("use_sliding_window", False) or "sliding_attention" in c.get("layer_types", ()):
        raise ValueError("windows are not followed")
    return llama.logits(c, W, ids, ffn=ffn)


def small(seed):
    return dict(llama.SMALL, architectures=["Qwen3MoeForCausalLM"], model_type="qwen3_moe", rope_theta=1e6, rms_norm_eps=1e-6, head_dim=16,
                attention_bias=seed % 2 == 1, tie_word_embeddings=seed % 2 == 0, use_sliding_window=False, sliding_window=None,
                num_experts=6, num_experts_per_tok=3, moe_intermediate_size=20, norm_topk_prob=seed % 4 != 2, mlp_only_layers=[],
                decoder_sparse_step=1 + (seed == 3))
