#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""terms.py OP...: every additive term of every bound a thousand times as large, one at a time: does `check --tightness` notice?

reference/ops/<op>.bound.c is written once more with each operand of each sum of doubles, and each `+= x`, multiplied by
assay_term(N), which is 1000 for the one term that is asked about.  terms.c runs the legal kernels once and compares their
outputs with all of these bounds.  Exit status 1: a term is not noticed and conformance/ops/<op>.mutants has no line for
it, or has one in vain."""
import argparse
import json
import os
import re
import subprocess
import sys

import mutants
from c_function import PRECEDENCE
from c_tokens import text_of
from mutate import Source

FLAGS = ["-std=c11", "-O2", "-w", "-ffp-contract=off", "-D_GNU_SOURCE"]
HEAD = """double assay_term(int n);
extern _Bool assay_term_counts[];
#define TERM(n, sum, x) _Generic((sum), double: assay_term(n) * _Generic((x), double: (x), float: (x), int: (x), long: (x), default: NAN), \\
    default: (assay_term_counts[n] = 1, (x)))
"""


class Bound:
    """One file: the terms that it has, and its text with them."""

    def __init__(self, op):
        self.op, self.source, self.terms = op, Source(mutants.path("reference", "ops", f"{op}.bound.c"), op), []
        self.toks = self.source.toks
        self.edits = {}  # first token of an operand: (end, begin and end of the sum, number)
        for f in self.source.functions:
            self.sums(f)

    def sums(self, f):
        low, seen = PRECEDENCE["+"], set()
        for i in range(f.open + 1, f.close):
            t = self.toks[i]
            if t.text == "+=":
                self.add(f, i + 1, self.end(i), i + 1, self.end(i), "+= ")
            if t.text != "+" or not f.binary(i) or i in seen:
                continue
            left, right, signs = i, i, []
            while True:  # the whole chain of + and -
                a, b = f.operands(left, low)
                left = a
                if not (f.binary(a - 1) and PRECEDENCE[self.toks[a - 1].text] == low):
                    break
                left = a - 1
            right = left
            at, depth_of = left, self.toks[left].inside
            for k in range(left, f.close):
                x = self.toks[k]
                if x.inside != depth_of or k in f.skip or not f.binary(k) or PRECEDENCE[x.text] != low:
                    if x.inside == depth_of and k > left and (x.text in (")", "]", "}", ",", ";", "?", ":") or
                                                             (f.binary(k) and PRECEDENCE[x.text] < low)):
                        right = k
                        break
                    continue
                signs.append(k)
            seen.update(signs)
            if self.compared(f, left, right):
                continue
            starts = [(left, "+")] + [(k + 1, self.toks[k].text) for k in signs]
            ends = signs + [right]
            for (a, sign), b in zip(starts, ends):
                if sign == "+":
                    self.add(f, a, b, left, right, "")

    def end(self, i):
        inside = self.toks[i].inside
        k = i + 1
        while not (self.toks[k].inside == inside and self.toks[k].text in (",", ";", ")")):
            k += 1
        return k

    def compared(self, f, left, right):
        """An operand of a comparison, or an index: no term."""
        before, after = self.toks[left - 1], self.toks[right]
        return before.text == "[" or before.text in ("<", ">", "<=", ">=", "==", "!=") or \
            (f.binary(right) and after.text in ("<", ">", "<=", ">=", "==", "!="))

    def add(self, f, a, b, left, right, sign):
        lo, hi = f.segment(a, b)
        self.edits.setdefault(a, []).append((b, left, right, len(self.terms)))
        self.terms.append({"function": f.name, "line": self.toks[a].line, "term": sign + text_of(self.toks[a:b]),
                           "of": text_of(self.toks[lo:hi])})

    def text(self, a, b):
        out, i = [], a
        while i < b:
            here = [e for e in self.edits.get(i, ()) if e[0] <= b and (i, e[0]) != (a, b)]
            t = self.toks[i]
            if here:
                end, left, right, n = max(here)
                inner = self.wrapped(i, end, n, left, right)
                out.append(inner)
                i = end
            elif t.kind == "directive":
                out.append("\n" + t.text + "\n")
                i += 1
            else:
                out.append(t.text)
                i += 1
        return " ".join(out)

    def wrapped(self, a, b, n, left, right):
        """The operand a .. b as a term; what stands in it are terms, too.  An operand may begin as another one does."""
        more = [e for e in self.edits[a] if e[0] < b]
        inner = self.text(a, b) if not more else self.wrapped(a, max(more)[0], max(more)[3], *max(more)[1:3]) + " " + \
            self.text(max(more)[0], b)
        return f"TERM({n}, {text_of(self.toks[left:right])}, {inner})"

    def write(self, name):
        with open(name, "w", encoding="utf-8") as out:
            out.write(HEAD + self.text(0, len(self.toks)) + "\n")


def ask(op, args):
    """Compiles and links what asks about one op, and runs it: its terms with what the gate makes of each."""
    b, stem = Bound(op), os.path.join(args.out, f"{op}.terms")
    b.write(stem + ".c")
    build = [args.cc, *FLAGS, "-I", mutants.path("include"), "-I", mutants.path("reference"), "-I",
             mutants.path("reference", "ops"), stem + ".c", "-o", stem, *args.base.split()]
    subprocess.run(build, check=True)
    done = subprocess.run([stem, op, str(len(b.terms))], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    for term, is_ in zip(b.terms, found["terms"]):
        term.update(is_)
    with open(stem + ".json", "w", encoding="utf-8") as f:
        json.dump({"op": op, "rows": found["rows"], "terms": b.terms}, f, indent=1)
    return [t for t in b.terms if t["kind"] != "counts"] if found["rows"] else []  # no row: no output is bounded


def excuses(op):
    """Lines of the op's file: function :: term | term .. :: reason; *any* in a term stands for anything."""
    for function, terms, reason in (r for r in mutants.argued(op) if len(r) == 3):
        for term in terms.split(" | "):
            pattern = ".*".join(re.escape(re.sub(r"\s", "", x)) for x in term.split("*any*"))
            yield {"function": function, "term": re.compile(pattern), "reason": reason, "line": f"{function} :: {term}", "used": False}


