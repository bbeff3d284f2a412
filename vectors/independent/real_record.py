# SPDX-License-Identifier: MIT
"""What real.py's models hand to it: steps of theirs become vectors, of large operands a few rows."""
import collections
import os

import numpy as np
import torch
import torch.nn.functional as F

import formats
from onnx_ops import case, spoiled
from vector import Vector, write

NARROW = {torch.float16: "f16", torch.bfloat16: "bf16"}
BLOCKS = "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl", "mxfp4", "nvfp4", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "tq2_0"
rng = np.random.default_rng(11)


class Wrong(Exception):
    """What was computed here is not what the model's own program computes."""


def some(n, count):
    """Sorted indices of a few."""
    return np.sort(rng.choice(n, min(n, count), replace=False))


def raw(t, wide=False):
    """A tensor as the file has it; wide: as f32."""
    if wide or t.dtype == torch.float32:
        return t.float().numpy()
    return t.view(torch.int16).numpy().view("u2") if t.dtype == torch.bfloat16 else t.numpy()


def raw_ids(t):
    return t.numpy().astype("i4")


class Recorder:
    def __init__(self, assay, folder):
        self.assay, self.folder, self.paths, self.spoiled = assay, folder, collections.defaultdict(list), []

    def keep(self, group, op, *parts, **meta):
        path = os.path.join(self.folder, f"{group}-{op}-{len(self.paths[group])}.safetensors".replace(" ", "-"))
        whole = case(op, *parts, **{"x-real": group}, **meta)
        write(path, *whole)
        self.paths[group].append(path)
        for name, other in spoiled(*whole) if op != "quantize" else ():  # another search may be as good
            self.spoiled.append(f"{path}.{name}")
            write(self.spoiled[-1], whole[0], other)

    def product(self, group, x, w, bias, y, rows=4, columns=40):
        """A few rows and columns of y = x w^T + bias."""
        t, n = some(len(x), rows), some(len(w), columns)
        b = None if bias is None else raw(bias[n], wide=True)
        self.keep(group, "matmul", {"x": raw(x[t]), "w": raw(w[n]), "bias": b}, {"y": raw(y[t][:, n])})


def tensors(path):
    return {name: torch.from_numpy(a.copy()) for name, (kind, a) in Vector(path).raw.items() if kind in ("F32", "F16")}


def written(r, w, x):
    """Rows of weights as blocks of each format, and products with them."""
    w, x = w[some(len(w), 6)], x[some(len(x), 2)]
    for name in BLOCKS:
        block = formats.DECODE[name][0]
        with np.errstate(all="ignore"):
            codes = formats.ENCODE[name](w.reshape(-1, block)).reshape(len(w), -1)
        meta = {"dims": f"R={len(w)} C={w.shape[1]}", "types": f"y={name}"}
        r.keep("weights as blocks", "quantize", {"x": w}, {"y": codes}, **meta)
        if name not in ("nvfp4", "tq2_0"):
            y = x.astype("f8") @ formats.decode("U8", name, codes).T
            r.keep("weights as blocks", "matmul", {"x": x, "w": codes}, {"y": y}, dims=f"T={len(x)} N={len(w)} K={x.shape[1]}", types=f"w={name}")


class Layers:
    """Layers of a model that keep what they get and give.  W: name -> tensor, in the element type of the file."""

    def __init__(self, r, group, W, heads):
        self.r, self.group, self.W, self.heads = r, group, W, heads

    def keep(self, op, *parts, **meta):
        self.r.keep(self.group, op, *parts, **meta)

    def dense(self, x, weight, bias, **size):
        """x w^T + b in f32, x of any rank; w keeps its type."""
        w, b = self.W[weight] if isinstance(weight, str) else weight, self.W[bias].float() if isinstance(bias, str) else bias
        y = F.linear(x, w.float(), b)
        self.r.product(self.group, x.reshape(-1, x.shape[-1]), w, b, y.reshape(-1, y.shape[-1]), **size)
        return y

    def norm(self, x, w, b, residual=None):
        """The norm of x, or of x and a residual, and what was normed."""
        w, b, given = self.W[w], self.W[b], x if residual is None else x + residual
        y = F.layer_norm(given, x.shape[-1:], w.float(), b.float(), 1e-5)
        flat = [a.reshape(-1, a.shape[-1]) for a in (x, given, y)] + ([residual.reshape(-1, x.shape[-1])] if residual is not None else [])
        t = some(len(flat[0]), 5)
        ins, out = {"x": raw(flat[0][t]), "w": raw(w), "bias": raw(b)}, {"y": raw(flat[2][t])}
        if residual is None:
            self.keep("layernorm", ins, out, "eps=1e-05")
        else:
            self.keep("add_layernorm", ins | {"residual": raw(flat[3][t])}, out | {"sum": raw(flat[1][t])}, "eps=1e-05")
        return y, given

    def split(self, x):
        """(B, T, heads, D) of (B, T, heads D)."""
        return x.reshape(*x.shape[:2], self.heads, -1)

    def attend(self, q, k, v, attention, causal=False, lens=None):
        """attention(q, k, v): what PyTorch says of (B, T, H, D); of a few queries and two heads it is kept."""
        o = attention(q, k, v)
        t, h = some(q.shape[1], 4), some(self.heads, 2)
        ins = {"q": raw(q[:, t][:, :, h]), "k": raw(k[:, :, h]), "v": raw(v[:, :, h])}
        if lens is not None:
            ins["len"] = raw_ids(lens)
        if causal:
            ins["qpos"] = np.broadcast_to(t.astype("i4") + k.shape[1] - q.shape[1], (len(q), len(t)))
        self.keep("attention", ins, {"o": raw(o[:, t][:, :, h].contiguous())}, f"causal={int(causal)}")
        return o.reshape(*q.shape[:2], -1)

    def active(self, x, op, params, f, **meta):
        """f of a few rows of x."""
        y = f(x)
        flat, out = [a.reshape(-1, a.shape[-1]) for a in (x, y)]
        t = some(len(flat), 4)
        self.keep(op, {"x": raw(flat[t])}, {"y": raw(out[t])}, params, **meta)
        return y

    def add(self, a, b):
        y = a + b
        flat = [v.reshape(-1, v.shape[-1]) for v in torch.broadcast_tensors(a.float(), b.float())]
        t = some(len(flat[0]), 5)
        self.keep("add", {"a": raw(flat[0][t]), "b": raw(flat[1][t])}, {"y": raw(y.float().reshape(-1, y.shape[-1])[t])})
        return y

    def chosen(self, logits, k=5):
        """What may come next: rows of whole logits."""
        values, ids = torch.topk(logits, k)
        self.keep("log_softmax", {"x": raw(logits)}, {"y": raw(F.log_softmax(logits, -1))})
        self.keep("softmax", {"x": raw(logits)}, {"y": raw(F.softmax(logits, -1))})
        self.keep("logsumexp", {"x": raw(logits)}, {"lse": raw(torch.logsumexp(logits, -1))})
        self.keep("topk", {"x": raw(logits)}, {"values": raw(values), "ids": raw_ids(ids)})
        self.keep("argmax", {"x": raw(logits)}, {"id": raw_ids(logits.argmax(-1))})
        return logits.argmax(-1)
