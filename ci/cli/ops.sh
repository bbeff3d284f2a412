#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The calls of a model: assay ops on small models whose calls are counted by hand, beside what assay run calls, from the header of a
# file whose weights nobody could hold; check --model and bench --model on them.
set -euo pipefail
assay=$(realpath "$1") source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
cd "$dir"
python=${PYTHON:-python3}

# By hand: 2 layers of width 64, 4 heads of 16 with one key each, a net of 96, 400 tokens.
"$assay" synth llama -o m.gguf -t q8_0 --layers 2 --width 64 --heads 4 --kv-heads 1 --head 16 --ffn 96 --vocab 400 >/dev/null
"$assay" ops m.gguf --prompt 8 --context 12 --impl scalar --json apart.json >out
"$assay" ops m.gguf --prompt 8 --context 12 --json fused.json >/dev/null
grep -q '^prompt8: 8 tokens, 37 calls' out
"$python" - <<'PY'
import json
for name in "apart", "fused":
    d = json.load(open(name + ".json"))
    assert d["schema"] == 1 and d["kind"] == "ops" and d["family"] == "llama" and d["name"] == "m", d
    for p in d["phases"]:
        for key in "calls", "flops", "bytes":
            for part in "cases", "ops":
                assert abs(sum(x[key] for x in p[part]) - p[key]) <= 1e-9 * p[key], (name, p["name"], key)
        assert all(x["flops"] == x["calls"] * x["flops_each"] for x in p["cases"])
        assert len({x["case"] for x in p["cases"]}) == len(p["cases"])
        for share in "flops_share", "bytes_share":
            assert abs(sum(x[share] for x in p["cases"]) - 1) < 1e-9
    if name == "fused":
        continue
    prompt, decode = d["phases"]
    assert (prompt["name"], prompt["tokens"], decode["name"], decode["tokens"]) == ("prompt8", 8, "decode12", 1)
    want = dict(matmul=15, rmsnorm=5, rope=4, attention=2, cache=4, add=4, swiglu=2, embedding=1)
    for p, T, S in (prompt, 8, 8), (decode, 1, 13):
        op = {x["op"]: x for x in p["ops"]}
        assert {k: x["calls"] for k, x in op.items()} == want, op
        layer = 2 * (64 * 64) + 2 * (16 * 64) + 3 * (96 * 64)
        assert op["matmul"]["flops"] == 2 * (2 * T * layer + 400 * 64), op["matmul"]
        pairs = sum(S - T + t + 1 for t in range(T))
        assert op["attention"]["flops"] == 2 * 2 * pairs * 4 * (16 + 16), op["attention"]
    case = {x["case"]: x for x in decode["cases"]}
    x = case["matmul T=1 N=400 K=64 w=q8_0"]
    assert x["calls"] == 1 and x["bytes"] == 400 * 64 // 32 * 34 + 4 * 64 + 4 * 400, x
    assert case["attention B=1 T=1 S=13 H=4 G=1 D=16 E=16 P=1 X=1 Y=1 causal=1"]["calls"] == 2
PY

# Beside assay run: which kernel computes which op how often.
ids=1,2,3,4,5,6,7,8
for family in llama gpt2 gpt_oss t5 bloom; do
  "$assay" synth "$family" -o x.gguf >/dev/null
  begin=()
  [ "$family" != t5 ] || begin=(--decoder-ids 1)
  "$assay" run x.gguf --ids "$ids" "${begin[@]}" -n 2 --ignore-eos --json run.json >/dev/null
  "$assay" ops x.gguf --prompt 8 --json ops.json >/dev/null
  "$python" - "$family" <<'PY'
import collections, json, sys
run, ops = (json.load(open(f + ".json")) for f in ("run", "ops"))
first = "encoder" if sys.argv[1] == "t5" else "prefill"
for lap, phase in zip((first, "decode"), ops["phases"], strict=True):
    called, listed = collections.Counter(), collections.Counter()
    for x in run[lap]["shares"]:
        called[x["op"], x["kernel"]] += x["calls"]
    for x in phase["cases"]:
        listed[x["op"], x["kernel"]] += x["calls"]
    assert called == listed, (sys.argv[1], phase["name"], called - listed, listed - called)
