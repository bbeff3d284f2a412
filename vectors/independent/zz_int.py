# SPDX-License-Identifier: MIT
"""methods.py ASSAY: GPTQ, AWQ and SmoothQuant as assay quantize --method does them to a file of Hugging Face's names, against NumPy
(int4.py), and what it refuses."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import formats  # noqa: E402
import int4  # noqa: E402
import packfiles as files  # noqa: E402
import tiny  # noqa: E402

assay = os.path.abspath(sys.argv[1])
bad = 0
D, KV, FFN, TOKENS = 64, 32, 96, 40
LAYER = "model.layers.0."
NAMES = {"q": "self_attn.q_proj.weight", "k": "self_attn.k_proj.weight", "v": "self_attn.v_proj.weight", "o": "self_attn.o_proj.weight",
         "gate": "mlp.gate_proj.weight", "up": "mlp.up_proj.weight", "down": "mlp.down_proj.weight", "n1": "input_layernorm.weight",
         "n2": "post_attention_layernorm.weight", "b1": "input_layernorm.bias"}
NAMES = {k: LAYER + v for k, v in NAMES.items()}
USERS = {"q": "qkv", "gate": ("gate", "up"), "down": ("down",)}
MAKER = {"q": "n1", "gate": "n2", "down": "up"}


def fail(what):
    global bad
    bad += 1
    print("FAIL", what)


def run(*args):
    if os.path.exists(args[1]):
        os.remove(args[1])
    p = subprocess.run([assay, "quantize", *args], capture_output=True, timeout=300)
    return p.returncode, " ".join((p.stdout + p.stderr).decode(errors="replace").split())


def write(seed=1, zero_column=False, change=None):
    """A layer and what its matrices are multiplied with: a few columns large, neighbours alike.  change: other tensors of the file."""
    r = np.random.default_rng(seed)
    f = lambda *s: r.standard_normal(s).astype(np.float32)
    w = {"q": f(D, D), "k": f(KV, D), "v": f(KV, D), "o": f(D, D), "gate": f(FFN, D), "up": f(FFN, D), "down": f(D, FFN),
         "n1": 1 + f(D) / 8, "n2": 1 + f(D) / 8, "b1": f(D)}
    w = {k: (a / 8 if a.ndim == 2 else a).astype(np.float32) for k, a in w.items()}
    x = {}
    for k, n in (("q", D), ("o", D), ("gate", D), ("down", FFN)):
        mix = np.eye(n) + 0.4 * r.standard_normal((n, n)) / np.sqrt(n)
        x[k] = ((r.standard_normal((TOKENS, n)) @ mix) * np.exp(r.standard_normal(n))).astype(np.float32)
    if zero_column:
        x["q"][:, 5] = 0
    held = {**{NAMES[k]: a for k, a in w.items()}, "model.embed_tokens.weight": f(10, D)}
    files.safetensors("m.safetensors", {**held, **{NAMES.get(k, k): a for k, a in (change or {}).items()}})
    files.safetensors("x.safetensors", {NAMES[k]: a for k, a in x.items()}, {NAMES["k"]: NAMES["q"], NAMES["v"]: NAMES["q"], NAMES["up"]: NAMES["gate"]})
    files.config("config.json", only={"model_type": "llama"})
    return {k: a.astype(np.float64) for k, a in w.items()}, {k: a.astype(np.float64) for k, a in x.items()}


def input_of(x, k):
    return x["q" if k in "qkv" else "gate" if k in ("gate", "up") else k]


def parts(path, name):
    t = files.read(path)
    prefix = name[:-len("weight")]
    return {k: t[prefix + k] for k in ("qweight", "qzeros", "scales", "g_idx") if prefix + k in t}


def same(what, got, want):
    for k, a in want.items():
        if k not in got or got[k].shape != a.shape or (got[k] != a).any():
            return fail(f"{what}: {k} is {got.get(k)}, not {a}")
    return None


def gptq():
    """Codes, zero points, scales and order, to the bit: no rounding lies nearer to a tie than what double loses."""
    checked = 0
    for settings, how, group in (("group=32", {}, 32), ("group=16,act_order", dict(act_order=True), 16), ("group=32,sym", dict(sym=True), 32),
                                 ("group=32,act_order,static,damping=0.05", dict(act_order=True, static=True, damp=0.05), 32),
                                 ("group=-1,bits=3", dict(bits=3), None), ("bits=2,group=32,act_order,sym", dict(bits=2, act_order=True, sym=True), 32),
                                 ("bits=8,group=32", dict(bits=8), 32)):
        for layout in "gptq", "gptq_v2":
            w, x = write(zero_column=settings == "group=32")
            rc, out = run("m.safetensors", "out.safetensors", "--method", "gptq," + settings, "--activations", "x.safetensors", "--layout", layout)
            made = {}
            for k in ("q", "k", "v", "o", "gate", "up", "down"):
                xs = input_of(x, k)
                made[k] = int4.gptq(w[k], xs.T @ xs / TOKENS, group or w[k].shape[1], stored=int4.f16, **how)
                if made[k][4] < 1e-9:
                    fail(f"{settings}: {k} lies at a tie: {made[k][4]}")
            none = layout == "gptq" and any((m[1] == 0).any() for m in made.values())
            if none:
                if rc != 2 or "which has no form in gptq" not in out:
                    fail(f"{settings}: a zero point of 0: exit {rc}: {out}")
                continue
            if rc:
                fail(f"{settings} {layout}: exit {rc}: {out}")
                continue
            for k, (codes, zeros, scales, g_idx, _) in made.items():
                want = int4.pack(layout, codes, zeros, scales.astype(np.float16), how.get("bits", 4))
                same(f"{settings} {layout} {k}", parts("out.safetensors", NAMES[k]), dict(want, g_idx=g_idx.astype(np.int32)))
                checked += 1
            lost = lambda y, k: (((y - w[k]) @ input_of(x, k).T)**2).mean() / ((w[k] @ input_of(x, k).T)**2).mean()
            told = [float(out.split(s)[1].split()[0]) for s in ("matrices lose ", "rounded plainly ")]
            grid = dict(bits=how.get("bits", 4), sym=how.get("sym", False), stored=int4.f16)
            loss = np.mean([lost(int4.values(*made[k][:4]), k) for k in made])
            plain = np.mean([lost(int4.rounded(w[k], int4.gptq_grid, group or w[k].shape[1], **grid), k) for k in made])
            if abs(told[0] / loss - 1) > 1e-3 or abs(told[1] / plain - 1) > 1e-3 or not loss < plain:
                fail(f"{settings}: loses {loss}, plainly {plain}, and says {told}")
            rc, out = run("out.safetensors", "out.gguf", "-t", "f32")
            for k, m in made.items():
                if rc or (files.floats("out.gguf", NAMES[k]) != int4.values(*m[:2], m[2], m[3]).astype(np.float32)).any():
                    fail(f"{settings} {layout}: {k} is not read back: {out[-200:]}")
            untouched = files.floats("out.gguf", "model.embed_tokens.weight")
            if untouched is None or (untouched != files.read("m.safetensors")["model.embed_tokens.weight"]).any():
                fail("what no activations are known of has changed")
    if checked < 60:
        fail(f"gptq: {checked} matrices compared")


def awq():
    """The power that is least, the scales folded, the codes of the scaled weights."""
    powers = set()
    for settings, how, group, duo, clip in (("group=32", {}, 32, False, False), ("group=16,duo", {}, 16, True, False),
                                            ("group=32,sym", dict(sym=True), 32, False, False), ("group=32,clip", {}, 32, False, True)):
        for layout in "gemm", "gemv":
            w, x = write(2)
            rc, out = run("m.safetensors", "out.safetensors", "--method", "awq," + settings, "--activations", "x.safetensors", "--layout", layout, "-v")
            if rc:
                fail(f"awq {settings}: exit {rc}: {out}")
                continue
            scaled = {k: a.copy() for k, a in w.items()}
            scales = {}
            for first, users in USERS.items():
                all_w = np.concatenate([scaled[k] for k in users])
                losses = int4.awq_losses(x[first], all_w, group, duo=duo, stored=int4.f16, **how)
                best = int(losses.argmin())
                gap = np.sort(losses)
                if gap[1] / gap[0] - 1 < 1e-9:
                    fail(f"awq {settings}: two powers are as good")
                powers.add(best)
                scales[first] = int4.awq_scales(np.abs(x[first]).mean(0), all_w, best / 20, group, duo)
                for k in users:
                    scaled[k] = scaled[k] * scales[first]
                    if f"{NAMES[k]} loss" not in out or f"power {best / 20:g}" not in out.split(NAMES[k] + " loss")[1].split("model.")[0]:
                        fail(f"awq {settings}: {k} should say power {best / 20:g}: {out}")
                maker = scaled[MAKER[first]]
                scaled[MAKER[first]] = maker / scales[first] if maker.ndim == 1 else maker / scales[first][:, None]
            tensors = files.read("out.safetensors")
            for k in "n1", "n2":
                if (tensors[NAMES[k]] != scaled[k].astype(np.float32)).any():
                    fail(f"awq {settings}: norm {k}")
            for k in ("q", "k", "v", "o", "gate", "up", "down"):
                s = scales.get("q" if k in "qkv" else "gate" if k in ("gate", "up") else k)
                xs = input_of(x, k) if s is None else input_of(x, k) / s
                a = scaled[k]
                if clip and k not in "qk":
                    most = int4.awq_clip(xs, a, group, stored=int4.f16, **how)[0]
                    a = np.clip(a, -np.repeat(most, group, 1), np.repeat(most, group, 1))
                codes, zeros, steps = int4.coded(a, int4.awq_grid, group, stored=int4.f16, **how)
                same(f"awq {settings} {layout} {k}", parts("out.safetensors", NAMES[k]), int4.pack(layout, codes, zeros, steps.astype(np.float16), group=group))
            if clip:
                continue
            rc, out = run("out.safetensors", "out.gguf", "-t", "f32")
            y = files.floats("out.gguf", NAMES["q"])
            lost = ((x["q"] / scales["q"] @ y.T - x["q"] @ w["q"].T)**2).mean()
            plain = ((x["q"] @ (int4.rounded(w["q"], int4.awq_grid, group, stored=int4.f16, **how) - w["q"]).T)**2).mean()
            if rc or not lost < 1.05 * plain:
                fail(f"awq {settings}: q loses {lost}, plainly {plain}")
    if len(powers) < 3:
        fail(f"awq: powers {powers} alone")


def smoothquant():
    """Floats whose product is what it was, and maxima that meet."""
    for settings, alpha in ("", 0.5), (",alpha=0.8", 0.8):
        w, x = write(3)
        rc, out = run("m.safetensors", "out.gguf", "--method", "smoothquant" + settings, "--activations", "x.safetensors", "-t", "f32")
        if rc or "smoothquant: 2 inputs scaled, of 2" not in out:
            fail(f"smoothquant{settings}: exit {rc}: {out}")
            continue
        for first, users in (("q", "qkv"), ("gate", ("gate", "up"))):
            s = int4.smooth_scales(np.abs(x[first]).max(0), [w[k] for k in users], alpha)
            norm = files.floats("out.gguf", NAMES[MAKER[first]])
            bias = files.floats("out.gguf", NAMES["b1"])
            if (norm != (w[MAKER[first]] / s).astype(np.float32)).any() or (first == "q" and (bias != (w["b1"] / s).astype(np.float32)).any()):
                fail(f"smoothquant{settings}: norm of {first}")
            most = 0
            for k in users:
                got = files.floats("out.gguf", NAMES[k])
                if (got != (w[k] * s).astype(np.float32)).any():
                    fail(f"smoothquant{settings}: {k}")
                most = np.maximum(most, np.abs(got).max(0))
                f = lambda n, m: (x[first] / w[MAKER[first]] * n) @ m.T
                if (np.abs(f(norm, got) - f(w[MAKER[first]], w[k])) / (np.abs(x[first]) @ np.abs(w[k]).T)).max() > 2.0**-22:
                    fail(f"smoothquant{settings}: the product of {k} is another")
            if alpha == 0.5 and np.abs(np.abs(x[first] / s).max(0) / most - 1).max() > 1e-6:
                fail("smoothquant: maxima do not meet")
        for k in "o", "down":
            if (files.floats("out.gguf", NAMES[k]) != w[k]).any():
                fail(f"smoothquant: {k} has no norm before it and changed")


def blocks():
    """GPTQ into an element type: blocks of 32 columns at a time; awq's search with that type's own rounding."""
    q4_0 = lambda a: formats.decode_q4_0(formats.encode_symmetric(a.astype(np.float32).reshape(-1, 32), 8)).reshape(a.shape)
    w, x = write(4)
    rc, out = run("m.safetensors", "out.gguf", "--method", "gptq", "--activations", "x.safetensors", "-t", "q4_0")
    rc2, _ = run("out.gguf", "f.gguf", "-t", "f32") if not rc else (1, "")
    if rc or rc2:
        return fail(f"gptq into q4_0: exit {rc} {rc2}: {out}")
    for k in "q", "o", "down":
        a, xs = w[k].copy(), input_of(x, k)
        h = xs.T @ xs / TOKENS
        h += 0.01 * np.diag(h).mean() * np.eye(len(h))
        y = np.empty_like(a)
        for i in range(0, a.shape[1], 32):
            y[:, i:i + 32] = q4_0(a[:, i:i + 32])
            rest = slice(i + 32, None)  # the rest of a row moves to where what the block did weighs least
            if a.shape[1] > i + 32:
                a[:, rest] += (a[:, i:i + 32] - y[:, i:i + 32]) @ h[i:i + 32, rest] @ np.linalg.inv(h[rest, rest])
        got = files.floats("f.gguf", NAMES[k])
        if (got != y.astype(np.float32)).any():
            fail(f"gptq into q4_0: {k}: {(got != y.astype(np.float32)).sum()} of {y.size} differ")
        if not (((y - w[k]) @ xs.T)**2).mean() < (((q4_0(w[k]) - w[k]) @ xs.T)**2).mean():
            fail(f"gptq into q4_0: {k} is no better than rounding")
    rc, out = run("m.safetensors", "out.gguf", "--method", "awq", "--activations", "x.safetensors", "-t", "q4_0", "-v")
    losses = []
    for i in range(20):
        all_w = np.concatenate([w[k] for k in "qkv"])
        s = int4.awq_scales(np.abs(x["q"]).mean(0), all_w, i / 20, 32)
        losses.append(((x["q"] @ (q4_0(all_w * s) / s - all_w).T)**2).mean())
    if rc or f"power {np.argmin(losses) / 20:g}" not in out.split(NAMES["q"] + " loss")[-1].split("model.")[0]:
        fail(f"awq into q4_0: exit {rc}, power {np.argmin(losses) / 20}: {out}")


def model():
    """What assay run says its matrices are multiplied with; a model whose scales are folded says what it said."""
    ids = "104,101,108,108,111,32,119,111,114,108,100,33"
    shape, w = tiny.write("m.gguf", d=64, ffn=96, width=16, heads=4, kv=4)

    def logits(path, *more):
        subprocess.run([assay, "run", path, "--ids", ids, "-n", "0", "--impl", "oracle", "--logits", "l", "--batch", "5", *more], check=True,
                       capture_output=True)
        return files.read("l")["logits"].astype(np.float64)

    truth = logits("m.gguf", "--activations-out", "w.safetensors")
    seen = files.read("w.safetensors")
    names = [f"blk.{i}.{k}.weight" for i in (0, 1) for k in ("attn_q", "attn_output", "ffn_gate", "ffn_down")]
    if sorted(seen) != sorted(names) or any(seen[n].shape != (12, 96 if "down" in n else 64) for n in seen):
        fail(f"--activations-out: {[(n, a.shape) for n, a in seen.items()]}")
    x = w["token_embd.weight"].astype(np.float64)[[int(i) for i in ids.split(",")]]
    h = x / np.sqrt((x * x).mean(1, keepdims=True) + shape["eps"]) * w["blk.0.attn_norm.weight"]
    if np.abs(seen["blk.0.attn_q.weight"] / h - 1).max() > 1e-5:
        fail("--activations-out: the first layer's input")
    for method, inputs in ("smoothquant", 4), ("awq", 8):
        rc, out = run("m.gguf", "out.gguf", "--method", method, "--activations", "w.safetensors", "-t", "f32" if inputs == 4 else "f16")
        if rc or f"{method}: {inputs} inputs scaled, of {inputs}" not in out:
            fail(f"{method} of a model: exit {rc}: {out}")
        elif not np.abs(logits("out.gguf") - truth).max() < (1e-4 if inputs == 4 else 2e-2) * np.abs(truth).max():
            fail(f"{method} of a model: logits are off by {np.abs(logits('out.gguf') - truth).max()} of {np.abs(truth).max()}")
        elif (files.floats("out.gguf", "blk.0.ffn_norm.weight") == w["blk.0.ffn_norm.weight"]).mean() > 0.1:
            fail(f"{method} of a model: nothing was folded")
    rc, out = run("m.gguf", "out.gguf", "--method", "gptq", "--activations", "w.safetensors", "-t", "q4_0")
    one = open("out.gguf", "rb").read()
    if rc or "gptq: 14 matrices lose" not in out:
        fail(f"gptq of a model: exit {rc}: {out}")
    run("m.gguf", "out.gguf", "--method", "gptq", "--activations", "w.safetensors", "-t", "q4_0", "--threads", "3")
    if open("out.gguf", "rb").read() != one:
        fail("gptq of a model: three threads write another file")
    rc, out = run("m.gguf", "out.safetensors", "--method", "gptq", "--activations", "w.safetensors", "--layout", "gptq")
    if rc != 2 or "layouts are of safetensors files" not in out:
        fail(f"a layout of a GGUF file: exit {rc}: {out}")


def same_bytes():
    """What is scaled is not called the same, and what --tensor keeps is."""
    w, x = write(6)
    rc, out = run("m.safetensors", "out.gguf", "--method", "smoothquant", "--activations", "x.safetensors", "-t", "f32")
    if rc or out.count("the same bytes") != 1 or "f32 f32 as asked 3 10880 32 the same bytes" not in out:
        fail(f"smoothquant scales two norms, a bias and five matrices of eleven: exit {rc}: {out}")
    keep = "--tensor", "*.[kg]*_proj.weight=keep"
    rc, out = run("m.safetensors", "out.gguf", "--method", "awq", "--activations", "x.safetensors", "-t", "q8_0", *keep)
    if rc or "awq: 1 inputs scaled, of 4" not in out or any((files.floats("out.gguf", NAMES[k]) != w[k]).any() for k in ("k", "gate", "n1", "n2")):
        fail(f"awq changes what is kept: exit {rc}: {out}")
    rc, out = run("m.safetensors", "out.safetensors", "--method", "awq,group=32", "--activations", "x.safetensors", "--layout", "gemm", *keep)
    made = files.read("out.safetensors") if not rc else {}
    if rc or any(NAMES[k] not in made or (made[NAMES[k]] != w[k]).any() for k in ("k", "gate")) or NAMES["q"] in made:
        fail(f"a layout packs what is kept: exit {rc}: {out}")


def hostile():
    """Files whose tensors are not what their names promise."""
    f = lambda *s: np.ones(s, np.float32)
    bad_at = lambda a, v: np.where(np.arange(a.size).reshape(a.shape) == 70 % a.size, v, a).astype(np.float32)
    layouts = ["awq,group=32", "--layout", "gemm"], ["gptq,group=32", "--layout", "gptq_v2"]
    types = ["awq", "-t", "q8_0"], ["smoothquant", "-t", "f32"]
    grouped = layouts[0], *types
    for change, how, said in (
            (dict(b1=f(200)), grouped, "input_layernorm.bias' is f32 of rank 1 with rows of 200; its name asks for a vector of floats of 64"),
            (dict(b1=f(3)), grouped, "input_layernorm.bias' is f32 of rank 1 with rows of 3; its name asks for"),
            (dict(n1=f(D).astype(np.int32)), grouped, "input_layernorm.weight' is i32 of rank 1 with rows of 64; its name asks for"),
            (dict(k=f(KV, D).astype(np.int32)), grouped, "k_proj.weight' is i32 of rank 2 with rows of 64; its name asks for a matrix of floats"),
            (dict(up=f(2, FFN // 2, D)), grouped, "up_proj.weight' is f32 of rank 3 with rows of 64; its name asks for"),
            (dict(k=f(D)), types, "k_proj.weight' is f32 of rank 1 with rows of 64; its name asks for"),
            (dict(q=bad_at(f(D, D), np.nan)), layouts, "q_proj.weight': nan in row 1, column 6 has no form in"),
            (dict(q=bad_at(f(D, D), -np.inf)), layouts, "q_proj.weight': -inf in row 1, column 6 has no form in"),
            (dict(n1=bad_at(f(D), np.inf)), layouts[:1], "input_layernorm.weight': inf in row 0, column 6 has no form in f32"),
            ({LAYER + "self_attn.q_proj.scales": f(3)}, layouts, "self_attn.q_proj.scales' of its own, which the layout needs")):
        write(5, change=change)
        for method in how:
            rc, out = run("m.safetensors", "out", "--method", *method, "--activations", "x.safetensors")
            if rc != 2 or said not in out or os.path.exists("out"):
                fail(f"{method}: exit {rc}, not 2, or no '{said}' in: {out[-300:]}")
    write(5)


def refused():
    write(5)
    both = ["--activations", "x.safetensors", "--layout", "gptq"]
    put = lambda **t: files.safetensors("y.safetensors", {NAMES[k]: a for k, a in t.items()})
    f = lambda *s: np.ones(s, np.float32)
    nan = f(3, D)
    nan[1, 7] = np.nan
    for said, args, x in (
            ("no method 'gtpq' (awq gptq smoothquant)", ["--method", "gtpq", *both], None),
            ("gptq has no setting 'alpha' (bits group sym act_order static mse damping)", ["--method", "gptq,alpha=1", *both], None),
            ("bits=9: 2 to 8 is right, whole", ["--method", "gptq,bits=9", *both], None), ("group=0: a group has", ["--method", "gptq,group=0", *both], None),
            ("damping=x: 0 to 1000 is right", ["--method", "gptq,damping=x", *both], None),
            ("--activations FILE is missing", ["--method", "gptq", "--layout", "gptq"], None),
            ("of --method alone", ["-t", "f32", "--activations", "x.safetensors"], None),
            ("--type and --layout: one of them", ["--method", "gptq", *both, "-t", "f32"], None),
            ("awq has gemm and gemv", ["--method", "awq", *both], None),
            ("awq has gemm and gemv", ["--method", "gptq", *both[:2], "--layout", "gemm"], None),
            ("--type TYPE is missing", ["--method", "smoothquant", *both[:2]], None),
            ("--json: of --type alone", ["--method", "gptq", *both, "--json", "j"], None),
            ("needs floats (tokens, 64)", ["--method", "gptq", *both], dict(q=f(3, 65))),
            ("needs floats (tokens, 64)", ["--method", "gptq", *both], dict(q=f(0, D))),
            ("needs floats (tokens, 64)", ["--method", "gptq", *both], dict(q=np.ones((3, D), np.int32))),
            ("nan in row 1, column 7", ["--method", "gptq,group=32", *both], dict(q=nan)),
            ("none of its 1 tensors has the name of a matrix", ["--method", "gptq", *both], dict(n1=f(3, D))),
            ("no norm or matrix makes an input that y.safetensors tells of (4 do", ["--method", "awq", *both[:2], "--layout", "gemm"], dict(o=f(3, D))),
            ("64 inputs are no whole groups of 48", ["--method", "awq,group=48", *both[:2], "--layout", "gemm"], dict(q=f(3, D))),
            ("5 bits: gptq has 2, 3, 4 and 8", ["--method", "gptq,bits=5", *both], dict(q=f(3, D))),
            ("--method: sym is of --layout; with --type q4_0 the grid is", ["--method", "gptq,damping=0.1,sym", *both[:2], "-t", "q4_0"], None),
            ("--fallback: of --type alone", ["--method", "gptq", *both, "--fallback", "f16"], None),
            ("--tensor '*=q8_0': with --layout matrices are packed", ["--method", "gptq", *both, "--tensor", "*=q8_0"], None)):
        args = list(args)
        if x is not None:
            put(**x)
            args[args.index("x.safetensors")] = "y.safetensors"
        rc, out = run("m.safetensors", "out.safetensors", *args)
        if rc != 2 or said not in out or os.path.exists("out.safetensors"):
            fail(f"exit {rc}, not 2, or no '{said}' in: {out[-300:]}")
    hostile()
    files.config("config.json", only={"model_type": "gemma"})
    for method in "awq", "smoothquant":
        rc, out = run("m.safetensors", "out.gguf", "--method", method, "--activations", "x.safetensors", "-t", "q8_0")
        if rc != 2 or "config.json's model_type says 'gemma'" not in out:
            fail(f"{method} of another family: exit {rc}: {out}")
    if run("m.safetensors", "out.safetensors", "--method", "gptq,group=32", "--activations", "x.safetensors", "--layout", "gptq_v2")[0]:
        fail("gptq asks no family")
    os.rename("out.safetensors", "p.safetensors")
    rc, out = run("p.safetensors", "out.safetensors", "--method", "gptq,group=32", "--activations", "x.safetensors", "--layout", "gptq_v2")
    if rc != 2 or "it is packed already" not in out:
        fail(f"packed twice: exit {rc}: {out}")


def threads():
    """However many, the bytes are the same."""
    write(7)
    for method, *how in (("gptq,group=32,act_order", "--layout", "gptq"), ("gptq,group=32,static,mse", "--layout", "gptq_v2"),
                         ("awq,group=32", "--layout", "gemm"), ("gptq", "-t", "q4_0"), ("awq", "-t", "q8_0")):
        made = []
        for n in "1", "3":
            rc, out = run("m.safetensors", "out", "--method", method, "--activations", "x.safetensors", *how, "--threads", n)
            made.append(open("out", "rb").read() if not rc else out)
        if made[0] != made[1] or isinstance(made[0], str):
            fail(f"{method} {how}: three threads write another file, or none: {made[0] if isinstance(made[0], str) else ''}")


def used(pid):
    """Seconds of CPU."""
    with open(f"/proc/{pid}/stat") as f:
        return sum(map(int, f.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def interrupted():
    """Inside one matrix, which takes ten seconds and more: at most one more, in CPU time, so that a busy machine changes nothing."""
    r, n = np.random.default_rng(3), 2048
    files.safetensors("m.safetensors", {NAMES["q"]: r.standard_normal((n, n)).astype(np.float32), NAMES["n1"]: np.ones(n, np.float32)})
    files.safetensors("x.safetensors", {NAMES["q"]: r.standard_normal((1024, n)).astype(np.float32)})
    files.config("config.json", only={"model_type": "llama"})
    for method, *how in (("gptq,mse", "--layout", "gptq"), ("gptq", "-t", "q4_k"), ("awq", "--layout", "gemm"), ("awq", "-t", "q3_k", "--threads", "2")):
        with open("old", "w") as f:
            f.write("old")
        p = subprocess.Popen([assay, "quantize", "m.safetensors", "old", "--method", method, "--activations", "x.safetensors", *how],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while p.poll() is None and used(p.pid) < 0.8:
            time.sleep(0.01)
        before = used(p.pid)
        p.send_signal(signal.SIGINT)
        said = p.stderr.read().decode()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        after = usage.ru_utime + usage.ru_stime - before
        if p.returncode != 2 or "interrupted; old is as it was" not in said or after > 1.5 or open("old").read() != "old":
            fail(f"{method} {how}: exit {p.returncode} {after:.1f} s of CPU behind the interrupt: {said}")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for part in (interrupted,):
        part()
sys.exit(1 if bad else 0)
