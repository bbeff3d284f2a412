# SPDX-License-Identifier: MIT
"""Whisper: two convolutions over a spectrogram, an encoder and a decoder with norms in front.  k_proj has no bias.

Keys read: vocab_size num_mel_bins d_model encoder_layers decoder_layers encoder_attention_heads decoder_attention_heads encoder_ffn_dim
decoder_ffn_dim activation_function max_source_positions max_target_positions; architectures says WhisperEncoder where there
is no decoder.  scale_embedding is not read, as in transformers.  The activation of the convolutions is gelu (erf) whatever activation_function says.
inputs: mel (num_mel_bins, frames), decoder_ids (U).  logits (U, V); of the encoder alone its last norm (frames / 2, d).
model.encoder.embed_positions.weight is read if the file has it, else computed."""
import numpy as np

import bart
import bert
import common as m
import vit


IN_FILE = 24  # a small model with so many positions holds their table, of any numbers; others have it computed


def only_encoder(c):
    return c["architectures"] == ["WhisperEncoder"]


def shapes(c):
    d, s, p = c["d_model"], {}, "model.encoder."
    for n, channels in (("conv1", c["num_mel_bins"]), ("conv2", d)):
        s[f"{p}{n}.weight"], s[f"{p}{n}.bias"] = (d, channels, 3), (d,)
    for side in ("encoder",) if only_encoder(c) else ("encoder", "decoder"):
        bart.layer_shapes(s, c, side)
        bert.norm(s, f"model.{side}.layer_norm", d)
    if not only_encoder(c):
        s["model.decoder.embed_tokens.weight"], s["model.decoder.embed_positions.weight"] = (c["vocab_size"], d), (c["max_target_positions"], d)
    if c["max_source_positions"] == IN_FILE:
        s[p + "embed_positions.weight"] = (IN_FILE, d)
    return {n: v for n, v in s.items() if not n.endswith("k_proj.bias")}


def sinusoids(rows, d):
    """All sines, then all cosines; frequencies from 1 to 1/10000, both ends taken."""
    angle = np.arange(rows)[:, None] * np.exp(-np.log(10000.0) / max(d // 2 - 1, 1) * np.arange(d // 2))
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def convolved(W, name, x, stride):
    """x (channels, frames), three frames wide, one of zeros at each end -> (d, frames / stride)."""
    w, wide = W[name + ".weight"], np.pad(x, ((0, 0), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, 3, axis=1)[:, ::stride]
    return m.gelu_erf(np.einsum("ock,ctk->ot", w, windows) + W[name + ".bias"][:, None])


def stack(c, W, side, x, memory=None):
    """Layers whose norms stand in front, and the last norm."""
    H, act, norm, attend = c[side + "_attention_heads"], m.ACTIVATIONS[c["activation_function"]], bart.norm, bart.attend
    for i in range(c[side + "_layers"]):
        l = f"model.{side}.layers.{i}."
        h = norm(W, l + "self_attn_layer_norm", x)
        x = x + attend(W, l + "self_attn", h, h, H, m.everything if memory is None else m.causal)
        if memory is not None:
            x = x + attend(W, l + "encoder_attn", norm(W, l + "encoder_attn_layer_norm", x), memory, H, m.everything)
        x = x + m.linear(W, l + "fc2", act(m.linear(W, l + "fc1", norm(W, l + "final_layer_norm", x))))
    return norm(W, f"model.{side}.layer_norm", x)


def encode(c, W, mel):
    x = convolved(W, "model.encoder.conv2", convolved(W, "model.encoder.conv1", np.asarray(mel, dtype=np.float64), 1), 2).T
    place = W.get("model.encoder.embed_positions.weight")
    place = sinusoids(c["max_source_positions"], c["d_model"]) if place is None else place
    return stack(c, W, "encoder", x + place[:len(x)])


def decode(c, W, memory, ids):
    table = W["model.decoder.embed_tokens.weight"]
    x = table[np.asarray(ids)] + W["model.decoder.embed_positions.weight"][:len(ids)]
    return stack(c, W, "decoder", x, memory) @ table.T


def logits(c, W, inputs):
    memory = encode(c, W, inputs["mel"])
    return memory if only_encoder(c) else decode(c, W, memory, inputs["decoder_ids"])


COMMON = dict(model_type="whisper", activation_function="gelu", scale_embedding=False, is_encoder_decoder=True)
KNOWN = dict(config=COMMON | bart.sizes(16, 4, 24, 2, 0) | dict(architectures=["WhisperEncoder"], num_mel_bins=6, max_source_positions=4),
             inputs=dict(mel=vit.F(100, 6, 8)), want="-2.83459302608848 | -3.31126049639974 | -3.40343189785304")
SMALL = COMMON | bart.sizes(48, 6, 80, 3, 2) | dict(architectures=["WhisperForConditionalGeneration"], num_mel_bins=10, max_source_positions=20, vocab_size=96,
                                                    max_target_positions=32, bos_token_id=1, pad_token_id=2, eos_token_id=2, decoder_start_token_id=3)


def small(seed):
    return SMALL | [{}, dict(scale_embedding=True, decoder_attention_heads=4, decoder_ffn_dim=56, activation_function="relu")][seed % 2] | (
        dict(max_source_positions=IN_FILE) if seed % 4 > 1 else {})


def draw(c, rng):
    """All the frames that there are positions for: transformers takes no fewer."""
    mel = rng.standard_normal((c["num_mel_bins"], 2 * c["max_source_positions"])).astype(np.float32).astype(np.float64)
    return dict(mel=mel, decoder_ids=np.append(c["decoder_start_token_id"], rng.integers(3, c["vocab_size"], int(rng.integers(2, 30)))))


def fixed(c):
    """What transformers keeps as a tensor though it is computed."""
    name = "model.encoder.embed_positions.weight"
    return {} if name in shapes(c) else {name: sinusoids(c["max_source_positions"], c["d_model"])}


def hf(c, inputs):
    return "WhisperConfig", "WhisperForConditionalGeneration", dict(input_features=inputs["mel"], decoder_input_ids=inputs["decoder_ids"])
