# SPDX-License-Identifier: MIT
"""Qwen2, Qwen2.5: Llama's graph; q, k and v have biases, o has none.  sliding_window counts only with use_sliding_window, and then for
layers from max_window_layers on.

Keys read: Llama's without attention_bias and mlp_bias; use_sliding_window sliding_window max_window_layers layer_types."""
import common as m
import llama


def shapes(c):
    return llama.shapes(c, bias=True, out_bias=False)


def masks(c):
    """layer -> mask: layer_types where the file has them, else the rule that they are made by."""
    W = c.get("sliding_window") if c.get("use_sliding_window", False) else None
    kinds = c.get("layer_types")

    def mask(i):
        if kinds and "sliding_attention" in kinds and not W:
            raise ValueError("layers with a window of no length")
        slides = kinds[i] == "sliding_attention" if kinds else i >= c.get("max_window_layers", 28)
        return m.window(W if slides else None)

    return mask


def logits(c, W, ids):
    return llama.logits(c, W, ids, masks(c))


def small(seed):
    c = dict(llama.SMALL, architectures=["Qwen2ForCausalLM"], model_type="qwen2", rope_theta=1e6, rms_norm_eps=1e-6,
             use_sliding_window=False, sliding_window=5, max_window_layers=2, tie_word_embeddings=seed % 2 == 0)
    if seed % 4 == 1:
        c.update(rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=32768), max_position_embeddings=32768)
    if seed % 4 == 3:
        c.update(use_sliding_window=True, max_window_layers=1)
    return c
