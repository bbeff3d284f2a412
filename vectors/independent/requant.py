# SPDX-License-Identifier: MIT
"""requant.py ASSAY: assay quantize on small files that are written here: what becomes of each tensor, what a model says afterwards,
what is refused, and that nothing is left of what went wrong."""
import glob
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tiny  # noqa: E402

assay = os.path.abspath(sys.argv[1])
bad = 0
IDS = "104,101,108,108,111,32,119,111,114,108,100,33"
GRIDS = "iq1", "iq2", "iq3"  # whose search takes milliseconds a block: all of a model in one of them, one matrix in each
ITEM = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


def fail(what):
    global bad
    bad += 1
    print("FAIL", what)


def quantize(*args):
    return subprocess.run([assay, "quantize", *args], capture_output=True, timeout=300)


def expect(what, rc, said, *args):
    p = quantize(*args)
    out = (p.stdout + p.stderr).decode(errors="replace")
    if p.returncode != rc or said not in " ".join(out.split()):
        fail(f"{what}: exit {p.returncode}, not {rc}, or no '{said}' in: {out.strip()[-400:]}")
    left = glob.glob(".assay*")
    if left or (rc and os.path.exists("out.gguf")):
        fail(f"{what}: left behind: {left}")
    return out


def read(path):
    """A GGUF file's keys and tensors (type, shape outermost first, bytes), without our code."""
    raw = open(path, "rb").read()
    at = 24
    n_tensors, n_keys = struct.unpack("<QQ", raw[8:24])

    def take(form):
        nonlocal at
        x, = struct.unpack_from(form, raw, at)
        at += struct.calcsize(form)
        return x

    def text():
        nonlocal at
        n = take("<Q")
        at += n
        return raw[at - n:at].decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            item = take("<I")
            return [value(item) for _ in range(take("<Q"))]
        return take(ITEM[kind])

    keys = {text(): value(take("<I")) for _ in range(n_keys)}
    listed = []
    for _ in range(n_tensors):
        name = text()
        shape = [take("<Q") for _ in range(take("<I"))][::-1]
        listed.append((name, shape, take("<I"), take("<Q")))
    align = keys.get("general.alignment", 32)
    data = (at + align - 1) // align * align
    ends = [t[3] for t in listed[1:]] + [len(raw) - data]
    return keys, {n: (kind, shape, raw[data + begin:data + end]) for (n, shape, kind, begin), end in zip(listed, ends)}


def logits(path, out, *more):
    subprocess.run([assay, "run", path, "--ids", IDS, "-n", "0", "--logits", out, *more], check=True, capture_output=True)
    raw = open(out, "rb").read()
    n, = struct.unpack("<Q", raw[:8])
    t = json.loads(raw[8:8 + n])["logits"]
    return np.frombuffer(raw[8 + n:][slice(*t["data_offsets"])], np.float32).reshape(t["shape"]).astype(np.float64)


