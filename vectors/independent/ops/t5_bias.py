# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def bucket(d, n, most):
    """By integers: the last j with most^j e^(K - j) <= d^K."""
    e = n // 2
    if d < e:
        return d
    K, j = n - e, 0
    while j + 1 < K and most ** (j + 1) * e ** (K - j - 1) <= d**K:
        j += 1
    return e + j


def by_numpy(v):
    table, q, k = operand(v, "table"), operand(v, "qpos").astype(int), operand(v, "kpos").astype(int)
    causal, most = v.params.get("causal") == "1", int(v.params.get("max_distance", 0)) or 128
    n = len(table) if causal else len(table) // 2

    def at(ahead):
        if ahead > 0:
            return 0 if causal else n + bucket(ahead, n, most)
        return bucket(-ahead, n, most)

    ids = np.array([[at(int(s - t)) for s in k] for t in q], dtype=int).reshape(len(q), len(k))
    return {"bias": (np.moveaxis(table[ids], -1, 0), None)}


def by_torch(v):
    """As Hugging Face's T5, in float64."""
    from pytorch import F, tensor, torch
    table, q, k = tensor(v, "table"), tensor(v, "qpos").long(), tensor(v, "kpos").long()
    r, causal, most = k[None] - q[:, None], v.params.get("causal") == "1", int(v.params.get("max_distance", 0)) or 128
    n = len(table) if causal else len(table) // 2
    side = torch.zeros_like(r) if causal else (r > 0).long() * n
    d = -torch.minimum(r, torch.zeros_like(r)) if causal else r.abs()
    e = n // 2
    large = e + (torch.log(d.clamp(min=1).double() / e) / np.log(most / e) * (n - e)).long()
    ids = side + torch.where(d < e, d, large.clamp(max=n - 1))
    return {"bias": (F.embedding(ids, table).permute(2, 0, 1), None)}


RANDOM = [
    "H=3 T=3 S=51 N=32 causal={0,1} gen={edges,around,scattered}",
    "H=2 T=3 S=51 N=64 max_distance=256 table={f16,bf16} gen={edges,scattered}",
]
