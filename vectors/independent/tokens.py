#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Texts that find what tokenizers get wrong, and ids of `assay tokenize --json-lines`, for who compares them with another's.

usage: tokens.py ASSAY [NAME...]     byte-level BPE against Hugging Face's tokenizers (PyPI `tokenizers`, `numpy`): vocabularies trained here on
                                     these texts, one a pre-tokenizer (all, or those of these names), in GGUF and tokenizer.json, every code
                                     point and 20,000 random mixtures.  Exit 77: the package is not here"""
import json, os, random, struct, subprocess, sys, tempfile, unicodedata

PIECES = ["hello", "Hello", "HELLO", "world", "don't", "I'LL", "we've", "'s", "'S", "naïve", "über", "straße", "ſ", "İ", "ﬁ", "Ⅷ", "½", "１２３", "42", "007",
          "3.14", "1,000", "a_b-c", "()", "{}[]", "!!", "...", "—", "«»", "€", "$", "^", "`", "漢字", "かな", "한국어", "한글", "ไทย", "العربية",
          "हिन्दी", "עברית", "e\u0301", "\u0301", "\u200d", "\u200b", "\u00ad", "\ufeff", "👩‍👩‍👧", "🙂", "🇩🇪", "\ufffd", "\u2581", "▁▁", "\u180e", "x" * 40]
BLANKS = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\u00a0", "\u3000", "\u2028", "\u0085", "\u000b", "\u001c", ""]


def code_points():
    return [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]


def newer():
    """Characters newer than Python's tables that tokenizers know as letters, digits and so on: PCRE2 may not, and then they are cut otherwise."""
    from tokenizers import Regex, pre_tokenizers as P
    known = [P.Split(Regex(r"[\p{L}\p{M}\p{N}\p{P}\p{S}]"), "isolated"), P.Digits(individual_digits=True)]
    unassigned = [c for c in code_points() if unicodedata.category(c) == "Cn"]
    return {c for c in unassigned if any(len(k.pre_tokenize_str(f"\n{c}\n")) > 1 for k in known)}


def together(form, without=frozenset()):
    """Every code point once in form, 16 in a text."""
    points = [c for c in code_points() if c not in without]
    return ["".join(map(form, points[i:i + 16])) for i in range(0, len(points), 16)]


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


# Expressions by the name that GGUF files have (tokenizer.ggml.pre), as llama.cpp's src/llama-vocab.cpp cites them from tokenizer.json files, or has
# them itself; each cuts every part of the one before.  True: a part that is a token is taken whole.
ANY = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = ANY + r"|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CAMEL = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s|%s| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BLOOM = r" ?[^(\s|.,!?…。，、।۔،)]+"
LETTERS = ("A-Za-z\xb5\xc0-\xd6\xd8-\xf6\xf8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-"
           "\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481"
           "\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b"
           "\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d"
           "\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-"
           "\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-"
           "\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-"
           "\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-"
           "\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2"
           "\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-"
           "\U0001e943")
