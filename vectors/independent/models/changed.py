# SPDX-License-Identifier: MIT
"""One key of a family's config.json left out, changed or added at a time.  What is asked of a reader: the independent graph's answer to the
changed file, or a refusal (exit 2); never another answer, as of a key that nobody reads, or of one whose default is taken in its place."""
import os

import numpy as np

import common
import write

ACTIVATIONS = ["gelu", "gelu_new", "gelu_fast", "quick_gelu", "relu", "silu"]
TEXTS = {"hidden_act": ACTIVATIONS, "hidden_activation": ACTIVATIONS, "activation_function": ACTIVATIONS, "activation": ACTIVATIONS,
         "feed_forward_proj": ["relu", "gated-gelu", "gated-silu", "gated-relu"], "position_table": ["interleaved", "halves", "learned"]}
SCALINGS = [dict(rope_type="linear", factor=3.0), dict(rope_type="default"),
            dict(rope_type="llama3", factor=8.0, low_freq_factor=2.0, high_freq_factor=6.0, original_max_position_embeddings=32),
            dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=64, beta_fast=8.0, beta_slow=0.5)]
# Keys that files of some families have, and small() has not.
MORE = {"rope_scaling": SCALINGS, "sliding_window": [5], "head_dim": [12], "attention_bias": [True], "mlp_bias": [True], "tie_word_embeddings": [True, False],
        "rope_theta": [700.0], "num_key_value_heads": [1], "final_logit_softcapping": [2.5],
        "scale_attn_weights": [False], "norm_topk_prob": [True, False], "swiglu_limit": [0.25], "max_window_layers": [1]}


def with_layers(c):
    """Which layers see a window, said one by one, other than any rule has it."""
    n = c.get("num_hidden_layers", 0)
    return [["sliding_attention" if i % 3 == 1 else "full_attention" for i in range(n)]] if n > 1 and c.get("sliding_window") else []


def others(key, x):
    """Other values than x."""
    if isinstance(x, bool):
        return [not x]
    if isinstance(x, int):
        return [x + 2, 2 * x] + ([x // 2] if x > 1 else [])
    if isinstance(x, float):
        return [0.02] if 0 < x < 0.01 else [1.5 * x, 0.75 * x]
    return [t for t in TEXTS.get(key, []) if t != x]


def changes(c, unread):
    """(what is changed, the configuration); unread: keys that the independent graph does not read, or not as Assay does"""
    for key, x in c.items():
        if key in ("model_type", "architectures", *unread):
            continue
        yield f"no {key}", {k: v for k, v in c.items() if k != key}
        if isinstance(x, dict):
            for inner, y in x.items():
                if inner in ("rope_type", "type", "quant_method"):
                    continue
                yield f"no {key}.{inner}", c | {key: {k: v for k, v in x.items() if k != inner}}
                yield from ((f"{key}.{inner} {z}", c | {key: x | {inner: z}}) for z in others(inner, y))
        yield from ((f"{key} {y}", c | {key: y}) for y in others(key, x))
    for key, values in (MORE | {"layer_types": with_layers(c)}).items():
        if not c.get(key) and key not in unread:
            yield from ((f"with {key} {y}", c | {key: y}) for y in values if c.get(key) != y)


def model(family, seed, c):
    """The files' contents: None where the independent graph has no answer."""
    rng, draw = np.random.Generator(np.random.PCG64(seed)), getattr(family, "draw", None)
    try:
        W = common.seeded(family.shapes(c), seed, getattr(family, "GEMMA", False))
        inputs = draw(c, rng) if draw else common.ids(seed, write.LENGTH, c["vocab_size"])
        with np.errstate(all="ignore"):
            golden = write.golden(family, c, W, inputs)
    except (ArithmeticError, AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None
    return (W, golden) if np.isfinite(golden["logits"]).all() else None


def tried(family, seed, folder):
    """Files of each change, one behind the other in one folder: what it is, where its golden is."""
    golden = os.path.join(folder, "golden.safetensors")
    for what, c in changes(family.small(seed), getattr(family, "UNREAD", ())):
        c = {k: write.narrowed(x) for k, x in c.items()}
        made = model(family, seed, c)
        if made:
            common.write_model(folder, c, made[0])
            common.write(golden, made[1])
            yield what, golden
