#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay fidelity: every number once more in NumPy from the logits that runs write, by windows too; an answer that is changed, each op alone and
# the floor; files of logits by others, good and hostile; every family on a small model; the sample of the document.
set -uo pipefail
bad=0 source=$(realpath "$2")
# shellcheck source=ci/cli/tiny
. "$(dirname "$0")/tiny" "$1"
printf 'The house stands by the river; nobody has lived in it since the war. \xe5\xae\xb6 Twelve boats lay on the bank, and none of them had oars.' >"$dir/text"
"$assay" tokenize "$model" <"$dir/text" >"$dir/ids"
assay=$(realpath "$assay")
cd "$dir" || exit 1

"${PYTHON:-python3}" - "$assay" "$model" "$source" <<'PY' || bad=1
import json, os, re, struct, subprocess, sys
import numpy as np
assay, model, source = sys.argv[1:]
ids = [int(i) for i in open("ids").read().split()]
listed = ",".join(map(str, ids))
wrong = 0


def read(path):
    raw = open(path, "rb").read()
    n, = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + n])
    kinds = {"F32": np.float32, "I32": np.int32, "F64": np.float64}
    return {k: np.frombuffer(raw[8 + n:][slice(*t["data_offsets"])], kinds[t["dtype"]]).reshape(t["shape"]) for k, t in head.items() if k != "__metadata__"}, \
        head.get("__metadata__", {})


def write(path, tensors, meta=None, kind=None):
    head, data = {"__metadata__": meta} if meta else {}, b""
    for name, x in tensors.items():
        b = x.tobytes()
        told = kind if kind and name == "logits" else {"float32": "F32", "float64": "F64", "float16": "F16", "int32": "I32", "int64": "I64"}[x.dtype.name]
        head[name] = {"dtype": told, "shape": list(x.shape), "data_offsets": [len(data), len(data) + len(b)]}
        data += b
    text = json.dumps(head).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def logits(impl, part=ids, file=model):
    subprocess.run([assay, "run", file, "--ids", ",".join(map(str, part)), "-n", "0", "--impl", impl, "--logits", "l"], check=True, capture_output=True)
    return read("l")[0]["logits"]


def said(*options, code=0, file=model):
    r = subprocess.run([assay, "fidelity", file, "--json", "f.json", *options], capture_output=True, text=True)
    assert r.returncode == code, (options, r.returncode, r.stdout, r.stderr)
    return json.load(open("f.json"))


def refused(what, *options):
    global wrong
    r = subprocess.run([assay, "fidelity", model, *options], capture_output=True, text=True)
    if r.returncode != 2 or what not in r.stderr or r.stderr.count("\n") > 3:
        wrong += 1
        print(f"exit {r.returncode}, no '{what}': {options}: {r.stderr}")


def log_chances(x):
    x = x.astype(np.longdouble)
    top = x.max(1, keepdims=True)
    return x - top - np.log(np.exp(x - top).sum(1, keepdims=True))


def same(name, got, want, most=1e-9):
    global wrong
    if not abs(got - float(want)) <= most * abs(float(want)) + 1e-15:
        wrong += 1
        print(f"{name}: {got!r}, not {float(want)!r}")