PY
done
"$assay" synth lstm -o x.gguf >/dev/null
expect 0 '^prompt5: 5 tokens, [0-9]* calls' "$assay" ops x.gguf --prompt 5
grep -q '  20 .*matmul T=1 N=384 K=96 bias=f32$' out # two products a layer and token
grep -q '   1 .*matmul T=1 N=352 K=96 bias=f32$' out # logits of the last alone
"$assay" synth bert -o x.gguf >/dev/null
expect 0 '^encode64: 64 tokens' "$assay" ops x.gguf
expect 2 'a prompt of 65, where the model takes at most 64' "$assay" ops x.gguf --prompt 65
expect 2 'decodes no tokens' "$assay" ops x.gguf --context 3
expect 0 '^prompt600' "$assay" ops m.gguf --prompt 600 --kv f16
grep -q 'attention B=1 T=88 S=600 .* k=f16 v=f16' out # in steps of 512, as assay run
mkdir hf # whose matrices lie turned
PYTHONPATH=$source/vectors/independent/models "$python" "$source/vectors/independent/models/write.py" gpt2 0 hf >/dev/null
expect 0 '^hf: family gpt2' "$assay" ops hf --prompt 4

# From the header alone: 70 billion parameters in a file that takes a few blocks of the disk.
"$python" - <<'PY'
import struct
D, L, F, V, G = 8192, 80, 28672, 32000, 1024
def text(s): return struct.pack("<Q", len(s)) + s.encode()
keys = [("general.architecture", 8, text("llama"))]
for k, v in dict(context_length=4096, embedding_length=D, block_count=L, feed_forward_length=F, vocab_size=V).items():
    keys.append(("llama." + k, 4, struct.pack("<I", v)))
keys += [("llama.attention.head_count", 4, struct.pack("<I", 64)), ("llama.attention.head_count_kv", 4, struct.pack("<I", 8)),
         ("llama.rope.dimension_count", 4, struct.pack("<I", 128)), ("llama.attention.layer_norm_rms_epsilon", 6, struct.pack("<f", 1e-5))]
tensors = [("token_embd.weight", V, D), ("output.weight", V, D), ("output_norm.weight", D)]
for i in range(L):
    b = f"blk.{i}."
    tensors += [(b + "attn_norm.weight", D), (b + "ffn_norm.weight", D), (b + "attn_q.weight", D, D), (b + "attn_k.weight", G, D),
                (b + "attn_v.weight", G, D), (b + "attn_output.weight", D, D), (b + "ffn_gate.weight", F, D), (b + "ffn_up.weight", F, D),
                (b + "ffn_down.weight", D, F)]
head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(text(k) + struct.pack("<I", t) + v for k, t, v in keys)
at = 0
for name, *dim in tensors:
    n = dim[0] if len(dim) == 1 else dim[0] * dim[1]
    size = 4 * n if len(dim) == 1 else n // 32 * 18
    head += text(name) + struct.pack("<I", len(dim)) + b"".join(struct.pack("<Q", d) for d in reversed(dim))
    head += struct.pack("<IQ", 0 if len(dim) == 1 else 2, at)
    at += (size + 31) // 32 * 32
