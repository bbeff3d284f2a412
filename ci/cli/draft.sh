#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay run --draft on a synthetic model and what assay quantize makes of it: greedy texts are those of a run without, whatever drafts; drawn
# ones are what speculative decoding in Python (Leviathan et al. 2023, with a Philox of its own) makes of the logits that runs write; what is
# refused.  (unit.draft counts how often each text comes, cli.models has drafts of other models.)
set -uo pipefail
bad=0
# shellcheck source=ci/cli/tiny
. "$(dirname "$0")/tiny" "$1"
expect 0 'written' "$assay" quantize "$model" "$dir/small.gguf" --type q4_0

"${PYTHON:-python3}" - "$assay" "$model" "$dir" <<'PY' || bad=1
import json, math, struct, subprocess, sys
assay, model, folder = sys.argv[1:]
small, prompt, wrong, kept = folder + "/small.gguf", [5, 6, 7], 0, {}
said = lambda ids: ",".join(map(str, ids))


def run(*options, file=model, begin=prompt):
    subprocess.run([assay, "run", file, "--ids", said(begin), "--json", folder + "/run.json", *map(str, options)], check=True, capture_output=True)
    return json.load(open(folder + "/run.json"))


def logits(file, text):
    """Behind a text, by a run that writes them."""
    if (file, text) not in kept:
        path = folder + "/rows.safetensors"
        subprocess.run([assay, "run", file, "--ids", said(text), "-n", "0", "--logits", path, "--impl", "scalar"], check=True, capture_output=True)
        raw = open(path, "rb").read()
        size, = struct.unpack("<Q", raw[:8])
        head = json.loads(raw[8:8 + size])["logits"]
        vocab = head["shape"][1]
        kept[file, text] = struct.unpack(f"<{vocab}f", raw[8 + size:][head["data_offsets"][1] - 4 * vocab:head["data_offsets"][1]])
    return kept[file, text]


def chances(file, text, presence, k, temp):
    z = [x - presence * (v in text[-64:]) for v, x in enumerate(logits(file, text))]
    stay = sorted(range(len(z)), key=lambda v: (-z[v], v))[:k]
    e = {v: math.exp((z[v] - z[stay[0]]) / temp) for v in stay}
    return [e.get(v, 0) / math.fsum(e.values()) for v in range(len(z))]


