#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay embed and assay fill: small seeded models with a vocabulary made here, against the NumPy graphs; what folders of sentence-transformers
# say; what is refused.  (The real MiniLM: cli.embed_minilm.)
set -euo pipefail
assay=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export OMP_WAIT_POLICY=passive
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
cd "$dir"
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$source/vectors/independent/models "${PYTHON:-python3}" - "$assay" <<'PY'
import json, os, subprocess, sys
import numpy as np
import bert, common, roberta, write
assay, wrong = sys.argv[1], 0


def folder(family, seed, name, special):
    """A seeded model; its vocab.txt: the special tokens, then w5 w6 ..., so that a text's ids are plain to see."""
    c, W, _ = write.model(family, seed)
    c = {k: write.narrowed(x) for k, x in c.items()}
    common.write_model(name, c, W)
    with open(name + "/vocab.txt", "w") as f:
        f.writelines(w + "\n" for w in special + [f"w{i}" for i in range(len(special), c["vocab_size"])])
    return c, W


def beside(name, **files):
    for file, value in files.items():
        path = f"{name}/{file.replace('__', '/')}.json"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        json.dump(value, open(path, "w"))


def run(*args, text=None):
    p = subprocess.run([assay, *args, "--json", "o.json"], input=text, capture_output=True, text=True)
    assert p.returncode == 0, (args, p.stderr)
    return json.load(open("o.json"))


def check(what, difference, bound):
    global wrong
    if not difference <= bound:
        wrong += 1
        print(f"{what}: off by {difference:.3g}, more than {bound:.3g}")


def modules(*types):
    return [{"idx": i, "name": str(i), "path": f"{i}_{t}" if i else "", "type": "sentence_transformers.models." + t} for i, t in enumerate(types)]


BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
common.NARROW = True
c, W = folder(bert, 1, "rows", BERT)
texts = ["w7 w9 w50 w95", "w8", " ".join(f"w{5 + 3 * i}" for i in range(30))]
ids = [[2, *(int(w[1:]) for w in t.split()), 3] for t in texts]
hidden = [bert.hidden(c, W, {"ids": i}) for i in ids]
pools = {"mean": lambda x: x.mean(0), "cls": lambda x: x[0], "max": lambda x: x.max(0), "last": lambda x: x[-1]}
assert all(np.allclose(bert.embed(c, W, i), x.mean(0) / np.sqrt((x.mean(0)**2).sum())) for i, x in zip(ids, hidden))
for impl, bound in (("oracle", 1e-13), ("scalar", 2e-5), ("best", 2e-5)):
    for pooling, of in pools.items():
        raw = [of(x) for x in hidden]
        unit = [x / np.sqrt(x @ x) for x in raw]
        for want, flags in ((unit, ()), (raw, ("--raw",))):
            d = run("embed", "rows", *texts, "--impl", impl, "--pooling", pooling, "-o", "v.safetensors", *flags)
            assert d["kind"] == "embed" and d["pooling"] == pooling and d["normalized"] == (not flags) and d["width"] == c["hidden_size"], d
            assert [(t["text"], t["tokens"]) for t in d["texts"]] == [(t, len(i)) for t, i in zip(texts, ids)], d["texts"]
            got = np.array([t["vector"] for t in d["texts"]])
            check(f"{impl} {pooling} {flags}", np.abs(got - want).max(), bound)
            check(f"{impl} {pooling} {flags}: cosines", np.abs(np.array(d["cosines"]) - np.array(unit) @ np.array(unit).T).max(), bound)
            saved = common.read("v.safetensors")["embeddings"]
            assert (saved == (got if impl == "oracle" else got.astype(np.float32))).all(), (impl, pooling)
        kinds = open("v.safetensors", "rb").read(400)
        assert (b'"F64"' if impl == "oracle" else b'"F32"') in kinds, kinds
# Lines of standard input, an empty one and a last one without an end among them.
d = run("embed", "rows", "-", text="w7 w9 w50 w95\n\nw8")
assert [t["tokens"] for t in d["texts"]] == [6, 2, 3] and d["texts"][1]["text"] == ""

