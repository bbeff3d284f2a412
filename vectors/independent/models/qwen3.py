# SPDX-License-Identifier: MIT
"""Qwen3: Llama's graph; an RMS norm over each head of q and of k, one weight for all heads, before rope.

Keys read: Qwen2's, and attention_bias (q, k, v and o)."""
import llama
import qwen2


def shapes(c):
    return llama.shapes(c, qk_norm=True)


def logits(c, W, ids):
    return llama.logits(c, W, ids, qwen2.masks(c))


def small(seed):
    return dict(llama.SMALL, architectures=["Qwen3ForCausalLM"], model_type="qwen3", rope_theta=1e6, rms_norm_eps=1e-6, head_dim=16,
                attention_bias=seed % 2 == 1, tie_word_embeddings=seed % 2 == 0, use_sliding_window=seed % 4 == 3,
                sliding_window=6 if seed % 4 == 3 else None, max_window_layers=1)
