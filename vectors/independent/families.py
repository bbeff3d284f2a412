#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tokenizer.json files as model families ship them, against Hugging Face's tokenizers (PyPI `tokenizers`), id by id: BPE of characters (Llama 1
and 2, Mistral, Gemma), unigram (T5, XLM-R) with the compiled rules of PyPI `sentencepiece`, added tokens that take blanks along, are words
alone or are looked for in normalized text, frames of several tokens.  Vocabularies are trained here.

usage: families.py ASSAY [COUNT [FILE...]]     COUNT: random texts for each (20000); FILE: tokenizer.json files of others, beside the trained
ones.  Exit 0: all equal; 1: not; 77: a package is not here"""
import io
import itertools
import json
import os
import random
import sys
import tempfile

from tokens import BLANKS, PIECES, compare, ids_of, mixtures, together

# What rules make of clusters: marks behind what has a rule of its own, jamo, signs of few bytes that join.
CLUSTERS = ["Ａ\u0301", "e\u0301", "か\u3099", "ｶﾞ", "ﾊﾟ", "\u1100\u1161", "①\u0301", "½\u200d", "\r\n", "\u00a0\u0301", "ﬁ\u0308",
            "\u0e33", "\u0eb3", "\u0d4e\u0d05",
            "\u0600\u0661", "क\u094dष", "🇩🇪🇫", "\u200d", "\u0085", "\u00ad", "\u2028", "㍿", "\ufdfa", "\u212b\u0327", "`\u0300", "1\u20e3"]


def more(n, seed):
    """Mixtures with clusters, runs of blanks, and U+2581."""
    r = random.Random(seed)
    parts = PIECES + CLUSTERS + ["▁", "  ", "▁▁", "aaaa", "hello world", "x▁y"]
    def word():
        if r.random() < 0.1:
            return chr(r.choice([r.randrange(0x20, 0x3000), r.randrange(0x3000, 0xd800), r.randrange(0x10000, 0x1ffff)]))
        return r.choice(parts)
    return ["".join(word() + r.choice(BLANKS + ["", "", " "]) for _ in range(r.randint(1, 9))) for _ in range(n)]


def charsmap(rules):
    """The compiled rules that sentencepiece ships: normalizer_spec (field 3) of a model, precompiled_charsmap (field 2) of it."""
    import sentencepiece
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c ab abc"] * 50), model_writer=model, vocab_size=20, minloglevel=2, num_threads=1,
                                             hard_vocab_limit=False, normalization_rule_name=rules)
    def fields(data):
        at = 0
        def varint():
            nonlocal at
            value = shift = 0
            while True:
                value, shift, at = value | (data[at] & 127) << shift, shift + 7, at + 1
                if data[at - 1] < 128:
                    return value
        while at < len(data):
            tag = varint()
            if tag & 7 == 2:
                n = varint()
                at += n
                yield tag >> 3, data[at - n:at]
            elif tag & 7 == 0:
                varint()
            else:
                at += 4
    spec = next(v for k, v in fields(model.getvalue()) if k == 3)
    return next(v for k, v in fields(spec) if k == 2)


def flagged(AddedToken, t, seed, normalized=True):
    """Tokens with each choice of flags, some of which stand in others, begin or end with blanks, or have capitals and marks.  Those that the
    model has as pieces are not special: to tokenizers text becomes a special one by merging, to assay never."""
    r, texts = random.Random(seed), ["<mask>", "<a>", "<a>>", "mask", "ab", "abc", "é", "Å", "hello", "hello world", "<user>",
                                      "[x]", " y", "z ", "--", "漢字", "don", "<<a>"]
    flags = list(itertools.product([False, True], repeat=4))
    r.shuffle(flags)
    return [AddedToken(x, single_word=f[0], lstrip=f[1], rstrip=f[2], normalized=f[3] and normalized, special=i % 3 == 0 and t.token_to_id(x) is None) for i, (x, f) in
            enumerate(zip(texts, itertools.cycle(flags)))]


def marked(n, seed, tokens):
    r, words = random.Random(seed), [t.content for t in tokens] + PIECES[:20] + ["xhello", "ⓐ", "\u200d", "_", "\u0301", "\u093e", "٣"]
    return ["".join(r.choice(words) + r.choice(["", "", " ", "  ", "\n", "\u00a0", "\u3000 ", "\u001c"]) for _ in range(r.randint(1, 10))) for _ in range(n)]


def judge(assay, name, t, texts, *options):
    """texts: lists by name.  encode_special_tokens is what assay does without --special."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tokenizer.json")
        t.save(path)
        for what, list_ in texts.items():
            want = [e.ids for i in range(0, len(list_), 50000) for e in t.encode_batch(list_[i:i + 50000])]
            bad += compare(f"{name}, {what}", want, ids_of(assay, path, list_, *options), list_)
    return bad


def lists(count, seed):
    return {"mixtures": mixtures(count, seed), "clusters": more(count, seed + 1), "code points": together(lambda c: f"a{c}b {c} {c}\u0301 {c}\u200d{c}")}


