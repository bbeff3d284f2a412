# SPDX-License-Identifier: MIT
"""ViT (ViTForImageClassification): square patches, norms in front, a class row whose last state is classified.

Keys read: hidden_size num_hidden_layers num_attention_heads intermediate_size hidden_act layer_norm_eps image_size patch_size num_channels
qkv_bias, and of id2label how many there are.  inputs: pixels (channels, h, w), already scaled and normalised; where h or w are not
image_size, positions are interpolated.  logits (1, classes)."""
import numpy as np

import bert
import common as m

STEPS = False  # all at once
SEEDS = 2, 3, 8, 11  # images of the size that positions have: no other is known to Assay


def shapes(c):
    d, F, P, C = c["hidden_size"], c["intermediate_size"], c["patch_size"], c["num_channels"]
    e, grid = "vit.embeddings.", c["image_size"] // P
    s = {e + "cls_token": (1, 1, d), e + "position_embeddings": (1, 1 + grid * grid, d),
         e + "patch_embeddings.projection.weight": (d, C, P, P), e + "patch_embeddings.projection.bias": (d,)}
    for i in range(c["num_hidden_layers"]):
        l = f"vit.encoder.layer.{i}."
        for n in ("query", "key", "value"):
            bert.dense(s, l + "attention.attention." + n, d, d)
            if not c.get("qkv_bias", True):
                del s[l + "attention.attention." + n + ".bias"]
        bert.dense(s, l + "attention.output.dense", d, d)
        bert.dense(s, l + "intermediate.dense", F, d)
        bert.dense(s, l + "output.dense", d, F)
        bert.norm(s, l + "layernorm_before", d)
        bert.norm(s, l + "layernorm_after", d)
    bert.norm(s, "vit.layernorm", d)
    bert.dense(s, "classifier", len(c["id2label"]), d)
    return s


def cubic(n, size):
    """[size, n]: bicubic interpolation along one side, a = -0.75, pixel centres aligned, edges repeated."""
    A, a = np.zeros((size, n)), -0.75
    for row in range(size):
        at = (row + 0.5) * n / size - 0.5
        left = int(np.floor(at))
        for k in range(-1, 3):
            t = abs(at - left - k)
            w = (a + 2) * t**3 - (a + 3) * t**2 + 1 if t <= 1 else a * (t**3 - 5 * t**2 + 8 * t - 4)
            A[row, min(max(left + k, 0), n - 1)] += w
    return A


def positions(c, table, rows, columns):
    """table (1 + g g, d) for a grid of rows x columns."""
    g = c["image_size"] // c["patch_size"]
    if (rows, columns) == (g, g):
        return table
    grid = np.einsum("yr,xc,rcd->yxd", cubic(g, rows), cubic(g, columns), table[1:].reshape(g, g, -1))
    return np.concatenate([table[:1], grid.reshape(rows * columns, -1)])


def logits(c, W, inputs):
    e, P, H, act = "vit.embeddings.", c["patch_size"], c["num_attention_heads"], m.ACTIVATIONS[c["hidden_act"]]
    pixels = np.asarray(inputs["pixels"], dtype=np.float64)
    C, rows, columns = pixels.shape[0], pixels.shape[1] // P, pixels.shape[2] // P
    patches = pixels.reshape(C, rows, P, columns, P).transpose(1, 3, 0, 2, 4).reshape(rows * columns, C * P * P)
    w = W[e + "patch_embeddings.projection.weight"]
    x = np.concatenate([W[e + "cls_token"][0], patches @ w.reshape(len(w), -1).T + W[e + "patch_embeddings.projection.bias"]])
    x = x + positions(c, W[e + "position_embeddings"][0], rows, columns)
    for i in range(c["num_hidden_layers"]):
        l = f"vit.encoder.layer.{i}."
        h = bert.normed(c, W, l + "layernorm_before", x)
        q, k, v = (m.heads(m.linear(W, f"{l}attention.attention.{n}", h), H) for n in ("query", "key", "value"))
        x = x + m.linear(W, l + "attention.output.dense", m.attention(q, k, v, m.everything))
        h = bert.normed(c, W, l + "layernorm_after", x)
        x = x + m.linear(W, l + "output.dense", act(m.linear(W, l + "intermediate.dense", h)))
    return m.linear(W, "classifier", bert.normed(c, W, "vit.layernorm", x)[:1])


def labels(n):
    return {str(i): f"LABEL_{i}" for i in range(n)}


def F(s, *shape):
    """The sheet's exact inputs: ((7 i + 3 s) mod 11 - 5) / 8."""
    return (((7 * np.arange(np.prod(shape)) + 3 * s) % 11 - 5) / 8).reshape(shape)


KNOWN = dict(config=dict(model_type="vit", architectures=["ViTForImageClassification"], hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                         intermediate_size=24, hidden_act="gelu", layer_norm_eps=1e-12, image_size=8, patch_size=4, num_channels=3,
                         qkv_bias=True, id2label=labels(3)),
             inputs=dict(pixels=F(100, 3, 8, 8)), want="0.882233133246622 | 0.942704253109779 | 2.68335261382597")
SMALL = dict(KNOWN["config"], hidden_size=48, num_hidden_layers=3, num_attention_heads=6, intermediate_size=80, image_size=20, id2label=labels(7))


def small(seed):
    return SMALL | [{}, dict(qkv_bias=False, num_attention_heads=4, patch_size=5, layer_norm_eps=1e-6)][seed % 2]


def draw(c, rng):
    """Every other image is of another size than the positions."""
    P, n = c["patch_size"], c["image_size"]
    h, w = (n, n) if rng.random() < 0.5 else P * rng.integers(2, 8, 2)
    return dict(pixels=rng.standard_normal((c["num_channels"], h, w)).astype(np.float32).astype(np.float64))


def hf(c, inputs):
    return "ViTConfig", "ViTForImageClassification", dict(pixel_values=inputs["pixels"], interpolate_pos_encoding=True)
