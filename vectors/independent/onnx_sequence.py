# SPDX-License-Identifier: MIT
"""ONNX's nodes with sequences in them as vectors of ours: attention, rotary embedding, caches, linear attention, convolutions, LSTM.
See onnx_ops.py."""
import numpy as np

from onnx_ops import Left, answer, case, f32, is_power, typed

UNBOUNDED = 1 << 30
STAGES = "product", "capped", "masked", "weights"  # qk_matmul_output_mode
ROUNDED = {"float16": {"contract": "p_round=f16"}, "bfloat16": {"contract": "p_round=bf16"}}  # weights, as ONNX's definition says


def heads(a, count):
    """(B, T, H, D) of ONNX's (B, H, T, D), or of (B, T, H D)."""
    return a.reshape(*a.shape[:2], count, -1) if a.ndim == 3 else a.transpose(0, 2, 1, 3)


def stacked(new, past):
    return new if past is None else np.concatenate([past.transpose(0, 2, 1, 3), new], axis=1)


def spread(mask, shape, beyond):
    """A mask over scores of (B, H, T, S), of which it may lack the last keys."""
    mask = np.asarray(mask)
    short = shape[-1] - mask.shape[-1]
    return np.broadcast_to(np.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, short)], constant_values=beyond), shape)


def masks_of(mask, shape):
    """What is added, or of truth values a tile for each query and key."""
    if mask is None:
        return {}
    if np.asarray(mask).dtype == bool:
        return {"allow": spread(mask, shape, False).astype("i1")}
    return {"mask": spread(f32(mask), shape, -np.inf)}


def appended(past, new, present):
    """present is past with new behind it: slots of all sequences in one cache."""
    (B, T, G, D), P = new.shape, past.shape[2]
    before = np.concatenate([past.transpose(0, 2, 1, 3), np.zeros((B, T, G, D), past.dtype)], axis=1)
    at = (np.arange(B)[:, None] * (P + T) + P + np.arange(T)).astype("i4")
    slots = B * (P + T), G, D
    return case("cache", {"x": f32(new).reshape(-1, G, D), "pos": at.reshape(-1), "cache": typed(before).reshape(slots)},
                {"cache": typed(present.transpose(0, 2, 1, 3)).reshape(slots)})


def attention(n):
    q, k, v = [heads(n.x[i], n.attr(("q_num_heads", "kv_num_heads", "kv_num_heads")[i])) for i in range(3)]
    mask, past, length = n.input(3), [n.input(4), n.input(5)], n.input(6)
    new, k, v = (k, v), stacked(k, past[0]), stacked(v, past[1])
    (B, T, H, _), S = q.shape, k.shape[1]
    left, right = n.attr("left_window_size", -1), n.attr("right_window_size", -1)
    window = f" window={left + 1} right={right + 1 if right >= 0 else UNBOUNDED}" if max(left, right) >= 0 else ""
    causal = n.attr("is_causal", 0)
    first = np.zeros(B, "i4") + (S - k.shape[1] if past[0] is None else past[0].shape[2])
    operands = {"q": f32(q), "k": typed(k), "v": typed(v), **masks_of(mask, (B, H, T, S))}
    if length is not None:
        operands["len"], first = length.astype("i4"), length.astype("i4") - T
    if causal or window:
        operands["qpos"] = first[:, None] + np.arange(T, dtype="i4")
    params = f"scale={n.attr('scale', 0.0)!r} softcap={n.attr('softcap', 0.0)!r} causal={causal}{window}"
    meta = ROUNDED.get(q.dtype.name, {})
    yield case("attention", operands, {"o": typed(heads(n.y[0], H))}, params, **meta)
    for i in 0, 1:
        if past[i] is not None and len(n.y) > 1 + i and n.y[1 + i] is not None:
            yield appended(past[i], new[i], n.y[1 + i])
    if len(n.y) > 3 and n.y[3] is not None:
        stage = STAGES[n.attr("qk_matmul_output_mode", 0)]
        seen = {k: a for k, a in operands.items() if k not in ("v", "allow")}
        if "allow" in operands:
            seen["mask"] = np.where(operands["allow"], 0, -np.inf).astype("f4")
        yield case("scores", seen, {"s": typed(n.y[3])}, f"{params} stage={stage}", **meta)