def safetensors(path, **tensors):
    """tensors: name -> (dtype, array)"""
    head, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, a) in tensors.items():
        head[name] = {"dtype": kind, "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def imatrix(path, entries, kind="imatrix"):
    """entries: name -> (sums, counts), each f32 with the matrices outermost"""
    keys = {"general.type": kind, "imatrix.chunk_count": 1}
    tensors = {}
    for name, (sums, counts) in entries.items():
        tensors[name + ".in_sum2"], tensors[name + ".counts"] = np.asarray(sums, np.float32), np.asarray(counts, np.float32)
    head, data = b"", b""
    for name, a in tensors.items():
        head += tiny.text(name) + struct.pack(f"<I{a.ndim}QIQ", a.ndim, *reversed(a.shape), 0, len(data))
        data += a.tobytes() + bytes(-a.nbytes % 32)
    raw = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(tiny.text(k) + tiny.value(v) for k, v in keys.items()) + head
    with open(path, "wb") as f:
        f.write(raw + bytes(-len(raw) % 32) + data)


def run_types():
    said = quantize("x", "y", "--type", "?").stderr.decode()
    return said[said.index("(") + 1:said.index(")")].split()


def whole_model():
    """Keys as they were, errors that shrink with the bits, logits near those of the source, the same file from one thread and three."""
    tiny.write("m.gguf", d=256, ffn=512, width=32, heads=8, kv=4, keys={"general.file_type": 0, "quantize.imatrix.file": "old", "general.name": "name"})
    before, source = read("m.gguf")
    truth = logits("m.gguf", "l", "--impl", "oracle")
    worst = {}
    for kind in run_types():
        if kind.startswith(GRIDS) and kind != "iq2_s":
            continue
        expect(kind, 0, "read back", "m.gguf", "out.gguf", "--type", kind, "--json", "j.json")
        keys, tensors = read("out.gguf")
        new = {k: v for k, v in keys.items() if k.startswith(("general.file_type", "general.quant", "quantize."))}
        if {k: v for k, v in keys.items() if k not in new} != {k: v for k, v in before.items() if k not in ("general.file_type", "quantize.imatrix.file")}:
            fail(f"{kind}: keys changed")
        if "quantize.imatrix.file" in new or (kind != "f32" and new.get("general.file_type", -1) == 0):
            fail(f"{kind}: says {new}")
        if list(tensors) != list(source) or any(tensors[n][1] != source[n][1] for n in source):
            fail(f"{kind}: names, order or shapes changed")
        for n in source:
            if (len(source[n][1]) == 1) != (tensors[n][0] == 0) and kind != "f32":
                fail(f"{kind}: {n} is of type {tensors[n][0]}")
            if tensors[n][0] == 0 and tensors[n][2] != source[n][2]:
                fail(f"{kind}: {n} is not what it was")
        j = json.load(open("j.json"))
        told = {t["name"]: t for t in j["tensors"]}
        matrix = told["blk.0.attn_q.weight"]
        worst[kind] = matrix["relative"]
        if j["kind"] != "quantize" or not j["written"] or len(told) != len(source) or matrix["to"] != kind:
            fail(f"{kind}: the JSON says {matrix}")
        out = quantize("m.gguf", "three.gguf", "-t", kind, "--threads", "3").stdout.decode()
        if open("out.gguf", "rb").read() != open("three.gguf", "rb").read():
            fail(f"{kind}: three threads write another file")
        if "assay run will refuse" in out:
            continue
        error = np.abs(logits("out.gguf", "l", "--impl", "oracle") - truth).max()
        if not error <= 12 * matrix["relative"] * np.abs(truth).max():
            fail(f"{kind}: logits are off by {error}, weights by {matrix['relative']}")
    order = [k for k in ("f32", "bf16", "q8_0", "q5_0", "q4_0", "q2_k") if k in worst]
    if sorted(order, key=worst.get) != order or worst["f32"]:
        fail(f"errors: {worst}")
    expect("the same type", 0, "the same bytes", "out.gguf", "again.gguf", "-t", kind)
    if read("out.gguf")[1] != read("again.gguf")[1]:
        fail("bytes of the same type changed")
    os.remove("out.gguf")


def choices():
    tiny.write("m.gguf", d=96, ffn=160, width=24)
    out = expect("a fall-back", 0, "instead of q6_k: rows of 96 weights are no whole blocks of 256", "m.gguf", "out.gguf", "-t", "q6_k")
    if "q8_0" not in out:
        fail(f"q6_k should fall back to q8_0: {out}")
    os.remove("out.gguf")
    for more, want in ((["--fallback", "f16"], 1), (["--tensor", "*=f16"], 1), (["--tensor", "*=q8_0", "--tensor", "*ffn_down*=keep"], 0)):
        expect(str(more), 0, "read back", "m.gguf", "out.gguf", "-t", "q6_k", *more)
        if read("out.gguf")[1]["blk.1.ffn_down.weight"][0] != want:
            fail(f"{more}: not heeded")
        os.remove("out.gguf")
    expect("a rule that does not fit", 2, "rows of 96 weights are no whole blocks of 256", "m.gguf", "out.gguf", "-t", "f16", "--tensor", "*attn_q*=q4_k")
    expect("a fall-back that does not fit", 2, "neither of q6_k (256) nor of the fall-back q4_k (256)", "m.gguf", "out.gguf", "-t", "q6_k", "--fallback", "q4_k")
    expect("a dry run", 0, "all: 21 tensors", "m.gguf", "--dry-run", "-t", "q8_0", "-v", "--json", "j.json")
    if os.path.exists("out.gguf") or json.load(open("j.json"))["written"]:
        fail("a dry run wrote")
    for wrong, said in ((["m.gguf"], "OUT is missing"), ([], "IN and OUT are missing"), (["a", "b", "c"], "'c' is too much")):
        expect(said, 2, said, *wrong, "-t", "q8_0")
    expect("no type", 2, "--type TYPE is missing", "m.gguf", "out.gguf")
    for wrong in "q8_1", "i32", "f64", "e4m3", "q9":
        expect(wrong, 2, "no type that a model file's matrices are written in", "m.gguf", "out.gguf", "-t", wrong)
    expect("a near type", 2, "did you mean q4_k", "m.gguf", "out.gguf", "-t", "q4k")
    expect("in capitals", 0, "as asked", "m.gguf", "--dry-run", "-t", "Q8_0")
    expect("a bad rule", 2, "PATTERN=TYPE is needed", "m.gguf", "out.gguf", "-t", "q8_0", "--tensor", "x=")


def stays():
    """1-D, names and whole numbers of a safetensors file; what GGUF lacks becomes f32; experts' matrices."""
    r = np.random.default_rng(3)
    f = lambda *s: r.standard_normal(s).astype(np.float32)
    h = f(300).astype(np.float16)
    safetensors("s.safetensors", w=("F32", f(4, 256)), experts=("F32", f(3, 4, 256)), norm=("F16", h), ids=("I32", np.arange(4, dtype=np.int32)),
                scalar=("F32", np.float32(2.5)), **{"x.norm.weight": ("BF16", np.arange(512, dtype=np.uint16).reshape(2, 256)),
                                                    "q_norm": ("F8_E4M3", np.arange(100, dtype=np.uint8)), "wide": ("F64", f(2, 32).astype(np.float64))})
    expect("safetensors", 0, "read back", "s.safetensors", "out.gguf", "-t", "q4_0")
    keys, t = read("out.gguf")
    got = {n: (x[0], x[1]) for n, x in t.items()}
    want = {"w": (2, [4, 256]), "experts": (2, [3, 4, 256]), "norm": (0, [300]), "ids": (26, [4]), "scalar": (0, [1]), "x.norm.weight": (30, [2, 256]),
            "q_norm": (0, [100]), "wide": (2, [2, 32])}
    if got != want or keys["safetensors.format"] != "pt" or keys["general.architecture"] != "unknown":
        fail(f"safetensors: {got} {keys}")
    if (np.frombuffer(t["norm"][2][:1200], np.float32) != h.astype(np.float32)).any():
        fail("an f16 vector is not held exactly")
    os.remove("out.gguf")


def weighted():
    tiny.write("m.gguf", d=256, ffn=512, width=32, heads=8, kv=4)
    r = np.random.default_rng(4)
    sums = (r.standard_normal(256) ** 2 * np.exp(r.standard_normal(256) * 2)).astype(np.float32)
    entry = (sums * 16, [16])
    imatrix("i.gguf", {"blk.0.attn_q.weight": entry, "blk.1.attn_q.weight": (sums * 0, [0])})
    heeds = 0
    for kind in run_types():
        told, what = [], ["-t", kind] + ["--tensor", "*=keep", "--tensor", f"blk.0.attn_q.*={kind}"] * kind.startswith(GRIDS)
        for more in [], ["--imatrix", "i.gguf"]:
            expect(f"{kind} {more}", 0, "read back", "m.gguf", "out.gguf", *what, *more, "--json", "j.json")
            told.append({t["name"]: t for t in json.load(open("j.json"))["tensors"]}["blk.0.attn_q.weight"])
            raw = read("out.gguf")[1]["blk.0.attn_q.weight"][2]
            if more and (told[1]["weighted"] != (raw != last)):
                fail(f"{kind}: weighted is {told[1]['weighted']}, bytes {'differ' if raw != last else 'are the same'}")
            last = raw
        if told[1]["weighted"]:
            heeds += 1
            # the plain search's error by the same weights is not printed: ask for it by a file whose blocks stay as they are
            subprocess.run([assay, "quantize", "m.gguf", "plain.gguf", *what], check=True, capture_output=True)
            subprocess.run([assay, "quantize", "plain.gguf", "p32.gguf", "-t", "f32"], check=True, capture_output=True)
            subprocess.run([assay, "quantize", "out.gguf", "w32.gguf", "-t", "f32"], check=True, capture_output=True)
            x, p, w = (np.frombuffer(read(f)[1]["blk.0.attn_q.weight"][2], np.float32).reshape(-1, 256).astype(np.float64)
                       for f in ("m.gguf", "p32.gguf", "w32.gguf"))
            of = lambda y: np.sqrt((sums * (y - x) ** 2).sum() / (sums * x**2).sum())
            if not (of(w) < of(p) and abs(of(w) / told[1]["weighted_relative"] - 1) < 1e-4):
                fail(f"{kind}: weighted error {of(w)}, without weights {of(p)}, told {told[1]['weighted_relative']}")
    if heeds < 10:
        fail(f"only {heeds} types heed an importance matrix")
    keys = read("out.gguf")[0]
    if keys.get("quantize.imatrix.file") != "i.gguf" or keys.get("quantize.imatrix.entries_count") != 2:
        fail(f"keys say {keys}")
    os.remove("out.gguf")
    for said, entries, kind in (("has 256 columns of 1 matrices, the model's has 512 of 1", {"blk.0.ffn_down.weight": entry}, "imatrix"),
                                ("none of its 1 entries is about a matrix", {"other": entry}, "imatrix"),
                                ("is no mean of squares", {"blk.0.attn_q.weight": (-sums, [1])}, "imatrix"),
                                ("is no mean of squares", {"blk.0.attn_q.weight": (sums * np.float32("nan"), [1])}, "imatrix"),
                                ("are not 256 for each of 3 counts", {"blk.0.attn_q.weight": (sums, [1, 2, 3])}, "imatrix"),
                                ("general.type is 'model', not imatrix", {"blk.0.attn_q.weight": entry}, "model")):
        imatrix("bad.gguf", entries, kind)
        expect(said, 2, said, "m.gguf", "out.gguf", "-t", "q4_k", "--imatrix", "bad.gguf")
    expect("no such file", 2, "No such file", "m.gguf", "out.gguf", "-t", "q4_k", "--imatrix", "none.gguf")
    expect("the imatrix as OUT", 2, "would overwrite i.gguf", "m.gguf", "i.gguf", "-t", "q4_k", "--imatrix", "i.gguf")


def watched():
    """What assay run sums up: the first layer's inputs once more in NumPy; the same sums from every implementation; a file that helps."""
    model = tiny.write("m.gguf", d=256, ffn=512, width=32, heads=8, kv=4)
    sums = {}
    for impl in "oracle", "scalar", "best":
        p = subprocess.run([assay, "run", "m.gguf", "--ids", IDS, "-n", "0", "--impl", impl, "--batch", "5", "--threads", "2", "--imatrix-out", "w.gguf"],
                           capture_output=True)
        if p.returncode:
            return fail(f"--imatrix-out: {p.stderr}")
        keys, t = read("w.gguf")
        sums[impl] = {n: np.frombuffer(x[2], np.float32)[:x[1][0]].astype(np.float64) for n, x in t.items()}
        if keys["general.type"] != "imatrix" or len(t) != 2 * 2 * 7 or any(sums[impl][n][0] != 12 for n in t if n.endswith(".counts")):
            fail(f"--imatrix-out by {impl}: {keys} {list(t)}")
        worst = max(np.abs(sums[impl][n] / sums["oracle"][n] - 1).max() for n in t)
        if worst > (0.5 if impl == "best" else 1e-3):  # kernels may round activations
            fail(f"--imatrix-out by {impl}: off by {worst}")
    c, w = model
    x = w["token_embd.weight"].astype(np.float64)[[int(i) for i in IDS.split(",")]]
    h = x / np.sqrt((x * x).mean(1, keepdims=True) + c["eps"]) * w["blk.0.attn_norm.weight"]
    for name in "attn_q", "attn_k", "attn_v":
        if np.abs(sums["oracle"][f"blk.0.{name}.weight.in_sum2"] / (h * h).sum(0) - 1).max() > 1e-5:
            fail(f"--imatrix-out: {name}")
    expect("its file", 0, "imatrix: of 16 matrices it knows 14; the search of 14 heeds it", "m.gguf", "out.gguf", "-t", "q4_k", "--imatrix", "w.gguf")
    os.remove("out.gguf")


def refused():
    f = lambda *s: np.ones(s, np.float32)
    for said, a, kind in (("nan in row 1, column 7: no block can hold it", f(2, 256), "q4_k"), ("inf in row 1, column 7", f(2, 256), "f16"),
                          ("70000 in row 1, column 7 has no finite form in f16", f(2, 256), "f16"),
                          ("1e+09 in row 1", f(2, 256), "q8_0")):
        a[1, 7] = float(said.split()[0])
        safetensors("s.safetensors", w=("F32", a))
        expect(said, 2, said, "s.safetensors", "out.gguf", "-t", kind)
    for said, kind, a in (("is U8, which Assay writes into no GGUF file", "U8", np.zeros((2, 32), np.uint8)), ("has rank 5; GGUF holds up to 4", "F32", f(1, 1, 1, 1, 32))):
        safetensors("s.safetensors", w=(kind, a))
        expect(said, 2, said, "s.safetensors", "out.gguf", "-t", "q8_0")
    open("s.safetensors", "wb").write(struct.pack("<Q", 2) + b"{}")
    expect("no tensor", 2, "it holds no tensor", "s.safetensors", "out.gguf", "-t", "q8_0")
    tiny.write("m.gguf")
    raw = open("m.gguf", "rb").read()
    open("cut.gguf", "wb").write(raw[:-100])
    expect("cut off", 2, "end beyond the data section", "cut.gguf", "out.gguf", "-t", "q8_0")
    open("text", "w").write("nothing that anybody could take for a model")
    expect("text", 2, "and no GGUF file, which begins with 'GGUF'", "text", "out.gguf", "-t", "q8_0")
    for key, said in (({"split.count": 2}, "this is shard 1 of 2"), ({"general.type": "adapter"}, "an adapter (LoRA)")):
        tiny.write("k.gguf", keys=key)
        expect(said, 2, said, "k.gguf", "out.gguf", "-t", "q8_0")
    os.symlink("m.gguf", "link")
    for same in "m.gguf", "./m.gguf", "link":
        expect("OUT is IN", 2, "OUT would overwrite m.gguf, which this run reads", "m.gguf", same, "-t", "q8_0")
    if open("m.gguf", "rb").read() != raw:
        fail("IN was changed")
    for out in "-", "/dev/null", "/dev/full":
        expect(out, 2, "not a regular file", "m.gguf", out, "-t", "q8_0")
    expect("nowhere", 2, "cannot be written", "m.gguf", "/proc/nowhere/x", "-t", "q8_0")


def broken_off():
    """A signal, a limit of the file's size: OUT stays as it was, nothing lies beside it."""
    big = np.tile(np.random.default_rng(5).standard_normal(1 << 20).astype(np.float32), 48).reshape(-1, 1024)
    safetensors("big.safetensors", w=("F32", big))
    open("old.gguf", "w").write("old")
    p = subprocess.Popen([assay, "quantize", "big.safetensors", "old.gguf", "-t", "q2_k"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while p.poll() is None and not glob.glob(".assay*"):
        time.sleep(0.01)
    time.sleep(0.1)
    p.send_signal(signal.SIGTERM)
    said = p.communicate(timeout=60)[1].decode()
    if p.returncode != 2 or "interrupted; old.gguf is as it was" not in said:
        fail(f"a signal: exit {p.returncode}: {said}")
    limited = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 1000; exec "$@"', "-", assay, "quantize", "big.safetensors", "old.gguf", "-t", "f16"],
                             capture_output=True, timeout=60)
    if limited.returncode != 2 or b"old.gguf: cannot be written: File too large" not in limited.stderr:
        fail(f"a full disk: exit {limited.returncode}: {limited.stderr}")
    if open("old.gguf").read() != "old" or glob.glob(".assay*"):
        fail(f"what was broken off left {glob.glob('.assay*')}")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for part in whole_model, choices, stays, weighted, watched, refused, broken_off:
        part()
sys.exit(1 if bad else 0)
