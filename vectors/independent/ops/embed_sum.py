# SPDX-License-Identifier: MIT
import numpy as np

from inputs import operand


def by_numpy(v):
    rows = lambda table, ids, plus=0: operand(v, table)[operand(v, ids).astype(int) + plus]
    terms = [rows("token", "ids"), rows("place", "pos", int(v.params.get("offset", 0)))]
    if v.has("segs"):
        terms.append(rows("segment", "segs"))
    return {"y": (sum(terms), sum(np.abs(t) for t in terms))}


def by_torch(v):
    from pytorch import F, tensor
    rows = lambda table, ids, plus=0: F.embedding(tensor(v, ids).long() + plus, tensor(v, table))
    terms = [rows("place", "pos", int(v.params.get("offset", 0))), rows("token", "ids")]
    if v.has("segs"):
        terms.append(rows("segment", "segs"))
    return {"y": (sum(terms), sum(t.abs() for t in terms))}


RANDOM = ["T=9 D=64 V=33 P=20 G=2 segs=i32 segment={f32,bf16} token={f32,f16} offset={0,2} gen={gauss,cancel}"]
