# SPDX-License-Identifier: MIT
"""What spm.py and unigram.py share: texts that find what tokenizers of pieces get wrong, models trained on them, ids beside sentencepiece's."""
import io
import os
import random
import sys
import tempfile

try:
    import sentencepiece
except ImportError as e:
    print(f"{os.path.basename(sys.argv[0])}: {e}: not compared (pip install sentencepiece)", file=sys.stderr)
    sys.exit(77)

from tokens import ids_of_bytes

SYLLABLES = ["ka", "to", "ri", "ne", "shi", "mo", "an", "er", "ing", "th", "qu", "ou", "ß", "é", "ñ", "да", "не", "при", "το", "漢", "字", "かな", "カ", "한", "글",
             "ba", "lo", "sch", "ion", "ph", "ö", "œ", "ши", "ων", "語", "ひら", "ノ", "국", "ab", "aab"]
ODD = [" ", "  ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2581", "\u2581\u2581", "\u200b", "\ufeff", "\u0301", "e\u0301", "\u212b", "ﬁ", "½", "¼",
       "①", "㍿", "㍻", "ｶﾞ", "ﾊﾟ", "か\u3099", "ＡＢＣ", "ｆｏｏ", "ａｂ", "！", "\u00a8", "\ufdfa", "\U0001f642", "\U0001f468\u200d\U0001f469", "\u0000", "\u007f", "\x01",
       "<s>", "</s>", "<unk>", "<pad>", "<0x41>", "<0x0A>", "[INST]", "[REFERENCE_DOC_7]", "[REFERENCE_DOC_", "…", "..", "''", "\u1100\u1161", "\uac00",
       "\ufffd", "\ud7ff", "\ue000", "\uffff", "\U0010ffff", "aaaaaaaaaaa", "ababababab", "aabaabaab", "1234567", "３", "x y", "é!", "İ", "ẞ"]
BROKEN = [b"\xff", b"\xc3", b"\xe6\xbc", b"\xf0\x9f\x99", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x96"]


class Comparison:
    """PROGRAM's ids beside sentencepiece's; failed: what differed."""

    def __init__(self, program, count, seed, users):
        self.program, self.count, self.users, self.rng, self.failed = os.path.abspath(program), count, users, random.Random(seed), []
        self.words = ["".join(self.rng.choice(SYLLABLES) for _ in range(self.rng.randint(1, 4))) for _ in range(600)]

    def corpus(self, n=3000):
        draw = random.Random(7)
        for _ in range(n):
            line = " ".join(self.words[min(int(draw.expovariate(0.01)), len(self.words) - 1)] for _ in range(draw.randint(3, 12)))
            yield line + draw.choice([".", "!", "?", "", ", ", " 1984"])

    def mixture(self):
        """Bytes of words, odd characters, user-defined pieces, runs of two letters, and what is no UTF-8."""
        rng, parts = self.rng, []
        for _ in range(rng.randint(0, 12)):
            kind = rng.random()
            if kind < 0.45:
                parts.append((rng.choice(self.words) + rng.choice(["", " ", " ", ","])).encode())
            elif kind < 0.65:
                parts.append(rng.choice(ODD).encode())
            elif kind < 0.75:
                parts.append(rng.choice(self.users).replace("▁", rng.choice(["▁", " "])).encode())
            elif kind < 0.85:
                parts.append("".join(rng.choice("ab") for _ in range(rng.randint(2, 60))).encode())
            elif kind < 0.97:
                code = int(10 ** rng.uniform(0, 6.04))
                parts.append(chr(min(code, 0x10ffff)).encode(errors="ignore") * rng.choice([1, 1, 2, 5]))
            else:
                parts.append(rng.choice(BROKEN))
        return b"".join(parts)

    def compare(self, what, path, theirs, texts):
        """Returns the number of ids; what is said of each text is silent if what is None."""
        texts, have = ids_of_bytes(self.program, path, texts)
        want = theirs.encode(texts)
        wrong = [i for i in range(len(texts)) if have[i] != want[i]]
        for i in wrong[:5]:
            a, b = have[i], want[i]
            at = next((k for k, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            print(f"  {texts[i][:200]!r}: from id {at} of {len(a)}: {a[at:at + 16]}, by sentencepiece of {len(b)}: {b[at:at + 16]}")
        ids = sum(map(len, want))
        if wrong:
            self.failed.append(what or path)
        if what:
            print(f"{'FAIL' if wrong else 'ok  '} {what}: {len(texts)} texts of {ids} ids compared, {len(wrong)} differ", flush=True)
        return ids, len(wrong)

    def judge(self, what, path, long_texts):
        theirs = sentencepiece.SentencePieceProcessor(model_file=path)
        self.compare(f"{what}, random", path, theirs, [self.mixture() for _ in range(self.count)])
        self.compare(f"{what}, long", path, theirs, list(long_texts()))
        self.compare(f"{what}, every code point", path, theirs, [chr(c).encode() for c in range(0x110000) if not 0xd800 <= c < 0xe000])

    def judge_trained(self, usual, changes, variants, long_texts):
        """A model for each of changes to the usual options; variants(number, model) yields names and what is made of it."""
        with tempfile.TemporaryDirectory() as folder:
            for i, more in enumerate(changes):
                path, model = os.path.join(folder, f"{i}.model"), io.BytesIO()
                sentencepiece.SentencePieceTrainer.train(sentence_iterator=self.corpus(), model_writer=model, minloglevel=2, num_threads=1,
                                                         hard_vocab_limit=False, **{**usual, **more})
                name = " ".join(f"{k}={v if k != 'user_defined_symbols' else len(v)}" for k, v in more.items()) or "usual"
                for what, data in variants(i, model.getvalue()):
                    with open(path, "wb") as f:
                        f.write(data)
                    self.judge(name + what, path, long_texts)

    def judge_files(self, paths, long_texts):
        for path in paths:
            self.judge(os.path.basename(path), path, long_texts)


def begin(doc, seed, users):
    """From the command line: PROGRAM [COUNT [MODEL...]]."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(doc)
    return Comparison(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20000, seed, users)