def main(assay, count, files):
    try:
        from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers as N, pre_tokenizers as P, processors, trainers
        nmt = {rules: charsmap(rules) for rules in ("nmt_nfkc", "nmt_nfkc_cf")}
    except ImportError as e:
        print(f"families.py: {e}: not run", file=sys.stderr)
        return 77
    bad, seen, texts = 0, mixtures(4000, 1), lists(count, 2)
    block = "▁"
    bytes_ = [f"<0x{b:02X}>" for b in range(256)]

    # BPE of characters: what they are trained on is normalized by the tokenizer itself
    replace = N.Replace(" ", block)
    shapes = {"Llama": (N.Sequence([N.Prepend(block), replace]), None, True, True), "Mistral": (None, P.Metaspace(block, "first", False), True, True),
              "Gemma": (replace, P.Split(" ", "merged_with_previous"), True, True), "unknown fused": (replace, None, False, True),
              "unknown each": (replace, None, False, False), "words": (None, P.Metaspace(block, "always", True), True, False),
              "NFC": (N.Sequence([N.NFC(), replace]), None, True, True)}
    for name, (normalizer, pre, fallback, fuse) in shapes.items():
        t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=fuse, byte_fallback=fallback))
        if normalizer:
            t.normalizer = normalizer
        trainer = trainers.BpeTrainer(vocab_size=1200, limit_alphabet=150, show_progress=False,
                                      special_tokens=["<unk>", "<s>", "</s>"] + (bytes_ if fallback else []))
        t.pre_tokenizer = P.Metaspace(block, "never", True)
        t.train_from_iterator(seen, trainer)
        said = json.loads(t.to_str())  # bytes' tokens are no added tokens
        said["added_tokens"] = [x for x in said["added_tokens"] if not x["content"].startswith("<0x")]
        t = Tokenizer.from_str(json.dumps(said))
        t.pre_tokenizer = pre
        t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", t.token_to_id("<s>"))])
        some = {k: v for k, v in texts.items() if name != "NFC" or k != "code points"}  # marks newer than tokenizers' tables (docs/tokenizers.md)
        bad += judge(assay, name, t, some, "--special")
        tokens = flagged(AddedToken, t, 5)
        t.add_tokens(tokens)
        more_texts = {"added tokens": marked(count, 6, tokens)}
        bad += judge(assay, name, t, more_texts, "--special")
        t.encode_special_tokens = True
        bad += judge(assay, name + ", special tokens as text", t, more_texts)

    # unigram
    for rules, map_ in nmt.items():
        runs = lambda to: N.Sequence([N.Precompiled(map_), N.Replace(Regex(" {2,}"), to)])
        both = P.Sequence([P.WhitespaceSplit(), P.Metaspace(block, "always", True)])
        for name, normalizer, pre in (("T5", N.Precompiled(map_), both), ("XLM-R", runs(" "), P.Metaspace(block, "always", True)),
                                      ("flan-T5", N.Sequence([N.Precompiled(map_), N.Strip(False, True), N.Replace(Regex(" {2,}"), block)]),
                                       P.Metaspace(block, "always", True)), ("first", runs(block), P.Metaspace(block, "first", True)),
                                      ("quotes", N.Sequence([N.Replace("``", '"'), N.Replace("''", '"'), runs(" ")]), both)):
            t = Tokenizer(models.Unigram())
            t.normalizer, t.pre_tokenizer = normalizer, pre
            t.train_from_iterator(seen, trainers.UnigramTrainer(vocab_size=8000, show_progress=False,
                                                                special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>"))
            t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", t.token_to_id("</s>"))])
            bad += judge(assay, f"{name} ({rules})", t, texts, "--special")
            tokens = flagged(AddedToken, t, 7)
            t.add_tokens(tokens)
            bad += judge(assay, f"{name} ({rules})", t, {"added tokens": marked(count, 8, tokens)}, "--special")

    # byte-level BPE: all flags, frames
    for seed in range(4):
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = P.ByteLevel(add_prefix_space=False)
        if seed % 2:
            t.normalizer = N.NFC()
        t.train_from_iterator(seen, trainers.BpeTrainer(vocab_size=600, initial_alphabet=P.ByteLevel.alphabet(), show_progress=False,
                                                        special_tokens=["<s>", "</s>", "<t>"]))
        tokens = flagged(AddedToken, t, seed)
        t.add_tokens(tokens)
        ids = [(x, t.token_to_id(x)) for x in ("<s>", "</s>", "<t>")]
        frames = {"Whisper's frame": processors.TemplateProcessing(single="<s> <t> <t> $A </s> <t>", special_tokens=ids),
                  "RoBERTa's frame": processors.RobertaProcessing(("</s>", 1), ("<s>", 0)),
                  "a sequence of frames": processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.BertProcessing(("</s>", 1), ("<t>", 2))])}
        marks = marked(count, 9 + seed, tokens)
        for name, frame in frames.items():
            t.post_processor, t.encode_special_tokens = frame, False
            bad += judge(assay, f"bytes {seed}, {name}", t, {"added tokens": marks}, "--special")
        t.encode_special_tokens = True
        bad += judge(assay, f"bytes {seed}, special tokens as text", t, {"added tokens": marks})

    # WordPiece: flags but normalized
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = N.BertNormalizer(), P.BertPreTokenizer()
    t.train_from_iterator(seen, trainers.WordPieceTrainer(vocab_size=8000, show_progress=False, special_tokens=["[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[(x, t.token_to_id(x)) for x in ("[CLS]", "[SEP]")])
    tokens = flagged(AddedToken, t, 21, False)
    t.add_tokens(tokens)
    bad += judge(assay, "words", t, {"added tokens": marked(count, 22, tokens)}, "--special")

    for path in files:
        bad += judge(assay, os.path.basename(os.path.dirname(os.path.abspath(path))), Tokenizer.from_file(path), texts, "--special")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20000, sys.argv[3:]))
