#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the documents tell people to type: each command and option of `assay` is one that its --help knows, each file that a
# link or a line names is there, or is made by ci/models.  (Whole examples run in cli.plugin and cli.scale.)
set -uo pipefail
assay=$1 source=$2
"${PYTHON:-python3}" - "$assay" "$source" <<'PY'
import glob, os, re, subprocess, sys

assay, source = sys.argv[1:]
wrong, lines, links = [], 0, 0
helps = {}


def help_of(command):
    if command not in helps:
        r = subprocess.run([assay, command, "--help"], capture_output=True, text=True)
        helps[command] = r.stdout if r.returncode == 0 else None
    return helps[command]


def check_line(name, text):
    """A command line, wherever in the text it begins, as far as a comment, a pipe or the next command."""
    m = re.search(r"(?:^|[\s/(])assay +([a-z]+)\b([^;|&>)]*)", re.split(r"\s#| :::", text)[0])
    if not m:
        return 0
    known = help_of(m[1])
    if known is None:
        wrong.append(f"{name}: assay {m[1]}: no such command")
        return 1
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", m[2])
    for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z])\b", bare):
        if not re.search(rf"(?<![\w-]){option}(?![\w-])", known):
            wrong.append(f"{name}: assay {m[1]} {option}: not in its --help")
    for path in re.findall(r"models/\S+\.gguf", bare):
        if path not in open(source + "/ci/models", encoding="utf-8").read():
            wrong.append(f"{name}: {path}: not what ci/models fetches")
    return 1


pages = [source + "/README.md", source + "/CONTRIBUTING.md"] + sorted(glob.glob(source + "/docs/*.md") + glob.glob(source + "/reference/ops/*.md"))
for page in pages:
    name = os.path.relpath(page, source)
    text = open(page, encoding="utf-8").read()
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M):
        for line in block.replace("\\\n", " ").split("\n"):
            lines += sum(check_line(name, part) for part in line.split(";"))
    prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    for span in re.findall(r"`([^`]+)`", prose):
        lines += check_line(name, span.replace("\n", " "))
        m = re.match(r"(ci/[\w./]+|docs/[\w./]+\.md)(?= |$)", span)
        if m and not os.path.exists(f"{source}/{m[1]}"):
            wrong.append(f"{name}: {m[1]}: no such file")
    for target in re.findall(r"\]\(([^)#]+)", prose):
        if not target.startswith("http"):
            links += 1
            if not os.path.exists(os.path.join(os.path.dirname(page), target)):
                wrong.append(f"{name}: {target}: a link to nothing")
for w in wrong:
    print("FAIL", w)
print(f"{len(pages)} pages: {lines} command lines of assay, {links} links, {len(wrong)} wrong")
sys.exit(1 if wrong or lines < 20 or links < 10 else 0)
PY