# What a folder says.
for types, extra, pooling, normalized in ((("Transformer", "Pooling"), {"pooling_mode_cls_token": True}, "cls", False),
                                          (("Transformer", "Pooling", "Normalize"), {"pooling_mode_max_tokens": True}, "max", True),
                                          (("Transformer", "Pooling", "Normalize"),
                                           {"pooling_mode_lasttoken": True, "pooling_mode_mean_tokens": False}, "last", True),
                                          (("Transformer", "Pooling"), {"pooling_mode_mean_tokens": True}, "mean", False)):
    beside("rows", modules=modules(*types), **{"1_Pooling__config": {"word_embedding_dimension": 48, **extra}})
    d = run("embed", "rows", texts[0], "--impl", "oracle")
    assert (d["pooling"], d["normalized"]) == (pooling, normalized), d
    want = pools[pooling](hidden[0])
    check(f"a folder of {pooling}", np.abs(d["texts"][0]["vector"] - (want / np.sqrt(want @ want) if normalized else want)).max(), 1e-13)
beside("two", modules=modules("Transformer", "Pooling"), **{"1_Pooling__config": {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}})
beside("sqrt", modules=modules("Transformer", "Pooling"), **{"1_Pooling__config": {"pooling_mode_mean_sqrt_len_tokens": True}})
beside("none", modules=modules("Transformer", "Pooling"), **{"1_Pooling__config": {"pooling_mode_cls_token": False}})
beside("dense", modules=modules("Transformer", "Pooling", "Dense"), **{"1_Pooling__config": {"pooling_mode_cls_token": True}})
beside("short", sentence_bert_config={"max_seq_length": 6, "do_lower_case": False})
beside("lower", sentence_bert_config={"max_seq_length": 6, "do_lower_case": True})
beside("prompt", config_sentence_transformers={"prompts": {"query": "query: "}, "default_prompt_name": "query"})
beside("outside", modules=[{"path": "../rows", "type": "x.Pooling"}])
for name in "two sqrt none dense short lower prompt outside broken".split():
    os.makedirs(name, exist_ok=True)
    for file in "config.json", "model.safetensors", "vocab.txt":
        os.link(f"rows/{file}", f"{name}/{file}")
open("broken/modules.json", "w").write("[{")
# Cut before [SEP], which stays.
d = run("embed", "short", texts[2], "--truncate", "--impl", "oracle")
want = bert.embed(c, W, [*ids[2][:5], 3])
check("cut", np.abs(d["texts"][0]["vector"] - want).max(), 1e-13)

# Masked tokens.
for name, family, special, seed, words in (("masked", bert, BERT, 0, "[CLS] [SEP] [MASK]"), ("roberta", roberta, BERT, 0, "[CLS] [SEP] [MASK]")):
    c, W = folder(family, seed, name, special)
    text, filled = "w7 [MASK] w50 [MASK]", [2, 7, 4, 50, 4, 3]
    z = family.logits(c, W, {"ids": filled})
    chance = np.exp(z - z.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    for impl, bound in (("oracle", 1e-13), ("scalar", 2e-5), ("best", 2e-5)):
        d = run("fill", name, text, "-k", "7", "--impl", impl)
        assert d["kind"] == "fill" and d["tokens"] == 6 and [m["position"] for m in d["masks"]] == [2, 4], d
        for m in d["masks"]:
            order = np.argsort(-z[m["position"]], kind="stable")[:7]
            assert [t["id"] for t in m["tokens"]] == list(order), (name, impl, m)
            check(f"fill {name} {impl}", max(abs(t["chance"] - chance[m["position"]][t["id"]]) for t in m["tokens"]), bound)
    assert len(run("fill", name, "[MASK]", "-k", "1000")["masks"][0]["tokens"]) == c["vocab_size"]
    assert len(run("fill", name, "[MASK]")["masks"][0]["tokens"]) == 5
# RoBERTa's own tokenizer: bytes' tokens between <s> and </s>, and a <mask> that takes the blank before it along.
bytelevel = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
names = ["<s>", "<pad>", "</s>", "<unk>", *"abcdefgh", "\u0120", "<mask>"]
added = [{"id": i, "content": n, "special": True, "single_word": False, "lstrip": n == "<mask>", "rstrip": False, "normalized": False}
         for i, n in enumerate(names) if n[0] == "<"]
json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": bytelevel, "decoder": bytelevel,
           "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": False},
           "model": {"type": "BPE", "vocab": {n: i for i, n in enumerate(names)}, "merges": []}}, open("roberta/tokenizer.json", "w"))