def compare(what, d, a, b, following):
    """All that is told, from logits in f32: a the base's, b the other's."""
    global wrong
    la, lb = log_chances(a), log_chances(b)
    kl = (np.exp(la) * (la - lb)).sum(1).astype(float)
    told = d["all"]
    for name, want in ("mean", kl.mean()), ("median", np.median(kl)), ("p99", np.percentile(kl, 99)), ("p999", np.percentile(kl, 99.9)), ("largest", kl.max()):
        same(f"{what}: KL {name}", told["kl"][name], want)
    gap = kl.max() - kl[told["kl"]["largest_row"]]
    first, other = a.argmax(1), b.argmax(1)
    flips = {int(r): (int(first[r]), int(other[r])) for r in np.flatnonzero(first != other)}
    if gap > 1e-15 or told["flips"] != len(flips) or {f["row"]: (f["base"], f["other"]) for f in d["flips"]} != flips:
        wrong += 1
        print(f"{what}: {told}, {d['flips']}, not {flips}")
    same(f"{what}: same first", told["same_first"], (first == other).mean())
    for f in d["flips"]:
        r, i, j = f["row"], f["base"], f["other"]
        same(f"{what}: margin", f["margin"], float(a[r, i]) - float(a[r, j]))
        same(f"{what}: other margin", f["margin_other"], float(b[r, j]) - float(b[r, i]))
    assert [f["margin"] for f in d["flips"]] == sorted((f["margin"] for f in d["flips"]), reverse=True)
    at = np.arange(len(following)), following
    change = np.exp(lb[at]) - np.exp(la[at])
    same(f"{what}: RMS of the change of a chance", told["probability_rms"], np.sqrt((change ** 2).mean()))
    apart = b.astype(float) - a
    same(f"{what}: RMS of logits", told["logits_rms"], np.sqrt((apart ** 2).mean()))
    same(f"{what}: largest of logits", told["logits_largest"], np.abs(apart).max())
    for name, nats in ("base_score", -la[at]), ("score", -lb[at]):
        nats = nats.astype(float)
        same(f"{what}: {name}", d[name]["nats"], nats.mean())
        same(f"{what}: its error", d[name]["nats_error"], nats.std(ddof=1) / np.sqrt(len(nats)))
        same(f"{what}: perplexity", d[name]["perplexity"], np.exp(nats.mean()))
    change = (la[at] - lb[at]).astype(float)
    same(f"{what}: change", d["nats_change"], change.mean(), 1e-6)
    same(f"{what}: its error", d["nats_change_error"], change.std(ddof=1) / np.sqrt(len(change)), 1e-6)
    return kl


oracle, best, scalar = (logits(i) for i in ("oracle", "best", "scalar"))
for name, x in ("best", best), ("scalar", scalar):
    d = said("--ids", listed, "--impl", name)
    compare(name, d, oracle, x, ids[1:])
    assert d["kind"] == "fidelity" and d["rows"] == len(ids) and d["width"] == oracle.shape[1] and d["chances"] and d["window"] == len(ids)
    assert abs(sum(o["share"] for o in d["ops"]) - 1) < 1e-9 and [o["share"] for o in d["ops"]] == sorted((o["share"] for o in d["ops"]), reverse=True)
    fused = {"matmul", "add"} if name == "best" else set()  # are parts, too, of what best runs fused: of these the run below has more
    for op in d["ops"]:  # each alone, by a run of its own
        if op["op"] in fused:
            assert op["kl_mean"] < 2 * d["all"]["kl"]["mean"], op
            continue
        alone = logits(f"oracle,{op['op']}={name}")
        kl = (np.exp(log_chances(oracle)) * (log_chances(oracle) - log_chances(alone))).sum(1).astype(float)
        same(f"{name}: {op['op']} alone", op["kl_mean"], kl.mean())
        same(f"{name}: {op['op']} alone, largest", op["kl_largest"], kl.max())
        assert op["flips"] == (oracle.argmax(1) != alone.argmax(1)).sum()
    if "alike" in d:  # the format's part and the kernel's make up the whole
        assert d["all"]["kl"]["mean"] < 3 * (d["alike"]["kl"]["mean"] + d["rest"]["kl"]["mean"]) and 0 < d["alike_floor"]["times"] < 1e9
    if name == "scalar":
        assert 0.05 < d["floor"]["times"] < 500 and "alike" not in d, d["floor"]
        assert 0 < d["floor"]["kl_mean"] <= d["floor"]["kl_largest"] < 1e-8 and d["floor"]["seeds"] == 3
        floor = d["floor"]
