# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def by_numpy(v):
    p, ids, lse = operand(v, "p"), operand(v, "ids").astype(int), operand(v, "lse")
    (B, T, X), K = p.shape, ids.shape[2]
    f = np.stack([np.bincount(i.ravel(), minlength=X) for i in ids]) / (T if v.params.get("share") == "k" else T * K)
    out = {"loss": (X * (f * p.mean(axis=1)).sum(axis=1), X * (f * np.abs(p).mean(axis=1)).sum(axis=1))}
    if lse is not None:
        out["z"] = ((lse**2).mean(axis=1), (lse**2).mean(axis=1))
    return out


def by_torch(v):
    from pytorch import F, tensor
    p, ids = tensor(v, "p"), tensor(v, "ids").long()
    f = F.one_hot(ids, p.shape[2]).double().sum(2).mean(1) / (1 if v.params.get("share") == "k" else ids.shape[2])
    out = {"loss": (p.shape[2] * (f * p.mean(1)).sum(1), p.shape[2] * (f * p.abs().mean(1)).sum(1))}
    if v.has("lse"):
        out["z"] = ((tensor(v, "lse") ** 2).mean(1),) * 2
    return out


RANDOM = ["B=3 T=33 X={1,9} K={1,4} lse=f32 z=f32 share={one,k} gen={gauss,routed}"]
