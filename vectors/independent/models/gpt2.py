# SPDX-License-Identifier: MIT
"""GPT-2: learned positions, LayerNorm before each half, one fused projection q | k | v, tanh GELU, the head tied to the embedding.
Its linear layers are stored as W[in, out], other than everywhere else.

Keys read: vocab_size n_positions n_embd n_head n_layer n_inner activation_function layer_norm_epsilon scale_attn_weights
scale_attn_by_inverse_layer_idx."""
import common as m


def shapes(c):
    d = c["n_embd"]
    F = c.get("n_inner") or 4 * d
    s = {"transformer.wte.weight": (c["vocab_size"], d), "transformer.wpe.weight": (c["n_positions"], d)}
    for i in range(c["n_layer"]):
        for n, shape in (("ln_1", (d,)), ("attn.c_attn", (d, 3 * d)), ("attn.c_proj", (d, d)), ("ln_2", (d,)), ("mlp.c_fc", (d, F)),
                         ("mlp.c_proj", (F, d))):
            s[f"transformer.h.{i}.{n}.weight"], s[f"transformer.h.{i}.{n}.bias"] = shape, shape[-1:]
    s["transformer.ln_f.weight"] = s["transformer.ln_f.bias"] = (d,)
    return s


def logits(c, W, ids):
    eps, H = c["layer_norm_epsilon"], c["n_head"]

    def norm(name, x):
        return m.layernorm(x, W[name + ".weight"], W[name + ".bias"], eps)

    def conv(name, x):
        return x @ W[name + ".weight"] + W[name + ".bias"]

    x = W["transformer.wte.weight"][ids] + W["transformer.wpe.weight"][:len(ids)]
    for i in range(c["n_layer"]):
        p = f"transformer.h.{i}."
        q, k, v = (m.heads(y, H) for y in thirds(conv(p + "attn.c_attn", norm(p + "ln_1", x))))
        scale = q.shape[-1] ** -0.5 if c.get("scale_attn_weights", True) else 1.0
        if c.get("scale_attn_by_inverse_layer_idx", False):
            scale /= i + 1
        x = x + conv(p + "attn.c_proj", m.attention(q, k, v, scale=scale))
        act = m.ACTIVATIONS[c.get("activation_function", "gelu_new")]
        x = x + conv(p + "mlp.c_proj", act(conv(p + "mlp.c_fc", norm(p + "ln_2", x))))
    return norm("transformer.ln_f", x) @ W["transformer.wte.weight"].T


def thirds(y):
    n = y.shape[-1] // 3
    return y[..., :n], y[..., n:2 * n], y[..., 2 * n:]


KIND = dict(architectures=["GPT2LMHeadModel"], model_type="gpt2", activation_function="gelu_new", layer_norm_epsilon=1e-5)
KNOWN = dict(config=dict(KIND, vocab_size=11, n_positions=8, n_ctx=8, n_embd=16, n_head=4, n_layer=2, n_inner=24), ids=[3, 7, 1, 9, 4],
             want="0.207106534756806 | 2.89130497810459 | 107.577294440737")


def small(seed):
    c = dict(KIND, vocab_size=96, n_positions=128, n_ctx=128, n_embd=48, n_head=6, n_layer=3)
    return dict(c, n_inner=80, scale_attn_by_inverse_layer_idx=True) if seed % 2 else c