def flex_attention(n):
    """A score_mod that adds something is a mask, its value at scores of 0; one with a tanh caps.  A prob_mod is a factor of v."""
    q, k, v = [heads(a, None) for a in n.x]
    (B, T, H, _), S = q.shape, k.shape[1]
    mod, factor, cap, mask = n.attr("score_mod"), n.attr("prob_mod"), 0.0, None
    if factor and (factor.ops != ["Mul"] or not is_power(factor.constants["scale"])):
        raise Left("probabilities that are changed after the softmax, not by a power of two")
    v = v * factor.constants["scale"] if factor else v
    if mod and "Tanh" in mod.ops:
        cap = float(mod.constants["cap"].reshape(-1)[0])
    elif mod:
        mask = mod(np.zeros((B, H, T, S), q.dtype))
    params = f"scale={n.attr('scale', 0.0)!r} softcap={cap!r}"
    return [case("attention", {"q": f32(q), "k": typed(k), "v": typed(v), "mask": mask}, {"o": answer(heads(n.y[0], None))}, params,
                 **ROUNDED.get(q.dtype.name, {}))]


def rotary(n):
    count, x = n.attr("num_heads", 0), f32(n.x[0])
    x, y = [heads(a, count).reshape(-1, heads(a, count).shape[2], heads(a, count).shape[3]) for a in (x, f32(n.y[0]))]
    cos, sin, ids = f32(n.x[1]), f32(n.x[2]), n.input(3)
    F = cos.shape[-1]
    pos = np.arange(len(x)) if ids is None else ids.reshape(-1)
    params = f"mode={'interleaved' if n.attr('interleaved', 0) else 'half'} n_dims={n.attr('rotary_embedding_dim', 0)}"
    return [case("rope", {"x": x, "pos": pos.astype("i4")[None], "cos": cos.reshape(-1, F), "sin": sin.reshape(-1, F)}, {"y": y}, params)]


def tensor_scatter(n):
    """Rows written into a cache at an index of each sequence, around its end where it is circular."""
    past, new, present = [a[:, None] if a.ndim == 3 else a for a in (n.x[0], n.x[1], n.y[0])]
    if n.attr("axis", -2) != -2:
        raise Left("another axis than the last but one")
    (B, G, S, D), T = past.shape, new.shape[2]
    begin = np.zeros(B, int) if n.input(2) is None else n.x[2]
    at = np.arange(B)[:, None] * S + (begin[:, None] + np.arange(T)) % S
    past, present = [f32(a).transpose(0, 2, 1, 3).reshape(B * S, G, D) for a in (past, present)]
    return [case("cache", {"x": f32(new).transpose(0, 2, 1, 3).reshape(B * T, G, D), "pos": at.reshape(-1).astype("i4"), "cache": past},
                 {"cache": present})]


def linear_attention(n):
    """ONNX multiplies by the scale last; our queries are scaled, in f32: one more rounding of each term of y, but none of the state."""
    if n.attr("update_rule", "gated_delta") not in ("linear", "gated"):
        raise Left("the delta rule")
    H, G = n.attr("q_num_heads"), n.attr("kv_num_heads")
    if H != G:
        raise Left("several queries to a state")
    q, k, v = [heads(a, c) for a, c in zip(n.x, (H, G, G))]
    (B, T, _, D), state, decay = q.shape, n.input(3), n.input(4)
    q = (f32(q) * np.float32(n.attr("scale", 0.0) or 1 / np.sqrt(D))).astype("f4")
    operands = {"q": q, "k": typed(k), "v": typed(v), "state": state}
    if decay is not None:
        operands["gate"] = np.broadcast_to(f32(decay).reshape(B, T, G, -1), k.shape)
    terms = np.einsum("bthd,bshd,bshe->bthe", *[np.abs(f32(a)) for a in (q, k, v)])  # decays are at most 1
    if (decay is not None and (decay > 0).any()) or state is not None:
        raise Left("a state that grows, or is given")
    yield case("gated_linear", operands, {"last": f32(n.y[1]), "y": np.zeros(v.shape, "f4")}, not_judged="y")
    yield case("gated_linear", operands, {"y": typed(heads(n.y[0], G))}, tolerance=f"abs={2.0**-23 * float(terms.max())!r}")