EXPRESSIONS = {
    "gpt-2": ([GPT2], False), "smollm": ([r"\p{N}", GPT2], False), "llama-bpe": ([LLAMA3 % r"\p{N}{1,3}"], True), "dbrx": ([LLAMA3 % r"\p{N}{1,3}"], False),
    "qwen2": ([LLAMA3 % r"\p{N}"], False),
    "qwen35": ([ANY + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"], False),
    "tekken": ([CAMEL % ("", "", r"\p{N}")], True), "gpt-4o": ([CAMEL % (ANY + "?", ANY + "?", r"\p{N}{1,3}")], False),
    "deepseek-llm": (["[\r\n]", r"\s?[" + LETTERS + "]+",
                      r"\s?[!-/:-~" "\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+", r"\s+$", "[一-龥ࠀ-一가-\ud7ff]+", r"\p{N}+"], False),
    "deepseek-coder": (["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-\ud7ff]+", r"\p{N}"], False),
    "deepseek-v3": ([r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^""" "\r\n" r"""\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
                     r"| ?[\p{P}\p{S}]+[" "\r\n" r"]*|\s*[" "\r\n" r"]+|\s+(?!\S)|\s+"], False),
    "falcon": ([r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"], False), "default": ([r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"], False),
    "bloom": ([BLOOM], False), "viking": ([BLOOM, r"\p{N}"], False),
    "jais-2": ([ANY + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|"
                r"\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}"], False),
    "seed-coder": ([ANY + "|[^\r\n" r"\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}" "\r\n" r"]+|\s*[" "\r\n" r"]+|\s+(?!\S)|\s+"], False),
    "bailingmoe": ([r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"], False),
    "exaone-moe": ([ANY + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"], False),
    "minicpm5": ([r"\p{N}{1,3}", LLAMA3 % r"\p{N}+"], True),
}


def gguf(path, said, pre):
    """The tokenizer of a tokenizer.json as a GGUF file."""
    from tiny import CONTROL, NORMAL, USER, text, value
    tokens = {i: t for t, i in said["model"]["vocab"].items()}
    kinds = dict.fromkeys(tokens, NORMAL)
    for t in said["added_tokens"]:
        tokens[t["id"]], kinds[t["id"]] = t["content"], CONTROL if t["special"] else USER
    merges = [m if isinstance(m, str) else " ".join(m) for m in said["model"]["merges"]]
    keys = {"general.architecture": "llama", "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": pre, "tokenizer.ggml.add_bos_token": False,
            "tokenizer.ggml.tokens": [tokens[i] for i in range(len(tokens))], "tokenizer.ggml.token_type": [kinds[i] for i in range(len(tokens))],
            "tokenizer.ggml.merges": merges}
    raw = b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(text(k) + value(v) for k, v in keys.items())
    with open(path, "wb") as f:
        f.write(raw + bytes(-len(raw) % 32))


def main(assay, names):
    try:
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers as P, trainers
    except ImportError:
        print("skipped: no Python package tokenizers")
        return 77
    bytes_ = P.ByteLevel(add_prefix_space=False)
    others = {"gpt-2": bytes_, "smollm": P.Sequence([P.Digits(individual_digits=True), bytes_])}
    seen = mixtures(4000, 1)
    texts = mixtures(20000, 2) + [" " * n + t for n in (1, 2, 3, 4, 5, 7, 9, 17, 33, 70, 130, 300, 600, 1100) for t in ("x", "", "\nx")]
    late = newer()
    print(f"       {len(late)} characters newer than Unicode {unicodedata.unidata_version} are left out of the code points")
    lists = {"mixtures": texts, "code points": together(lambda c: f"{c} a{c}b {c}{c}1{c}\n", late)}
    bad = 0
    for name, (expressions, whole) in EXPRESSIONS.items():
        if names and name not in names:
            continue
        split = P.Sequence([P.Split(Regex(e), "isolated") for e in expressions] + [P.ByteLevel(add_prefix_space=False, use_regex=False)])
        t = Tokenizer(models.BPE(ignore_merges=whole))
        t.pre_tokenizer = split
        t.train_from_iterator(seen, trainers.BpeTrainer(vocab_size=1500, initial_alphabet=P.ByteLevel.alphabet(), show_progress=False,
                                                        special_tokens=["<|start|>", "<|end|>"]))
        t.add_tokens(["hello world", "<user>"])
        said = json.loads(t.to_str())
        for x in said["added_tokens"]:
            x["normalized"] = False  # as GGUF files have it
        t = Tokenizer.from_str(json.dumps(said))
        with tempfile.TemporaryDirectory() as folder:
            path, model = os.path.join(folder, "tokenizer.json"), os.path.join(folder, "model.gguf")
            gguf(model, said, name)
            marked = [x + "<|end|>" + y + "<user>" + x for x, y in zip(texts[:2000], texts[2000:4000])]
            for what, list_ in {**lists, "special tokens": marked}.items():
                want = [e.ids for e in t.encode_batch(list_)]
                bad += compare(f"{name}, {what}, GGUF", want, ids_of(assay, model, list_, "--special"), list_)
            if name in others:
                t.pre_tokenizer = others[name]
            if name == "qwen2":
                t.normalizer = normalizers.NFC()
            t.save(path)
            few = {"special tokens": marked, **(lists if name in ("gpt-2", "smollm", "qwen2") else {})}
            for what, list_ in few.items():
                bad += compare(f"{name}, {what}, tokenizer.json", [e.ids for e in t.encode_batch(list_)], ids_of(assay, path, list_, "--special"), list_)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
