# SPDX-License-Identifier: MIT
"""layouts.py ASSAY: models in AWQ's and GPTQ's layouts, written here, as assay quantize reads them: every number exactly, and by name what
it does not understand."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import formats  # noqa: E402
import int4  # noqa: E402
from packfiles import config, floats, safetensors  # noqa: E402

assay = os.path.abspath(sys.argv[1])
bad = 0


def fail(what):
    global bad
    bad += 1
    print("FAIL", what)


def quantize(*more, kind="f32"):
    for f in "out.gguf", "j.json":
        if os.path.exists(f):
            os.remove(f)
    p = subprocess.run([assay, "quantize", "m.safetensors", "out.gguf", "-t", kind, "--json", "j.json", *more], capture_output=True, timeout=300)
    return p.returncode, " ".join((p.stdout + p.stderr).decode(errors="replace").split())


def model(r, layout, n_out, n_in, group, bits=4, scale=np.float16, order=None, zeros=None):
    """A layer's tensors, and what they say.  order: "act", "plain": with g_idx."""
    groups = -(-n_in // group)
    codes = r.integers(0, 2**bits, (n_out, n_in))
    low = 1 if layout == "gptq" else 0
    z = r.integers(low, 2**bits, (groups, n_out)) if zeros is None else np.full((groups, n_out), zeros)
    s = (np.abs(r.standard_normal((groups, n_out))) * 0.02 + 1e-7).astype(np.float32)
    s = (s.view(np.uint32) & 0xffff0000).view(np.float32) if scale == "bf16" else s.astype(scale)
    g = np.arange(n_in) // group
    if order == "act":
        g = r.permutation(g)
    t = int4.pack(layout, codes, z, s, bits, group)
    if order:
        t["g_idx"] = g.astype(np.int32)
    if scale == "bf16":
        t["scales"] = "BF16", (t["scales"].view(np.uint32) >> 16).astype(np.uint16)
    return t, int4.values(codes, z, s, g)


def named(prefix, t):
    return {f"{prefix}.{k}": v for k, v in t.items()}


def check(what, want, said, *notes):
    rc, out = said
    if rc:
        return fail(f"{what}: exit {rc}: {out[-300:]}")
    for note in notes:
        if note not in out:
            fail(f"{what}: no '{note}' in: {out}")
    for name, w in want.items():
        got = floats("out.gguf", name)
        if got is None or got.shape != w.shape or (got != w.astype(np.float32)).any():
            fail(f"{what}: {name} is not what its codes say")


def reads():
    """Every layout, number of bits, kind of scales, and order; the JSON in each of its places."""
    r = np.random.default_rng(1)
    gptq = lambda bits, group, **more: dict(bits=bits, group_size=group, desc_act=False, sym=False, **more)
    awq = lambda group, version: dict(quant_method="awq", bits=4, group_size=group, version=version, zero_point=True)
    for layout, n_out, n_in, group, bits, scale, order in (
            ("gemm", 40, 256, 128, 4, np.float16, None), ("gemm", 8, 64, 32, 4, np.float16, None), ("gemm", 8, 96, 96, 4, np.float32, None),
            ("gemv", 24, 256, 128, 4, np.float16, None), ("gemv", 5, 128, 64, 4, np.float16, None), ("gemv", 6, 1056, 32, 4, np.float16, None),
            ("gptq", 16, 256, 128, 4, np.float16, None), ("gptq", 32, 64, 32, 2, np.float16, "plain"), ("gptq", 64, 96, 32, 3, np.float16, "act"),
            ("gptq", 4, 64, 16, 8, np.float16, "act"), ("gptq", 8, 200, 64, 4, np.float16, "act"), ("gptq_v2", 24, 128, 64, 4, np.float16, "act"),
            ("gptq_v2", 32, 64, 64, 3, np.float32, "plain")):
        what = f"{layout} {n_out}x{n_in} groups of {group}, {bits} bits, {getattr(scale, '__name__', scale)}, g_idx {order}"
        t, want = model(r, layout, n_out, n_in, group, bits, scale, order)
        safetensors("m.safetensors", {"norm.weight": np.ones(n_in, np.float16), **named("a.b", t), "a.b.bias": np.ones(n_out, np.float16)})
        how = dict(gptq(bits, group, checkpoint_format=layout) if "gptq" in layout else awq(group, layout))
        if order == "act":
            how["desc_act"] = True
        config("config.json" if "gptq" not in layout else "quantize_config.json", **how)
        check(what, {"a.b.weight": want}, quantize(), f"codes of {bits} bits in {layout}'s layout", f"groups of {group}{', by their g_idx' if order else ''}")
        told = {x["name"]: x for x in json.load(open("j.json"))["tensors"]} if os.path.exists("j.json") else {}
        if set(told) != {"norm.weight", "a.b.weight", "a.b.bias"} or told["a.b.weight"]["from"] != ("gptq" if "gptq" in layout else "awq") + str(bits):
            fail(f"{what}: the JSON says {told}")
        before = open("out.gguf", "rb").read() if os.path.exists("out.gguf") else b""
        if quantize("--threads", "3")[0] or open("out.gguf", "rb").read() != before:
            fail(f"{what}: three threads write another file")
    t, want = model(r, "gptq_v2", 8, 64, 32, scale="bf16")
    safetensors("m.safetensors", named("w", t))
    for place in "quantize_config.json", "quant_config.json", "config.json":
        config(place, **gptq(4, 32, quant_method="gptq", checkpoint_format="gptq_v2"))
        check(place, {"w.weight": want}, quantize(), f"by {place}")
    config("")
    safetensors("m.safetensors", named("w", t), {"quantization_config": json.dumps(gptq(4, 32, checkpoint_format="gptq_v2"))})
    check("metadata", {"w.weight": want}, quantize(), "by m.safetensors's metadata")
    t, want = model(r, "gptq", 8, 96, 96)
    safetensors("m.safetensors", named("w", t))
    config("quantize_config.json", **gptq(4, -1))
    check("one group", {"w.weight": want}, quantize(), "groups of 96")
    config("quant_config.json", zero_point=True, q_group_size=32, w_bit=4, version="GEMM")
    t, want = model(r, "gemm", 8, 96, 32)
    safetensors("m.safetensors", named("w", t))
    check("AWQ's own JSON", {"w.weight": want}, quantize(), "gemm's layout, by quant_config.json")
    check("into blocks", {}, quantize(kind="q8_0"), "awq4 q8_0 as asked", "1 were in blocks already")


def bare():
    """A file of one layer, whose names have no prefix."""
    t, want = model(np.random.default_rng(2), "gptq", 16, 64, 32)
    safetensors("m.safetensors", t)
    config("quantize_config.json", bits=4, group_size=32, desc_act=False, sym=False)
    check("no prefix", {"weight": want}, quantize())
    for missing, said in (("qzeros", "tensor 'qweight' has no qzeros beside it"), ("qweight", "tensor 'qzeros' belongs to a qweight that is not there")):
        safetensors("m.safetensors", {k: v for k, v in t.items() if k != missing})
        rc, out = quantize()
        if rc != 2 or said not in out:
            fail(f"no prefix, no {missing}: exit {rc}, no '{said}' in: {out[-300:]}")


def conventions():
    """Zero points of a symmetric grid tell how they are stored; of another the JSON is taken at its word."""
    r = np.random.default_rng(2)
    for bits in 2, 3, 4, 8:
        middle = 2**(bits - 1)
        for stored in "gptq", "gptq_v2":
            t, want = model(r, stored, 32, 64, 32, bits, zeros=middle)
            safetensors("m.safetensors", named("w", t))
            if bits == 4 and f"{int(t['qzeros'][0, 0]) & 0xffffffff:08x}" != {"gptq": "77777777", "gptq_v2": "88888888"}[stored]:
                fail("words of zero points")
            for says in "gptq", "gptq_v2":
                config("quantize_config.json", bits=bits, group_size=32, sym=True, checkpoint_format=says)
                note = [f"note: 1 of them store their zero points as {stored} does, though quantize_config.json says {says}"] if says != stored else []
                check(f"{bits} bits, {stored} under {says}", {"w.weight": want}, quantize(), *note)
                if not note and "though" in quantize()[1]:
                    fail("a note without cause")
    t, want = model(r, "gptq_v2", 8, 64, 32, zeros=8)
    safetensors("m.safetensors", named("w", t))
    config("quantize_config.json", bits=4, group_size=32, sym=False, checkpoint_format="gptq")
    s = np.repeat(t["scales"].astype(np.float64).T, 32, 1)
    check("8 is 9 where nobody says sym", {"w.weight": want - s}, quantize())
    t["qzeros"][:] = -1  # what a zero point of 0 is stored as decodes as 16
    safetensors("m.safetensors", named("w", t))
    check("15 is 16", {"w.weight": want - 8 * s}, quantize())


def nvfp4(r, n_out=6, n_in=48, divides=False):
    """Codes of e2m1, two to a byte, scales of e4m3, one number for the tensor; what they say."""
    b, s = r.integers(0, 256, (n_out, n_in // 2)).astype(np.uint8), r.integers(0, 126, (n_out, n_in // 16)).astype(np.uint8)
    second = np.float32(0.0123) if not divides else np.float32(64)
    w = formats.E2M1[np.stack([b & 15, b >> 4], axis=2).reshape(n_out, n_in)] * np.repeat(formats.FLOATS_8["F8_E4M3"][s], 16, axis=1)
    names = ("weight_packed", "weight_global_scale", "input_global_scale") if divides else ("weight", "weight_scale_2", "input_scale")
    t = {names[0]: b, "weight_scale": ("F8_E4M3", s), names[1]: np.full((1,) if divides else (), second), names[2]: np.ones(1, np.float32)}
    return t, w / np.float64(second) if divides else w * np.float64(second)


def scaled():
    """Floats of 4 and 8 bits with scales beside them."""
    r = np.random.default_rng(4)
    config("")
    for divides in False, True:
        t, want = nvfp4(r, divides=divides)
        safetensors("m.safetensors", named("a.b", t))
        check("nvfp4", {"a.b.weight": want.astype(np.float32)}, quantize())
    for kind, end in ("F8_E4M3", 126), ("F8_E5M2", 124):
        w = r.integers(0, end, (130, 140)).astype(np.uint8) | r.integers(0, 2, (130, 140)).astype(np.uint8) << 7
        x = formats.FLOATS_8[kind][w]
        block = np.abs(r.standard_normal((2, 2))).astype(np.float32)
        row = np.abs(r.standard_normal((130, 1))).astype(np.float16)
        one = np.float32(0.03)
        for name, s, by in (("weight_scale_inv", block, np.repeat(np.repeat(block, 128, axis=0), 128, axis=1)[:130, :140]),
                            ("weight_scale", row, row), ("weight_scale", row[:, 0], row), ("weight_scale", np.full((), one), one),
                            ("weight_scale", np.full(1, one), one)):
            safetensors("m.safetensors", {"w.weight": (kind, w), f"w.{name}": s, "w.input_scale": np.ones(1, np.float32)})
            check(f"{kind} {name} {s.shape}", {"w.weight": (x * by.astype(np.float64)).astype(np.float32)}, quantize())


def refused():
    r = np.random.default_rng(3)
    how = dict(bits=4, group_size=32, sym=False, desc_act=False)
    t, _ = model(r, "gptq", 16, 64, 32, order="plain")
    awq, _ = model(r, "gemm", 16, 64, 32)
    gemv, _ = model(r, "gemv", 16, 64, 32)
    index = lambda k, v: dict(t, g_idx=np.where(np.arange(64) == k, v, t["g_idx"]).astype(np.int32))
    without = lambda name, of=t: {k: v for k, v in of.items() if k != name}
    gptq2 = dict(how, checkpoint_format="gptq_v2")
    sym = dict(how, sym=True)
    seven = dict(t, qzeros=np.full_like(t["qzeros"], 0x77777777))
    odd = dict(t, qzeros=np.where(np.arange(2) == 1, 0x77787777, 0x77777777).astype(np.int32) * np.ones((2, 1), np.int32))
    cases = (
        ("no JSON", {}, t, "tensor 'w.qweight' is packed, and neither quantize_config.json"),
        ("zeros missing", how, without("qzeros"), "tensor 'w.qweight' has no qzeros beside it"),
        ("scales missing", how, without("scales"), "tensor 'w.qweight' has no scales beside it"),
        ("codes missing", how, without("qweight"), "tensor 'w.qzeros' belongs to a qweight that is not there"),
        ("order missing", dict(how, desc_act=True), without("g_idx"), "has no .g_idx beside it, and quantize_config.json says desc_act"),
        ("group out of range", how, index(5, 2), "tensor 'w.g_idx': entry 5 is group 2 of 2"),
        ("group below 0", how, index(63, -1), "tensor 'w.g_idx': entry 63 is group -1 of 2"),
        ("order too short", how, dict(t, g_idx=t["g_idx"][:60]), "tensor 'w.g_idx' has 60 entries; 'w.qweight' has 64 inputs"),
        ("order in 64 bits", how, dict(t, g_idx=t["g_idx"].astype(np.int64)), "tensor 'w.g_idx' is I64 of 1 dimensions, not I32 of one"),
        ("words missing", how, dict(t, qzeros=t["qzeros"][:, :1]), "tensor 'w.qzeros' is 2 x 1; 'w.qweight' (8 x 16) needs 2 x 2"),
        ("scales missing a row", how, dict(t, scales=t["scales"][:1]), "tensor 'w.scales' is 1 x 16; 'w.qweight' (8 x 16) needs 2 x 16"),
        ("codes of 3 dimensions", how, dict(t, qweight=t["qweight"].reshape(2, 4, 16)), "tensor 'w.qweight' is I32 of 3 dimensions"),
        ("codes in bytes", how, dict(t, qweight=t["qweight"].view(np.uint8)), "tensor 'w.qweight' is U8 of 2 dimensions, not I32"),
        ("other bits", dict(how, bits=3), dict(t, qweight=t["qweight"][:7]), "74 inputs of 3 bits are no whole number of 32-bit words"),
        ("no such bits", dict(how, bits=5), t, "5 bits: gptq has 2, 3, 4 and 8"),
        ("other groups", dict(how, group_size=16), t, "tensor 'w.qzeros' is 2 x 2; 'w.qweight' (8 x 16) needs 4 x 2"),
        ("awq in 8 bits", dict(quant_method="awq", bits=8, group_size=32), awq, "8 bits: awq has 4"),
        ("awq with an order", dict(quant_method="awq", bits=4, group_size=32), dict(awq, g_idx=np.zeros(64, np.int32)),
         "awq's weights have no order of their own"),
        ("awq's rest", dict(quant_method="awq", bits=4, group_size=48), awq, "64 inputs are no whole groups of 48"),
        ("gemm read as gemv", dict(quant_method="awq", bits=4, group_size=32, version="gemv"), awq, "16 inputs are no whole groups of 32"),
        ("gemv read as gemm", dict(quant_method="awq", bits=4, group_size=16), gemv, "tensor 'w.qzeros' is 16 x 4; 'w.qweight' (16 x 8) needs 1 x 8"),
        ("a name twice", how, dict(t, weight=np.ones((16, 64), np.float32)), "'w.weight' stands there beside 'w.qweight'"),
        ("fp8", {}, dict(weight=np.ones((4, 32), np.float32), weight_scale_inv=np.ones((1, 1), np.float32)), "not read (scales of blocks"),
        ("int8", {}, dict(weight=("I8", np.ones((4, 32), np.uint8)), weight_scale=np.ones((4, 1), np.float32)), "not read (scales of weights"),
        ("nvfp4 of one level", {}, {k: v for k, v in nvfp4(r)[0].items() if k != "weight_scale_2"}, "has no weight_scale_2 or weight_global_scale"),
        ("nvfp4, scales padded", {}, dict(nvfp4(r)[0], weight_scale=("F8_E4M3", np.ones((128, 4), np.uint8))), "needs F8_E4M3, one for each 16 of a row"),
        ("nvfp4, no scale", {}, dict(nvfp4(r)[0], weight_scale_2=np.zeros((), np.float32)), "tensor 'w.weight_scale_2' is 0"),
        ("fp8, other blocks", {}, dict(weight=("F8_E4M3", np.ones((4, 32), np.uint8)), weight_scale_inv=np.ones((1, 2), np.float32)), "one for each 128 x 128"),
        ("bitsandbytes", {}, dict(weight=np.ones((4, 32), np.float32), absmax=np.ones(4, np.float32)), "not read (bitsandbytes)"),
        ("HQQ", {}, dict(W_q=np.ones((2, 32), np.uint8), scale=np.ones((2, 1), np.float16), zero=np.ones((2, 1), np.float16)), "not read (HQQ)"),
        ("another method", dict(how, quant_method="hqq"), t, "quant_method is 'hqq'; awq and gptq are read"),
        ("symmetric, and not", sym, odd, "group 0, output 12 stores zero point 8, and the first another; quantize_config.json says sym"),
        ("symmetric, and neither", sym, dict(t, qzeros=np.full_like(t["qzeros"], 0x66666666)), "output 0 stores zero point 6; quantize_config.json says sym"),
        ("a scale that is none", gptq2, dict(t, scales=np.where(np.arange(16) == 3, np.inf, t["scales"]).astype(np.float16)), "in row 3, column"))
    for what, says, tensors, said in cases:
        safetensors("m.safetensors", named("w", tensors))
        config("quantize_config.json" if says else "", **says)
        rc, out = quantize(kind="q8_0")
        if rc != 2 or said not in out or os.path.exists("out.gguf"):
            fail(f"{what}: exit {rc}, not 2, or no '{said}' in: {out[-300:]}")
    safetensors("m.safetensors", named("w", seven))
    config("quantize_config.json", **sym)
    if quantize()[0]:
        fail("seven is symmetric")
    text = json.dumps(how)
    for said, raw in (("no JSON object", "{"), ("no JSON object", text + "}"), ("no JSON object", text + text), ("no JSON object", "[" + text + "]"),
                      ("'bits' stands there 2 times", text[:-1] + ', "bits": 3}'), ("'bits' is no number", '{"bits": "4", "group_size": 32}'),
                      ("it says no bits", '{"bits": null, "group_size": 32}'), ("bits is inf", '{"bits": 1e400, "group_size": 32}'),
                      ("'quantization_config' is no JSON object", text[:-1] + ', "quantization_config": "x"}'),
                      ("'is_marlin_format' is neither true nor false", text[:-1] + ', "is_marlin_format": "true"}'),
                      ("'dynamic' gives some layers a grid", text[:-1] + ', "dynamic": true}'),
                      (f"{(16 << 20) + 1 + len(text)} bytes of JSON; {16 << 20} are read", " " * ((16 << 20) + 1) + text)):
        open("quantize_config.json", "w").write(raw)
        rc, out = quantize()
        if rc != 2 or f"quantize_config.json: {said}" not in out:
            fail(f"JSON {raw.strip()[-80:]}: exit {rc}, no '{said}' in: {out[-300:]}")
    open("quantize_config.json", "w").write("\ufeff" + text + "\r\n")
    for other, note in ((dict(how, bits=8, sym=True), "config.json says 8 bits in gptq's layout, groups of 32, sym: quantize_config.json is believed"),
                        (how, ""), (dict(how, quant_method="fp8"), "config.json: quant_method is 'fp8'; awq and gptq are read: quantize_config.json is"),
                        (None, "config.json: no JSON object: quantize_config.json is believed")):
        open("config.json", "w").write(json.dumps({"quantization_config": other}) if other else "{")
        check("two files", {}, quantize(), *[note] if note else [])
        if not note and "believed" in quantize()[1]:
            fail("a note of two files that say the same")
    config("")
    whole = open("m.safetensors", "rb").read()
    for name, raw, rc, said in (("model.safetensors.index.json", b'{"weight_map": {}}', 2, "JSON, not a model file; if it lists shards, join them"),
                                ("model-00002-of-00003.safetensors", whole, 2, "its name says that it is one of 3 shards; join them"),
                                ("model-00001-of-00001.safetensors", whole, 2, "tensor 'w.qweight' is packed, and neither")):
        open(name, "wb").write(raw)
        p = subprocess.run([assay, "quantize", name, "out.gguf", "-t", "f32"], capture_output=True, timeout=300)
        if p.returncode != rc or said not in p.stderr.decode():
            fail(f"{name}: exit {p.returncode}: {p.stderr.decode()}")
    for pad in range(256):  # a length that begins with the byte of '{'
        safetensors("m.safetensors", {"w": np.ones((4, 32), np.float32)}, {"pad": "x" * pad})
        if open("m.safetensors", "rb").read(1) == b"{":
            break
    if quantize()[0]:
        fail("a header of 123 bytes and more is no JSON file")
    safetensors("m.safetensors", {"ssm.scales": np.ones(8, np.float32), "w": np.ones((4, 32), np.float32)})
    if quantize()[0]:
        fail("a tensor called .scales where nothing is packed is one of its own")


wrong = int4.known() + int4.known_gptq()
if wrong:
    fail(wrong)
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for part in reads, bare, conventions, scaled, refused:
        part()
sys.exit(1 if bad else 0)
