#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SentencePiece unigram, by the PyPI package sentencepiece: models that are trained here, with and without byte fallback, normalization,
blanks taken away, user-defined pieces, a blank in front; models that are drawn, in which ways are often equal and pieces unused; and
unigram tokenizer.model files of others.  Random mixtures, long texts and every code point must become the same ids.

usage: unigram.py PROGRAM [COUNT [MODEL...]]     PROGRAM: assay, or what reads texts (u32 length, little-endian, and bytes) for the model
that it is called with and prints a line of ids for each: that can say NULs and what is no UTF-8, too; COUNT: random texts a model
(20000); MODEL: files of others, beside the trained ones; exit 0: all agree; 1: one does not; 77: sentencepiece is not there"""
import os
import random
import struct
import sys
import tempfile

from sentences import begin, sentencepiece

USERS = ["<sep>", "<sep>>", "lo", "##", "▁▁", "▁ni", "é!", "x▁y", "ab"]
c = begin(__doc__, 2027, USERS)


def long_texts():
    """One letter, few words, mixtures without end: sums of scores that a float holds ever worse, and are counted anew."""
    yield b"a" * 300000
    yield b"ab " * 100000
    yield b"\xf0\x9f\x99\x82" * 30000
    yield b" " * 100000 + b"x"
    for n in (3000, 30000):
        yield b" ".join(c.mixture() for _ in range(n))
        yield "".join(c.rng.choice("ab") for _ in range(20 * n)).encode()


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


def judge_drawn(models, each):
    draw, wrong, ids = random.Random(29), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "drawn.model")
        for _ in range(models):
            model, letters = drawn(draw)
            with open(path, "wb") as f:
                f.write(model)
            texts = ["".join(draw.choice(letters + draw.choice([" ", "x", letters])) for _ in range(draw.randint(0, 40))).encode() for _ in range(each)]
            n, differ = c.compare(None, path, sentencepiece.SentencePieceProcessor(model_proto=model), texts)
            ids, wrong = ids + n, wrong + differ
    print(f"{'FAIL' if wrong else 'ok  '} drawn: {models} models, {models * each} texts of {ids} ids compared, {wrong} differ", flush=True)


usual = {"model_type": "unigram", "vocab_size": 400, "byte_fallback": False, "normalization_rule_name": "identity", "add_dummy_prefix": True,
         "remove_extra_whitespaces": False, "character_coverage": 0.999}
users, squeeze, nfkc = {"user_defined_symbols": USERS}, {"remove_extra_whitespaces": True}, {"normalization_rule_name": "nmt_nfkc"}
judge_drawn(300, max(c.count // 100, 1))
c.judge_trained(usual, ({}, {"byte_fallback": True, "vocab_size": 700}, nfkc, {"add_dummy_prefix": False}, squeeze, users,
                        {"character_coverage": 0.98, "vocab_size": 200}, {"vocab_size": 1000, "split_by_whitespace": False}, {**nfkc, **squeeze},
                        {"normalization_rule_name": "nmt_nfkc_cf", **squeeze, **users, "byte_fallback": True, "vocab_size": 800},
                        {**nfkc, **squeeze, **users, "add_dummy_prefix": False},
                        {"control_symbols": ["<cls>", "lo"], "unk_id": 2, "bos_id": -1, "eos_id": 1, "pad_id": 0, "normalization_rule_name": "nfkc_cf"}),
                lambda i, model: [("", model)], long_texts)
c.judge_files(sys.argv[3:], long_texts)
sys.exit(1 if c.failed else 0)
