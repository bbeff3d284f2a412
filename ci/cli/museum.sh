#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/museum.md and the seeded faults name the same public threads.
set -euo pipefail
assay=$1 source=$2
list=$(mktemp)
trap 'rm -f "$list"' EXIT
"$assay" list faults >"$list"
python3 - "$source" "$list" <<'PY'
import re, sys
page, thread = {}, r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+#[0-9]+"
sources = {}
for line in open(sys.argv[2]):
    kind, rest = line.split(None, 1)
    name, where = rest.split(": ", 1)
    if kind == "fault":
        sources[name] = set(re.findall(thread, where))
numbers, bad = [], []
for line in open(sys.argv[1] + "/docs/museum.md"):
    slip = line.startswith("| ") and not re.search(thread, line)
    bad += [f"{line[2:40]}: there is no fault {n}" for n in re.findall(r"`([a-z_]+/[^`]+)`", line) if slip and n not in sources]
    row = re.match(r"\| (M[0-9]+)? ?\| (" + thread + r") \| (.*) \|$", line)
    if not row:
        continue
    number, ref, cell = row.groups()
    numbers += [number] if number else []
    faults = [] if cell.startswith("- ") else re.findall(r"`([^`]+)`", cell)
    if not faults and len(cell) < 12:
        bad.append(f"{ref}: neither a fault nor a reason")
    for name in re.findall(r"`([^`/]+/[^`]+)`", cell):
        if name not in sources:
            bad.append(f"{ref}: there is no fault {name}")
        elif name in faults and ref not in sources[name]:
            bad.append(f"{ref}: {name} does not name it")
    page.setdefault(ref, set()).update(faults)
for name, refs in sources.items():
    bad += [f"{name} names {ref}, which the page does not list for it" for ref in refs if name not in page.get(ref, ())]
if numbers != [f"M{k:02d}" for k in range(1, 122)]:
    bad.append(f"entries are not M01 .. M121 in order: {len(numbers)}")
print("\n".join(bad) or f"{len(page)} threads, {sum(len(r) > 0 for r in sources.values())} faults with a thread")
sys.exit(bool(bad))
PY
