# SPDX-License-Identifier: MIT
"""ONNX's nodes as vectors of ours: OPS maps an ONNX op to a function of a Node that yields (metadata, tensors), or raises Left.

A value is never rounded on the way: what our element types do not hold is left out by name.  Rows lie innermost here, so axes are
moved; whole numbers go as f32.  onnx_codes.py has codes and narrow floats, onnx_pick.py what chooses and copies,
onnx_sequence.py what has sequences in it."""
import numpy as np


class Left(Exception):
    """Why a test is left out."""


class Node:
    """op: its name; attr(name, default); x: inputs in order, None where one is absent; y: outputs likewise."""

    def __init__(self, op, attrs, inputs, outputs):
        self.op, self.attrs, self.x, self.y = op, attrs, inputs, outputs

    def attr(self, name, default=None):
        return self.attrs.get(name, default)

    def input(self, i):
        return self.x[i] if i < len(self.x) else None


def halves(a):
    """float64 as the sum of two f32: to 2^-49 of it, a 32nd of what two computations in double may differ by."""
    high = a.astype("f4")
    return high, (a - high).astype("f4")


def f32(a):
    """The same numbers in f32."""
    a = np.asarray(a)
    wide = a.astype(np.float64)
    with np.errstate(over="ignore"):
        near = wide.astype("f4")
    if not ((near == wide) | np.isnan(wide)).all() or (a.dtype.kind in "iu" and (np.abs(wide) > 2**24).any()):
        raise Left(f"{a.dtype} numbers that no f32 holds")
    return near


def typed(a):
    """In the element type that it has, if that is f32, f16 or bf16; else as f32."""
    a = np.asarray(a)
    return a if a.dtype == np.float16 else a.view("u2") if a.dtype.name == "bfloat16" else f32(a)


def answer(a):
    """float64 says that it is exact, anything else that it was computed in its type."""
    return np.asarray(a) if np.asarray(a).dtype == np.float64 else typed(a)


def case(op, ins, out, params="", judged=None, **meta):
    """ins, out, judged: operand -> array; operands that are None are left out."""
    tensors = {k: np.ascontiguousarray(a) for k, a in ins.items() if a is not None}
    tensors |= {f"expected.{k}": np.ascontiguousarray(a) for k, a in out.items()}
    tensors |= {f"judged.{k}": np.ascontiguousarray(m).astype("u1") for k, m in (judged or {}).items()}
    return {"op": op, "params": params, **meta}, tensors


def spoiled(meta, tensors):
    """With the largest judged element of each output 6 % larger, or another code: (output, tensors)."""
    for name in [t for t in tensors if t.startswith("expected.") and t[9:] not in meta.get("not_judged", "").split()]:
        a = tensors[name].copy()
        size = np.where(np.isfinite(a), np.abs(a.astype("f8")), -1).reshape(-1)
        judged = tensors.get("judged." + name[9:])
        if judged is not None and judged.size == size.size:
            size[judged.reshape(-1) == 0] = -1
        if size.size and size.max() >= 0:
            at = np.unravel_index(size.argmax(), a.shape)
            a[at] = (a[at] * 17 / 16 or 1) if a.dtype.kind == "f" else a[at] ^ {"u2": 8, "u1": 1, "i4": 1}[a.dtype.str[1:]]
            yield name, {**tensors, name: a}


def flat(a):
    return a.reshape(-1, a.shape[-1]) if a.ndim else a.reshape(1, 1)


def rows(a, axes):
    """(rows, length): the axes last, in their order, all else before them."""
    a = np.asarray(a)
    axes = [i % a.ndim for i in axes]
    kept = [i for i in range(a.ndim) if i not in axes]
    length = int(np.prod([a.shape[i] for i in axes]))
    return a.transpose(kept + axes).reshape(int(np.prod([a.shape[i] for i in kept])), length)


def is_power(scale):
    return np.all(np.frexp(np.asarray(scale, "f8"))[0] == 0.5)


def pointwise(op, params="", name="x"):
    return lambda n: [case(op, {name: flat(typed(n.x[0]))}, {"y": flat(answer(n.y[0]))}, params(n) if callable(params) else params)]


def pair(op, sign=1):
    def convert(n):
        a, b = np.broadcast_arrays(n.x[0], n.x[1])
        b = typed(b) if sign == 1 else sign * f32(b)
        return [case(op, {"a": flat(typed(a)), "b": flat(b)}, {"y": flat(answer(n.y[0]))})]
    return convert


def along(op, params=""):
    """A function of rows."""
    def convert(n):
        axis = [n.attr("axis", -1)]
        return [case(op, {"x": rows(typed(n.x[0]), axis)}, {"y": rows(answer(n.y[0]), axis)}, params(n) if callable(params) else params)]
    return convert


