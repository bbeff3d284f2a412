#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay run --perplexity on a synthetic model: the same from the logits that a run writes, by each window and batch; what is refused.
set -uo pipefail
bad=0
# shellcheck source=ci/cli/tiny
. "$(dirname "$0")/tiny" "$1"
printf 'The house stands by the river; nobody has lived in it since the war. \xe5\xae\xb6 <|im_end|> 12' >"$dir/text"
"$assay" tokenize "$model" <"$dir/text" >"$dir/ids"

"${PYTHON:-python3}" - "$assay" "$model" "$dir" <<'PY' || bad=1
import json, math, struct, subprocess, sys
assay, model, folder = sys.argv[1:]
plain = [int(i) for i in open(folder + "/ids").read().split()]
wrong = 0
# A file that begins each text with bos: two keys more, 64 bytes in all, so that what follows stays aligned.
d = open(model, "rb").read()
key = lambda name, kind, value: struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + value
more = key(b"tokenizer.ggml.add_bos_token", 7, b"\1") + key(b"pad", 8, bytes(8))
assert len(more) == 64
with_bos = folder + "/bos.gguf"
open(with_bos, "wb").write(d[:16] + struct.pack("<Q", struct.unpack("<Q", d[16:24])[0] + 2) + more + d[24:])
BOS = 1


def logits(part, how):
    """Of every position of a window, as a run writes them."""
    path = folder + "/rows.safetensors"
    subprocess.run([assay, "run", model, "--ids", ",".join(map(str, part)), "-n", "0", "--logits", path, *how], check=True, capture_output=True)
    raw = open(path, "rb").read()
    size, = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + size])["logits"]
    rows, vocab = head["shape"]
    flat = struct.unpack(f"<{rows * vocab}f", raw[8 + size + head["data_offsets"][0]:8 + size + head["data_offsets"][1]])
    return [flat[r * vocab:(r + 1) * vocab] for r in range(rows)]


def nats(part, first, how):
    got = []
    for t, row in enumerate(logits(part, how)[:-1], 1):
        top = max(row)
        if t >= first:
            got.append(top + math.log(math.fsum(math.exp(x - top) for x in row)) - row[part[t]])
    return got


def said(*options, file=model):
    subprocess.run([assay, "run", file, "--perplexity", folder + "/text", "--json", folder + "/said.json", *options], check=True, capture_output=True)
    return json.load(open(folder + "/said.json"))


n = len(plain)
for window, bos in [(w, False) for w in (0, n, n + 1, 7, 10, 2, n - 1)] + [(0, True), (9, True)]:
    ids = ([BOS] if bos else []) + plain
    n = len(ids)
    W = window or min(512, n)
    how = ["--impl", "scalar"]
    want, at, counted = [], 0, 1
    while counted < n:
        part = ids[at:at + W]
        if bos:
            part[0] = BOS
        want += nats(part, counted - at, how)
        counted = at + len(part)
        at += W // 2
    s = said(*how, *(["--window", str(window)] if window else []), file=with_bos if bos else model)
    mean = math.fsum(want) / len(want)
    error = math.sqrt(math.fsum((x - mean) ** 2 for x in want) / (len(want) - 1) / len(want))
    good = (s["tokens"] == len(want) == n - 1 and s["window"] == min(W, n) and abs(s["nats"] - mean) < 1e-6 and abs(s["nats_error"] - error) < 1e-6
            and abs(s["perplexity"] - math.exp(s["nats"])) < 1e-9 * s["perplexity"] and s["kind"] == "perplexity")
    wrong += not good
    if not good:
        print(f"window {window}, bos {bos}: {s}, not {mean} +- {error} of {len(want)}")
# however the windows are cut into steps; by whoever computes
base = said("--window", "20")
for batch in "1", "3", "19", "20":
    s = said("--window", "20", "--batch", batch)
    if s["nats"] != base["nats"]:
        wrong += 1
        print(f"--batch {batch}: {s['nats']}, not {base['nats']}")
oracle = said("--window", "20", "--impl", "oracle")["nats"]
scalar = said("--window", "20", "--impl", "scalar", "--threads", "2")["nats"]
if not (abs(scalar - oracle) < 1e-5 and abs(base["nats"] - oracle) < 0.05 and 0 < abs(base["nats"] - oracle)):
    wrong += 1
    print(f"oracle {oracle}, scalar {scalar}, best {base['nats']}")
sys.exit(wrong > 0)
PY

expect 0 '^perplexity: [0-9.]* +- [0-9.]* ([0-9.]* +- [0-9.]* nats, [0-9.]* bits a token), [0-9]* tokens in windows of 30$' \
  "$assay" run "$model" --perplexity "$dir/text" --window 30 --kv q8_0 --threads 2
expect 0 'special' "$assay" run --help
before=$("$assay" run "$model" --perplexity "$dir/text" | sed -n 1p)
[ "$before" != "$("$assay" run "$model" --perplexity "$dir/text" --special | sed -n 1p)" ] || { echo "--special changes nothing"; bad=1; }
expect 2 'does not go with a prompt' "$assay" run "$model" --perplexity "$dir/text" -p x
expect 2 'does not go with --ids' "$assay" run "$model" --perplexity "$dir/text" --ids 5
expect 2 'does not go with -n' "$assay" run "$model" --perplexity "$dir/text" -n 3
expect 2 'does not go with a sampler' "$assay" run "$model" --perplexity "$dir/text" --temperature 1
for _ in $(seq 100); do cat "$dir/text"; done >"$dir/long"
on_terminal - "$assay" "$model" "$dir/long" <<'PY' || bad=1
import re, sys
import terminal
assay, model, text = sys.argv[1:]
for what in ["--perplexity", text, "--window", "64"], ["-p", "the", "-n", "60", "--beams", "8", "--ignore-eos"]:
    code, seen = terminal.run([assay, "run", model, "--impl", "oracle", *what])
    if code or not re.search(r"\d+/\d+ tokens, about \d+ s left", seen) or re.search(r"s left *[^\r ]", seen):
        sys.exit(f"{what[0]} on a terminal shows no progress, or leaves it there: {seen[:300]!r}")
PY

expect 2 'does not go with --logits' "$assay" run "$model" --perplexity "$dir/text" --logits "$dir/x"
expect 2 'does not go with --imatrix-out' "$assay" run "$model" --perplexity "$dir/text" --imatrix-out "$dir/x"
expect 2 'window 5 is of --perplexity' "$assay" run "$model" -p x --window 5
expect 2 'window 1: a whole number from 2' "$assay" run "$model" --perplexity "$dir/text" --window 1
expect 2 'exceeds the model.s context of' "$assay" run "$model" --perplexity "$dir/text" --window 100000
expect 2 'No such file' "$assay" run "$model" --perplexity "$dir/none"
expect 2 'No space left' "$assay" run "$model" --perplexity "$dir/text" --json /dev/full
: >"$dir/empty"
expect 2 'a text of 0 tokens' "$assay" run "$model" --perplexity "$dir/empty"
printf x >"$dir/one"
expect 2 'a text of 1 token has none' "$assay" run "$model" --perplexity "$dir/one"
exit "$bad"