def philox(counter, key):
    for i in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [b >> 32 ^ counter[1] ^ key[0], b & 0xFFFFFFFF, a >> 32 ^ counter[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def drawn(p, u):
    """The first with u sum < the sum up to it."""
    upto, aim = 0, u * math.fsum(p)
    for v, x in enumerate(p):
        upto += x
        if aim < upto:
            return v
    raise ValueError("nothing to draw from")


def speculative(file, n, most, seed, *chain):
    uniform = lambda step, word: (philox([0, 0, step, 0], [seed & 0xFFFFFFFF, seed >> 32])[word] >> 8) * 2.0**-24
    text, drafted, accepted, steps, made = tuple(prompt), 0, 0, 0, 0
    while made < n:
        T, steps, guess, stood = min(most, n - made - 1), steps + 1, text, True
        for t in range(T):
            q = chances(file, guess, *chain)
            guess += (drawn(q, uniform(made + t, 0)),)
        begin, drafted = made, drafted + T
        for t in range(T):
            p, q, x = chances(model, text, *chain), chances(file, text, *chain), guess[len(text)]
            stood = uniform(begin + t, 1) * q[x] <= p[x] and p[x] > 0
            if not stood:
                text += (drawn([max(a - b, 0) for a, b in zip(p, q)], uniform(begin, 2)),)
                break
            text, accepted, made = text + (x,), accepted + 1, made + 1
        if stood:
            text += (drawn(chances(model, text, *chain), uniform(begin, 2)),)
        made += 1
    return list(text[len(prompt):]), drafted, accepted, steps


def compare(what, got, want):
    global wrong
    if got != want:
        wrong += 1
        print(f"{what}: {got}, not {want}")


# Greedy.
for options in [], ["--impl", "scalar"], ["--impl", "oracle"], ["--kv", "q8_0", "--threads", 2], ["--presence-penalty", 3, "--batch", 1], ["--logit-bias", "18=-inf"]:
    for begin in prompt, [9], list(range(3, 60)):
        plain = run("-n", 19, "--ignore-eos", *options, begin=begin)
        for file, most in (small, 1), (small, 4), (model, 3), (small, 40):
            got = run("-n", 19, "--ignore-eos", "--draft", file, "--draft-tokens", most, *options, begin=begin)
            compare(f"greedy {options} {begin} {file} {most}", got["ids"], plain["ids"])
            compare("greedy: logits of each step", got["steps"], plain["steps"])
            d = got["draft"]
            compare("tokens of all rounds", d["accepted"] + d["steps"], 19)
            compare("itself drafts", file == model and d["accepted"] != d["drafted"], False)
            compare("rounds of itself", file == model and d["steps"] != 5, False)
# An end on the way, and one token.
data = open(model, "rb").read()
key = b"tokenizer.ggml.eos_token_id" + struct.pack("<I", 4)
at = data.index(key) + len(key)
end = next(v for i, v in enumerate(plain["ids"]) if v not in plain["ids"][:i] and i > 3)
open(folder + "/end.gguf", "wb").write(data[:at] + struct.pack("<I", end) + data[at + 4:])
for most in 1, 2, 3, 5, 8:
    got = run("-n", 19, "--draft", folder + "/end.gguf", "--draft-tokens", most, file=folder + "/end.gguf", begin=begin)
    compare(f"an end, {most} drafted", got["ids"], run("-n", 19, file=folder + "/end.gguf", begin=begin)["ids"])
    compare("its length", len(got["ids"]) < 19 and got["ids"][-1], end)
compare("one token", run("-n", 1, "--draft", small)["ids"], run("-n", 1)["ids"])
# Drawn.
some = 0
for file, n, most, seed, *chain in ((small, 16, 3, 4, 0, 352, 0.8), (small, 12, 5, 2**40 + 3, 1.5, 20, 1.0), (small, 16, 1, 6, 0.5, 5, 1.7),
                                    (model, 12, 4, 7, 0, 40, 1.3), (small, 14, 2, 8, 0, 352, 0.4)):
    for batch in 512, 1:
        got = run("-n", n, "--ignore-eos", "--impl", "scalar", "--batch", batch, "--draft", file, "--draft-tokens", most, "--seed", seed,
                  "--temperature", chain[2], "--top-k", chain[1] % 352, *(["--presence-penalty", chain[0]] if chain[0] else []))
        d = got["draft"]
        compare(f"drawn {file} {n} {most} {seed} {chain}", (got["ids"], d["drafted"], d["accepted"], d["steps"]), speculative(file, n, most, seed, *chain))
    some += d["drafted"] > d["accepted"] > 0
compare("drafts of which some tokens stood", some, 4)
# Files that are no draft of this model.
open(folder + "/renamed.gguf", "wb").write(data.replace(b"<pad351>", b"<pad35x>"))
key = b"llama.context_length" + struct.pack("<I", 4)
at = data.index(key) + len(key)
open(folder + "/short.gguf", "wb").write(data[:at] + struct.pack("<I", 16) + data[at + 4:])
sys.exit(wrong > 0)
PY

expect 0 '^draft: .*tiny.gguf, 7 of 7 drafted tokens accepted (100.0 %) in 3 steps of the model, [0-9.]* s of drafting$' \
  "$assay" run "$model" --ids 5 -n 10 --ignore-eos --draft "$model" --draft-tokens 3
expect 2 'renamed.gguf: its token 351 is not the model' "$assay" run "$model" --ids 5 --draft "$dir/renamed.gguf"
expect 2 'short.gguf: 3 prompt tokens and 14 to generate exceed its context of 16' "$assay" run "$model" --ids 5,6,7 -n 14 --draft "$dir/short.gguf"
expect 2 'No such file' "$assay" run "$model" --ids 5 --draft "$dir/none.gguf"
expect 2 'draft-tokens 257: a whole number from 1 to 256' "$assay" run "$model" -p x --draft x --draft-tokens 257
expect 2 'draft-tokens 3 is of --draft' "$assay" run "$model" -p x --draft-tokens 3
expect 2 'draft x: it does not go with --beams' "$assay" run "$model" -p x --draft x --beams 2
expect 2 'draft x: it does not go with --logits' "$assay" run "$model" -p x --draft x --logits "$dir/x"
expect 2 'draft x: it does not go with --imatrix-out' "$assay" run "$model" -p x --draft x --imatrix-out "$dir/x"
expect 2 'draft x: it does not go with --draw gumbel' "$assay" run "$model" -p x --draft x --temperature 1 --draw gumbel
expect 2 'draft x: it does not go with --mirostat' "$assay" run "$model" -p x --draft x --temperature 1 --mirostat 2
expect 2 'draft x: it does not go with -n 0' "$assay" run "$model" -p x --draft x -n 0
expect 2 'perplexity generates nothing: it does not go with --draft' "$assay" run "$model" --perplexity "$model" --draft x
exit "$bad"
