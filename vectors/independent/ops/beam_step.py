# SPDX-License-Identifier: MIT
import numpy as np
from inputs import operand

f32 = np.float32


def searched(v, order):
    """order: the flat ids of a row of sums, the best first."""
    logp, score, old = (operand(v, name).astype(f32) for name in ("logp", "score", "old"))
    eos, (R, K, V) = set(int(e) for e in operand(v, "eos")), logp.shape
    n, most, power = int(v.params.get("n", 0)) + 1, int(v.params.get("most", 0)), v.number("length_penalty")
    early, v4 = v.params.get("early", "false"), v.params.get("stop", "v5") == "v4"
    last, over = most > 0 and n >= most, lambda acc, length: f32(acc) / f32(float(length) ** power)
    names = ("parent", "token", "next", "from", "best")
    out = {name: np.full((R, K), -np.inf if name in ("next", "best") else -1.0) for name in names}
    go = np.full(R, -1.0)
    for r in range(R):
        acc = (score[r][:, None] + logp[r]).ravel()
        if not (acc < np.inf).all():
            continue
        best = [int(i) for i in order(acc)][: max(2, 1 + len(operand(v, "eos"))) * K]
        ends = [(last and not v4) or i % V in eos for i in best]
        runs = [i for i, end in zip(best, ends) if not end]
        for k, i in enumerate((runs + [i for i, end in zip(best, ends) if end])[:K]):
            out["parent"][r, k], out["token"][r, k] = i // V, i % V
            out["next"][r, k] = acc[i] if k < len(runs) else -np.inf
        def held(slots):  # sorted() is stable: the old first
            return sorted((x for x in slots if x[0] > -np.inf), key=lambda x: -x[0])[:K]

        full = [(s, j) for j, s in enumerate(old[r])]
        full = held(full + [(over(acc[i], n), K + i) for i, end in zip(best[:K], ends[:K]) if end])
        done = len(full) == K and early == "true"
        if v4 and last and not done:
            full = held(full + [(over(acc[i], n), K + i) for i in runs[:K]])
        for k, (s, j) in enumerate(full):
            out["best"][r, k], out["from"][r, k] = s, j
        top = acc[best[0]] if v4 else out["next"][r, 0]
        length = most if early == "never" and power > 0 and most > 0 else n
        hopes = len(full) < K or (early != "true" and over(top, length) > full[-1][0])
        go[r] = not last and out["next"][r, 0] > -np.inf and hopes
    return {**{name: (value, None) for name, value in out.items()}, "go": (go, None)}


def by_numpy(v):
    return searched(v, lambda acc: np.argsort(-acc, kind="stable"))


def by_torch(v):
    from pytorch import torch
    found = searched(v, lambda acc: torch.sort(torch.tensor(acc), descending=True, stable=True).indices.tolist())
    return {name: (torch.tensor(value), None) for name, (value, _) in found.items()}


RANDOM = [
    "R=9 K=3 V=40 E={1,2} n=6 most={0,7,20} length_penalty={0,1} early={false,never} stop={v5,v4} gen=near-end",
    "R=9 K=4 V=33 E=1 n=3 length_penalty=0.7 gen={ties,log-probability}",
]