def from_axis(op, default, bias):
    """Norms over all axes from one on."""
    def convert(n):
        x = typed(n.x[0])
        axis = n.attr("axis", -1) % x.ndim
        shape = int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:]))
        w, b = [typed(n.x[i]).reshape(-1) if n.input(i) is not None else None for i in (1, 2)]
        operands = {"x": x.reshape(shape), "w": w} | ({"bias": b} if bias else {})
        return [case(op, operands, {"y": answer(n.y[0]).reshape(shape)}, f"eps={n.attr('epsilon', default)!r}")]
    return convert


def grouped(groups):
    """groups(node, channels): how many; w and bias per channel."""
    def convert(n):
        x = typed(n.x[0])
        g = groups(n, x.shape[1])
        shape = x.shape[0], g, x.shape[1] // g, int(np.prod(x.shape[2:]))
        w, b = [typed(n.x[i]).reshape(shape[1:3]) for i in (1, 2)]
        return [case("groupnorm", {"x": x.reshape(shape), "w": w, "bias": b}, {"y": answer(n.y[0]).reshape(shape)},
                     f"eps={n.attr('epsilon', 1e-5)!r}")]
    return convert


def batch_norm(n):
    if not n.attr("training_mode", 0):
        raise Left("batch norm by given means: a scale and a shift per channel")
    x, y = [np.moveaxis(a, 1, 0).reshape(1, a.shape[1], 1, -1) for a in (n.x[0], n.y[0])]
    return [case("groupnorm", {"x": typed(x), "w": n.x[1].reshape(-1, 1), "bias": n.x[2].reshape(-1, 1)}, {"y": answer(y)},
                 f"eps={n.attr('epsilon', 1e-5)!r}")]


def mean_variance(n):
    axes = n.attr("axes", [0, 2, 3])  # 1e-9 is added to their deviation, a hundredth of the bound
    return [case("layernorm", {"x": rows(typed(n.x[0]), axes)}, {"y": rows(answer(n.y[0]), axes)})]


def l2norm(n):
    if n.attr("p", 2) != 2:
        raise Left("norm by the sum of magnitudes")
    return along("l2norm", "eps=1e-30")(n)  # a row of zeros stays one


def matmul(n):
    a, b, y = n.x[0], n.x[1], n.y[0]
    a, b = a[None] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b
    if a.dtype == np.float64:  # (h + l) (h' + l'), term by term
        (a, c), (b, d) = halves(a), halves(b)
        a, b = np.concatenate([a, a, c, c], axis=-1), np.concatenate([b, d, b, d], axis=-2)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = [typed(np.broadcast_to(m, batch + m.shape[-2:])).reshape(-1, *m.shape[-2:]) for m in (a, b)]
    y = answer(y).reshape(len(a), a.shape[1], b.shape[2])
    return [case("matmul", {"x": p, "w": q.T}, {"y": r}) for p, q, r in zip(a, b, y)]


def gemm(n):
    """alpha A B + beta C: where C is no plain bias, beta is one more input of each row (or of each column of C), whose weights are C."""
    a, b = [f32(m).T if n.attr(k, 0) else f32(m) for m, k in ((n.x[0], "transA"), (n.x[1], "transB"))]
    alpha, beta, c = n.attr("alpha", 1.0), n.attr("beta", 1.0), n.input(2)
    if not is_power(alpha):
        raise Left("a factor that is no power of two")
    x, w, bias = np.float32(alpha) * a, b.T, None
    if c is not None and beta == 1 and (c.ndim < 2 or len(c) == 1):
        bias = np.broadcast_to(f32(c).reshape(-1), len(w))
    elif c is not None:
        c = np.broadcast_to(f32(c), n.y[0].shape) if c.shape[0] == len(x) else f32(c).reshape(1, -1)
        x = np.hstack([x, np.float32(beta) * (np.eye(len(x), dtype="f4") if len(c) == len(x) else np.ones((len(x), 1), "f4"))])
        w = np.hstack([w, c.T])
    return [case("matmul", {"x": x, "w": w, "bias": bias}, {"y": answer(n.y[0])})]


def einsum(n):
    equation = n.attr("equation").replace(" ", "")
    if equation == "ij->i":
        return matmul(Node(n.op, {}, [n.x[0], np.ones(n.x[0].shape[1], n.x[0].dtype)], n.y))
    if equation not in ("i,i", "bij,bjk->bik"):
        raise Left("only moves elements")
    return matmul(n)


def reduced(n, of=np.asarray):
    """Rows of what is to be reduced, and the answer of each."""
    axes = n.input(1) if n.input(1) is not None else n.attr("axes", [])
    if len(axes) == 0 and n.attr("noop_with_empty_axes", 0):
        raise Left("reduces nothing")
    x = rows(of(n.x[0]), [int(a) for a in axes] if len(axes) else list(range(n.x[0].ndim)))
    return x, np.asarray(n.y[0]).reshape(-1)


