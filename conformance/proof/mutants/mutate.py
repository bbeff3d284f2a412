# SPDX-License-Identifier: MIT
"""Mechanical mutants of the functions of a C file: c_tokens.py cuts it up, c_function.py has the rules.

A source file becomes one file that holds all its mutants: every function F that has mutants is written once per mutant
(F_m17) and once as a dispatcher that asks the global `assay_mutant` which of them to call; 0 is the original."""
import re

from c_function import Function
from c_tokens import text_of, tokens


def functions(toks):
    out, head, i = [], 0, 0
    while i < len(toks):
        t = toks[i]
        if t.kind == "directive" or t.text == ";":
            head = i + 1
        elif t.text == "{":
            if toks[i - 1].text == ")":
                out.append(Function(toks, head, i))
                i = t.mate
                head = i + 1
            else:
                i = t.mate
        i += 1
    return out


class Source:
    """One file; headers that `inline` names are put in its place."""

    def __init__(self, path, label, inline=(), frozen=None):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for name, body in inline:
            text = re.sub(rf'^#include "{re.escape(name)}"$', lambda _: body, text, flags=re.M)
        lines = text.split("\n")
        self.fixed = {i + 1 for i, line in enumerate(lines) if frozen and re.search(frozen, line)}
        self.label, self.toks = label, tokens(text)
        self.functions = functions(self.toks)

    def mutants(self, only=None, dead=()):
        """(description, function, edit): each one once; only: names of functions, None for all; dead: never called."""
        for f in self.functions:
            if only is not None and f.name not in only:
                continue
            seen, pairs = {f.copy()}, {}
            for edit in [f.unreached()] if f.name in dead else f.edits():
                made = f.copy(edit)
                if f.toks[edit[1]].line in self.fixed:
                    continue
                if re.sub(r"\s+", "", made) in seen:
                    continue
                seen.add(re.sub(r"\s+", "", made))
                kind, a, b, new = edit
                lo, hi = f.segment(a, b) if b > a else (a, b)
                was = text_of(f.toks[lo:hi])
                after = " ".join(x for x in (text_of(f.toks[lo:a]), new, text_of(f.toks[b:hi])) if x)
                nth = pairs[was, after] = pairs.get((was, after), 0) + 1
                yield {"file": self.label, "function": f.name, "nth": nth, "kind": kind, "line": f.toks[a].line, "was": was,
                       "is": after}, f, edit

    def write(self, chosen):
        """chosen: {mutant number: (function, edit)}.  Returns lines, and the mutant that each line holds (0: none)."""
        lines, owner, at = ["#include \"mutants.h\""], [0], 0
        by = {}
        for number, (f, edit) in chosen.items():
            by.setdefault(f, []).append((number, edit))

        def put(text, number=0):
            lines.append(text)
            owner.append(number)

        def plain(a, b):
            run = []
            for t in self.toks[a:b]:
                if t.kind == "directive":
                    if run:
                        put(text_of(run))
                        run = []
                    for part in t.text.split("\n"):
                        put(part)
                else:
                    run.append(t)
            if run:
                put(text_of(run))

        for f in self.functions:
            plain(at, f.head)
            at = f.close + 1
            if f not in by:
                put(f.head_text() + " " + f.copy())
                continue
            if not f.reference:
                put(f.head_text() + ";")
            for number, edit in [(0, None)] + by[f]:
                put(f"{f.head_text(f'_m{number}')} {f.copy(edit)}", number)
            call = ", ".join(f.parameters())
            put(f.head_text() + " { switch (assay_mutant) {")
            for number, _ in by[f] + [(0, None)]:
                case = f"case {number}:" if number else "default:"
                put(f"{case} return {f.name}_m{number}({call});" if f.returns() else f"{case} {f.name}_m{number}({call}); return;",
                    number)
            put("} }")
        plain(at, len(self.toks))
        return lines, owner
