#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay run and assay translate of models with a decoder behind an encoder: models whose answers are known (constructed.py: copy and reverse) by greedy
# and beam search, seeded ones against NumPy's greedy and beam search, text in and out, and what is refused.
set -euo pipefail
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export OMP_WAIT_POLICY=passive
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
cd "$dir"
cat >try.py <<'PY'
import json, os, subprocess, sys
import numpy as np
import bart, common, constructed, rnnsearch, search, t5, transformer, whisper, write
assay, wrong = sys.argv[1], 0


def run(*args, command="translate"):
    p = subprocess.run([assay, command, *args, "--json", "o.json"], capture_output=True, text=True)
    assert p.returncode == 0, (args, p.stderr)
    return json.load(open("o.json")) | {"out": p.stdout}


def say(what, got, want):
    global wrong
    if got != want:
        wrong += 1
        print(f"{what}: {got}, not {want}")


def known(task):
    """Twenty random texts, by all ways of computing and of searching; then what else a run writes."""
    c, W = constructed.Builder(constructed.TASKS[task], "interleaved").build()
    common.write_model(task, c, W)
    rng = np.random.Generator(np.random.PCG64([23, len(task)]))
    for k in range(20):
        text = rng.integers(3, constructed.V, k + 1).tolist()
        want = (text if task == "copy" else text[::-1]) + [constructed.EOS]
        given = ",".join(map(str, text + [constructed.EOS]))
        for impl in "oracle", "scalar", "best":
            for how in (), ("--beams", "3", "--length-penalty", "1"):
                d = run(task, "--ids", given, "-n", "24", "--impl", impl, *how)
                say(f"{task} {impl} {how} {text}", d["ids"], want)
        if k == 12:
            assert d["source_ids"] == text + [2] and d["prompt_ids"] == [1] and d["encoder"]["tokens"] == 14, d
            say(f"{task}: run", run(task, "--ids", given, "-n", "24", command="run")["ids"], want)
            say(f"{task}: groups", run(task, "--ids", given, "-n", "24", "--beams", "4", "--beam-groups", "2", "--diverse", "0.5")["ids"], want)
            say(f"{task}: drawn", run(task, "--ids", given, "-n", "24", "--temperature", "0.7", "--seed", "5", "--top-p", "0.95")["ids"], want)
            say(f"{task}: repeated", run(task, "--ids", given, "-n", "24", "--repeat", "2")["ids"], want)
            say(f"{task}: repeated beams", run(task, "--ids", given, "-n", "24", "--beams", "2", "--repeat", "2")["ids"], want)
            say(f"{task}: on", run(task, "--ids", given, "-n", "20", "--ignore-eos")["ids"][:14], want)
            say(f"{task}: begun", run(task, "--ids", given, "-n", "24", "--decoder-ids", ",".join(map(str, [1] + want[:5])))["ids"], want[5:])
            for impl, bound in (("oracle", 1e-6), ("best", 1e-4)):
                run(task, "--ids", given, "-n", "24", "--logits", "l.safetensors", "--impl", impl)
                l, z = common.read("l.safetensors"), transformer.logits(c, W, dict(ids=text + [2], decoder_ids=[1] + want[:-1]))
                say(f"{task}: logits' ids", l["ids"].tolist(), [1] + want[:-1])
                say(f"{task} {impl}: logits", bool(np.abs(l["logits"] - z).max() < bound * np.abs(z).max()), True)


def seeded(family, seed):
    """Against NumPy: the texts of a random model, which end where they happen to."""
    name = f"{family.__name__}.{seed}"
    c, W, inputs = write.model(family, seed)
    c = {k: write.narrowed(x) for k, x in c.items()}
    common.write_model(name, c, W)
    if "mel" in inputs:
        common.write("in.safetensors", {"mel": inputs["mel"]})
        given = ("--inputs", "in.safetensors")
    else:
        given = ("--ids", ",".join(map(str, inputs["ids"])))
    step = lambda ids: family.logits(c, W, inputs | {"decoder_ids": np.array(ids)})[-1]
    start, most = c["decoder_start_token_id"], 10
    free, margin = search.greedy(step, start, set(), most)
    # its end is a token that the text has, so that it is met: half of the models end early
    c["eos_token_id"] = free[4] if seed % 2 == 0 else c["eos_token_id"]
    json.dump(c, open(name + "/config.json", "w"))
    want, _ = search.greedy(step, start, {c["eos_token_id"]}, most)
    for impl in ("oracle",) if margin < 1e-3 else ("oracle", "scalar", "best"):
        say(f"{name} {impl}", run(name, *given, "-n", str(most), "--impl", impl)["ids"], want)
    if family is rnnsearch:
        return
    found = search.beam(step, start, {c["eos_token_id"]}, 3, 6)
    texts = run(name, *given, "-n", "6", "--beams", "3", "--impl", "oracle")["beam_search"]["texts"]
    say(f"{name}: beams", [t["ids"] for t in texts], [ids for ids, score in found if score > search.FAR / 2])
    say(f"{name}: scores", max(abs(t["score"] - s) for t, (_, s) in zip(texts, found)) < 1e-4, True)


for task in constructed.TASKS:
    known(task)
common.NARROW = True
for family in t5, bart, transformer, whisper, rnnsearch:
    for seed in range(2):
        seeded(family, seed)

