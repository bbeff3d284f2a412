#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SentencePiece unigram, by the PyPI package sentencepiece: models that are trained here, with and without byte fallback, normalization,
blanks taken away, user-defined pieces, a blank in front; models that are drawn, in which ways are often equal and pieces unused; and
unigram tokenizer.model files of others.  Random mixtures, long texts and every code point must become the same ids.

usage: unigram.py PROGRAM [COUNT [MODEL...]]     PROGRAM: assay, or what reads texts (u32 length, little-endian, and bytes) for the
model that it is called with and prints a line of ids for each: that can say NULs and what is no UTF-8, too; COUNT: random texts a
model (20000); MODEL: files of others, beside the trained ones; exit 0: all agree; 1: one does not; 77: sentencepiece is not there"""
import io
import os
import random
import struct
import sys
import tempfile

try:
    import sentencepiece
except ImportError as e:
    print(f"unigram.py: {e}: not compared (pip install sentencepiece)", file=sys.stderr)
    sys.exit(77)

from tokens import ids_of_bytes

program, count = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20000
failed = []
rng = random.Random(2027)

SYLLABLES = ["ba", "lo", "ni", "tre", "sch", "um", "ed", "ion", "al", "ph", "oa", "ö", "å", "œ", "ши", "ла", "ст", "ων", "語", "学", "ひら", "ノ", "국",
             "말", "ab", "ba", "aab"]
WORDS = ["".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 4))) for _ in range(500)]
USERS = ["<sep>", "<sep>>", "lo", "##", "▁▁", "▁ni", "é!", "x▁y", "ab"]
ODD = [" ", "  ", "    ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2581", "\u2581\u2581", "\u200b", "\ufeff", "\u0301", "e\u0301",
       "\u212b", "ﬁ", "¼", "②", "㍻", "ｶﾞ", "ﾊﾟ", "か\u3099", "ＬＯ", "ａｂ", "！", "\u00a8", "\ufdfa", "\U0001f642",
       "\U0001f468\u200d\U0001f469", "\u0000", "\u007f", "\x01", "<s>", "</s>", "<unk>", "<0x41>", "<pad>", "…", "\u1100\u1161", "\uac00",
       "\ufffd", "\ud7ff", "\ue000", "\uffff", "\U0010ffff", "aaaaaaaaaaa", "ababababab", "aabaabaab", "1234567", "３", "x y", "é!", "İ",
       "ẞ"]
BROKEN = [b"\xff", b"\xc3", b"\xe6\xbc", b"\xf0\x9f\x99", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x96"]


def corpus(n=2500):
    draw = random.Random(11)
    for _ in range(n):
        line = " ".join(WORDS[min(int(draw.expovariate(0.012)), len(WORDS) - 1)] for _ in range(draw.randint(3, 12)))
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
        elif kind < 0.75:
            parts.append(rng.choice(USERS).replace("▁", rng.choice(["▁", " "])).encode())
        elif kind < 0.85:
            parts.append("".join(rng.choice("ab") for _ in range(rng.randint(2, 60))).encode())
        elif kind < 0.97:
            code = int(10 ** rng.uniform(0, 6.04))
            parts.append(chr(min(code, 0x10ffff)).encode(errors="ignore") * rng.choice([1, 1, 2, 5]))
        else:
            parts.append(rng.choice(BROKEN))
    return b"".join(parts)


def long_texts():
    """One letter, few words, mixtures without end: sums of scores that a float holds ever worse, and are counted anew."""
    yield b"a" * 300000
    yield b"ab " * 100000
    yield b"\xf0\x9f\x99\x82" * 30000
    yield b" " * 100000 + b"x"
    for n in (3000, 30000):
        yield b" ".join(mixture() for _ in range(n))
        yield "".join(rng.choice("ab") for _ in range(20 * n)).encode()


def compare(what, path, theirs, texts):
    texts, have = ids_of_bytes(program, path, texts)
    wrong = 0
    want = theirs.encode(texts)
    for text, a, b in zip(texts, have, want):
        if a != b:
            wrong += 1
            if wrong <= 5:
                at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                print(f"  {text[:200]!r}: from id {at} of {len(a)}: {a[at:at + 16]}, by sentencepiece of {len(b)}: {b[at:at + 16]}")
    if len(have) != len(texts) or wrong:
        failed.append(what)
    print(f"{'ok  ' if what not in failed else 'FAIL'} {what}: {len(texts)} texts of {sum(map(len, want))} ids compared, {wrong} differ", flush=True)


def judge(what, path):
    theirs = sentencepiece.SentencePieceProcessor(model_file=path)
    compare(f"{what}, random", path, theirs, [mixture() for _ in range(count)])
    compare(f"{what}, long", path, theirs, list(long_texts()))
    compare(f"{what}, every code point", path, theirs, [chr(c).encode() for c in range(0x110000) if not 0xd800 <= c < 0xe000])


def trained():
    """Names and options of models: each option against the others' usual values, then several at once."""
    usual = {"model_type": "unigram", "vocab_size": 400, "byte_fallback": False, "normalization_rule_name": "identity", "add_dummy_prefix": True,
             "remove_extra_whitespaces": False, "character_coverage": 0.999}
    for more in ({}, {"byte_fallback": True, "vocab_size": 700}, {"normalization_rule_name": "nmt_nfkc"}, {"add_dummy_prefix": False},
                 {"remove_extra_whitespaces": True}, {"user_defined_symbols": USERS}, {"character_coverage": 0.98, "vocab_size": 200},
                 {"vocab_size": 1000, "split_by_whitespace": False},
                 {"normalization_rule_name": "nmt_nfkc", "remove_extra_whitespaces": True},
                 {"normalization_rule_name": "nmt_nfkc_cf", "remove_extra_whitespaces": True, "user_defined_symbols": USERS,
                  "byte_fallback": True, "vocab_size": 800},
                 {"normalization_rule_name": "nmt_nfkc", "remove_extra_whitespaces": True, "add_dummy_prefix": False, "user_defined_symbols": USERS},
                 {"control_symbols": ["<cls>", "lo"], "unk_id": 2, "bos_id": -1, "eos_id": 1, "pad_id": 0, "normalization_rule_name": "nfkc_cf"}):
        yield " ".join(f"{k}={v if k != 'user_defined_symbols' else len(v)}" for k, v in more.items()) or "usual", {**usual, **more}


