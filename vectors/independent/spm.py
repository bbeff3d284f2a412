#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SentencePiece BPE, by the PyPI package sentencepiece: models that are trained here, with and without byte fallback, normalization,
user-defined pieces, a blank in front, and tokenizer.model files of others.  Random mixtures and every code point must become the
same ids.

usage: spm.py PROGRAM [COUNT [MODEL...]]     PROGRAM: assay, or what reads texts (u32 length, little-endian, and bytes) for the model
that it is called with and prints a line of ids for each: that can say NULs and what is no UTF-8, too; COUNT: random texts a model
(20000); MODEL: files of others, beside the trained ones; exit 0: all agree; 1: one does not; 77: sentencepiece is not there"""
import struct
import sys

from sentences import begin

USERS = ["<sep>", "<sep>>", "foo", "@@", "▁▁", "▁▁▁▁", "katori", "▁ne", "é!", "x▁y"]
c = begin(__doc__, 2026, USERS)


def long_texts():
    yield from (b"".join(c.mixture() for _ in range(500)) for _ in range(10))
    yield from (x * 50001 for x in (b"a", b" ", b"ab", b"th \xff"))


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
            piece += b"\x18\x05" if c.rng.random() < unused else b""
            piece += b"\x15" + struct.pack("<f", -float(c.rng.randint(0, 6))) if ties else b""
            out += bytes([tag, len(piece)]) + piece
        else:
            out += model[begin:at]
    return out


def variants(i, model):
    yield "", model
    if i % 4 == 1:
        yield " unused", changed(model, 0.4, False)
        yield " unused ties", changed(model, 0.3, True)


usual = {"model_type": "bpe", "vocab_size": 600, "byte_fallback": False, "normalization_rule_name": "identity", "add_dummy_prefix": True,
         "remove_extra_whitespaces": False, "character_coverage": 0.999, "split_by_whitespace": True}
users, squeeze, nfkc = {"user_defined_symbols": USERS}, {"remove_extra_whitespaces": True}, {"normalization_rule_name": "nmt_nfkc"}
fallback, bare = {"byte_fallback": True, "vocab_size": 1000}, {"add_dummy_prefix": False}
c.judge_trained(usual, ({}, fallback, nfkc, bare, squeeze, users, {"split_by_whitespace": False}, {"character_coverage": 0.98, "vocab_size": 300},
                        {"normalization_rule_name": "nmt_nfkc_cf", **squeeze, **users, **fallback},
                        {**users, **bare, **fallback, "split_by_whitespace": False, "allow_whitespace_only_pieces": True},
                        {**nfkc, **users, **squeeze}, {**squeeze, **bare, **users}, {**users, **nfkc, **bare},
                        {"control_symbols": ["<cls>", "foo"], "unk_id": 2, "bos_id": -1, "eos_id": 0, "pad_id": 1}), variants, long_texts)
c.judge_files(sys.argv[3:], long_texts)
sys.exit(1 if c.failed else 0)
