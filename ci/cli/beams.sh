#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay run --beams on a synthetic model: one beam without ends is greedy, and what a search in Python makes of the logits that runs write is
# the same, with texts that end on the way, of one group and of diverse ones; what is refused.  (unit.beams has the known answers.)
set -uo pipefail
bad=0
# shellcheck source=ci/cli/tiny
. "$(dirname "$0")/tiny" "$1"

"${PYTHON:-python3}" - "$assay" "$model" "$dir" <<'PY' || bad=1
import json, math, struct, subprocess, sys
assay, model, folder = sys.argv[1:]
prompt, wrong, kept = [5, 6, 7], 0, {}


def run(file, *options):
    subprocess.run([assay, "run", file, "--ids", ",".join(map(str, prompt)), "--json", folder + "/run.json", *options], check=True, capture_output=True)
    return json.load(open(folder + "/run.json"))


def logp(text):
    """Behind the prompt and a text, by a run that writes logits."""
    if text not in kept:
        path = folder + "/rows.safetensors"
        ids = ",".join(map(str, prompt + list(text)))
        subprocess.run([assay, "run", model, "--ids", ids, "-n", "0", "--logits", path, "--impl", "scalar"], check=True, capture_output=True)
        raw = open(path, "rb").read()
        size, = struct.unpack("<Q", raw[:8])
        head = json.loads(raw[8:8 + size])["logits"]
        vocab = head["shape"][1]
        row = struct.unpack(f"<{vocab}f", raw[8 + size:][head["data_offsets"][1] - 4 * vocab:head["data_offsets"][1]])
        top = max(row)
        lse = top + math.log(math.fsum(math.exp(x - top) for x in row))
        kept[text] = [x - lse for x in row]
    return kept[text]


def search(K, most, penalty, end):
    """Of transformers 5, early = false."""
    running, finished, steps = [((), 0.0)], [], 0
    for n in range(1, most + 1):
        all = sorted(((-(s + l), b, v) for b, (t, s) in enumerate(running) for v, l in enumerate(logp(t))))[:2 * K]
        texts = [(running[b][0] + (v,), -acc, v == end or n == most) for acc, b, v in all]
        new = [(t, s / n**penalty) for t, s, over in texts[:K] if over]
        finished = sorted(finished + new, key=lambda x: -x[1])[:K]
        running, steps = [(t, s) for t, s, over in texts if not over][:K], n
        if not running or (len(finished) == K and running[0][1] / n**penalty <= finished[-1][1]):
            break
    return finished, steps


def diverse(K, most, penalty, end, groups, less):
    """Of transformers 4, early = false: each group's own search, lowered by what the running beams of those before took in this step."""
    width = K // groups
    running, found, over, steps = [[((), 0.0)] for _ in range(groups)], [[] for _ in range(groups)], [False] * groups, 0
    while steps < most and not all(over):
        steps, taken = steps + 1, []
        for g in range(groups):
            if over[g]:
                continue
            acc = sorted((-(s + l - less * taken.count(v)), b, v) for b, (t, s) in enumerate(running[g]) for v, l in enumerate(logp(t)))[:2 * width]
            texts = [(running[g][b][0] + (v,), -a) for a, b, v in acc]
            running[g] = [x for x in texts if x[0][-1] != end][:width]
            taken += [t[-1] for t, _ in running[g]]
            done = [x for x in texts[:width] if x[0][-1] == end] + (running[g] if steps == most else [])
            found[g] = sorted(found[g] + [(t, s / steps**penalty) for t, s in done], key=lambda x: -x[1])[:width]
            over[g] = len(found[g]) == width and texts[0][1] / steps**penalty <= found[g][-1][1]
    return sorted((x for f in found for x in f), key=lambda x: -x[1]), steps


greedy = run(model, "-n", "8", "--ignore-eos", "--impl", "scalar")["ids"]
alone = run(model, "-n", "8", "--ignore-eos", "--impl", "scalar", "--beams", "1")
if alone["ids"] != greedy or alone["beam_search"]["steps"] != 8:
    wrong += 1
    print(f"one beam is not greedy: {alone['ids']}, not {greedy}")
