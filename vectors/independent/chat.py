#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A user's turn as `assay tokenize --chat` writes it, against the template itself rendered by Jinja (PyPI `jinja2`) as Hugging Face's
transformers render it: random first turns, with and without a system's text, with and without a date.

usage: chat.py ASSAY FOLDER [COUNT]     FOLDER: templates (*.jinja), of llama.cpp's models/templates for instance, none of which are here;
                                        COUNT: turns for each (200).  What assay refuses is said; exit 0: what it writes is equal; 1: not; 77: a
                                        package is not here, or no template is known"""
import glob
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

from tiny import CONTROL, LETTER, NORMAL, text, value

BEGIN, END, DATE = "<s>", "</s>", "1 Jan 1999"
MARKS = ["<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>", "<end_of_turn>",
         "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
         "<|user|>", "<|system|>", "<|assistant|>", "<|end|>", "[gMASK]", "<sop>", "<｜User｜>", "<｜Assistant｜>",
         "<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"]
WORDS = ["Hello", "the", "ß", "漢字", "\n", "\n\n", " ", "  ", "\t", "\u00a0", "\u200b", "\u3000", "'", '"',
         "\\n", "{{ x }}", "{% if %}", "<b>", "&amp;", "42", "🙂", "\u001c", "a.", "|"]
SPECIAL = [BEGIN, END, *MARKS]
FIRST = 256  # ids below are bytes


def said(r, empty):
    return "".join(r.choice(WORDS) for _ in range(r.randint(0 if empty else 1, 9))) or ("" if empty else "x")


def ids_of(rendered):
    """Special tokens, and bytes between them: the vocabulary has no merges, so that ids are as good as text."""
    ids, at = [], 0
    while at < len(rendered):
        found = max((t for t in SPECIAL if rendered.startswith(t, at)), key=len, default=None)
        ids += [FIRST + SPECIAL.index(found)] if found else list(rendered[at].encode())
        at += len(found or "x")
    return ids


def gguf(path, template):
    tokens = [LETTER[b] for b in range(256)] + SPECIAL + [LETTER[0] * 2]  # one merge, which no text has
    keys = {"general.architecture": "llama", "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.tokens": tokens,
            "tokenizer.ggml.token_type": [NORMAL] * 256 + [CONTROL] * len(SPECIAL) + [NORMAL], "tokenizer.ggml.merges": [f"{LETTER[0]} {LETTER[0]}"],
            "tokenizer.ggml.bos_token_id": FIRST,
            "tokenizer.ggml.eos_token_id": FIRST + 1, "tokenizer.ggml.add_bos_token": False, "tokenizer.chat_template": template}
    raw = b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(text(k) + value(v) for k, v in keys.items())
    with open(path, "wb") as f:
        f.write(raw + bytes(-len(raw) % 32))


def environment():
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    e = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    e.filters["tojson"] = lambda x, **options: json.dumps(x, ensure_ascii=False)
    def refuse(why):
        raise jinja2.exceptions.TemplateError(why)
    e.globals["raise_exception"] = refuse
    return e


def judge(assay, path, count, scratch):
    """(turns that are equal, refused, that differ); what is refused or differs is said."""
    import jinja2
    with open(path, encoding="utf-8") as f:
        source = f.read()
    try:
        template, model = environment().from_string(source), os.path.join(scratch, "chat.gguf")
    except jinja2.exceptions.TemplateError as e:
        print(f"       {os.path.basename(path)}: no template ({e})")
        return 0, 0, 0
    if "strftime_now is defined" not in source:  # else what the template has without it
        template.globals["strftime_now"] = lambda form: "7 May 2031"
    gguf(model, source)
    r, equal, refused, differ, why = random.Random(3), 0, 0, 0, ""
    for i in range(count):
        system, user, date = said(r, True) if i % 2 else None, said(r, False), DATE if i % 5 == 0 and "date_string" in source else None
        asked = [assay, "tokenize", model, "--chat", *(["--system", system] if system is not None else []), *(["--date", date] if date else []), "--", user]
        p = subprocess.run(asked, capture_output=True)
        if p.returncode:
            why, refused = p.stderr.decode().strip(), refused + 1
            if "is not known" in why:
                break
            continue
        messages = [{"role": "system", "content": system}] * (system is not None) + [{"role": "user", "content": user}]
        try:
            dates = {"date_string": date} if date else {}
            want = ids_of(template.render(messages=messages, add_generation_prompt=True, bos_token=BEGIN, eos_token=END, **dates))
        except jinja2.exceptions.TemplateError as e:
            want = str(e)
        have = [int(x) for x in p.stdout.split()]
        equal, differ = equal + (have == want), differ + (have != want)
        if have != want and differ < 3:
            show = lambda ids: ids if isinstance(ids, str) else "".join(SPECIAL[x - FIRST] if FIRST <= x < FIRST + len(SPECIAL) else chr(x) for x in ids)
            print(f"         theirs {show(want)!a}\n         ours   {show(have)!a}")
    verdict, reason = "FAIL " if differ else "ok   " if equal else "     ", ": " + why.split(": ", 2)[-1][:90] if why else ""
    print(f"{verdict} {os.path.basename(path)}: {equal} equal, {differ} differ, {refused} refused{reason}", flush=True)
    return equal, refused, differ


def main(assay, folder, count):
    try:
        environment()
    except ImportError as e:
        print(f"chat.py: {e}: not run", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        results = [judge(assay, path, count, scratch) for path in sorted(glob.glob(os.path.join(folder, "*.jinja")))]
    return 1 if any(r[2] for r in results) else 0 if any(r[0] for r in results) else 77


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 200))