def report(op, terms, lines):
    """Prints what is not noticed and not argued; returns how many.  A term that nowhere makes the bound larger, and somewhere
    smaller, stands in a denominator: none of the bound's."""
    below = [t for t in terms if not t["noticed"] and t["grown"] <= 1e-12 < t["shrunk"]]
    lost = argued = 0
    for t in terms:
        fits = [x for x in lines if x["function"] in ("*", t["function"]) and
                x["term"].fullmatch(re.sub(r"\s", "", t["term"]))]
        if t["noticed"] or t in below:
            continue
        for x in fits:
            x["used"] = True
        argued += bool(fits)
        lost += not fits
        if not fits:
            print(f"  NOT NOTICED {op}: {t['function']}, line {t['line']}: {t['term']} (enlarges the bound up to {1 + t['grown']:.3g} times)")
    n = len(terms) - len(below)
    if n:
        print(f"  {op}: {n} terms a thousand times as large, {sum(t['noticed'] for t in terms)} noticed, {argued} argued, {lost} not noticed")
    return lost


def main():
    p = argparse.ArgumentParser()
    p.add_argument("op", nargs="+")
    p.add_argument("--base", required=True, help="libraries, and what else the linker is given")
    p.add_argument("--cc", default="cc")
    p.add_argument("--out", required=True)
    args = p.parse_args()
    os.makedirs(args.out, exist_ok=True)
    lost = 0
    for op in args.op:
        lines = list(excuses(op))
        lost += report(op, ask(op, args), lines)
        for x in (x for x in lines if not x["used"]):
            print(f"  VOID in {op}.mutants: {x['line']}: every term that it means is noticed, or there is none")
            lost += 1
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