def causal_conv(n):
    """Our state is one token longer, whose oldest is not used."""
    x, w, bias, past = n.x[0].swapaxes(1, 2), n.x[1][:, 0], n.input(2), n.input(3)
    (B, T, D), K = x.shape, w.shape[1]
    state = None if past is None else np.concatenate([np.zeros((B, 1, D), "f4"), f32(past).swapaxes(1, 2)], axis=1)
    last = np.concatenate([np.zeros((B, 1, D), "f4"), f32(n.y[1]).swapaxes(1, 2)], axis=1)
    seen = np.broadcast_to(np.arange(K)[:, None] > 0, last.shape)
    plain = n.attr("activation", "none") == "none"  # else only the state is judged
    out = {"y": typed(n.y[0].swapaxes(1, 2)) if plain else np.zeros(x.shape, "f4")} | ({"last": last} if K > 1 else {})
    judged, meta = {"last": seen} if K > 1 else None, {} if plain else {"not_judged": "y"}
    return [case("conv1d", {"x": typed(x), "w": typed(w), "bias": None if bias is None else f32(bias), "state": state}, out, judged=judged, **meta)]


def cumsum(n):
    """A state of one number that keeps all that came: keys and queries are 1."""
    axis = int(np.asarray(n.x[1]).reshape(-1)[0])
    x, y = [np.moveaxis(np.asarray(a), axis, -1).reshape(-1, np.shape(a)[axis]) for a in (n.x[0], n.y[0])]
    if n.attr("reverse", 0):
        x, y = x[:, ::-1], y[:, ::-1]
    if n.attr("exclusive", 0):
        x = np.hstack([np.zeros((len(x), 1), x.dtype), x[:, :-1]])
    v = f32(x)[:, :, None, None]
    return [case("gated_linear", {"q": np.ones_like(v), "k": np.ones_like(v), "v": v}, {"y": f32(y)[:, :, None, None]}, tag="exact")]


def lstm(n):
    """One direction a vector; gates from ONNX's order i o f c to i f g o.  What is not asked for is not judged."""
    X, W, R, bias, lens, h0, c0, peep = [n.input(i) for i in range(8)]
    H = n.attr("hidden_size")
    if peep is not None or lens is not None and (np.asarray(lens) != len(X)).any():
        raise Left("peepholes, or sequences of unlike lengths")
    batch_first, direction = n.attr("layout", 0), n.attr("direction", "forward")
    x = X.swapaxes(0, 1) if batch_first else X
    T, B = x.shape[:2]
    order = [0, 2, 3, 1]
    ys = [np.moveaxis(a, 0, -2) if batch_first and a is not None else a for a in n.y]
    for d in range(len(W)):
        back = direction == "reverse" or d == 1
        gates = np.zeros(8 * H, "f4") if bias is None else bias[d]
        b = f32(gates[:4 * H].astype("f8") + gates[4 * H:].astype("f8"))
        y, judged = np.zeros((T, B, H), "f4"), np.zeros((T, B, H), bool)
        if ys[0] is not None:
            y[:], judged[:] = ys[0][:, d][::-1 if back else 1], True
        if len(ys) > 1 and ys[1] is not None:
            y[-1], judged[-1] = ys[1][d], True
        cell = ys[2][d] if len(ys) > 2 and ys[2] is not None else None
        yield case("probe_lstm", {"x": f32(x[::-1] if back else x), "wi": W[d].reshape(4, H, -1)[order], "wh": R[d].reshape(4, H, H)[order],
                                  "bias": b.reshape(4, H)[order], "h0": np.zeros((B, H), "f4") if h0 is None else h0[d],
                                  "c": np.zeros((B, H), "f4") if c0 is None else c0[d]},
                   {"y": y, "c": np.zeros((B, H), "f4") if cell is None else cell}, judged={"y": judged}, **({} if cell is not None else {"not_judged": "c"}))


OPS = {"Attention": attention, "FlexAttention": flex_attention, "RotaryEmbedding": rotary, "TensorScatter": tensor_scatter,
       "LinearAttention": linear_attention, "CausalConvWithState": causal_conv, "CumSum": cumsum, "LSTM": lstm}