said("--ids", listed, "--no-ops", "--fail-above-floor", "1000")  # q8_0 by contract, where kernels round
assert {o["op"] for o in d["ops"]} >= {"matmul", "rope", "attention"}, d["ops"]
d = said("--ids", listed, "--impl", "oracle", "--floor", "2")
assert d["all"]["kl"]["largest"] == d["all"]["logits_largest"] == d["floor"]["times"] == d["times"] == 0 and not d["ops"] and not d["flips"]
assert d["floor"]["kl_mean"] != floor["kl_mean"] and said("--ids", listed, "--impl", "scalar", "--no-ops")["floor"]["kl_mean"] == floor["kl_mean"]
assert said("--ids", listed, "--impl", "scalar", "--batch", "7", "--floor", "0", "--threads", "2")["all"] == said("--ids", listed, "--impl", "scalar", "--floor", "0")["all"]

# windows, each token once; perplexity as assay run has it
for window in 2, 9, 20, len(ids) - 1:
    rows, at, done = {"oracle": [], "scalar": []}, 0, 0
    while done < len(ids):
        part = ids[at:at + window]
        last = at + len(part) == len(ids)
        part = part if last else part[:-1]
        for impl in rows:
            rows[impl] += list(logits(impl, part)[done - at:])
        done = at + len(part)
        at += window // 2
    d = said("--text", "text", "--impl", "scalar", "--window", str(window), "--floor", "0", "--no-ops")
    compare(f"windows of {window}", d, np.array(rows["oracle"]), np.array(rows["scalar"]), ids[1:])
    subprocess.run([assay, "run", model, "--perplexity", "text", "--window", str(window), "--impl", "scalar", "--json", "p.json"], check=True, capture_output=True)
    same(f"windows of {window}: assay run", d["score"]["nats"], json.load(open("p.json"))["nats"], 1e-6)

# a file in place of the oracle, of each type; what -o keeps
whole = said("--ids", listed, "--impl", "scalar", "-o", "kept")
kept, meta = read("kept")
assert (kept["logits"] == oracle).all() and kept["logits"].dtype == np.float32 and list(kept["ids"]) == ids and meta["impl"] == "oracle"
d = said("--ids", listed, "--impl", "scalar", "--against", "kept")
assert d["all"] == whole["all"] and d["floor"] == whole["floor"] and d["against"] == "kept" and not d["ops"]
assert said("--inputs", "kept", "--impl", "scalar", "--against", "kept")["all"] == whole["all"]
half = (oracle.view(np.uint32) >> 16).astype(np.uint16)
for kind, x, told in ("f64", oracle.astype(np.float64), None), ("f16", oracle.astype(np.float16), None), ("bf16", half, "BF16"):
    write("base", {"logits": x}, kind=told)
    wide = (half.astype(np.uint32) << 16).view(np.float32) if told else x.astype(np.float32)
    d = said("--ids", listed, "--impl", "scalar", "--against", "base")
    compare(kind, d, wide, scalar, ids[1:])
    assert "floor" not in d

# an answer that is changed: the row is named, the limits notice
for row, change in (7, 3.0), (len(ids) - 1, -2.0), (0, 1e-3):
    x = oracle.copy()
    x[row, x[row].argmax()] += np.float32(change)
    write("wrong", {"logits": x, "ids": np.array(ids, np.int32)})
    d = said("--ids", listed, "--impl", "oracle", "--against", "wrong")
    compare(f"row {row} changed", d, x, oracle, ids[1:])
    assert d["all"]["kl"]["largest_row"] == row and d["all"]["kl"]["median"] == 0
    mean = d["all"]["kl"]["mean"]
    said("--ids", listed, "--impl", "oracle", "--against", "wrong", "--fail-above-kl", repr(mean * 0.999), code=1)
    said("--ids", listed, "--impl", "oracle", "--against", "wrong", "--fail-above-kl", repr(mean * 1.001))