data = open(model, "rb").read()
key = b"tokenizer.ggml.eos_token_id" + struct.pack("<I", 4)
at = data.index(key) + len(key)
ended, apart = 0, 0
for end, K, most, penalty, *groups in ((greedy[1], 3, 6, 1), (greedy[1], 3, 6, 0), (greedy[0], 4, 5, 2), (greedy[0], 2, 6, -1), (greedy[4], 6, 4, 0.5),
                                       (greedy[1], 4, 6, 1, 2, 0.5), (greedy[0], 6, 5, 0, 3, 1.25), (greedy[0], 6, 5, 2, 2, 3), (greedy[4], 3, 6, 1, 3, 0.1)):
    file = folder + "/end.gguf"
    open(file, "wb").write(data[:at] + struct.pack("<I", end) + data[at + 4:])
    for batch in "512", "1":
        got = run(file, "-n", str(most), "--impl", "scalar", "--beams", str(K), "--length-penalty", str(penalty), "--batch", batch,
                  *(("--beam-groups", str(groups[0]), "--diverse", str(groups[1])) if groups else ()))
        texts, steps = diverse(K, most, penalty, end, *groups) if groups else search(K, most, penalty, end)
        apart += bool(groups) and texts != diverse(K, most, penalty, end, groups[0], 0)[0]
        found = got["beam_search"]
        good = found["steps"] == steps and len(found["texts"]) == len(texts) and got["ids"] == list(texts[0][0])
        for have, (text, score) in zip(found["texts"], texts):  # f32 leaves 1e-5 of a log-likelihood open, which the penalty may multiply
            good = good and have["ids"] == list(text) and abs(have["score"] - score) < 1e-5 * max(1, len(text) ** -penalty)
            ended += len(text) < most
        if not good:
            wrong += 1
            print(f"end {end}, {K} beams of {most}, groups {groups}, length penalty {penalty}, batch {batch}: {found}, not {texts} in {steps}")
if not ended or apart < 8:
    wrong += 1
    print(f"{ended} texts ended on the way; of 8 searches by groups {apart} differ from those of no penalty")
best, oracle = (run(model, "-n", "6", "--beams", "4", "--impl", i)["beam_search"]["texts"][0]["score"] for i in ("best", "oracle"))
if not abs(best - oracle) < 0.1:
    wrong += 1
    print(f"best {best}, oracle {oracle}")
sys.exit(wrong > 0)
PY

expect 0 '^beam search: 2 beams, 5 steps, length penalty 1, score -[0-9.]*$' "$assay" run "$model" --ids 5 -n 5 --ignore-eos --beams 2 --threads 2 --kv q8_0
expect 0 '^beam search: 4 beams, 2 groups that differ by 0.5, 5 steps, length penalty 1, score -[0-9.]*$' \
  "$assay" run "$model" --ids 5 -n 5 --ignore-eos --beams 4 --beam-groups 2 --diverse 0.5
expect 2 'beam-groups 2: --beams 5 are not that many groups' "$assay" run "$model" -p x --beams 5 --beam-groups 2 --diverse 1
expect 2 'beam-groups 2 is of --beams, which is not asked for' "$assay" run "$model" -p x --beam-groups 2 --diverse 1
expect 2 'beam-groups 2, --diverse 0: groups differ only if both' "$assay" run "$model" -p x --beams 4 --beam-groups 2
expect 2 'beam-groups 0, --diverse 1: groups differ only if both' "$assay" run "$model" -p x --beams 4 --diverse 1
expect 2 'beams 65: a whole number from 1 to 64' "$assay" run "$model" -p x --beams 65
expect 2 'beams 2: it does not go with samplers' "$assay" run "$model" -p x --beams 2 --temperature 1
expect 2 'beams 2: it does not go with --logits' "$assay" run "$model" -p x --beams 2 --logits "$dir/x"
expect 2 'beams 2: it does not go with -n 0' "$assay" run "$model" -p x --beams 2 -n 0
expect 2 'length-penalty 2 is of --beams' "$assay" run "$model" -p x --length-penalty 2
expect 2 'length-penalty 5: a number from -4 to 4' "$assay" run "$model" -p x --beams 2 --length-penalty 5
expect 2 'length-penalty nan: a number' "$assay" run "$model" -p x --beams 2 --length-penalty nan
expect 2 'perplexity generates nothing: it does not go with --beams' "$assay" run "$model" --perplexity "$model" --beams 2
exit "$bad"
