#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The converters of onnx_cases.py on nodes made by hand, without onnx: right outputs pass, the same with one number changed do not,
and what cannot be expressed is left out in words.

usage: onnx_check.py ASSAY     exit 0: as it should be; 1: not; 77: NumPy is not there"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np

    import onnx_codes
    import onnx_ops
    import onnx_patches
    import onnx_pick
    import onnx_sequence
    from onnx_ops import Left, Node, spoiled
    from vector import write
except ImportError as e:
    print(f"onnx_check.py: {e}: not run", file=sys.stderr)
    sys.exit(77)

OPS = {**onnx_ops.OPS, **onnx_codes.OPS, **onnx_patches.OPS, **onnx_pick.OPS, **onnx_sequence.OPS}
rng = np.random.default_rng(7)


def some(*shape):
    return rng.standard_normal(shape).astype("f4")


def attended(q, k, v, first, shown=True):
    """Of one sequence and head, query t at first + t, in float64; shown: where it may look."""
    q, k, v = [a.astype("f8") for a in (q, k, v)]
    z = q @ k.T / np.sqrt(q.shape[1])
    z[~np.asarray(shown) | (np.arange(len(k)) > first + np.arange(len(q))[:, None])] = -np.inf
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v


def convolution(x, w, bias, stride, pads, step=1):
    """Of one image, by its definition; pads: above, left, below, right."""
    x = np.pad(x.astype("f8"), [(0, 0), pads[0::2], pads[1::2]])
    h, v = [step * (k - 1) + 1 for k in w.shape[2:]]
    y = np.empty((len(w), (x.shape[1] - h) // stride + 1, (x.shape[2] - v) // stride + 1))
    for o, i, j in np.ndindex(y.shape):
        y[o, i, j] = (x[:, i * stride:i * stride + h:step, j * stride:j * stride + v:step] * w[o]).sum() + bias[o]
    return y[None].astype("f4")


def images():
    """Convolutions, pools and what is gathered, as nodes() has them."""
    x, w, b = some(1, 2, 6, 5), some(3, 2, 3, 2), some(3)
    yield Node("Conv", {"pads": [1, 0, 1, 0], "strides": [2, 2]}, [x, w, b], [convolution(x[0], w, b, 2, [1, 0, 1, 0])]), 2
    yield Node("Conv", {"pads": [1, 0, 0, 1]}, [x, w, b], [convolution(x[0], w, b, 1, [1, 0, 0, 1])]), 2
    yield Node("Conv", {"dilations": [2, 2]}, [x, w, b], [convolution(x[0], w, b, 1, [0] * 4, 2)]), 1
    signal = convolution(x[0, :, None, :, 0], w[..., 0][:, :, None], b, 1, [0, 1, 0, 1])[:, :, 0]
    yield Node("Conv", {"pads": [1, 1]}, [x[:, :, :, 0], w[..., 0], b], [signal]), 2
    yield Node("Conv", {"group": 2}, [x, w[:, :1], b], [some(1, 3, 4, 4)]), None
    wide = x[0, 0, :4, :4].reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(2, 2, 4)
    pooled = {"kernel_shape": [2, 2], "strides": [2, 2]}
    yield Node("AveragePool", pooled, [x[:, :1, :4, :4]], [wide.mean(-1)[None, None]]), 1
    thirds = np.stack([x[0, 0, :, 0][i:i + 2].astype("f8").mean() for i in range(5)] + [x[0, 0, 5, 0]])  # what is beyond does not count
    yield Node("AveragePool", {"kernel_shape": [2], "pads": [0, 1]}, [x[:, :1, :, 0]], [thirds[None, None].astype("f4")]), 1
    at = wide.argmax(-1)
    places = (at // 2 + 2 * np.arange(2)[:, None]) * 4 + at % 2 + 2 * np.arange(2)
    yield Node("MaxPool", pooled, [x[:, :1, :4, :4]], [wide.max(-1)[None, None], places[None, None]]), 1
    yield Node("LpPool", pooled | {"p": 3}, [x[:, :1, :4, :4]], [wide.max(-1)[None, None]]), None
    data, ids, new = some(4), np.array([[1], [3], [1]]), some(3)
    added = data + np.array([0, np.float64(new[0]) + new[2], 0, new[1]])
    yield Node("ScatterND", {"reduction": "add"}, [data, ids, new], [added.astype("f4")]), 1
    yield Node("ScatterND", {"reduction": "mul"}, [data, ids, new], [data]), None
    target, weight = np.array([1, 0, 1, 1, 0, 1]), np.array([2, 0.5], "f4")
    each = -x[0, :, :, 0].T[np.arange(6), target]
    total, mean = [np.float32(v) for v in ((each.astype("f8") * weight[target]).sum(), each[target > 0].astype("f8").mean())]
    for attrs, ins, loss, count in (({"reduction": "none"}, [], each, 1), ({"reduction": "sum"}, [weight], total, 1),
                                    ({"reduction": "mean"}, [weight], total, None), ({"ignore_index": 0}, [], mean, 1)):
        yield Node("NegativeLogLikelihoodLoss", attrs, [x[0, :, :, 0].T, target, *ins], [loss]), count


def nodes():
    """Nodes, and how many vectors each is; None: it is left out."""
    x, y = some(2, 3), some(3)
    yield Node("Add", {}, [x, y], [x + y]), 1
    yield Node("Softmax", {"axis": 0}, [x], [(np.exp(x.astype("f8")) / np.exp(x.astype("f8")).sum(axis=0)).astype("f4")]), 1
    a, b, c = some(3, 4), some(5, 4), some(1, 5)
    whole = np.float32(0.25) * a.astype("f8") @ b.T.astype("f8") + float(np.float32(0.35)) * c
    gemm = {"alpha": 0.25, "beta": float(np.float32(0.35)), "transB": 1}
    yield Node("Gemm", gemm, [a, b, c], [whole.astype("f4")]), 1
    yield Node("Gemm", gemm | {"alpha": 0.3}, [a, b, c], [whole.astype("f4")]), None
    u = np.arange(6, dtype="u1").reshape(2, 3) * 40
    scale, zero = np.array([2, 0.5], "f4"), np.array([100, 7], "u1")
    real = (u.astype("f4") - zero.astype("f4")[:, None]) * scale[:, None]
    yield Node("DequantizeLinear", {"axis": 0}, [u, scale, zero], [real]), 1
    q, k, v = some(1, 1, 2, 8), some(1, 1, 3, 8), some(1, 1, 3, 4)
    pk, pv = some(1, 1, 2, 8), some(1, 1, 2, 4)
    k5, v5 = np.concatenate([pk, k], axis=2), np.concatenate([pv, v], axis=2)
    o = attended(q[0, 0], k5[0, 0], v5[0, 0], 2)[None, None].astype("f4")
    yield Node("Attention", {"is_causal": 1}, [q, k, v, None, pk, pv], [o, k5, v5]), 3
    shown = np.array([[True, False, True], [False, True, True]])
    o = attended(q[0, 0], k[0, 0], v[0, 0], 3, shown)[None, None].astype("f4")
    yield Node("Attention", {}, [q, k, v, shown], [o]), 1
    yield Node("ArgMin", {"axis": 1, "select_last_index": 1, "keepdims": 0}, [np.array([[1, 0, 2, 0]], "f4")], [np.array([3])]), 1
    yield Node("CumSum", {"exclusive": 1, "reverse": 1}, [np.array([1, 2, 3], "i4"), np.array(0)], [np.array([5, 3, 0], "i4")]), 1


def verify(assay, path, meta, tensors):
    write(path, meta, tensors)
    return subprocess.run([assay, "vectors", "verify", path], capture_output=True, text=True)


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "node.safetensors")
        for node, count in [*nodes(), *images()]:
            try:
                vectors = list(OPS[node.op](node))
            except Left as reason:
                wrong += count is not None
                print(f"{'FAIL' if count else 'ok  '} {node.op}: left out: {reason}")
                continue
            good = [verify(sys.argv[1], path, *v).returncode == 0 for v in vectors]
            seen = [verify(sys.argv[1], path, v[0], other).returncode == 1 for v in vectors for _, other in spoiled(*v)]
            right = len(good) == count and all(good) and all(seen) and len(seen) >= count
            wrong += not right
            print(f"{'ok  ' if right else 'FAIL'} {node.op}: {sum(good)} of {count} right, {sum(seen)} of {len(seen)} changes seen")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
