# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def in_order(v, choices):
    """(B, N) in the order in which they take slots, and back."""
    B, T, K = choices.shape
    if v.params.get("order") == "choices":
        return np.moveaxis(choices, 2, 1).reshape(B, K * T), lambda x: np.moveaxis(x.reshape(B, K, T), 1, 2)
    return choices.reshape(B, T * K), lambda x: x.reshape(B, T, K)


def checked(v, places):
    """places(ids): of (B, N) ids one-hot running sums (B, N, X), oneself among them."""
    ids, back = in_order(v, operand(v, "ids").astype(int))
    capacity = int(v.params.get("capacity", 0)) or ids.size + 1
    hot = ids[:, :, None] == np.arange(v.dims["X"])
    until = places(hot)
    mine = (until * hot).sum(axis=2)
    slots = np.where((mine > 0) & (mine <= capacity), mine - 1, -1)
    out = {"slots": (back(slots), None)}
    if v.has("expected.count"):
        out["count"] = (until[:, -1], None)
    return out


def by_numpy(v):
    return checked(v, lambda hot: np.cumsum(hot, axis=1))


def by_torch(v):
    from pytorch import torch
    found = checked(v, lambda hot: torch.tensor(hot).long().cumsum(dim=1).numpy())
    return {name: (torch.tensor(value), None) for name, (value, _) in found.items()}


RANDOM = [
    "B=3 T=40 X={1,9} K={1,4} count=i32 capacity={0,6} order={tokens,choices} gen={gauss,distinct,skewed}",
    "B=3 T=40 X=9 K=2 count=i32 capacity=5 order={tokens,choices} gen=nobody",
]
