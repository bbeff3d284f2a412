# SPDX-License-Identifier: MIT
"""ONNX's nodes that choose, look up and write as vectors of ours.  See onnx_ops.py."""
import numpy as np

from onnx_ops import Left, Node, across, case, f32, mean_of, pair, reduced, rows, sum_of, typed


def largest(x, y, sign):
    if x.dtype == bool and not x.size:
        raise Left("the largest of no truth values")
    values = (sign * f32(y)).reshape(-1, 1)
    return [case("topk", {"x": sign * f32(x)}, {"values": values, "ids": np.zeros(values.shape, "i4")}, not_judged="ids",
                 dims=f"R={len(x)} V={x.shape[1]} K=1")]


def best(sign):
    """The first of the largest; the last of them is the first of the row turned round."""
    def convert(n):
        x = sign * rows(f32(n.x[0]), [n.attr("axis", 0)])
        id = np.asarray(n.y[0]).reshape(-1)
        if n.attr("select_last_index", 0):
            x, id = x[:, ::-1], x.shape[1] - 1 - id
        return [case("argmax", {"x": x}, {"id": id.astype("i4")})]
    return convert


def hardmax(n):
    axis = [n.attr("axis", -1)]
    return [case("argmax", {"x": rows(f32(n.x[0]), axis)}, {"id": rows(n.y[0], axis).argmax(axis=1).astype("i4")})]


def topk(n):
    sign, axis = 1 if n.attr("largest", 1) else -1, [n.attr("axis", -1)]
    values, ids = [rows(a, axis) for a in n.y]
    return [case("topk", {"x": sign * rows(f32(n.x[0]), axis)}, {"values": sign * f32(values), "ids": ids.astype("i4")})]


def look_up(table, ids, y):
    ids = np.asarray(ids).reshape(-1)
    table, y = f32(table), f32(y).reshape(len(ids), -1)
    return [case("embedding", {"table": table.reshape(len(table), -1), "ids": np.where(ids < 0, ids + len(table), ids).astype("i4")}, {"y": y})]


def gather(n):
    axis = n.attr("axis", 0)
    ids, y = n.x[1], np.asarray(n.y[0])
    return look_up(np.moveaxis(n.x[0], axis, 0), ids, np.moveaxis(y, list(range(axis, axis + ids.ndim)), list(range(ids.ndim))))


def gather_nd(n):
    """Batches are one more index."""
    x, ids, batches = n.x[0], n.x[1], n.attr("batch_dims", 0)
    batch = np.indices(ids.shape[:batches]).reshape(batches, *ids.shape[:batches], *[1] * (ids.ndim - 1 - batches))
    at = [np.broadcast_to(b, ids.shape[:-1]) for b in batch] + list(np.moveaxis(ids, -1, 0))
    return look_up(x.reshape(int(np.prod(x.shape[:len(at)])), -1), np.ravel_multi_index(tuple(at), x.shape[:len(at)]), n.y[0])


def places(n):
    """Where in the flattened data each index of GatherElements and ScatterElements points."""
    ids, shape, axis = n.x[1], n.x[0].shape, n.attr("axis", 0)
    at = list(np.indices(ids.shape))
    at[axis] = np.where(ids < 0, ids + shape[axis], ids)
    return np.ravel_multi_index(tuple(at), shape)


def gathered(n, at):
    """Updates that meet what is there: of each place the sum, the largest, or the product of two."""
    data, new, y, how = f32(n.x[0]).reshape(-1), f32(n.x[2]).reshape(-1), f32(n.y[0]).reshape(-1), n.attr("reduction")
    lists = [[d, *new[at == i]] for i, d in enumerate(data)]
    none = {"add": 0, "mul": 1, "max": -np.inf, "min": np.inf}[how]
    x = np.array([l + [none] * (max(map(len, lists)) - len(l)) for l in lists], "f4")
    if how == "mul" and x.shape[1] > 2:
        raise Left("a product of three")
    if how == "mul":
        return pair("mul")(Node("Mul", {}, [x[:, 0], x[:, 1]], [y]))
    return sum_of(x, y) if how == "add" else largest(x, y, 1 if how == "max" else -1)


