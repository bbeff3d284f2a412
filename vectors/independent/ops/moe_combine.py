# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def by_numpy(v):
    w, slots, x, shared, gate = (operand(v, n) for n in ("w", "slots", "x", "shared", "gate"))
    if slots is not None:
        x = np.where((slots < 0)[:, :, None], 0, x)  # nothing of a dropped term, not even NaN
    terms = w[:, :, None] * x
    if shared is not None:
        terms = np.concatenate([terms, (shared if gate is None else shared / (1 + np.exp(-gate))[:, None])[:, None]], axis=1)
    return {"y": (terms.sum(axis=1), np.abs(terms).sum(axis=1))}


def by_torch(v):
    from pytorch import tensor, torch
    w, x = tensor(v, "w"), tensor(v, "x")
    if v.has("slots"):
        x = x.masked_fill((tensor(v, "slots") < 0)[:, :, None], 0)
    y, size = torch.einsum("tk,tkd->td", w, x), torch.einsum("tk,tkd->td", w.abs(), x.abs())
    if v.has("shared"):
        shared = tensor(v, "shared") * (torch.sigmoid(tensor(v, "gate"))[:, None] if v.has("gate") else 1)
        y, size = y + shared, size + shared.abs()
    return {"y": (y, size)}


RANDOM = ["T=9 K={1,4} D=65 slots={none,i32} shared={none,f32} gen={gauss,routed,across}",
          "T=9 K=4 D=65 x={f32,bf16} shared=f32 gate=f32 gen={gauss,gated}"]
