#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Texts that find what tokenizers get wrong, and ids of `assay tokenize --json-lines`, for who compares them with another's.

usage: tokens.py ASSAY     byte-level BPE against Hugging Face's tokenizers (PyPI `tokenizers`): vocabularies trained here on these texts,
                           one a pre-tokenizer, every code point and 20,000 random mixtures.  Exit 77: the package is not here"""
import json, os, random, struct, subprocess, sys, tempfile, unicodedata

PIECES = ["hello", "Hello", "HELLO", "world", "don't", "I'LL", "we've", "'s", "'S", "naïve", "über", "straße", "ſ", "İ", "ﬁ", "Ⅷ", "½", "１２３", "42", "007",
          "3.14", "1,000", "a_b-c", "()", "{}[]", "!!", "...", "—", "«»", "€", "$", "^", "`", "漢字", "かな", "한국어", "한글", "ไทย", "العربية",
          "हिन्दी", "עברית", "e\u0301", "\u0301", "\u200d", "\u200b", "\u00ad", "\ufeff", "👩‍👩‍👧", "🙂", "🇩🇪", "\ufffd", "\u2581", "▁▁", "\u180e", "x" * 40]
BLANKS = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\u00a0", "\u3000", "\u2028", "\u0085", "\u000b", "\u001c", ""]


def code_points():
    return [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]


def mixtures(n, seed):
    r = random.Random(seed)
    assigned = [c for c in map(chr, range(32, 0x20000)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]
    def word():
        kind = r.random()
        if kind < 0.7:
            return r.choice(PIECES)
        if kind < 0.85:
            return "".join(r.choice(assigned) for _ in range(r.randint(1, 4)))
        return "".join(r.choice("abcdefgh ijklmnopqrstuvwxyz0123456789'") for _ in range(r.randint(1, 12)))
    return ["".join(word() + r.choice(BLANKS) for _ in range(r.randint(1, 8))) for _ in range(n)]


def ids_of(assay, path, texts, *options):
    lines = "".join(json.dumps(t) + "\n" for t in texts)
    p = subprocess.run([assay, "tokenize", path, "--json-lines", *options], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    ids = [json.loads(line) for line in p.stdout.decode().split("\n")[:-1]]
    assert len(ids) == len(texts), f"{len(ids)} lines for {len(texts)} texts"
    return ids


def ids_of_bytes(program, path, texts):
    """Texts in bytes, of assay those that JSON can say, and their ids; of another program all: PROGRAM FILE reads a u32 length, little-endian, and
    so many bytes for each, and prints a line of ids."""
    if os.path.basename(program) == "assay":
        said = []
        for t in texts:
            try:
                said += [t.decode()] if b"\0" not in t else []
            except UnicodeDecodeError:
                pass
        return [t.encode() for t in said], ids_of(program, path, said)
    given = b"".join(struct.pack("<I", len(t)) + t for t in texts)
    p = subprocess.run([program, path], input=given, stdout=subprocess.PIPE, check=True)
    return texts, [[int(i) for i in line.split()] for line in p.stdout.decode().split("\n")[:-1]]


def compare(name, theirs, ours, texts):
    """Prints a line; the number of texts whose ids differ."""
    wrong = [i for i in range(len(texts)) if list(theirs[i]) != ours[i]]
    print(f"{'ok   ' if not wrong else 'FAIL '} {name}: {len(texts)} texts, {len(wrong)} differ")
    for i in wrong[:5]:
        print(f"       {texts[i]!a}\n         theirs {list(theirs[i])[:24]}\n         ours   {ours[i][:24]}")
    return len(wrong)


def main(assay):
    try:
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers as P, trainers
    except ImportError:
        print("skipped: no Python package tokenizers")
        return 77
    llama3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    split = lambda regex: P.Sequence([P.Split(Regex(regex), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)])
    bytes_ = P.ByteLevel(add_prefix_space=False)
    kinds = {"gpt-2": (bytes_, False), "smollm": (P.Sequence([P.Digits(individual_digits=True), bytes_]), False),
             "llama-bpe": (split(llama3 % r"\p{N}{1,3}"), True), "qwen2": (split(llama3 % r"\p{N}"), False)}
    seen = mixtures(4000, 1)
    texts = mixtures(20000, 2)
    points = code_points()
    bad = 0
    for name, (pre, whole) in kinds.items():
        t = Tokenizer(models.BPE(ignore_merges=whole))
        t.pre_tokenizer = pre
        if name == "qwen2":
            t.normalizer = normalizers.NFC()
        t.train_from_iterator(seen, trainers.BpeTrainer(vocab_size=1500, initial_alphabet=P.ByteLevel.alphabet(), show_progress=False,
                                                        special_tokens=["<|start|>", "<|end|>"]))
        t.add_tokens(["hello world", "<user>"])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tokenizer.json")
            t.save(path)
            for what, list_ in ("mixtures", texts), ("code points", points), ("code points in a word", ["a" + c + "b" for c in points]):
                bad += compare(f"{name}, {what}", [e.ids for e in t.encode_batch(list_)], ids_of(assay, path, list_), list_)
            marked = [x + "<|end|>" + y + "<user>" + x for x, y in zip(texts[:2000], texts[2000:4000])]
            bad += compare(f"{name}, special tokens", [e.ids for e in t.encode_batch(marked)], ids_of(assay, path, marked, "--special"), marked)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