def scatter_nd(n):
    """Whole slots go into a cache; single elements meet what is there."""
    data, ids, new = n.x
    if n.attr("reduction", "none") != "none":
        inner = int(np.prod(data.shape[ids.shape[-1]:]))
        at = np.ravel_multi_index(tuple(np.moveaxis(ids, -1, 0)), data.shape[:ids.shape[-1]])
        return gathered(n, (at[..., None] * inner + np.arange(inner)).reshape(-1))
    if ids.shape[-1] != 1:
        raise Left("updates of single elements")
    slots = len(data), 1, int(np.prod(data.shape[1:]))
    return [case("cache", {"x": f32(new).reshape(-1, *slots[1:]), "pos": ids.reshape(-1).astype("i4"), "cache": f32(data).reshape(slots)},
                 {"cache": f32(n.y[0]).reshape(slots)})]


def losses(n, x, y):
    """Of rows x of logarithms: the targets' with the other sign, times a weight; each, their sum or their mean."""
    target, weight, how = n.x[1].reshape(-1), n.input(2), n.attr("reduction", "mean")
    used = target != n.attr("ignore_index", -1 << 40)
    if how == "mean" and weight is not None:
        raise Left("a weighted mean of losses")
    if how == "none" and weight is None:  # one row more, for what is left out
        table = np.append(-f32(x).reshape(-1), np.float32(0))[:, None]
        return look_up(table, np.where(used, np.arange(len(x)) * x.shape[1] + np.where(used, target, 0), x.size), y)
    picked = -f32(x)[np.arange(len(x))[used], target[used]][None]
    if how == "mean":
        return mean_of(picked, np.reshape(y, 1))
    w = np.ones(picked.shape, "f4") if weight is None else f32(weight)[target[used]][None]
    if how == "none":
        return pair("mul")(Node("Mul", {}, [picked, w], [y.reshape(-1)[used][None]]))
    return [case("matmul", {"x": picked, "w": w}, {"y": typed(np.reshape(y, (1, 1)))})]


def nll_loss(n):
    return losses(n, rows(n.x[0], [1]), n.y[0])


def cross_entropy(n):
    """log_prob if it is asked for, and the losses that follow from it; else the losses of targets, where each is one logarithm."""
    x = rows(f32(n.x[0]), [1])
    if len(n.y) > 1:
        yield case("log_softmax", {"x": x}, {"y": rows(f32(n.y[1]), [1])})
        if n.input(2) is None or n.attr("reduction", "mean") != "mean":
            yield from losses(n, rows(n.y[1], [1]), n.y[0])
        return
    if n.attr("reduction", "mean") != "none" or n.input(2) is not None:
        raise Left("losses added up, or weighted, of logarithms that are not stated")
    target = n.x[1].reshape(-1)
    judged = (np.arange(x.shape[1]) == target[:, None]) & (target != n.attr("ignore_index", -1 << 40))[:, None]
    yield case("log_softmax", {"x": x}, {"y": np.where(judged, -n.y[0].reshape(-1, 1), 0).astype("f4")}, judged={"y": judged})


def one_hot(n):
    """Rows of a table that is on in its diagonal; one more, for ids out of range, is off."""
    depth, (off, on) = int(n.x[1]), f32(n.x[2])
    ids, y, axis = n.x[0].astype(int), f32(n.y[0]), n.attr("axis", -1)
    table = np.where(np.eye(depth + 1, depth) > 0, on, off).astype("f4")
    at = np.where((ids >= -depth) & (ids < depth), ids % depth, depth)
    return look_up(table, at, np.moveaxis(y, axis, -1))


def scatter_elements(n):
    if n.attr("reduction", "none") != "none":
        return gathered(n, places(n).reshape(-1))
    data, new, y = [f32(a).reshape(-1, 1, 1) for a in (n.x[0], n.x[2], n.y[0])]
    return [case("cache", {"x": new, "pos": places(n).reshape(-1).astype("i4"), "cache": data}, {"cache": y})]


OPS = {
    "Max": across(lambda x, y: largest(x, y, 1)), "Min": across(lambda x, y: largest(x, y, -1)),
    "ReduceMax": lambda n: largest(*reduced(n), 1), "ReduceMin": lambda n: largest(*reduced(n), -1),
    "ArgMax": best(1), "ArgMin": best(-1), "Hardmax": hardmax, "TopK": topk, "Gather": gather, "GatherND": gather_nd,
    "GatherElements": lambda n: look_up(n.x[0].reshape(-1, 1), places(n), n.y[0]), "ScatterElements": scatter_elements,
    "Scatter": scatter_elements, "ScatterND": scatter_nd, "OneHot": one_hot, "NegativeLogLikelihoodLoss": nll_loss,
    "SoftmaxCrossEntropyLoss": cross_entropy,
}
