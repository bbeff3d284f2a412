# SPDX-License-Identifier: MIT
"""ONNX's convolutions and pools as vectors of ours: unfold, and what is made of each patch.  See onnx_ops.py.

A convolution is two vectors: patches of the image by unfold (which has no dilation and two dimensions), and their product with the
weights, which ONNX states.  A mean of a window is attention to keys that are alike, its largest a topk."""
import numpy as np

import onnx_codes
from onnx_ops import Left, Node, answer, case, f32, mean_of


def sides(n, name, rank, default):
    return [int(v) for v in n.attr(name, [default] * rank)]


def spans(n, size, kernel):
    """Of each axis: stride, dilation, zeros before and behind, and how many windows."""
    rank = len(size)
    stride, step, pads = sides(n, "strides", rank, 1), sides(n, "dilations", rank, 1), sides(n, "pads", 2 * rank, 0)
    auto, out = n.attr("auto_pad", "NOTSET"), []
    for i in range(rank):
        reach = step[i] * (kernel[i] - 1) + 1
        before, behind = pads[i], pads[rank + i]
        if auto.startswith("SAME"):
            total = max((-(-size[i] // stride[i]) - 1) * stride[i] + reach - size[i], 0)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            behind = total - before
        over = size[i] + before + behind - reach
        count = -(-over // stride[i]) + 1 if n.attr("ceil_mode", 0) else over // stride[i] + 1
        count -= (count - 1) * stride[i] >= size[i] + before  # no window begins behind the image
        out.append((stride[i], step[i], before, behind, count))
    return out


def windows(size, kernel, spans):
    """(windows, elements): indices into a flattened image of that size, -1 for a zero around it, -2 for what is beyond these."""
    at, outside = np.zeros([1] * (2 * len(size)), int), np.zeros([1] * (2 * len(size)), int)
    for i, (stride, step, before, behind, count) in enumerate(spans):
        here = stride * np.arange(count)[:, None] + step * np.arange(kernel[i]) - before
        shape = [1] * (2 * len(size))
        shape[i], shape[len(size) + i] = here.shape
        at = at * size[i] + here.reshape(shape)
        outside = np.maximum(outside, np.where(here >= size[i] + behind, 2, (here < 0) | (here >= size[i])).reshape(shape))
    return np.where(outside, -outside, at).reshape(int(np.prod(at.shape[:len(size)])), -1)


def taken(x, at, zero=0):
    """x (..., image), at (windows, elements): (..., windows, elements)."""
    flat = x.reshape(*x.shape[:2], -1)
    return np.where(at < 0, np.asarray(zero, x.dtype), flat[:, :, np.maximum(at, 0)])


def patches(x, at):
    """(images, windows, channels times elements)"""
    p = np.moveaxis(x, 1, 2)
    return p.reshape(*p.shape[:2], -1)


def unfolded(x, kernel, spans, rows):
    """The patches by unfold, where it has them: unlike zeros before and behind are part of the image there."""
    kernel, spans = [1] * (2 - len(kernel)) + list(kernel), [(1, 1, 0, 0, 1)] * (2 - len(kernel)) + spans
    if len(kernel) > 2 or any(s[1] > 1 for s in spans) or (np.asarray(kernel) == 1).all():
        return
    image, pad = x.reshape(*x.shape[:2], *([1] * (4 - x.ndim)), *x.shape[2:]), [s[2] for s in spans]
    if any(s[2] != s[3] or s[2] >= k for s, k in zip(spans, kernel)):
        image, pad = np.pad(image, [(0, 0), (0, 0), *[s[2:4] for s in spans]]), [0, 0]
    fields = zip(("kernel", "stride", "pad"), (kernel, [s[0] for s in spans], pad))
    yield case("unfold", {"x": image}, {"y": rows}, " ".join(f"{name}_{end}={v}" for name, pair in fields for end, v in zip("hw", pair)),
               dims=f"T={rows.shape[1]} K={rows.shape[2]}")


def convolved(x, w, bias, y, spans):
    """y (images, outputs, ...) as patches of x times w (outputs, channels, ...)."""
    rows = patches(taken(x, windows(x.shape[2:], w.shape[2:], spans)), None)
    yield from unfolded(x, w.shape[2:], spans, rows)
    for image, said in zip(rows, y.reshape(*y.shape[:2], -1)):
        yield case("matmul", {"x": image, "w": w.reshape(len(w), -1), "bias": bias}, {"y": answer(said.T)})


def conv(n):
    if n.attr("group", 1) != 1:
        raise Left("a convolution in groups")
    x, w, bias = f32(n.x[0]), f32(n.x[1]), n.input(2)
    return convolved(x, w, None if bias is None else f32(bias), n.y[0], spans(n, x.shape[2:], w.shape[2:]))


def conv_transpose(n):
    """Zeros between the elements, and the kernel turned round; each group by itself."""
    x, w, y, groups = f32(n.x[0]), f32(n.x[1]), n.y[0], n.attr("group", 1)
    rank, kernel = x.ndim - 2, n.x[1].shape[2:]
    stride, step, pads, more = [sides(n, name, r, d) for name, r, d in (("strides", rank, 1), ("dilations", rank, 1), ("pads", 2 * rank, 0),
                                                                      ("output_padding", rank, 0))]
    wide, around = np.zeros([*x.shape[:2], *[s * (l - 1) + 1 for s, l in zip(stride, x.shape[2:])]], "f4"), []
    wide[(slice(None), slice(None), *[slice(None, None, s) for s in stride])] = x
    for i, (k, out) in enumerate(zip(kernel, y.shape[2:])):
        reach = step[i] * (k - 1)
        total = wide.shape[2 + i] + reach + more[i] - out  # what is cut off
        before = pads[i]
        if n.attr("output_shape") or n.attr("auto_pad", "NOTSET").startswith("SAME"):
            before = total // 2 if n.attr("auto_pad", "NOTSET") == "SAME_UPPER" else total - total // 2
        around.append((1, step[i], reach - before, out + before - wide.shape[2 + i], out))
    if any(a < 0 for s in around for a in s[2:4]):
        raise Left("a convolution that cuts more off than its kernel reaches")
    turned = np.flip(w, tuple(range(2, w.ndim))).swapaxes(0, 1)  # (outputs of a group, channels, ...)
    for p, q, r in zip(np.split(wide, groups, 1), np.split(turned, groups, 1), np.split(y, groups, 1)):
        yield from convolved(p, q, None, r, around)


def conv_codes(n, w_at, zero_at):
    """Codes around an image are its zero point; then as a product of codes."""
    x, w, zero = n.x[0], n.x[w_at], n.input(zero_at)
    at = windows(x.shape[2:], w.shape[2:], spans(n, x.shape[2:], w.shape[2:]))
    rows = patches(taken(x, at, 0 if zero is None else zero), None)
    inputs = list(n.x)
    inputs[0], inputs[w_at] = rows[0], w.reshape(len(w), -1).T
    name = "MatMulInteger" if w_at == 1 else "QLinearMatMul"
    return onnx_codes.OPS[name](Node(name, {}, inputs, [n.y[0].reshape(len(w), -1).T]))


def pool(n):
    """Rows of windows, one for each image and channel: indices, values (zeros around), answers."""
    x = f32(n.x[0])
    at = windows(x.shape[2:], sides(n, "kernel_shape", x.ndim - 2, 1), spans(n, x.shape[2:], n.attr("kernel_shape")))
    many = x.shape[0] * x.shape[1]
    return np.tile(at, (many, 1)), taken(x, at).reshape(many * len(at), -1), [np.asarray(y).reshape(-1) for y in n.y]


def average_pool(n):
    """Where inputs and answer were written down with four digits, one of the last is allowed."""
    at, x, (y,) = pool(n)
    short = (y == np.round(y.astype("f8"), 4).astype(y.dtype)).all() and (1024 * y % 1).any()
    for meta, tensors in mean_of(x, y, at >= (-1 if n.attr("count_include_pad", 0) else 0)):
        yield {**meta, **({"tolerance": "abs=1e-04"} if short else {})}, tensors


def max_pool(n):
    at, x, (y, *ids) = pool(n)
    x, most = np.where(at < 0, np.float32(-np.inf), x), {"values": f32(y)[:, None], "ids": np.zeros((len(x), 1), "i4")}
    if ids:  # of the whole image, here of the window
        size = n.x[0].shape[2:]
        place = np.arange(int(np.prod(size))).reshape(size[::-1]).T.reshape(-1) if n.attr("storage_order", 0) else np.arange(int(np.prod(size)))
        most["ids"] = (np.where(at < 0, -1, place[np.maximum(at, 0)]) == ids[0][:, None] % place.size).argmax(1).astype("i4")[:, None]
    return [case("topk", {"x": x}, most, dims=f"R={len(x)} V={x.shape[1]} K=1", **({} if ids else {"not_judged": "ids"}))]


def lp_pool(n):
    if n.attr("p", 2) != 2:
        raise Left("a norm of another power than 2")
    _, x, (y,) = pool(n)
    return [case("similarity", {"a": x, "b": np.zeros((1, x.shape[1]), "f4")}, {"s": f32(y)[:, None]}, "form=l2", dims=f"T={len(x)} N=1 D={x.shape[1]}")]


def col2im(n):
    """Each element of the image is the sum of what stands for it in the patches: a product with zeros and ones."""
    size, kernel = [int(v) for v in n.x[1]], [int(v) for v in n.x[2]]
    at = windows(size, kernel, spans(n, size, kernel))
    w = (at.T.reshape(-1) == np.arange(int(np.prod(size)))[:, None]).astype("f4")
    x, y = f32(n.x[0]), f32(n.y[0])
    return [case("matmul", {"x": x.reshape(-1, w.shape[1]), "w": w}, {"y": y.reshape(-1, len(w))})]


def blocks(deep, wide, n):
    """wide is an image, deep its blocks as channels, in order of channel and place (CRD), or of place and channel."""
    b = n.attr("blocksize")
    B, C, H, W = wide.shape
    rows = deep.reshape(B, C, b * b, -1) if n.attr("mode", "DCR") == "CRD" else deep.reshape(B, b * b, C, -1).swapaxes(1, 2)
    rows = rows.reshape(B, C * b * b, -1).swapaxes(1, 2)
    return [case("unfold", {"x": f32(wide)}, {"y": f32(rows)}, f"kernel_h={b} kernel_w={b}", dims=f"T={rows.shape[1]} K={rows.shape[2]}")]


def whole(of):
    return lambda n: of(f32(n.x[0]).reshape(int(np.prod(n.x[0].shape[:2])), -1), f32(n.y[0]).reshape(-1))


OPS = {
    "Conv": conv, "ConvTranspose": conv_transpose, "ConvInteger": lambda n: conv_codes(n, 1, 2), "QLinearConv": lambda n: conv_codes(n, 3, 2),
    "AveragePool": average_pool, "GlobalAveragePool": whole(mean_of), "MaxPool": max_pool, "LpPool": lp_pool, "Col2Im": col2im,
    "SpaceToDepth": lambda n: blocks(n.y[0], n.x[0], n), "DepthToSpace": lambda n: blocks(n.x[0], n.y[0], n),
    "GlobalMaxPool": whole(lambda x, y: [case("topk", {"x": x}, {"values": y[:, None], "ids": np.zeros((len(x), 1), "i4")}, not_judged="ids",
                                              dims=f"R={len(x)} V={x.shape[1]} K=1")]),
}