# Text: bytes' tokens of a tokenizer.json beside the reversing model, with </s> behind every text.
names = ["<pad>", "<s>", "</s>", *"abcdefghijklm"]
special = [dict(id=i, content=names[i], special=True, single_word=False, lstrip=False, rstrip=False, normalized=False) for i in range(3)]
bytelevel = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
frame = [dict(Sequence=dict(id="A", type_id=0)), dict(SpecialToken=dict(id="</s>", type_id=0))]
json.dump(dict(version="1.0", truncation=None, padding=None, added_tokens=special, normalizer=None, pre_tokenizer=bytelevel, decoder=bytelevel,
               post_processor=dict(type="TemplateProcessing", single=frame, pair=frame, special_tokens={"</s>": dict(id="</s>", ids=[2], tokens=["</s>"])}),
               model=dict(type="BPE", vocab={n: i for i, n in enumerate(names)}, merges=[])), open("reverse/tokenizer.json", "w"))
for how in (), ("--beams", "3"):
    d = run("reverse", "abcdm", "-n", "24", *how)
    say("source", d["source_ids"], [3, 4, 5, 6, 15, 2])
    say("text", d["text"], "mdcba")
    say("printed", d["out"].split("\n")[0], "mdcba")

t = json.load(open("reverse/tokenizer.json"))
json.dump(t | dict(post_processor=None), open("reverse/tokenizer.json", "w"))
p = subprocess.run([assay, "translate", "reverse", "abcdm", "-n", "3"], capture_output=True, text=True)
say("note", "puts no token behind a text, and the model ends texts by 2" in p.stderr, True)
say("special", run("reverse", "abcdm</s>", "--special", "-n", "24")["text"], "mdcba")
json.dump(t, open("reverse/tokenizer.json", "w"))

# What the decoder begins with: config.json, generation_config.json beside it, else bos, else pad; and a forced first token.
c = json.load(open("copy/config.json"))
for change, also, want in ((dict(), dict(), [1]), (dict(decoder_start_token_id=5), dict(decoder_start_token_id=4), [5]),
                           (dict(decoder_start_token_id=None), dict(decoder_start_token_id=4), [4]), (dict(decoder_start_token_id=None), None, [1]),
                           (dict(decoder_start_token_id=None, bos_token_id=None), None, [0]), (dict(forced_bos_token_id=9), None, [1, 9])):
    os.makedirs("begin", exist_ok=True)
    if not os.path.exists("begin/model.safetensors"):
        os.link("copy/model.safetensors", "begin/model.safetensors")
    if os.path.exists("begin/generation_config.json"):
        os.remove("begin/generation_config.json")
    json.dump(c | change, open("begin/config.json", "w"))
    if also is not None:
        json.dump(also, open("begin/generation_config.json", "w"))
    say(f"begin {change} {also}", run("begin", "--ids", "3,4,2", "-n", "2")["prompt_ids"], want)
json.dump(c | dict(decoder_start_token_id=None, bos_token_id=None, pad_token_id=None), open("begin/config.json", "w"))
sys.exit(wrong > 0)
PY
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$source/vectors/independent/models "${PYTHON:-python3}" try.py "$assay"
expect 0 '^encoder: 3 tokens in' "$assay" translate copy --ids 3,4,2 -n 4
expect 0 '^3 4$' "$assay" translate copy --ids 3,4,2 -n 4
expect 0 "^encoder: 20 tokens in" "$assay" run whisper.0 --inputs in.safetensors -n 2 --threads 2
expect 2 'begin: no decoder_start_token_id says what the decoder begins with: --decoder-ids IDS' "$assay" translate begin --ids 3,4,2
expect 0 '^prefill: 2 tokens' "$assay" translate begin --ids 3,4,2 -n 2 --decoder-ids 1,3
expect 2 'draft is of decoders alone; family transformer has an encoder' "$assay" run copy --ids 3,2 --draft copy
expect 2 'imatrix-out is of decoders alone' "$assay" run copy --ids 3,2 --imatrix-out x.gguf
expect 2 'perplexity is of decoders alone' "$assay" run reverse --perplexity try.py
expect 2 'the encoder of family whisper reads numbers, not text: --inputs FILE' "$assay" run whisper.0 --ids 3
expect 2 'the encoder of family t5 reads tokens: -p TEXT or --ids IDS' "$assay" run t5.0 --inputs in.safetensors
expect 2 'beams: the state of a model of family rnnsearch cannot go back' "$assay" run rnnsearch.0 --ids 3 --beams 2
expect 2 'token id 16 is not in 0 .. 15' "$assay" translate copy --ids 3,16,2
expect 2 'token id 16 is not in 0 .. 15' "$assay" translate copy --ids 3,2 --decoder-ids 16
expect 2 '1 tokens of the decoder and 64 to generate exceed the model.s context of' "$assay" translate bart.0 --ids 3,2
expect 2 'copy: no tokenizer.json' "$assay" translate copy 'a b'
expect 2 'give a TEXT, or --ids IDS' "$assay" translate copy
expect 2 'there is more than one prompt: give a TEXT, or --ids IDS' "$assay" translate copy a --ids 3
expect 2 "one MODEL and one TEXT; 'b' is too much" "$assay" translate copy a b
for other in llama bert vit; do
  "${PYTHON:-python3}" "$source/vectors/independent/models/write.py" $other 0 $other >/dev/null
done
expect 2 '^assay translate: family llama has no encoder before its decoder: assay run' "$assay" translate llama --ids 3
expect 2 'family llama has no encoder before its decoder: give a prompt alone' "$assay" run llama --ids 3 --decoder-ids 3
expect 2 'family bert has no decoder: assay embed, assay fill' "$assay" run bert --ids 3
expect 2 'family vit has no decoder: assay logits' "$assay" run vit --ids 3
