# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def asked(v, out, last):
    return out | ({"last": (last, None)} if "expected.last" in v.raw else {})


def by_numpy(v):
    x, w, bias, state = (operand(v, n) for n in ("x", "w", "bias", "state"))
    (B, T, D), K = x.shape, w.shape[1]
    run = np.concatenate([np.zeros((B, K, D)) if state is None else state, x], axis=1)
    with np.errstate(invalid="ignore"):
        terms = np.stack([run[:, k + 1:k + 1 + T] * w[:, k] for k in range(K)] + ([] if bias is None else [np.broadcast_to(bias, x.shape)]))
    return asked(v, {"y": (terms.sum(axis=0), np.abs(terms).sum(axis=0))}, run[:, T:])


def by_torch(v):
    from pytorch import F, tensor, torch
    x, w, bias, state = (tensor(v, n) for n in ("x", "w", "bias", "state"))
    (B, T, D), K = x.shape, w.shape[1]
    run = torch.cat([torch.zeros(B, K, D, dtype=x.dtype) if state is None else state, x], dim=1)

    def convolve(tokens, taps, shift):
        return F.conv1d(tokens[:, 1:].transpose(1, 2), taps[:, None], shift, groups=D).transpose(1, 2)

    y, size = convolve(run, w, bias), convolve(run.abs(), w.abs(), None if bias is None else bias.abs())
    return asked(v, {"y": (y, size)}, run[:, T:])


RANDOM = ["B=2 T={1,9} D=5 K={1,4} bias={none,f32} state={none,f32} last=f32 gen={gauss,across}"]
