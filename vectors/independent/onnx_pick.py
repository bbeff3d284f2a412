# SPDX-License-Identifier: MIT
"""ONNX's nodes that choose, look up and write as vectors of ours.  See onnx_ops.py."""
import numpy as np

from onnx_ops import Left, across, case, f32, reduced, rows


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


def scatter_elements(n):
    if n.attr("reduction", "none") != "none":
        raise Left("updates that are added to what is there")
    data, new, y = [f32(a).reshape(-1, 1, 1) for a in (n.x[0], n.x[2], n.y[0])]
    return [case("cache", {"x": new, "pos": places(n).reshape(-1).astype("i4"), "cache": data}, {"cache": y})]


OPS = {
    "Max": across(lambda x, y: largest(x, y, 1)), "Min": across(lambda x, y: largest(x, y, -1)),
    "ReduceMax": lambda n: largest(*reduced(n), 1), "ReduceMin": lambda n: largest(*reduced(n), -1),
    "ArgMax": best(1), "ArgMin": best(-1), "Hardmax": hardmax, "TopK": topk, "Gather": gather, "GatherND": gather_nd,
    "GatherElements": lambda n: look_up(n.x[0].reshape(-1, 1), places(n), n.y[0]), "ScatterElements": scatter_elements,
    "Scatter": scatter_elements,
}
