# SPDX-License-Identifier: MIT
"""Qwen1.5-MoE, Qwen2-MoE: Qwen2's attention; experts weighted by their softmax, renormalised only with norm_topk_prob, and one shared
expert times the sigmoid of its own gate.  Layers of mlp_only_layers, and those that decoder_sparse_step skips, have Llama's FFN.

use_sliding_window is refused: no published file has it, and transformers' own ways of attention differ in the layers that they put the
window on (4.57.1: eager all, flash those from max_window_layers on).

Keys read: Llama's without attention_bias and mlp_bias, num_experts num_experts_per_tok norm_topk_prob moe_intermediate_size
shared_expert_intermediate_size decoder_sparse_step mlp_only_layers."""
import common as m
import llama


def sparse(c, i):
    return i not in c.get("mlp_only_layers", []) and c["num_experts"] > 0 and (i + 1) % c.get("decoder_sparse_step", 1) == 0


def ffn_shapes(s, c, p, i):
    d, p = c["hidden_size"], p + "mlp."
    if not sparse(c, i):
        llama.gated_shapes(s, p, d, c["intermediate_size"])
        return
    s[p + "gate.weight"], s[p + "shared_expert_gate.weight"] = (c["num_experts"], d), (1, d)
    for e in range(c["num_experts"]):
        llama.gated_shapes(s, f"{p}experts.{e}.", d, c["moe_intermediate_size"])
    llama.gated_shapes(s, p + "shared_expert.", d, c["shared_expert_intermediate_size"])


def ffn(c, W, p, i, h):
    p += "mlp."
    if not sparse(c, i):
        return llama.gated(c, W, p, h)
    which, weight = m.top(m.softmax(m.linear(W, p + "gate", h)), c["num_experts_per_tok"])
    if c.get("norm_topk_prob", False):
        weight = weight / weight.sum(axis=-1, keepdims=True)
    y = m.sigmoid(m.linear(W, p + "shared_expert_gate", h)) * llama.gated(c, W, p + "shared_expert.", h)
    for t, row in enumerate(h):
        for e, w in zip(which[t], weight[t]):
            y[t] += w * llama.gated(c, W, f"{p}experts.{e}.", row)
    return y


def shapes(c):
    return llama.shapes(c, bias=True, out_bias=False, ffn=ffn_shapes)


def logits(c, W, ids):
    if c.get("use_sliding_window", False) or "sliding_attention" in c.get("layer_types", ()):
        raise ValueError("windows are not followed")
    return llama.logits(c, W, ids, ffn=ffn)


KIND = dict(architectures=["Qwen2MoeForCausalLM"], model_type="qwen2_moe", rms_norm_eps=1e-6, norm_topk_prob=False, decoder_sparse_step=1,
            mlp_only_layers=[], use_sliding_window=False)
KNOWN = dict(config=llama.TINY | KIND | dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=6,
                                             shared_expert_intermediate_size=10),
             ids=[3, 7, 1, 9, 4], want="-0.249000454045258 | 1.94747746887886 | 25.9220084019241")


def small(seed):
    return llama.SMALL | KIND | dict(rope_theta=1e6, num_experts=6, num_experts_per_tok=3, moe_intermediate_size=20,
                                     shared_expert_intermediate_size=36, norm_topk_prob=seed % 2 == 1,
                                     mlp_only_layers=[1] if seed % 2 else [], sliding_window=8, max_window_layers=1)
