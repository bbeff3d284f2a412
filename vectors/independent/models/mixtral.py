# SPDX-License-Identifier: MIT
"""Mixtral: Mistral's attention; the FFN is a mixture: softmax over all experts, the best k, their weights made to sum to 1.

Keys read: Mistral's, num_local_experts num_experts_per_tok."""
import common as m
import llama


def expert_shapes(s, c, p, i):
    d, F = c["hidden_size"], c["intermediate_size"]
    s[p + "block_sparse_moe.gate.weight"] = (c["num_local_experts"], d)
    for e in range(c["num_local_experts"]):
        for n in ("w1", "w3", "w2"):
            s[f"{p}block_sparse_moe.experts.{e}.{n}.weight"] = (d, F) if n == "w2" else (F, d)


def experts(c, W, p, i, h):
    """w1 is the gate, w3 up, w2 down."""
    p, y = p + "block_sparse_moe.", 0 * h
    which, weight = m.top(m.softmax(m.linear(W, p + "gate", h)), c["num_experts_per_tok"])
    weight = weight / weight.sum(axis=-1, keepdims=True)
    for t, row in enumerate(h):
        for e, w in zip(which[t], weight[t]):
            q = f"{p}experts.{e}."
            y[t] += w * m.linear(W, q + "w2", m.ACTIVATIONS[c.get("hidden_act", "silu")](m.linear(W, q + "w1", row)) * m.linear(W, q + "w3", row))
    return y


def shapes(c):
    return llama.shapes(c, bias=False, ffn=expert_shapes)


def logits(c, W, ids):
    return llama.logits(c, W, ids, lambda i: m.window(c.get("sliding_window")), experts)


def small(seed):
    return dict(llama.SMALL, architectures=["MixtralForCausalLM"], model_type="mixtral", rope_theta=1e6, intermediate_size=40,
                num_local_experts=5, num_experts_per_tok=2 + seed % 2, sliding_window=None if seed % 2 else 6)
