# SPDX-License-Identifier: MIT
"""T5, v1.0 (feed_forward_proj relu) and v1.1 (gated-gelu): no biases, no positions but a table of biases of scores by distance, in
each stack the first layer's; scores are not scaled; tied logits are scaled by d^-1/2.

Keys read: vocab_size d_model d_kv num_heads d_ff num_layers num_decoder_layers feed_forward_proj layer_norm_epsilon tie_word_embeddings
relative_attention_num_buckets relative_attention_max_distance.  inputs: ids (T), decoder_ids (U).  logits (U, V)."""
import numpy as np

import common as m


def feed_forward(c):
    """(is it gated, its activation): HF reads gated-gelu as the tanh form."""
    kind = c["feed_forward_proj"].split("-")
    name = "gelu_new" if c["feed_forward_proj"] == "gated-gelu" else kind[-1]
    return kind[0] == "gated", m.ACTIVATIONS[name]


def shapes(c):
    d, F, inner, s = c["d_model"], c["d_ff"], c["num_heads"] * c["d_kv"], {"shared.weight": (c["vocab_size"], c["d_model"])}
    parts = {"encoder": ("SelfAttention", "FFN"), "decoder": ("SelfAttention", "EncDecAttention", "FFN")}
    for side, kinds in parts.items():
        for i in range(c["num_layers"] if side == "encoder" else c["num_decoder_layers"]):
            for j, kind in enumerate(kinds):
                p = f"{side}.block.{i}.layer.{j}."
                s[p + "layer_norm.weight"] = (d,)
                if kind == "FFN":
                    for n in ("wi_0", "wi_1") if feed_forward(c)[0] else ("wi",):
                        s[f"{p}DenseReluDense.{n}.weight"] = (F, d)
                    s[p + "DenseReluDense.wo.weight"] = (d, F)
                    continue
                for n in "qkv":
                    s[f"{p}{kind}.{n}.weight"] = (inner, d)
                s[f"{p}{kind}.o.weight"] = (d, inner)
        s[side + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = (c["relative_attention_num_buckets"], c["num_heads"])
        s[side + ".final_layer_norm.weight"] = (d,)
    if not c["tie_word_embeddings"]:
        s["lm_head.weight"] = (c["vocab_size"], d)
    return s


def bucket(distance, count, farthest, both):
    """Of distance = key - query (whole numbers, any shape): the row of the table.  n < e has a bucket each, e = half of a direction's K;
    beyond, n has bucket e + j for the largest j < K - e with farthest^j e^(K-e-j) <= n^(K-e), in whole numbers of any size."""
    def one(d):
        K = count // 2 if both else count
        first, n = (K if both and d > 0 else 0), (abs(d) if both else max(-d, 0))
        e = K // 2
        if n < e:
            return first + n
        steps = K - e
        return first + e + max(j for j in range(steps) if farthest**j * e ** (steps - j) <= n**steps)
    each, where = np.unique(distance, return_inverse=True)
    return np.array([one(int(d)) for d in each], dtype=np.int64)[where].reshape(np.shape(distance))


def attend(c, W, p, x, keys, mask, bias):
    q, k, v = (m.heads(m.linear(W, p + n, a), c["num_heads"]) for n, a in (("q", x), ("k", keys), ("v", keys)))
    return m.linear(W, p + "o", m.attention(q, k, v, mask, scale=1.0, bias=bias))


def stack(c, W, side, x, memory=None):
    eps, (gated, act), mask = c["layer_norm_epsilon"], feed_forward(c), m.everything if memory is None else m.causal
    at = np.arange(len(x))
    table = W[side + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
    rows = bucket(at[None, :] - at[:, None], len(table), c.get("relative_attention_max_distance", 128), memory is None)
    bias = table[rows].transpose(2, 0, 1)
    for i in range(c["num_layers"] if memory is None else c["num_decoder_layers"]):
        p = f"{side}.block.{i}.layer."
        h = m.rms(x, W[p + "0.layer_norm.weight"], eps)
        x = x + attend(c, W, p + "0.SelfAttention.", h, h, mask, bias)
        if memory is not None:
            h = m.rms(x, W[p + "1.layer_norm.weight"], eps)
            x = x + attend(c, W, p + "1.EncDecAttention.", h, memory, m.everything, None)
        f = p + ("1" if memory is None else "2")
        h, w = m.rms(x, W[f + ".layer_norm.weight"], eps), f + ".DenseReluDense."
        up = act(m.linear(W, w + "wi_0", h)) * m.linear(W, w + "wi_1", h) if gated else act(m.linear(W, w + "wi", h))
        x = x + m.linear(W, w + "wo", up)
    return m.rms(x, W[side + ".final_layer_norm.weight"], eps)


def logits(c, W, inputs):
    table = W["shared.weight"]
    memory = stack(c, W, "encoder", table[np.asarray(inputs["ids"])])
    x = stack(c, W, "decoder", table[np.asarray(inputs["decoder_ids"])], memory)
    return (x * c["d_model"] ** -0.5) @ table.T if c["tie_word_embeddings"] else m.linear(W, "lm_head", x)


TINY = dict(model_type="t5", architectures=["T5ForConditionalGeneration"], vocab_size=11, d_model=16, d_kv=3, num_heads=4, d_ff=24, num_layers=2,
            num_decoder_layers=2, feed_forward_proj="relu", layer_norm_epsilon=1e-6, tie_word_embeddings=True, is_encoder_decoder=True,
            relative_attention_num_buckets=32, relative_attention_max_distance=128, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1)
V1_1 = dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False)
INPUTS = dict(ids=[3, 7, 1, 9, 4] * 4, decoder_ids=[0, 5, 2, 8] * 5)
KNOWN = [dict(config=TINY, inputs=INPUTS, want="0.30426902135798 | 2.00536773499685 | 195.940448123184"),
         dict(config=TINY | V1_1, inputs=INPUTS, want="0.116843195018063 | 59.3137050443369 | 5051.64284633042")]
SMALL = TINY | dict(vocab_size=96, d_model=48, d_kv=10, num_heads=6, d_ff=80, num_layers=3)


def small(seed):
    return SMALL | [{}, V1_1, dict(feed_forward_proj="gated-silu", relative_attention_num_buckets=8, relative_attention_max_distance=20)][seed % 3]


def draw(c, rng):
    """Texts of up to 150, so that distances reach the last bucket."""
    T, U = (int(n) for n in rng.integers(5, 150, 2))
    return dict(ids=rng.integers(3, c["vocab_size"], T), decoder_ids=np.append(c["decoder_start_token_id"], rng.integers(3, c["vocab_size"], U - 1)))


def hf(c, inputs):
    return "T5Config", "T5ForConditionalGeneration", dict(input_ids=inputs["ids"], decoder_input_ids=inputs["decoder_ids"])