def field(number, value):
    """A field of a protocol buffer: bytes or text, a float, or a number."""
    def varint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


NORMAL, UNKNOWN, USER, UNUSED, BYTE = 1, 2, 4, 5, 6


def drawn(draw):
    """A model of short pieces of few characters, with few different scores."""
    letters, step, fallback = draw.choice(["ab", "ab▁", "aé漢▁", "abcdefgh▁"]), draw.choice([0.1, 0.5, 1.0, 3.7, 1e-3]), draw.random() < 0.3
    texts = {"".join(draw.choice(letters) for _ in range(draw.choice([1, 1, 2, 2, 3, 4, 6]))) for _ in range(draw.choice([4, 12, 40]))}
    pieces = [("<unk>", 0.0, UNKNOWN)]
    for text in sorted(texts):
        pieces.append((text, -step * draw.randint(0, 6), draw.choice([NORMAL] * 8 + [UNUSED, USER])))
    pieces += [(f"<0x{b:02X}>", 0.0, BYTE) for b in range(256)] if fallback else []
    spec = field(3, int(draw.random() < 0.7)) + field(4, int(draw.random() < 0.5))
    model = b"".join(field(1, field(1, t) + field(2, s) + field(3, k)) for t, s, k in pieces)
    return model + field(2, field(3, 1) + field(35, int(fallback))) + field(3, spec), letters


def judge_drawn(folder, models, each):
    draw, path, wrong, ids = random.Random(29), os.path.join(folder, "drawn.model"), 0, 0
    for i in range(models):
        model, letters = drawn(draw)
        with open(path, "wb") as f:
            f.write(model)
        texts = ["".join(draw.choice(letters + draw.choice([" ", "x", letters])) for _ in range(draw.randint(0, 40))).encode() for _ in range(each)]
        theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
        for text, a, b in zip(texts, ours(path, texts), theirs.encode(texts), strict=True):
            ids += len(b)
            wrong += a != b
            if a != b and wrong <= 5:
                print(f"  model {i}, {text.decode()!r}: {a}, by sentencepiece {b}; {[theirs.id_to_piece(n) for n in range(min(len(theirs), 50))]}")
    failed.extend(["drawn"] * bool(wrong))
    print(f"{'FAIL' if wrong else 'ok  '} drawn: {models} models, {models * each} texts of {ids} ids compared, {wrong} differ", flush=True)


with tempfile.TemporaryDirectory() as folder:
    judge_drawn(folder, 300, max(count // 100, 1))
    for i, (name, options) in enumerate(trained()):
        path, model = os.path.join(folder, f"{i}.model"), io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=corpus(), model_writer=model, minloglevel=2, num_threads=1,
                                                 hard_vocab_limit=False, **options)
        with open(path, "wb") as f:
            f.write(model.getvalue())
        judge(name, path)
for path in sys.argv[3:]:
    judge(os.path.basename(path), path)
sys.exit(1 if failed else 0)