def mean_of(x, y, used=None):
    """Each row's mean: a product with 1/k where that is exact, else attention to keys that are alike; used: which elements count."""
    x, y = f32(x), answer(y)
    if (used is None or used.all()) and is_power(1 / x.shape[1]):
        w = np.full((1, x.shape[1]), 1 / x.shape[1], "f4")
        return [case("matmul", {"x": x, "w": w}, {"y": y[:, None]}, dims=f"T={len(x)} N=1 K={x.shape[1]}")]
    mask = None if used is None else np.where(used, 0, -np.inf).astype("f4")[:, None, None]
    alike = np.zeros((*x.shape, 1, 1), "f4")
    return [case("attention", {"q": alike[:, :1], "k": alike, "v": x[:, :, None, None], "mask": mask}, {"o": y[:, None, None, None]})]


def sum_of(x, y):
    """Each row's sum, as a product with ones."""
    return [case("matmul", {"x": f32(x), "w": np.ones((1, x.shape[1]), "f4")}, {"y": answer(y)[:, None]}, dims=f"T={len(x)} N=1 K={x.shape[1]}")]


def squares(n):
    x, y = reduced(n)
    out = np.zeros((len(x), len(x)), "f4")
    np.fill_diagonal(out, y)
    return [case("similarity", {"a": f32(x), "b": f32(x)}, {"s": out}, judged={"s": np.eye(len(x))}, dims=f"T={len(x)} N={len(x)} D={x.shape[1]}")]


def length(n):
    x, y = reduced(n)
    return [case("similarity", {"a": f32(x), "b": np.zeros((1, x.shape[1]), "f4")}, {"s": f32(y)[:, None]}, "form=l2", dims=f"T={len(x)} N=1 D={x.shape[1]}")]


def log_sum_exp(n):
    x, y = reduced(n)
    x, mask = halves(x) if x.dtype == np.float64 else (f32(x), None)
    return [case("logsumexp", {"x": x, "mask": mask}, {"lse": answer(y)}, dims=f"R={len(x)} C={x.shape[1]}")]


def across(use):
    """Of several tensors, element by element."""
    return lambda n: use(np.stack(np.broadcast_arrays(*n.x), axis=-1).reshape(-1, len(n.x)), np.asarray(n.y[0]).reshape(-1))


def swiglu(n):
    if n.attr("alpha", 1.0) != 1:
        raise Left("a factor in the sigmoid alone")
    return [case("swiglu", {"gate": typed(n.x[0]), "up": typed(n.x[1])}, {"y": answer(n.y[0])})]


def celu(n):
    """a elu(x / a)"""
    a = n.attr("alpha", 1.0)
    if not is_power(a):
        raise Left("a factor that is no power of two")
    x, y = [(v.astype("f4") / a).astype(v.dtype) for v in (n.x[0], n.y[0])]
    return pointwise("activation", "form=elu")(Node(n.op, {}, [x], [y]))


def alpha(form, default):
    return lambda n: f"form={form} alpha={n.attr('alpha', default)!r}"


OPS = {
    "Add": pair("add"), "Sub": pair("add", -1), "Mul": pair("mul"), "Neg": lambda n: pair("mul")(Node(n.op, {}, [n.x[0], np.full_like(n.x[0], -1)], n.y)),
    "Sum": across(sum_of), "Mean": across(mean_of),
    "Relu": pointwise("activation", "form=relu"), "Sigmoid": pointwise("activation", "form=sigmoid"),
    "Tanh": pointwise("activation", "form=tanh"), "Softplus": pointwise("activation", "form=softplus"),
    "HardSwish": pointwise("activation", "form=hardswish"), "Mish": pointwise("activation", "form=mish"),
    "Elu": pointwise("activation", alpha("elu", 1.0)), "Celu": celu, "Swish": pointwise("silu"), "SwiGLU": swiglu,
    "Gelu": pointwise("gelu", lambda n: f"form={'tanh' if n.attr('approximate', 'none') == 'tanh' else 'erf'}"),
    "Softmax": along("softmax"), "LogSoftmax": along("log_softmax"), "LpNormalization": l2norm,
    "LayerNormalization": from_axis("layernorm", 1e-5, True), "RMSNormalization": from_axis("rmsnorm", 1e-5, False),
    "GroupNormalization": grouped(lambda n, c: n.attr("num_groups")), "InstanceNormalization": grouped(lambda n, c: c),
    "BatchNormalization": batch_norm, "MeanVarianceNormalization": mean_variance,
    "MatMul": matmul, "Gemm": gemm, "Einsum": einsum,
    "ReduceSum": lambda n: sum_of(*reduced(n)), "ReduceMean": lambda n: mean_of(*reduced(n)),
    "ReduceL1": lambda n: sum_of(*reduced(n, np.abs)), "ReduceSumSquare": squares, "ReduceL2": length,
    "ReduceLogSumExp": log_sum_exp,
}
