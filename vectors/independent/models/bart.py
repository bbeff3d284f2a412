# SPDX-License-Identifier: MIT
"""BART (BartForConditionalGeneration): norms behind the sums, also behind the embeddings, learned positions whose first row is the third.

Keys read: vocab_size d_model encoder_layers decoder_layers encoder_attention_heads decoder_attention_heads encoder_ffn_dim decoder_ffn_dim
activation_function max_position_embeddings scale_embedding.  Norms have 1e-5, which no key says.
inputs: ids (T), decoder_ids (U).  logits (U, V)."""
import numpy as np

import bert
import common as m

EPS = 1e-5


def attention_shapes(s, p, d):
    for n in ("q", "k", "v", "out"):
        bert.dense(s, f"{p}.{n}_proj", d, d)
    bert.norm(s, p + "_layer_norm", d)


def layer_shapes(s, c, side):
    """Tensors of the layers of one stack; Whisper's have the same names."""
    d, F = c["d_model"], c[side + "_ffn_dim"]
    for i in range(c[side + "_layers"]):
        l = f"model.{side}.layers.{i}."
        for kind in ("self_attn", "encoder_attn")[: 1 if side == "encoder" else 2]:
            attention_shapes(s, l + kind, d)
        bert.dense(s, l + "fc1", F, d)
        bert.dense(s, l + "fc2", d, F)
        bert.norm(s, l + "final_layer_norm", d)


def shapes(c):
    d, s = c["d_model"], {"model.shared.weight": (c["vocab_size"], c["d_model"]), "final_logits_bias": (1, c["vocab_size"])}
    for side in ("encoder", "decoder"):
        s[f"model.{side}.embed_positions.weight"] = (c["max_position_embeddings"] + 2, d)
        bert.norm(s, f"model.{side}.layernorm_embedding", d)
        layer_shapes(s, c, side)
    return s


def attend(W, p, x, keys, H, mask):
    """Biases stay inside the scale: (W x + b) D^-1/2."""
    q, k, v = (m.heads(m.linear(W, f"{p}.{n}_proj", a), H) for n, a in (("q", x), ("k", keys), ("v", keys)))
    return m.linear(W, p + ".out_proj", m.attention(q, k, v, mask))


def norm(W, name, x):
    return m.layernorm(x, W[name + ".weight"], W[name + ".bias"], m.narrow(EPS))


def stack(c, W, side, ids, memory=None):
    p, H, act = f"model.{side}.", c[side + "_attention_heads"], m.ACTIVATIONS[c["activation_function"]]
    scale = c["d_model"] ** 0.5 if c.get("scale_embedding", False) else 1.0
    x = norm(W, p + "layernorm_embedding", W["model.shared.weight"][ids] * scale + W[p + "embed_positions.weight"][np.arange(len(ids)) + 2])
    for i in range(c[side + "_layers"]):
        l = f"{p}layers.{i}."
        x = norm(W, l + "self_attn_layer_norm", x + attend(W, l + "self_attn", x, x, H, m.everything if memory is None else m.causal))
        if memory is not None:
            x = norm(W, l + "encoder_attn_layer_norm", x + attend(W, l + "encoder_attn", x, memory, H, m.everything))
        x = norm(W, l + "final_layer_norm", x + m.linear(W, l + "fc2", act(m.linear(W, l + "fc1", x))))
    return x


def logits(c, W, inputs):
    memory = stack(c, W, "encoder", np.asarray(inputs["ids"]))
    x = stack(c, W, "decoder", np.asarray(inputs["decoder_ids"]), memory)
    return x @ W["model.shared.weight"].T + W["final_logits_bias"]


def sizes(d, H, F, N, M):
    return dict(d_model=d, encoder_layers=N, decoder_layers=M, encoder_attention_heads=H, decoder_attention_heads=H, encoder_ffn_dim=F, decoder_ffn_dim=F)


COMMON = dict(model_type="bart", architectures=["BartForConditionalGeneration"], activation_function="gelu", scale_embedding=False, is_encoder_decoder=True,
              bos_token_id=0, pad_token_id=1, eos_token_id=2, decoder_start_token_id=2)
KNOWN = dict(config=COMMON | sizes(16, 4, 24, 2, 2) | dict(vocab_size=11, max_position_embeddings=8),
             inputs=dict(ids=[3, 7, 1, 9, 4], decoder_ids=[0, 5, 2, 8]), want="0.846565362143919 | 2.16428509228984 | 75.1918094651795")
SMALL = COMMON | sizes(48, 6, 80, 3, 2) | dict(vocab_size=96, max_position_embeddings=64)


def small(seed):
    return SMALL | [{}, dict(scale_embedding=True, decoder_attention_heads=4, decoder_ffn_dim=56, activation_function="relu")][seed % 2]


def draw(c, rng):
    T, U = (int(n) for n in rng.integers(5, 40, 2))
    return dict(ids=rng.integers(3, c["vocab_size"], T), decoder_ids=np.append(c["decoder_start_token_id"], rng.integers(3, c["vocab_size"], U - 1)))


def hf(c, inputs):
    return "BartConfig", "BartForConditionalGeneration", dict(input_ids=inputs["ids"], decoder_input_ids=inputs["decoder_ids"])
