#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay ops of ONNX files: graphs that are written here byte by byte and counted by hand, hostile ones, and, where PyPI's onnx is
# installed, what that package writes.
set -euo pipefail
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
cd "$dir"
python=${PYTHON:-python3}

"$python" - <<'PY'
import struct
def varint(v):
    out = b""
    v &= 2 ** 64 - 1
    while v > 127:
        out, v = out + bytes([v & 127 | 128]), v >> 7
    return out + bytes([v])
def whole(field, v): return varint(field << 3) + varint(v)
def counted(field, b): return varint(field << 3 | 2) + varint(len(b)) + (b if isinstance(b, bytes) else b.encode())
def attribute(name, v):
    if isinstance(v, float): return counted(5, counted(1, name) + varint(2 << 3 | 5) + struct.pack("<f", v))
    if isinstance(v, str): return counted(5, counted(1, name) + counted(4, v))
    if isinstance(v, list): return counted(5, counted(1, name) + b"".join(whole(8, x) for x in v))
    return counted(5, counted(1, name) + whole(3, v))
def node(op, inputs, outputs, domain="", **kw):
    b = b"".join(counted(1, i) for i in inputs.split()) + b"".join(counted(2, o) for o in outputs.split()) + counted(4, op)
    return counted(1, b + b"".join(attribute(k, v) for k, v in kw.items()) + counted(7, domain))
def weight(name, dims, kind=1, raw=b""):
    return counted(5, b"".join(whole(1, d) for d in dims) + whole(2, kind) + counted(8, name) + (counted(9, raw) if raw else b""))
def value(field, name, dims, kind=1):
    shape = b"".join(counted(1, whole(1, d) if isinstance(d, int) else counted(2, d)) for d in dims)
    return counted(field, counted(1, name) + counted(2, counted(1, whole(1, kind) + counted(2, shape))))