with open("large.gguf", "wb") as f:
    f.write(head)
    f.truncate((len(head) + 31) // 32 * 32 + at)
PY
expect 0 'family llama, 68976648192 parameters' "$assay" ops large.gguf --impl scalar
grep -q ' 160 .*matmul T=1 N=28672 K=8192 w=q4_0$' out
expect 1 'not judged  embedding T=512 V=32000 D=8192 table=q4_0: 0 GFLOP and 266 million' "$assay" check --model large.gguf -o embedding
truncate -s -1 large.gguf
expect 2 'assay ops: large.gguf' "$assay" ops large.gguf
head -c 200 m.gguf >cut.gguf
expect 2 'assay ops: cut.gguf' "$assay" ops cut.gguf
expect 2 'assay check: cut.gguf' "$assay" check --model cut.gguf
expect 2 'MODEL is missing' "$assay" ops
expect 2 'kv int4: f32, f16 and q8_0' "$assay" ops m.gguf --kv int4
expect 2 'No space left' "$assay" ops m.gguf --json /dev/full

# The judge, on exactly these; of a plug-in's kernel for a part of a fused op each of its calls is one.
expect 0 '^m prompt8: [1-9][0-9]* of [1-9][0-9]* calls judged.*(100 %)' "$assay" check --model m.gguf --prompt 8
expect 0 '^m decode8: 37 of 37 calls judged, 37 of them right' "$assay" check --model m.gguf --prompt 8 --isa scalar
# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/p' "$source/docs/plugin.md" | sed '1d;$d' >mine.c
sed 's|(p->plus_one ? 1 : 0)|2|' mine.c >wrong.c
cmp -s mine.c wrong.c && { echo "the edit changed nothing"; exit 1; }
for name in mine wrong; do $cc -std=c11 -O2 -w -shared -fPIC -I "$source/include" -o $name.so $name.c; done
expect 0 '^m decode8: 5 of [0-9]* calls judged, 5 of them right' "$assay" check --model m.gguf --prompt 8 --plugin ./mine.so
expect 1 '^m decode8: 5 of [0-9]* calls judged, 0 of them right .*(0.0 %)' "$assay" check --model m.gguf --prompt 8 --plugin ./wrong.so
expect 2 'model does not go with --case' "$assay" check --model m.gguf --case 'add R=1'
expect 2 'are about --model' "$assay" check --prompt 3

"$assay" --help | grep -q '^  bench' || { echo "ops: this build has no bench; ops and check alone were tried"; exit 0; }
run=("$assay" bench --model m.gguf --prompt 8 --threads 1 --no-roofs)
"${run[@]}" -o rmsnorm --isa scalar --json b.json >out 2>&1 || { cat out; exit 1; }
grep -q '^m.decode8, 1 thread, hot: 1 token costs .* us, the roofs n/a (not measured.*: rmsnorm .*; NOT MEASURED: 32 of 37 calls: ' out
"$python" - <<'PY'
import json
d = json.load(open("b.json"))
rows = d["benchmarks"]
assert {(r["phase"], r["calls"], r["case"].split(" gen=")[0]) for r in rows} == {
    ("prompt8", 4, "rmsnorm R=8 C=64 eps=1e-06"), ("prompt8", 1, "rmsnorm R=1 C=64 eps=1e-06"), ("decode8", 5, "rmsnorm R=1 C=64 eps=1e-06")}, rows
assert all(r["model"] == "m" and r["workload"].startswith(f"model:m.{r['phase']}:R=") and r["kernel"] == "scalar" for r in rows)
model = d["context"]["assay"]["model"]
assert model["name"] == "m" and [p["calls"] for p in model["phases"]] == [37, 37], model
for p in d["phases"]:
    mine = [r for r in rows if r["phase"] == p["phase"] and r["cache"] == p["cache"]]
    assert p["calls"] == 37 and p["measured"] == 5 and "roof_ns" not in p, p
    assert abs(p["ns"] - sum(r["calls"] * r["real_time"] for r in mine)) <= 1e-9 * p["ns"], p
assert {p["name"] for p in d["phases"]} >= {"m.prompt8/1t/hot", "m.decode8/1t/hot"}
PY
expect 0 ', 0 of them failed their verdict, [1-9][0-9]* known already' "${run[@]}" -o rmsnorm --isa scalar --json b.json --resume
grep -q '^m.decode8, 1 thread, hot: 1 token costs' out || cat out
expect 1 'rmsnorm/example:mine/model:m.decode8:R=1,C=64,.* FAILED' "${run[@]}" --plugin ./wrong.so
expect 0 '^m.prompt8, 1 thread, hot: 8 tokens cost .*; NOT MEASURED' "${run[@]}" --plugin ./mine.so
expect 2 'model does not go with -w' "${run[@]}" -w x