x = oracle.copy()
x[[3, 4]] = x[[4, 3]]  # two rows have changed places
write("wrong", {"logits": x}, {"floor_seeds": "3", "floor_mean": "1e-12", "floor_largest": "1e-11", "floor_difference": "1e-6"})
d = said("--ids", listed, "--impl", "oracle", "--against", "wrong", "--fail-above-floor", "1000", code=1)
assert {f["row"] for f in d["flips"]} <= {3, 4} and d["all"]["kl"]["largest_row"] in (3, 4)
said("--ids", listed, "--impl", "scalar", "--fail-above-floor", "500")
said("--ids", listed, "--impl", "scalar", "--fail-above-floor", "0.001", code=1)

# hostile files
good = {"logits": oracle, "ids": np.array(ids, np.int32)}
def hostile(what, tensors, meta=None, *options, kind=None):
    write("hostile", tensors, meta, kind)
    refused(what, "--ids", listed, "--against", "hostile", *options)
V = oracle.shape[1]
hostile("holds no 'logits'", {"ids": good["ids"]})
hostile(f"of rank 2, {len(ids) - 1} rows of {V}, this run's {len(ids)} rows of {V}", {"logits": oracle[:-1]})
hostile(f"{len(ids)} rows of {V - 1}, this run's", {"logits": oracle[:, :-1].copy()})
hostile("of rank 3", {"logits": oracle[None]})
hostile("of rank 1", {"logits": oracle.reshape(-1)})
hostile("of rank 2, 0 rows", {"logits": oracle[:0]})
hostile("are of type I32; F32, F16, BF16 and F64 are read", {"logits": oracle.view(np.int32)})
for value, said_as in (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf"):
    x = oracle.copy()
    x[5, 11] = value
    hostile(f"its logit 11 of row 5 is {said_as}, no finite number", {"logits": x})
hostile("no finite number in f32", {"logits": oracle.astype(np.float64) * 1e300})
hostile("its ids[2] is 1, this run's", {"logits": oracle, "ids": np.array(ids[:2] + [1] + ids[3:], np.int32)})
hostile("are of 3 ids, this run has", {"logits": oracle, "ids": np.array(ids[:3], np.int64)})
hostile("ids[0] is 0.5, no id", {"logits": oracle, "ids": np.full(len(ids), 0.5, np.float32)})
hostile("its windows are of 9 tokens", good, {"window": "9"})
for name, value in ("floor_mean", "nan"), ("floor_mean", "-1"), ("floor_largest", "1e999"), ("floor_seeds", "1000000"), ("floor_seeds", "0"), ("floor_difference", "1x"), ("floor_mean", ""):
    meta = {"floor_seeds": "3", "floor_mean": "1e-12", "floor_largest": "1e-11", "floor_difference": "1e-6", name: value}
    hostile("does not say its noise floor", good, meta, "--fail-above-floor", "1")
hostile("does not say its noise floor", good, None, "--fail-above-floor", "1")
raw = open("kept", "rb").read()
for n in 0, 7, 8, 100, len(raw) - 1:
    open("hostile", "wb").write(raw[:n])
    refused("hostile", "--ids", listed, "--against", "hostile")
open("hostile", "wb").write(struct.pack("<Q", 1 << 62) + raw[8:])
refused("hostile", "--ids", listed, "--against", "hostile")

# every family on a small model: the inputs with their golden answers, the oracle against them, the rest against the oracle
families = re.findall(r"^FAMILY\((\w+)\)", open(source + "/reference/models/families.def").read(), re.M)
scripts = source + "/vectors/independent/models"
tried = 0
for name in families:
    if not os.path.exists(f"{scripts}/{name}.py"):
        continue
    subprocess.run([sys.executable, scripts + "/write.py", name, "3", name, "--narrow"], check=True, capture_output=True)
    golden = f"{name}/golden.safetensors"
    d = said("--inputs", golden, "--impl", "oracle", "--against", golden, file=name)
    assert d["all"]["logits_rms"] <= 1e-6 * max(1, np.abs(read(golden)[0]["logits"]).max()), (name, d["all"])
    d = said("--inputs", golden, "--floor", "1", file=name)
    tried += 1
    if not (d["family"] == name and d["ops"] and d["all"]["logits_rms"] > 0 and d["floor"]["logits_rms"] > 0 and not d["all"]["not_finite"]):
        wrong += 1
        print(f"{name}: {d}")
assert tried >= 4, families

# the sample says what a document has
def names(x):
    return {k: names(v) for k, v in x.items()} if isinstance(x, dict) else [names(x[0])] if isinstance(x, list) and x else type(x).__name__.replace("int", "float")
sample = json.load(open(source + "/docs/fidelity.sample.json"))
d = said("--text", "text")
for part in "alike", "rest", "alike_floor":  # where kernels round by contract
    sample.pop(part, None), d.pop(part, None)
sample["flips"] = d["flips"] = []
if names(sample) != names(d) or sample["kind"] != "fidelity":
    wrong += 1
    print(f"the sample differs from a document: {names(sample)}\n{names(d)}")
print(f"{tried} families, {wrong} wrong")
sys.exit(wrong > 0)
PY

if "$assay" --help | grep -q '^  report'; then
  expect 0 'index.html' "$assay" report --out page "$source/docs/fidelity.sample.json" f.json
  grep -q '^## Whole models: how far from the oracle$' page/report.md || { echo "no section in the report"; bad=1; }
fi
ids=$(tr ' \n' ,, <ids | sed 's/,*$//')
expect 0 'times that' "$assay" fidelity "$model" --text text --floor 1 --kv q8_0 --threads 2
expect 0 'one op at a time' "$assay" fidelity "$model" --ids "$ids" --impl matmul=scalar
expect 2 'give what the model sees' "$assay" fidelity "$model"
expect 2 'give what the model sees' "$assay" fidelity "$model" --ids 5 --text text
expect 2 'MODEL is missing' "$assay" fidelity --ids 5
expect 2 "one MODEL; 'b' is too much" "$assay" fidelity a b --ids 5
expect 2 'floor is of --against oracle' "$assay" fidelity "$model" --ids 5 --against kept --floor 1
expect 2 '-o is of --against oracle' "$assay" fidelity "$model" --ids 5 --against kept -o x
expect 2 'needs a floor' "$assay" fidelity "$model" --ids 5 --floor 0 --fail-above-floor 3
expect 2 'a number from 0 on is needed' "$assay" fidelity "$model" --ids 5 --fail-above-kl x
expect 2 'special is of --text' "$assay" fidelity "$model" --ids 5 --special
expect 2 'no such tier' "$assay" fidelity "$model" --ids 5 --isa sse9
expect 2 'f32, f16 and q8_0 are known' "$assay" fidelity "$model" --ids 5 --kv q4_0
expect 2 "unknown op 'x'" "$assay" fidelity "$model" --ids 5 --impl x=best
expect 2 'is not in 0 ..' "$assay" fidelity "$model" --ids 5,100000
expect 2 'windows of 1000000 tokens' "$assay" fidelity "$model" --ids 5,6 --window 1000000
expect 2 'No such file' "$assay" fidelity none.gguf --ids 5
expect 2 'No such file' "$assay" fidelity "$model" --text none
expect 2 'No such file' "$assay" fidelity "$model" --ids 5 --against none
expect 2 'would overwrite' "$assay" fidelity "$model" --ids 5 -o "$model"
expect 2 'would overwrite' "$assay" fidelity "$model" --ids 5 --against kept --json kept
expect 2 'No space left' "$assay" fidelity "$model" --ids 5 -o /dev/full
expect 2 'No space left' "$assay" fidelity "$model" --ids 5 --json /dev/full
: >empty
expect 2 'empty: a text of 0 tokens' "$assay" fidelity "$model" --text empty
expect 0 '^1 row of' "$assay" fidelity "$model" --ids 5
exit "$bad"
