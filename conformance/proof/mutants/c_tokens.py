# SPDX-License-Identifier: MIT
"""A tokenizer of C: brackets know their mates, comments and space are dropped; and tokens as text again."""
import re

TOKEN = re.compile(
    r"""(?P<space>\s+|/\*.*?\*/|//[^\n]*)|(?P<directive>^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)|(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<number>(?:0[xX][0-9a-fA-F.]+(?:[pP][-+]?\d+)?|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)[uUlLfF]*)|(?P<name>[A-Za-z_]\w*)
    |(?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])""",
    re.X | re.S | re.M)
TYPE = re.compile(r"const|static|inline|real|double|float|int|unsigned|char|void|bool|size_t|ptrdiff_t|u?int\d+_t|att"
                  r"|union|struct|enum|assay_q\w+|assay_dense|assay_\w+_params|_Alignas")
KEYWORDS = {"if", "for", "while", "do", "switch", "return", "break", "continue", "case", "default", "else", "goto", "sizeof"}


class Token:
    __slots__ = ("kind", "text", "line", "mate", "inside")

    def __init__(self, kind, text, line):
        self.kind, self.text, self.line, self.mate, self.inside = kind, text, line, None, None

    def __repr__(self):
        return self.text


def tokens(source):
    out, line, at, stack = [], 1, 0, []
    while at < len(source):
        m = TOKEN.match(source, at)
        if not m:
            raise SyntaxError(f"line {line}: {source[at:at + 20]!r}")
        if m.lastgroup != "space":
            t = Token(m.lastgroup, m.group(), line)
            t.inside = stack[-1] if stack else None  # the bracket that opened last
            if t.kind == "op" and t.text in "([{":
                stack.append(len(out))
            elif t.kind == "op" and t.text in ")]}":
                t.mate = stack.pop()
                out[t.mate].mate = len(out)
            out.append(t)
        line += m.group().count("\n")
        at = m.end()
    return out


def text_of(toks):
    """Readable and compilable on one line."""
    out = ""
    for i, t in enumerate(toks):
        a = toks[i - 1] if i else None
        b = toks[i - 2] if i > 1 else None
        unary = a is not None and a.text in ("-", "*", "&") and b is not None and \
            (b.text in KEYWORDS or (b.kind == "op" and b.text not in (")", "]")))
        tight = a is None or unary or a.text in ("(", "[", "!", "~", ".", "->") or \
            t.text in (")", "]", ",", ";", "[", ".", "->", "++", "--") or (t.text == "(" and a.kind == "name" and a.text not in KEYWORDS)
        out += ("" if tight else " ") + t.text
    return out


def grouped(toks):
    text = text_of(toks)
    return text if len(toks) == 1 else f"({text})"
