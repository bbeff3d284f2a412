# SPDX-License-Identifier: MIT
"""silero-vad: is there a voice?  Of each chunk of sound, with some of the one before: magnitudes of a windowed Fourier transform, four
convolutions, an LSTM cell whose state goes on, a probability.

Keys read: chunk context pad window hop (samples) channels strides hidden_size.  pad samples are mirrored at the end alone.
Tensors: stft.weight [2 (window/2 + 1), 1, window] (cosines, then sines), encoder.i.{weight [out, in, 3], bias}, lstm.{weight_ih,weight_hh,bias_ih,
bias_hh} (gates i f g o), head.{weight [1, hidden], bias [1]}.
inputs: wave (n chunk).  logits() gives the probabilities (n, 1)."""
import numpy as np

import common as m
import lstm


def shapes(c):
    inner, H = c["channels"], c["hidden_size"]
    s = {"stft.weight": (2 * inner[0], 1, c["window"]), "head.weight": (1, H), "head.bias": (1,)}
    for i, (before, after) in enumerate(zip(inner, inner[1:])):
        s[f"encoder.{i}.weight"], s[f"encoder.{i}.bias"] = (after, before, 3), (after,)
    s |= {f"lstm.weight_{n}": (4 * H, inner[-1] if n == "ih" else H) for n in ("ih", "hh")}
    return s | {f"lstm.bias_{n}": (4 * H,) for n in ("ih", "hh")}


def windows(x, size, step):
    """x (channels, n) -> (places, channels, size)"""
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=1)[:, ::step].transpose(1, 0, 2)


def convolved(x, w, step):
    return np.einsum("tck,ock->ot", windows(x, w.shape[2], step), w)


def logits(c, W, inputs):
    h = kept = np.zeros(c["hidden_size"])
    before, out = np.zeros(c["context"]), []
    for chunk in np.asarray(inputs["wave"], dtype=np.float64).reshape(-1, c["chunk"]):
        x = np.pad(np.concatenate([before, chunk]), (0, c["pad"]), "reflect")
        real, imaginary = np.split(convolved(x[None], W["stft.weight"], c["hop"]), 2)
        x, before = np.sqrt(real**2 + imaginary**2), chunk[-c["context"]:]
        for i, step in enumerate(c["strides"]):
            x = m.relu(convolved(np.pad(x, ((0, 0), (1, 1))), W[f"encoder.{i}.weight"], step) + W[f"encoder.{i}.bias"][:, None])
        h, kept = lstm.cell(x[:, 0], h, kept, *(W["lstm." + n] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))
        out.append(m.sigmoid(W["head.weight"] @ m.relu(h) + W["head.bias"]))
    return np.array(out)


REAL = dict(model_type="silero_vad", architectures=["SileroVAD"], sampling_rate=16000, chunk=512, context=64, pad=64, window=256, hop=128,
            channels=[129, 128, 64, 64, 128], strides=[1, 2, 2, 1], hidden_size=128)


def small(seed):
    return REAL | dict(chunk=128, context=16, pad=16, window=64, hop=32, channels=[33, 24, 16, 16, 20], hidden_size=[20, 28][seed % 2])


def draw(c, rng):
    return dict(wave=(0.1 * rng.standard_normal(c["chunk"] * int(rng.integers(2, 8)))).astype(np.float32).astype(np.float64))
