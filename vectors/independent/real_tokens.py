# SPDX-License-Identifier: MIT
"""A real byte-level vocabulary (Whisper's, GPT-2's rules) as a GGUF file: `assay tokenize` must say the ids that Hugging Face's
tokenizers say, and give the text back.  See real.py."""
import json
import os
import subprocess

from real_record import Wrong
from tiny import CONTROL, NORMAL, write

LINES = ["", " ", "\n\n\t  x", "It's what they'd say: we'll, I'm, you've, HE'S, can't", "  two  spaces   and\ttabs ",
         "1234567 3.14 1e-5 ½ ٣٤ 七", "naïve café ﬁn Å", "русский текст и ещё", "漢字かなカナ 한국어", "שלום مرحبا नमस्ते", "🙂🙃👩‍👩‍👧 ☕️", "a\u0301b\u200bc\u00a0d\u3000e\u180ef",
         "<|notimestamps|> is text", "x" * 300, "{\"key\": [1, 2, null]}  // end", "\r\n\r\n", "'s't're", " 's", "...!!!???", "a_b__c--d", "\x00\x01\x7f"]


def gguf(path, source):
    """A model of nothing but a tokenizer."""
    with open(source) as f:
        said = json.load(f)
    tokens = sorted(said["model"]["vocab"], key=said["model"]["vocab"].get)
    control = [t["content"] for t in sorted(said["added_tokens"], key=lambda t: t["id"]) if t["id"] >= len(tokens)]
    special = {t["content"] for t in said["added_tokens"]}
    kinds = [CONTROL if t in special else NORMAL for t in tokens + control]
    merges = [m if isinstance(m, str) else " ".join(m) for m in said["model"]["merges"]]
    write(path, merges=(), keys={"tokenizer.ggml.tokens": tokens + control, "tokenizer.ggml.token_type": kinds, "tokenizer.ggml.merges": merges})
    return len(kinds), len(merges)


def tokens(assay, source, files, scratch):
    """Lines of our own, and the texts of files, piece by piece."""
    try:
        from tokenizers import Tokenizer
    except ImportError as e:
        return f"tokens not compared ({e})"
    model, theirs, ids = os.path.join(scratch, "tokens.gguf"), Tokenizer.from_file(source), 0
    count, merges = gguf(model, source)
    texts = list(LINES)
    for path in files:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        texts += [text[i:i + 4000] for i in range(0, len(text), 4000)]
    for text in (t.replace("\0", "") for t in texts):
        want = theirs.encode(text, add_special_tokens=False).ids if "<|" not in text else None
        got = subprocess.run([assay, "tokenize", model, text], capture_output=True, text=True)
        have = [int(i) for i in got.stdout.replace(",", " ").split()]
        if got.returncode or (want is not None and have != want):
            raise Wrong(f"tokens of {text[:40]!r}: {have[:12]} {got.stderr.strip()}, by tokenizers {want and want[:12]}")
        back = subprocess.run([assay, "tokenize", model, "--decode", ",".join(map(str, have))], capture_output=True).stdout if have else b""
        if back.removesuffix(b"\n") != text.encode().removesuffix(b"\n"):
            raise Wrong(f"the text of {have[:12]} is {back[:40]!r}, not {text[:40]!r}")
        ids += len(have)
    return f"{count} tokens, {merges} merges: {len(texts)} texts of {ids} ids as tokenizers says"