d = run("fill", "roberta", "ab <mask>c d", "--impl", "oracle")
z = roberta.logits(c, W, {"ids": [0, 4, 5, 13, 6, 12, 7, 2]})[3]
assert [m["position"] for m in d["masks"]] == [3] and d["tokens"] == 8, d
check("roberta's <mask>", max(abs(t["logit"] - z[t["id"]]) for t in d["masks"][0]["tokens"]), 1e-12)
d = run("embed", "masked", "w7 [MASK]")  # of a text all is text, and with a head the rows stand behind the layers as without
assert d["texts"][0]["tokens"] > 4 and d["width"] == 48
sys.exit(wrong > 0)
PY
expect 0 '^family bert, pooling cls, lengths kept, implementation best: 2 texts of 6 tokens, vectors of 48 numbers' \
  "$assay" embed rows w7 w8 --pooling cls --raw
expect 0 '^  2  *-*[01]\.[0-9]*  1\.000000$' "$assay" embed rows w7 w8
expect 0 '^    and 4 more$' "$assay" embed rows w{5..24} --threads 2
expect 2 'text 2 has 8 tokens, the model takes 6 (--truncate cuts)' "$assay" embed short w7 'w5 w6 w7 w8 w9 w10'
expect 2 'config.json: pooling_mode_mean_tokens beside another pooling is not known' "$assay" embed two w7
expect 0 'pooling max' "$assay" embed two w7 --pooling max
expect 2 'config.json: pooling_mode_mean_sqrt_len_tokens is not known (--pooling says another)' "$assay" embed sqrt w7
expect 2 'config.json: it names no pooling that is known' "$assay" embed none w7
expect 2 'the module Dense is not known' "$assay" embed dense w7
expect 2 'do_lower_case, of texts, is not done' "$assay" embed lower w7
expect 2 "the prompt 'query' before every text is not done" "$assay" embed prompt w7
expect 2 'modules.json: a module without a type and a folder of its own' "$assay" embed outside w7
expect 2 'modules.json: this is no JSON' "$assay" embed broken w7
expect 2 'a TEXT is missing' "$assay" embed rows
expect 2 'MODEL and a TEXT are missing' "$assay" embed
expect 2 'standard input holds no line' "$assay" embed rows -
expect 2 'pooling sum: mean, cls, max and last are known' "$assay" embed rows w7 --pooling sum
expect 2 'no such tier' "$assay" embed rows w7 --isa mmx
expect 2 'would overwrite rows/model.safetensors' "$assay" embed rows/model.safetensors w7 -o rows/model.safetensors
expect 2 'cannot be written: No space' "$assay" embed rows w7 -o /dev/full
expect 0 "^position 1:$" "$assay" fill masked '[MASK]'
expect 2 'no \[MASK\] in the text: nothing is to be filled' "$assay" fill masked w7
expect 2 'rows: the file has no head for masked tokens: assay embed' "$assay" fill rows '[MASK]'
expect 2 'TEXT is missing' "$assay" fill masked
expect 2 'is too much' "$assay" fill masked a b
expect 2 'masked/config.json: no file of weights: MODEL is the folder' "$assay" fill masked/config.json '[MASK]'
expect 0 '^2 7 3$' "$assay" tokenize masked w7
sed '5s/.*/w4/' masked/vocab.txt >vocab && mv vocab masked/vocab.txt
expect 2 'neither \[MASK\] nor <mask>' "$assay" fill masked '[MASK]'
rm masked/vocab.txt
expect 2 'masked: there is no tokenizer' "$assay" fill masked '[MASK]'
for other in llama t5 vit; do
  "${PYTHON:-python3}" "$source/vectors/independent/models/write.py" $other 0 $other >/dev/null
done
expect 2 'family llama is no encoder alone: assay run' "$assay" embed llama w7
expect 2 'family t5 is no encoder alone: assay run' "$assay" fill t5 '[MASK]'
expect 2 'family vit reads no text: assay logits' "$assay" embed vit w7
