#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The third witness: PyTorch in float64 says the same as the reference, by operators of its own.

usage: torch_witness.py [ASSAY [SEEDS]]
With ASSAY (the program) also on random cases, SEEDS of each line below (default 3), which it writes into a temporary
folder.  Prints a table: the largest difference per op in units of 2^-44 kappa, which may not exceed 1; outputs with one
right answer must be equal.  Needs PyTorch (pip install torch numpy mpmath, or Debian's python3-torch), which no other
test does.  Exit status 0: agrees; 1: does not; 77: no PyTorch."""
import glob
import math
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    import formats
    import ops
    from vector import Vector
    from verify import SLACK, stored
except ImportError as e:
    print(f"torch_witness.py: {e}: not witnessed (pip install torch numpy mpmath)", file=sys.stderr)
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
NARROW = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
RANDOM = [
    "rmsnorm R={3,40} C={17,64} eps={1e-06,1e-05} plus_one={0,1} gen={gauss,wide}",
    "rmsnorm R=9 C=33 eps={1e-06,0.1} gen=near-eps",
    "layernorm R=9 C={17,768} w={none,f32} bias={none,f32} eps=1e-05 gen={gauss,offset,near-eps}",
    "matmul T=2 N={5,7} K={64,1021} bias=f32 gen={gauss,cancel,wide}",
    "matmul T=3 N=9 K=512 w={f16,bf16} gen={gauss,positive}",
    "matmul T=3 N=9 K=512 w={q8_0,q4_0,q4_1,q4_k,q6_k} gen=gauss",
    "rope T=7 H=3 D=64 mode={interleaved,half} n_dims={0,32} base={10000,500000} gen={gauss,far,scattered}",
    "rope T=7 H=3 D=64 F=32 inv_freq=f32 mode={interleaved,half} gen={gauss,far}",
    "rmsnorm R=3 C={576,1021} eps=1e-05 gen={gauss,positive}",
    "argmax R=9 V={1,37,1031} gen={gauss,ties,nans,masked}",
    "sample R=60 V={40,150} temp={0,0.7,1.5} top_k={0,7} top_p={0,0.9} key=11 step=5 gen=model",
    "softmax R=7 C={17,512} gen={gauss,huge,ramp,masked-rows}",
    "softmax R=7 C={17,130} mask=f32 scale={0.125,0.7} gen={gauss,spread,masked-rows,huge}",
    "silu R=9 C=130 gen={gauss,huge,wide}",
    "gelu R=9 C=130 form={erf,tanh,quick} gen={gauss,range,origin}",
    "swiglu R=9 C=130 gen={gauss,wide}",
    "gate_up T=3 N=17 K={64,256} gate={f32,q8_0} up={f16,q4_0} gen=unit",
    "add R=9 C=130 a={f32,f16,bf16} b={f32,f16,bf16} y={f32,f16,bf16} gen={gauss,wide}",
    "mul R=9 C=130 a={f32,f16,bf16} b={f32,f16,bf16} y={f32,f16,bf16} gen={gauss,denormal}",
    "quantize R=9 C=128 y={f16,bf16} gen={gauss,half-steps,wide,denormal}",
    "dequantize R=9 C=128 x={f16,bf16} gen=any-bits",
    "embedding T=9 V=33 D=64 table={f32,f16,bf16,q8_0} gen=gauss",
    "cache T=4 S=19 G=2 D=32 cache={f32,f16} gen=gauss",
    "attention T={1,5} S={1,40} H=4 G={1,2,4} D=32 E=16 causal={0,1} gen=gauss",
    "attention T=5 S=40 H=4 G=2 D=32 E=16 mask=f32 k={f32,f16,q8_0} v=f32 gen=gauss",
    "attention T=5 S=40 H=4 G=2 D=32 E=16 slopes=f32 sinks=f32 softcap={0,20} window={0,9} causal=1 gen=gauss",
    "attention B=2 T=3 S=33 H=4 G=2 D=32 E=16 len=i32 causal=1 gen=gauss",
    "attention B=2 T=2 S=32 P=4 H=2 G=1 D=32 E=32 len=i32 pages=i32 page=8 causal=1 gen=gauss",
]


def tensor(v, name):
    """An input as float64.  f16 and bf16 are read by PyTorch; blocks, of which it knows nothing, by formats.py."""
    if not v.has(name):
        return None
    kind, raw = v.raw[name]
    if kind == "F16":
        return torch.from_numpy(raw.astype("<i2" if raw.dtype.kind == "i" else raw.dtype).copy()).double()
    if kind == "BF16":
        return torch.from_numpy(raw.view("<i2").copy()).view(torch.bfloat16).double()
    if kind == "U8":
        return torch.from_numpy(np.ascontiguousarray(ops.cached(v, name)))
    return torch.from_numpy(raw.copy()).double()


def once(v, name, value):
    """From f32 to the output's type.  (From float64 PyTorch goes through f32 as well: two roundings.)"""
    return value.float().to(NARROW[v.types.get(name, "f32").partition(":")[0]]).double()


def rmsnorm(v):
    x, w = tensor(v, "x"), tensor(v, "w")
    w = 1 + w if v.params.get("plus_one") == "1" else w
    y = F.rms_norm(x, (x.shape[1],), w, v.number("eps"))
    return {"y": (y, y.abs())}


def product(x, w, bias=None):
    return F.linear(x, w, bias), F.linear(x.abs(), w.abs(), None if bias is None else bias.abs())


def layernorm(v):
    x, w, bias, eps = tensor(v, "x"), tensor(v, "w"), tensor(v, "bias"), v.number("eps")
    size = x.abs().amax(1, keepdim=True) / torch.sqrt(x.var(1, correction=0, keepdim=True) + eps)
    return {"y": (F.layer_norm(x, x.shape[1:], w, bias, eps), size * (1 if w is None else w.abs()) + (0 if bias is None else bias.abs()))}


def matmul(v):
    return {"y": product(tensor(v, "x"), tensor(v, "w"), tensor(v, "bias"))}


def rope(v):
    x, pos, f = tensor(v, "x"), tensor(v, "pos"), tensor(v, "inv_freq")
    R, base = int(v.params.get("n_dims", 0)) or x.shape[2], v.number("base") or 10000.0
    if f is None:
        f = torch.pow(torch.tensor(base, dtype=torch.float64), -torch.arange(0, R, 2, dtype=torch.float64) / R)
    theta = torch.outer(pos, f)[:, None, :]
    turn, half = torch.polar(torch.ones_like(theta), theta), v.params.get("mode") == "half"
    part = x[..., :R]
    pairs = torch.stack(part.chunk(2, dim=-1), dim=-1) if half else part.unflatten(-1, (R // 2, 2))
    turned = torch.view_as_real(torch.view_as_complex(pairs.contiguous()) * turn)
    size = (pairs.abs().sum(-1, keepdim=True) * (1 + theta.abs()[..., None])).expand_as(pairs)
    flat = [torch.cat(t.unbind(-1), dim=-1) if half else t.flatten(-2) for t in (turned, size)]
    rest = x[..., R:]
    return {"y": (torch.cat([flat[0], rest], -1), torch.cat([flat[1], torch.zeros_like(rest)], -1))}


def argmax(v):
    return {"id": (torch.argmax(tensor(v, "x"), dim=1).double(), None)}


def sample(v):
    z = tensor(v, "logits")
    key, step, temp = int(v.params.get("key", 0)), int(v.params.get("step", 0)), v.number("temp")
    top_p, top_k, ids = v.number("top_p"), int(v.params.get("top_k", 0)), []
    for r, row in enumerate(z):
        if torch.isnan(row).any() or torch.isposinf(row).any() or torch.isneginf(row).all():
            ids.append(-1)
            continue
        if temp == 0:
            ids.append(int(torch.argmax(row)))
            continue
        order = torch.sort(row, descending=True, stable=True).indices
        order = order[:top_k] if top_k else order
        p = torch.softmax(row[order] / temp, 0)
        if 0 < top_p < 1:
            order = order[: max(1, int((torch.cumsum(p, 0) - p < top_p).sum()))]
        order = torch.sort(order).values
        cum = torch.cumsum(torch.softmax(row[order] / temp, 0), 0)
        word = ops.philox((key & 0xFFFFFFFF, key >> 32), (r // 4, 0, step & 0xFFFFFFFF, step >> 32))[r % 4]
        at = torch.searchsorted(cum, torch.tensor((word >> 8) * 2.0**-24 * float(cum[-1]), dtype=torch.float64), right=True)
        ids.append(int(order[min(int(at), len(order) - 1)]))
    return {"id": (torch.tensor(ids, dtype=torch.float64), None)}


def softmax(v):
    x, mask = tensor(v, "x"), tensor(v, "mask")
    z = x * (v.number("scale") or 1.0)
    if mask is not None:
        z = torch.where(torch.isneginf(mask), mask, z + mask)
    dead = torch.isneginf(z).all(1, keepdim=True)  # PyTorch says NaN; our policy is 0
    y = torch.where(dead, 0, torch.softmax(z, 1))
    finite = torch.where(torch.isfinite(z), z, 0).abs()
    return {"y": (y, y * (1 + finite + finite.amax(1, keepdim=True)))}


def gated(x):
    return torch.where(torch.isneginf(x), -0.0, F.silu(x))  # PyTorch says NaN at -inf; ours is the limit, -0


def silu(v):
    y = gated(tensor(v, "x"))
    return {"y": (y, y.abs())}


def gelu(v):
    x, form = tensor(v, "x"), v.params.get("form", "erf")
    y = x * torch.sigmoid(1.702 * x) if form == "quick" else F.gelu(x, approximate="tanh" if form == "tanh" else "none")
    return {"y": (torch.where(torch.isneginf(x), -0.0, y), x.abs() * (1 + x.abs()))}


def swiglu(v):
    y = gated(tensor(v, "gate")) * tensor(v, "up")
    return {"y": (y, y.abs())}


def gate_up(v):
    x = tensor(v, "x")
    (g, size_g), (u, size_u) = product(x, tensor(v, "gate")), product(x, tensor(v, "up"))
    slope = torch.where(g < 0, ((1 + g.abs()) * torch.exp(-g.abs())).clamp(max=1.1), 1.1)
    return {"y": (F.silu(g) * u, F.silu(g).abs() * size_u + slope * size_g * u.abs())}


def add(v):
    return {"y": (once(v, "y", torch.add(tensor(v, "a").float(), tensor(v, "b").float())), None)}


def mul(v):
    return {"y": (once(v, "y", torch.mul(tensor(v, "a").float(), tensor(v, "b").float())), None)}


def quantize(v):
    return {"y": (once(v, "y", tensor(v, "x")), None)} if v.types["y"] in NARROW else None


def dequantize(v):
    return {"y": (tensor(v, "x"), None)} if v.types.get("x", "f16") in NARROW else None


def embedding(v):
    return {"y": (F.embedding(tensor(v, "ids").long(), tensor(v, "table")), None)}


def cache(v):
    if v.types.get("cache", "f32").partition(":")[0] not in NARROW:
        return None
    was, rows = tensor(v, "cache"), once(v, "cache", tensor(v, "x"))
    was = (was[0] if was.dim() == 4 else was).clone()
    for at, row in zip(tensor(v, "pos").long(), rows):  # index_copy_ leaves open which of equal positions wins
        was.index_copy_(0, at[None], row[None])
    return {"cache": (was, None)}


def attention(v):
    d = {k: v.dims.get(k, 1) for k in "BTSHGDEP"}
    B, T, S, H, G, D, E = (d[k] for k in "BTSHGDE")
    q, k, w = tensor(v, "q"), tensor(v, "k").reshape(B * S, G, D), tensor(v, "v").reshape(B * S, G, E)
    mask, slopes, sinks = tensor(v, "mask"), tensor(v, "slopes"), tensor(v, "sinks")
    qpos, kpos, length, pages = (tensor(v, n) for n in ("qpos", "kpos", "len", "pages"))
    scale, cap = v.number("scale") or float(np.float32(1 / math.sqrt(D))), v.number("softcap")
    causal, window, page = v.params.get("causal") == "1", int(v.params.get("window", 0)), int(v.params.get("page", 0))
    out, size = torch.zeros(B, T, H, E, dtype=torch.float64), torch.zeros(B, T, H, E, dtype=torch.float64)
    for b in range(B):
        n = int(length[b]) if length is not None else (min(S, d["P"] * page) if pages is not None else S)
        if n == 0:
            continue
        j = torch.arange(n)
        rows = pages[b, j // page].long() * page + j % page if pages is not None else b * S + j
        at = qpos[b] if qpos is not None else torch.arange(T, dtype=torch.float64) + n - T
        s = kpos[b, :n] if kpos is not None else j.double()
        ahead = s[None, :] - at[:, None]
        bias = torch.zeros(H, T, n, dtype=torch.float64)
        if mask is not None:
            bias = bias + torch.broadcast_to(mask, (B, H, T, S))[b, :, :, :n]
        if slopes is not None:
            bias = bias - slopes[:, None, None] * ahead.abs()
        hidden = (s[None, :] < 0) | (causal & (ahead > 0)) | ((ahead.abs() >= window) & (window > 0))
        bias = bias.masked_fill(hidden, -math.inf)
        Q, K, W = q[b].transpose(0, 1), k[rows].transpose(0, 1), w[rows].transpose(0, 1)
        K, W = (t.repeat_interleave(H // G, dim=0) for t in (K, W))
        plain = not cap and sinks is None
        if plain:
            o = F.scaled_dot_product_attention(Q, K, W, attn_mask=bias, scale=scale)
        z = scale * Q @ K.transpose(1, 2)
        z = (cap * torch.tanh(z / cap) if cap else z) + bias
        extra = sinks[:, None, None].expand(H, T, 1) if sinks is not None else torch.full((H, T, 1), -math.inf, dtype=torch.float64)
        p = torch.softmax(torch.cat([z, extra], -1), -1)[..., :n]
        dead = torch.isneginf(z).all(-1, keepdim=True)  # no visible key: our policy is 0
        p = torch.where(dead, 0, p)
        o = torch.where(dead, 0, o) if plain else p @ W
        spread = 1 + torch.where(torch.isfinite(z), z, 0).abs().amax(-1, keepdim=True)
        spread = spread + scale * Q.abs().sum(-1, keepdim=True) * K.abs().amax()
        out[b], size[b] = o.transpose(0, 1), (spread * (p @ W.abs())).transpose(0, 1)
    return {"o": (out, size)}


class Row:
    def __init__(self):
        self.files = self.elements = self.wrong = self.left_out = 0
        self.worst, self.exact = 0.0, False


def witness(path, row):
    v = Vector(path)
    results = globals()[v.meta["op"]](v)
    if results is None:
        row.left_out += 1
        return
    row.files += 1
    for name, (want, scale) in results.items():
        want = want.numpy()
        if scale is None:
            row.exact = True
            want, have = stored(v, name, want)
            bad = ~((want == have) | (np.isnan(want) & np.isnan(have)))
        else:
            have = v.raw[f"expected.{name}"][1].astype(np.float64)
            with np.errstate(invalid="ignore", divide="ignore"):
                used = np.abs(have - want) / (SLACK * scale.numpy() + 2.0**-1000)
            used[(have == want) | (np.isnan(have) & np.isnan(want))] = 0
            bad = ~(used <= 1)
            row.worst = max(row.worst, float(np.nanmax(used, initial=0)))
        row.elements += want.size
        if bad.any():
            at = tuple(int(i[0]) for i in np.nonzero(bad))
            print(f"  FAIL {v.meta.get('case', path)}: {int(bad.sum())} elements: {name}{list(at)} is {have[at]!r}, PyTorch says {want[at]!r}")
            row.wrong += 1


def table(title, paths):
    rows = {}
    for path in paths:
        op = Vector(path).meta["op"]
        witness(path, rows.setdefault(op, Row()))
    print(f"{title}\n{'op':12} {'files':>6} {'elements':>9} {'wrong':>6}  worst difference / (2^-44 kappa)")
    for op, r in rows.items():
        word = "equal to the bit" if r.exact else f"{r.worst:.2g}"
        note = f"  ({r.left_out} files of block formats left out: PyTorch has none)" if r.left_out else ""
        print(f"{op:12} {r.files:6} {r.elements:9} {r.wrong:6}  {word}{note}")
    return sum(r.wrong for r in rows.values()) + (not rows)


def main():
    torch.set_num_threads(1)
    print(f"PyTorch {torch.__version__}, float64")
    bad = table("committed vectors", sorted(glob.glob(os.path.join(HERE, "..", "data", "*", "*.safetensors"))))
    if len(sys.argv) > 1:
        seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
        lines = [f"{line} seed={{101..{100 + seeds}}}" for line in RANDOM]
        with tempfile.TemporaryDirectory() as d:
            subprocess.run([sys.argv[1], "vectors", "generate", "--dir", d, *lines], check=True, stdout=subprocess.DEVNULL)
            bad += table("random cases", sorted(glob.glob(os.path.join(d, "*", "*.safetensors"))))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