def model(graph, opset=17): return whole(1, 8) + counted(7, graph) + counted(8, whole(2, opset))
# A layer: rows of a table, a norm, heads split and joined by Reshape and Transpose, scores, a net with Gelu.
g = value(11, "ids", ["batch_size", "sequence_length"], 7)
g += weight("table", [100, 64]) + weight("g", [64]) + weight("b", [64]) + weight("wq", [64, 64]) + weight("up", [64, 96]) + weight("down", [96, 64])
g += weight("one", [1], 7, struct.pack("<q", 1)) + weight("heads", [2], 7, struct.pack("<qq", 4, 16))
g += weight("two", [], 7, struct.pack("<q", 0)) + weight("minus", [1], 7, struct.pack("<q", -1))
g += node("Gather", "table ids", "x") + node("LayerNormalization", "x g b", "n", axis=-1, epsilon=1e-5)
g += node("MatMul", "n wq", "q")
g += node("Shape", "q", "s") + node("Gather", "s two", "s0", axis=0) + node("Unsqueeze", "s0 zero", "s1")
g += weight("zero", [1], 7, struct.pack("<q", 0)) + node("Concat", "s1 minus heads", "to", axis=0) + node("Reshape", "q to", "q4")
g += node("Transpose", "q4", "qh", perm=[0, 2, 1, 3]) + node("Transpose", "q4", "kt", perm=[0, 2, 3, 1])
g += node("MatMul", "qh kt", "scores") + node("Softmax", "scores", "p", axis=-1) + node("MatMul", "p qh", "o")
g += node("MatMul", "n up", "u") + node("Gelu", "u", "a", approximate="tanh") + node("MatMul", "a down", "d") + node("Add", "x d", "y")
g += node("Einsum", "y", "e") + node("Relu", "e", "r") + node("Gelu", "y", "z", domain="mine.ops") + value(12, "y", ["batch_size", "sequence_length", 64])
open("layer.onnx", "wb").write(model(g))
# com.microsoft's: 4 bits in groups of 32, grouped queries that rotate, a residual added before a norm.
m = "com.microsoft"
g = value(11, "x", [1, 8, 64]) + value(11, "q", [1, 8, 64]) + value(11, "k", [1, 8, 32]) + value(11, "past", [1, 2, 4, 16])
g += weight("w", [96, 2, 16], 2) + weight("ws", [192]) + weight("g", [64]) + weight("cos", [128, 8]) + weight("sin", [128, 8])
g += node("MatMulNBits", "x w ws", "n", m, K=64, N=96, bits=4, block_size=32)
g += node("GroupQueryAttention", "q k k past past l l cos sin", "o", m, num_heads=4, kv_num_heads=2, do_rotary=1, local_window_size=6)
g += node("SkipSimplifiedLayerNormalization", "x o g", "r", m, epsilon=1e-6) + node("FusedThing", "r", "t", m)
open("ms.onnx", "wb").write(model(g))
gemm = value(11, "x", ["rows", 32]) + weight("w", [16, 32]) + weight("c", [16]) + node("Gemm", "x w c", "y", transB=1)
open("gemm.onnx", "wb").write(model(gemm))
named = gemm.replace(value(11, "x", ["rows", 32]), value(11, "x", [7, 32])) + value(12, "y", ["sequence_length", 16])
open("named.onnx", "wb").write(model(named)) # only inputs say how long a pass is
# Hostile: names that would be taken for several, a node of no op, lengths beyond all bounds, nesting, a name of another.
spaced = value(11, "x", [2, 3]) + node("LayerNormalization SimplifiedLayerNormalization", "x x", "y") + node("Relu\0Tanh", "x", "z") + node("Gelu", "", "v")
spaced += node("Shape", "x", "s") + node("Gather", "s t", "u") + node("Reshape", "x s", "w") + node("Concat", "s s", "c", axis=9) + node("Gemm", "x", "f")
spaced += node("MatMulNBits", "x x x", "n", m, K=3, N=2 ** 62, bits=4, block_size=-1) + node("Softmax", "q", "q") + node("Transpose", "x", "tr", perm=[0, 7])
spaced += node("GroupQueryAttention", "x x x", "a", m, num_heads=0)
open("spaced.onnx", "wb").write(model(spaced))
open("no_op.onnx", "wb").write(model(counted(1, counted(1, "x"))))
open("large.onnx", "wb").write(model(weight("w", [2 ** 40, 2])))
open("negative.onnx", "wb").write(model(weight("w", [-5, 2])))
open("deep.onnx", "wb").write(model(weight("w", [1] * 9)))
open("many.onnx", "wb").write(model(node("X", "", "") * 40000))
open("empty.onnx", "wb").write(b"")
open("length.onnx", "wb").write(b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x")
good = open("layer.onnx", "rb").read()
open("cut.onnx", "wb").write(good[:len(good) // 2])
PY

expect 0 'layer: family onnx' "$assay" ops layer.onnx --prompt 8 --dim batch_size=2 --json layer.json
"$python" - <<'PY'
import json
d = json.load(open("layer.json"))
got = {x["case"]: x["calls"] for x in d["phases"][0]["cases"]}
want = {"embedding T=16 V=100 D=64", "layernorm R=16 C=64 w=f32 bias=f32 eps=1e-05", "matmul T=16 N=64 K=64", "softmax R=64 C=8",
        "matmul_batch B=8 T=8 N=8 K=16 x=f32 wt=f32", "matmul_batch B=8 T=8 N=16 K=8 x=f32 wt=f32", "matmul T=16 N=96 K=64",
        "gelu R=16 C=96 form=tanh", "matmul T=16 N=64 K=96", "add R=16 C=64"}
assert got == dict.fromkeys(want, 1), got
by = {x["op"]: x["flops"] for x in d["phases"][0]["ops"]}
assert by["matmul"] == 2 * 16 * 64 * (64 + 96 + 96), by
other = {(x["node"], x["reason"]): x["count"] for x in d["others"]}
assert other["Einsum", "no op of ours"] == 1 and other["mine.ops.Gelu", "no op of ours"] == 1, other
assert other["Relu", "a shape or type is not known"] == 1, other
assert sum(got.values()) + sum(other.values()) == 20, (got, other)
PY
expect 0 'matmul_scaled T=8 N=96 K=64 R=96 G=2 .*zero=i8/ rows=1 group=32' "$assay" ops ms.onnx
grep -q 'attention B=1 T=8 S=12 H=4 G=2 D=16 E=16 .*causal=1 window=6' out
grep -q 'rope T=8 H=4 D=16 .*F=8 P=128' out && grep -q 'rope T=8 H=2 D=16 ' out && grep -q 'add_rmsnorm R=8 C=64' out
grep -q '1 com.microsoft.FusedThing *no op of ours' out
expect 2 "input x has a length that is not known: --dim 'rows=N'" "$assay" ops gemm.onnx
expect 0 'matmul T=7 N=16 K=32 bias=f32' "$assay" ops gemm.onnx --dim rows=7
expect 0 '^pass: 1 calls' "$assay" ops named.onnx
expect 2 'no length has the name of a sequence' "$assay" ops named.onnx --prompt 9
expect 0 '^gemm pass: 1 of 1 calls judged, 1 of them right' "$assay" check --model gemm.onnx --dim rows=7 --isa scalar
expect 0 '0 calls (0 different)' "$assay" ops spaced.onnx
grep -q '12 nodes of the graph are none of these calls' out
expect 2 'node 0 is cut off or has no op' "$assay" ops no_op.onnx
for name in large negative deep; do expect 2 'a weight, w\?, *is cut off' "$assay" ops $name.onnx; done
for name in empty length cut; do expect 2 'no ONNX file' "$assay" ops $name.onnx; done
expect 2 'other=3: gemm.onnx has no length of this name' "$assay" ops gemm.onnx --dim rows=7 --dim other=3
expect 2 'prompt says nothing' "$assay" ops gemm.onnx --dim rows=7 --prompt 3
expect 2 '40000 nodes, at most 32768' "$assay" ops many.onnx
expect 2 'NAME=N is meant' "$assay" ops gemm.onnx --dim rows
expect 2 'say nothing' "$assay" ops gemm.onnx --kv f16
"$assay" synth llama -o m.gguf >/dev/null
expect 2 'm.gguf is no ONNX file' "$assay" ops m.gguf --dim rows=3

"$python" -c 'import onnx' 2>/dev/null || { echo "onnx: without PyPI's onnx its own files were not tried"; exit 0; }
"$python" - <<'PY'
import onnx, numpy as np
from onnx import helper as h, numpy_helper as n, TensorProto as T
w = [n.from_array(np.zeros((64, 96), np.float32), "w"), n.from_array(np.zeros(96, np.float32), "c"), n.from_array(np.array([-1, 8, 12]), "to")]
nodes = [h.make_node("Gemm", ["x", "w", "c"], ["y"]), h.make_node("Reshape", ["y", "to"], ["z"]), h.make_node("Softmax", ["z"], ["p"])]
x, p = h.make_tensor_value_info("x", T.FLOAT, ["rows", 64]), h.make_tensor_value_info("p", T.FLOAT, None)
onnx.save(h.make_model(h.make_graph(nodes, "g", [x], [p], w)), "its.onnx")
PY
expect 0 'matmul T=5 N=96 K=64 bias=f32' "$assay" ops its.onnx --dim rows=5
grep -q 'softmax R=40 C=12' out
