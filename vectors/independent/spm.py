#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SentencePiece BPE, by the PyPI package sentencepiece: models that are trained here, with and without byte fallback, normalization,
user-defined pieces, a blank in front, and tokenizer.model files of others.  Random mixtures and every code point must become the
same ids.

usage: spm.py PROGRAM [COUNT [MODEL...]]     PROGRAM: assay, or what reads texts (u32 length, little-endian, and bytes) for the model
that it is called with and prints a line of ids for each: that can say NULs and what is no UTF-8, too; COUNT: random texts a model
(20000); MODEL: files of others, beside the trained ones; exit 0: all agree; 1: one does not; 77: sentencepiece is not there"""
import io
import os
import random
import struct
import sys
import tempfile

try:
    import sentencepiece
except ImportError as e:
    print(f"spm.py: {e}: not compared (pip install sentencepiece)", file=sys.stderr)
    sys.exit(77)

from tokens import ids_of_bytes

program, count = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20000
failed = []
rng = random.Random(2026)

SYLLABLES = ["ka", "to", "ri", "ne", "shi", "mo", "an", "er", "ing", "th", "qu", "ou", "ß", "é", "ñ", "да", "не", "при", "το", "漢", "字", "かな", "カ", "한", "글"]
WORDS = ["".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 4))) for _ in range(600)]
USERS = ["<sep>", "<sep>>", "foo", "@@", "▁▁", "▁▁▁▁", "katori", "▁ne", "é!", "x▁y"]
ODD = [" ", "  ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2581", "\u2581\u2581", "\u200b", "\ufeff", "\u0301", "e\u0301", "\u212b", "ﬁ", "½",
       "①", "㍿", "ｶﾞ", "ﾊﾟ", "か\u3099", "ＡＢＣ", "ｆｏｏ", "！", "\U0001f642", "\U0001f468\u200d\U0001f469", "\u0000", "\u007f", "\x01", "<s>", "</s>", "<unk>",
       "<0x41>", "<0x0A>", "[INST]", "[REFERENCE_DOC_7]", "[REFERENCE_DOC_", "…", "..", "''", "\u1100\u1161", "\uac00", "\ufffd", "\ud7ff", "\ue000", "\uffff", "\U0010ffff", "aaaaaaaaaaa",
       "ababababab", "1234567", "３", "x y", "é!"]
BROKEN = [b"\xff", b"\xc3", b"\xe6\xbc", b"\xf0\x9f\x99", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x96"]


def corpus(n=3000):
    draw = random.Random(7)
    for _ in range(n):
        line = " ".join(WORDS[min(int(draw.expovariate(0.01)), len(WORDS) - 1)] for _ in range(draw.randint(3, 12)))
        yield line + draw.choice([".", "!", "?", "", ", ", " 1984"])


def mixture():
    """Bytes of words, odd characters, user-defined pieces and what is no UTF-8."""
    parts = []
    for _ in range(rng.randint(0, 12)):
        kind = rng.random()
        if kind < 0.45:
            parts.append((rng.choice(WORDS) + rng.choice(["", " ", " ", ","])).encode())
        elif kind < 0.65:
            parts.append(rng.choice(ODD).encode())
        elif kind < 0.78:
            parts.append(rng.choice(USERS).replace("▁", rng.choice(["▁", " "])).encode())
        elif kind < 0.97:
            code = int(10 ** rng.uniform(0, 6.04))
            parts.append(chr(min(code, 0x10ffff)).encode(errors="ignore") * rng.choice([1, 1, 2, 5]))
        else:
            parts.append(rng.choice(BROKEN))
    return b"".join(parts)


def compare(what, path, theirs, texts):
    texts, have = ids_of_bytes(program, path, texts)
    wrong = 0
    want = theirs.encode(texts)
    for text, a, b in zip(texts, have, want):
        if a != b:
            wrong += 1
            if wrong <= 5:
                print(f"  {text!r}: {a[:24]}, by sentencepiece {b[:24]}")
    if len(have) != len(texts) or wrong:
        failed.append(what)
    said = f"{len(texts)} texts of {sum(map(len, want))} ids compared, {wrong} differ"
    print(f"{'FAIL' if what in failed else 'ok  '} {what}: {said}", flush=True)


def judge(what, path):
    theirs = sentencepiece.SentencePieceProcessor(model_file=path)
    compare(f"{what}, random", path, theirs, [mixture() for _ in range(count)])
    long = [b"".join(mixture() for _ in range(500)) for _ in range(10)]
    compare(f"{what}, long", path, theirs, long + [c * 50001 for c in (b"a", b" ", b"ab", b"th \xff")])
    compare(f"{what}, every code point", path, theirs, [chr(c).encode() for c in range(0x110000) if not 0xd800 <= c < 0xe000])


def trained():
    """Names and options of models: each option against the others' usual values, then several at a time."""
    usual = {"model_type": "bpe", "vocab_size": 600, "byte_fallback": False, "normalization_rule_name": "identity", "add_dummy_prefix": True,
             "remove_extra_whitespaces": False, "character_coverage": 0.999, "split_by_whitespace": True}
    users, squeeze, nfkc = {"user_defined_symbols": USERS}, {"remove_extra_whitespaces": True}, {"normalization_rule_name": "nmt_nfkc"}
    fallback, bare = {"byte_fallback": True, "vocab_size": 1000}, {"add_dummy_prefix": False}
    for more in ({}, fallback, nfkc, bare, squeeze, users, {"split_by_whitespace": False}, {"character_coverage": 0.98, "vocab_size": 300},
                 {"normalization_rule_name": "nmt_nfkc_cf", **squeeze, **users, **fallback},
                 {**users, **bare, **fallback, "split_by_whitespace": False, "allow_whitespace_only_pieces": True},
                 {**nfkc, **users, **squeeze}, {**squeeze, **bare, **users}, {**users, **nfkc, **bare},
                 {"control_symbols": ["<cls>", "foo"], "unk_id": 2, "bos_id": -1, "eos_id": 0, "pad_id": 1}):
        yield " ".join(f"{k}={v if k != 'user_defined_symbols' else len(v)}" for k, v in more.items()) or "usual", {**usual, **more}


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def changed(model, unused, ties):
    """A model with a share of its normal pieces turned into unused ones, and with scores of a few values only: a field that comes
    again replaces what stood there."""
    out, at = b"", 0
    while at < len(model):
        begin = at
        tag, at = varint(model, at)
        n, at = varint(model, at)
        at += n
        piece = model[at - n:at]
        if tag == 0x0a and b"\x18" not in piece[-2:-1] and n < 100:
            piece += b"\x18\x05" if rng.random() < unused else b""
            piece += b"\x15" + struct.pack("<f", -float(rng.randint(0, 6))) if ties else b""
            out += bytes([tag, len(piece)]) + piece
        else:
            out += model[begin:at]
    return out


with tempfile.TemporaryDirectory() as folder:
    for i, (name, options) in enumerate(trained()):
        path, model = os.path.join(folder, f"{i}.model"), io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=corpus(), model_writer=model, minloglevel=2, num_threads=1,
                                                 hard_vocab_limit=False, **options)
        variants = [("", model.getvalue())]
        if i % 4 == 1:
            variants += [(" unused", changed(model.getvalue(), 0.4, False)), (" unused ties", changed(model.getvalue(), 0.3, True))]
        for more, data in variants:
            with open(path, "wb") as f:
                f.write(data)
            judge(name + more, path)
for path in sys.argv[3:]:
    judge(os.path.basename(path), path)
sys.exit(1 if failed else 0)
