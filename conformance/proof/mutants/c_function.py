# SPDX-License-Identifier: MIT
"""A C function: a statement walk that says what is an expression, and the rules that change one thing each."""
import re

from c_tokens import KEYWORDS, TYPE, grouped, text_of

PRECEDENCE = {op: p for p, ops in enumerate(
    [["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<", "<=", ">", ">="], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]])
    for op in ops}
REPLACE = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|", "&&": "||",
           "||": "&&", "++": "--", "--": "++", "+=": "-= =", "-=": "+= =", "*=": "/= =", "/=": "*= =", "|=": "&= =",
           "&=": "|= =", "<<=": ">>=", ">>=": "<<=", "<": "<= >", "<=": "< >", ">": ">= <", ">=": "> <", "==": "!= >= <=", "!=": "=="}
ASSIGN = {"=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<=", ">>="}
KIND = {"<": "comparison", "<=": "comparison", ">": "comparison", ">=": "comparison", "==": "comparison", "!=": "comparison"}


class Function:
    """toks[head:open] is the declaration, toks[open:close + 1] the body."""

    def __init__(self, toks, head, opening):
        self.toks, self.head, self.open, self.close = toks, head, opening, toks[opening].mate
        right = opening - 1
        self.left = toks[right].mate
        self.name = toks[self.left - 1].text
        self.reference = self.name == "REFERENCE"
        if self.reference:
            self.name = toks[self.left + 1].text
        self.skip, self.statements, self.conditions = set(), [], []
        self.block(self.open)

    # ---- the statement walk: what can be deleted or negated, and what is a declarator (no expression) ----

    def block(self, i):
        end = self.toks[i].mate
        i += 1
        while i < end:
            i = self.statement(i)
        return end + 1

    def end_of(self, i):
        while self.toks[i].text != ";":
            i = self.toks[i].mate + 1 if self.toks[i].text in ("(", "[", "{") else i + 1
        return i

    def declares(self, i):
        return self.toks[i].kind == "name" and TYPE.fullmatch(self.toks[i].text) is not None

    def declaration(self, i, end):
        """Everything before the = of each declarator is no expression."""
        skipping = True
        while i < end:
            t = self.toks[i].text
            if t == "=":
                skipping = False
            elif t == ",":
                skipping = True
            if t in ("(", "[", "{"):
                if skipping:
                    self.skip.update(range(i, self.toks[i].mate + 1))
                i = self.toks[i].mate
            elif skipping:
                self.skip.add(i)
            i += 1

    def statement(self, i):
        t = self.toks[i].text
        if t == "{":
            return self.block(i)
        if t == ";":
            return i + 1
        if t in ("if", "while", "switch"):
            close = self.toks[i + 1].mate
            if t != "switch":
                self.conditions.append((i + 2, close))
            i = self.statement(close + 1)
            return self.statement(i + 1) if t == "if" and self.toks[i].text == "else" else i
        if t == "for":
            close = self.toks[i + 1].mate
            first = self.end_of(i + 2)
            if self.declares(i + 2):
                self.declaration(i + 2, first)
            second = self.end_of(first + 1)
            if second > first + 1:
                self.conditions.append((first + 1, second))
            return self.statement(close + 1)
        if t in ("case", "default"):
            while self.toks[i].text != ":":
                self.skip.add(i)
                i += 1
            return i + 1
        end = self.end_of(i)
        if self.declares(i):
            if t in ("static", "union", "struct", "enum"):
                self.skip.update(range(i, end))
            self.declaration(i, end)
        elif t == "return":
            if end + 1 != self.close:
                self.statements.append((i, end))
        else:
            parts, at = [], i
            while at < end:
                start = at
                while at < end and self.toks[at].text != ",":
                    at = self.toks[at].mate + 1 if self.toks[at].text in ("(", "[", "{") else at + 1
                parts.append((start, at))
                at += 1
            self.statements += parts
        return end + 1

    # ---- expressions ----

    def is_value_end(self, i):
        """Does an operand end at token i (so that what follows is a binary operator)?"""
        t = self.toks[i]
        if t.kind == "name":
            return t.text not in KEYWORDS and not TYPE.fullmatch(t.text)
        if t.text == ")":
            return not all(TYPE.fullmatch(x.text) or x.text == "*" for x in self.toks[t.mate + 1:i])
        return t.kind in ("number", "string") or t.text in ("]", "++", "--")

    def binary(self, i):
        return self.toks[i].text in PRECEDENCE and i not in self.skip and self.is_value_end(i - 1)

    def operands(self, i, low):
        """Start of the left and end of the right operand of the binary operator i: what binds at `low` or tighter."""
        left = i - 1
        while True:
            t = self.toks[left]
            if t.text in (")", "]"):
                left = t.mate
            before = self.toks[left - 1]
            if before.text in ("(", "[", "{", "}", ",", ";", "?", ":", "return", "else") or before.text in ASSIGN or \
                    (self.binary(left - 1) and PRECEDENCE[before.text] < low):
                break
            if before.text == ")" and self.is_statement_head(left - 1):
                break
            left -= 1
        right = i + 1
        while True:
            t = self.toks[right]
            if t.text in ("(", "[", "{"):
                right = t.mate
            after = self.toks[right + 1]
            if after.text in (")", "]", "}", ",", ";", "?", ":") or after.text in ASSIGN or \
                    (self.binary(right + 1) and PRECEDENCE[after.text] <= low):
                break
            right += 1
        return left, right

    def is_statement_head(self, close):
        return self.toks[close].mate is not None and self.toks[self.toks[close].mate - 1].text in ("if", "for", "while", "switch")

    # ---- the rules: yields (kind, first, last + 1, replacement) ----

    def edits(self):
        toks = self.toks
        for a, b in self.statements:
            yield "deleted", a, b, "(void)0" if toks[a].text not in ("return", "break", "continue") else ""
        for a, b in self.conditions:
            yield "negated", a, b, "!(" + text_of(toks[a:b]) + ")"
        for i in range(self.open + 1, self.close):
            t = toks[i]
            if i in self.skip:
                continue
            if t.kind == "number":
                yield from self.constants(i)
            elif t.text in ("true", "false"):
                yield "constant", i, i + 1, "false" if t.text == "true" else "true"
            elif t.text in REPLACE and (t.text in ("++", "--") or t.text in ASSIGN or self.binary(i)):
                for other in REPLACE[t.text].split():
                    yield KIND.get(t.text, "operator"), i, i + 1, other
                if t.text in ("-", "/", "%", "<<", ">>") and self.binary(i):
                    p = PRECEDENCE[t.text]
                    left, right = self.operands(i, p)
                    yield "swapped", left, right + 1, f"{grouped(toks[i + 1:right + 1])} {t.text} {grouped(toks[left:i])}"
            elif t.text in ("-", "!", "~") and not self.is_value_end(i - 1):
                yield "operator", i, i + 1, ""
            elif t.text == "[" and self.is_value_end(i - 1):
                if t.mate == i + 2 and toks[i + 1].kind == "number":
                    continue  # the rule for constants
                for sign in "+-":
                    yield "index", i + 1, t.mate, f"{grouped(toks[i + 1:t.mate])} {sign} 1"
            elif t.text == "?":
                left, _ = self.operands(i, 0)
                yield "negated", left, i, "!(" + text_of(toks[left:i]) + ")"
            elif t.text == "(" and toks[i - 1].kind == "name" and toks[i - 1].text not in KEYWORDS and self.is_value_end(i - 1):
                yield from self.arguments(i)

    def constants(self, i):
        text = self.toks[i].text
        body = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", text)
        if body:
            v = int(body.group(1), 0)
            for n in (v + 1, v - 1):
                digits = hex(n) if text.lower().startswith("0x") and n >= 0 else str(n)
                yield "constant", i, i + 1, (digits if n >= 0 else f"({digits})") + body.group(2)
        else:
            for how in ("+ 1", "- 1", "* 1.001f" if text.endswith("f") else "* 1.001"):
                yield "constant", i, i + 1, f"({text} {how})"

    def arguments(self, i):
        toks, parts, at, start = self.toks, [], i + 1, i + 1
        while at < toks[i].mate:
            if toks[at].text == ",":
                parts.append((start, at))
                start = at + 1
            at = toks[at].mate + 1 if toks[at].text in ("(", "[", "{") else at + 1
        parts.append((start, at))
        if len(parts) == 2:
            (a, b), (c, d) = parts
            yield "swapped", a, d, f"{text_of(toks[c:d])}, {text_of(toks[a:b])}"

    # ---- writing ----

    def literal(self, i):
        """Is token i a comma between the members of a brace initialiser?"""
        brace = self.toks[i].inside
        return self.toks[i].text == "," and self.toks[brace].text == "{" and self.toks[brace - 1].text in (")", "=", ",", "{") \
            and brace != self.open and not self.is_statement_head(brace - 1)

    def segment(self, a, b):
        """The piece of code around an edit that describes it: from ; or brace to ; or brace."""
        toks, start = self.toks, a
        while toks[a - 1].text not in (";", "{", "}", "else") and not self.literal(a - 1) and \
                not (toks[a - 1].text == ")" and self.is_statement_head(a - 1)) and \
                not (toks[a - 1].text == "(" and toks[a - 2].text in ("if", "for", "while", "switch")):
            a -= 1
        while toks[b].text not in (";", "{", "}") and not self.literal(b) and \
                not (toks[b].text == ")" and toks[b].mate < start and self.is_statement_head(b)):
            b += 1
        return a, b

    def unreached(self):
        """Stands for all mutants of a function that is never called: it survives if that is so."""
        return "never called", self.open + 1, self.open + 1, "abort();"

    def copy(self, edit=None):
        if edit is None:
            return text_of(self.toks[self.open:self.close + 1])
        _, a, b, new = edit
        return " ".join((text_of(self.toks[self.open:a]), new, text_of(self.toks[b:self.close + 1])))

    def parameters(self):
        if self.reference:
            return ["a"]
        names, depth_names = [], self.toks[self.left + 1:self.open - 1]
        last = None
        depth = 0
        for t in depth_names:
            depth += t.text in ("(", "[")
            depth -= t.text in (")", "]")
            if t.text == "," and depth == 0:
                names.append(last)
            elif t.kind == "name" and depth == 0:
                last = t.text
        return names + [last] if last and last != "void" else names

    def head_text(self, suffix=""):
        if self.reference:
            return f"static void {self.name}{suffix}(const assay_dense *a)" if suffix else f"REFERENCE({self.name})"
        toks = self.toks[self.head:self.open]
        at = self.left - 1 - self.head
        head = text_of(toks[:at]) + " " + toks[at].text + suffix + text_of(toks[at + 1:])
        head = head.replace("inline ", "")
        return head if not suffix or head.startswith("static") else "static " + head

    def returns(self):
        return not self.reference and self.toks[self.left - 2].text != "void"

    def calls(self):
        return {t.text for i, t in enumerate(self.toks[self.open:self.close]) if t.kind == "name"
                and self.toks[self.open + i + 1].text == "("}
