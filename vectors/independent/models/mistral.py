# SPDX-License-Identifier: MIT
"""Mistral: Llama's graph and names; with sliding_window W each query sees W keys, itself among them.

Keys read: Llama's without biases and rope_scaling, and sliding_window (null: none)."""
import common as m
import llama


def shapes(c):
    return llama.shapes(c, bias=False)


def logits(c, W, ids):
    return llama.logits(c, W, ids, lambda i: m.window(c.get("sliding_window")))


KNOWN = dict(config=dict(llama.TINY, architectures=["MistralForCausalLM"], model_type="mistral", sliding_window=3), ids=[3, 7, 1, 9, 4],
             want="1.23346110135903 | -0.859497063162572 | -134.082159169978")


def small(seed):
    return dict(llama.SMALL, architectures=["MistralForCausalLM"], model_type="mistral", rope_theta=1e6,
                sliding_window=(7, 1, None)[seed % 3], head_dim=(8, 16, 10)[seed % 3])
