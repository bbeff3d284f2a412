#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mutants.py judge OP...: makes the mutants of the scalar references, compiles each op's into one plug-in, and lets
`assay check --mutants` judge them.  mutants.py proof OP...: puts the same mutants in the place of the double reference and
asks what proves the reference (docs/mutants.md).  Exit status 1: a mutant survived that conformance/ops/<op>.mutants
does not argue, or an argument there is void."""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys

import mutate

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CHUNK = 256  # kernels that a plug-in may hold
FLAGS = ["-std=c11", "-O1", "-w", "-ffp-contract=off", "-D_GNU_SOURCE"]


def path(*parts):
    return os.path.join(ROOT, *parts)


def read(name):
    with open(name, encoding="utf-8") as f:
        return f.read()


def rows(name):
    """Lines of a table: fields between ' :: ', comments with #."""
    for line in read(name).splitlines():
        if line.strip() and not line.startswith("#"):
            yield [x.strip() for x in line.split(" :: ")]


# ---- what is mutated ------------------------------------------------------------------------------------------------


def fused(op, spec):
    """The reference of an op that is a list of parts, written out from its spec: (text, names of the parts)."""
    def table(name):
        found = re.search(rf"\b{name}\[\] = \{{(.*?)\n?\}};", spec, re.S)
        return found.group(1) if found else ""

    dims = re.search(r'^    \.dims = "(\w+)"', spec, re.M).group(1)
    names = [n for n in re.search(r"^enum \{ (.*?) \};", spec, re.M).group(1).split(", ")]
    out = [f"#include \"ref.h\"\nREFERENCE({op})\n{{"]
    for i, shape in enumerate(re.findall(r'"(\w+)"', table("temps"))):
        size = " * ".join(f"a->dim[{dims.index(d)}]" for d in shape)
        out.append(f"    real *temp{i} = malloc((size_t)({size}) * sizeof *temp{i});")
    parts = re.findall(r'\{ \.op = "(\w+)", \.dims = "(\w+)", \.operand = (\w+)(?:, \.params = (\w+))? \}', table("parts"))
    for part, letters, operand, params in parts:
        given = []
        for word in re.sub(r"\s", "", table(operand)).split(","):
            temp = re.fullmatch(r"ASSAY_TEMP\((\d+)\)", word)
            given.append(f"temp{temp.group(1)}" if temp else "NULL" if word == "ASSAY_LEFT_OUT" else f"a->operand[{names.index(word)}]")
        at = ", ".join(f"a->dim[{dims.index(d)}]" for d in letters)
        made = f"{params}, a->params" if params else "NULL, NULL"
        out.append(f"    call(assay_{part}, ASSAY_REAL, (void *[]){{ {', '.join(given)} }}, (int64_t[]){{ {at} }}, {made});")
    out += [f"    free(temp{i});" for i in range(len(re.findall(r'"(\w+)"', table("temps"))))]
    declared = "".join(f"void REF_CAT({p}, ASSAY_REAL)(const assay_dense *);\n" for p in sorted({p for p, *_ in parts}))
    text = "\n".join(out) + "\n}\n"
    text = re.sub(r"call\(assay_(\w+), ASSAY_REAL, ", r"part(REF_CAT(\1, ASSAY_REAL), ", text)
    helper = ("static void part(void (*run)(const assay_dense *), void *const *operand, const int64_t *dim,\n"
              "                 void (*make)(const void *, void *), const void *fused)\n"
              "{\n    int64_t params[ASSAY_MAX_PARAMS / 8] = { 0 };\n    if (make)\n        make(fused, params);\n"
              "    run(&(assay_dense){ operand, NULL, dim, params });\n}\n")
    if any(params for *_, params in parts):  # how a part's fields are made of the op's, as the spec says
        declared += "".join(re.findall(r"^static void \w+\(const void \*fused, void \*part\)\n\{.*?^\}\n", spec, re.M | re.S))
        text = "".join(f"#include {name}\n" for name in re.findall(r'^#include ("assay/params/.*"|<.*>)$', spec, re.M)) + text
    return text.replace("REFERENCE(", declared + helper + "REFERENCE(", 1), sorted({p for p, *_ in parts})


def parts_of(op):
    """The ops that a fused one is a list of; of another none."""
    return [] if os.path.exists(path("reference", "ops", f"{op}.c")) else fused(op, read(path("reference", "ops", f"{op}.spec.c")))[1]


class Op:
    def __init__(self, name, out, args):
        self.args = args
        self.name, self.out = name, os.path.join(out, name)
        os.makedirs(self.out, exist_ok=True)
        self.spec = read(path("reference", "ops", f"{name}.spec.c"))
        self.dims = re.search(r'\.dims = "(\w+)"', self.spec).group(1)
        self.where, self.takes, self.sources, stems = {}, {}, [], [name]
        if not os.path.exists(path("reference", "ops", f"{name}.c")):
            text, stems = fused(name, self.spec)
            with open(os.path.join(self.out, f"{name}.made.c"), "w", encoding="utf-8") as f:
                f.write(text)
            self.sources.append(mutate.Source(f.name, name, frozen="temp[0-9] = |free|run[(]"))
        for stem in stems:
            headers = [h for h in os.listdir(path("reference", "ops")) if re.fullmatch(rf"{stem}[a-z_]*\.h", h)]
            inline = [(h, read(path("reference", "ops", h))) for h in headers]
            self.sources.append(mutate.Source(path("reference", "ops", f"{stem}.c"), stem, inline))
        for op, file, where in rows(os.path.join(HERE, "sources.txt")):
            if op == name:
                self.sources.append(mutate.Source(path("reference", file), os.path.basename(file)[:-2]))
                self.where[self.sources[-1]] = where
        self.mutants = self.collect()
        self.made = len(self.mutants)  # before a sample is taken

    def codec_types(self, verb):
        """The types that the coded operand may have."""
        line = re.search(r"\.name = \"%s\".*?TYPES\(((?:[^()]|\([^()]*\))*)\)" % ("y" if verb == "encode" else "x"), self.spec, re.S).group(1)
        masks = dict(re.findall(r"^#define ([A-Z_0-9]+)\s+(\(.*\bT\(.*)", read(path("reference", "spec.h")).replace("\\\n", " "), re.M))
        while re.search(names := rf"\b({'|'.join(masks)})\b", line):
            line = re.sub(names, lambda m: masks[m.group()], line)
        return re.findall(r"\bT\((\w+)\)", line)

    def reached(self, roots):
        calls = {f.name: f.calls() for s in self.sources for f in s.functions}
        seen, todo = set(), list(roots)
        while todo:
            f = todo.pop()
            if f in seen:
                continue
            seen.add(f)
            todo += [g for g in calls.get(f, ()) if g in calls]
        return seen

    def collect(self):
        """Mutants of what the reference reaches, and of what the coders of the operand's types reach."""
        plain = re.findall(r"^PLAIN\((\w+), \w+\)", read(path("reference", "core", "dtype.c")), re.M)
        out, number, of = {}, 0, {}
        reach = self.reached({f.name for s in self.sources for f in s.functions if f.reference})
        for where in set(self.where.values()) - {"REFERENCE"}:
            verb, one = ("encode", "store") if where == "ENCODERS" else ("decode", "load")
            for t in set(self.codec_types(verb)):
                of[t] = self.reached({f"assay_{verb}_{t}"} | ({one, verb} if t in plain else set()))
        for s in self.sources:
            where = self.where.get(s, "REFERENCE")
            only = reach if where == "REFERENCE" else set().union(*of.values())
            for m, f, edit in s.mutants(only, self.args.dead):
                number += 1
                m["name"] = f"{self.name}_m{number:03d}"
                m["where"] = where
                out[number] = (m, s, f, edit)
                if where != "REFERENCE":
                    self.takes[number] = sorted(t for t in of if f.name in of[t])
        return out

    # ---- what is compiled ----

    def write(self, bad, dialect):
        files, owners = [], {}
        for s in self.sources:
            lines, owner = s.write({n: (f, e) for n, (_, src, f, e) in self.mutants.items() if src is s and n not in bad})
            name = os.path.join(self.out, f"{s.label}.{dialect}.c")
            with open(name, "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")
            files.append(name)
            owners[name] = owner
        if dialect == "float":
            files.append(self.table(bad))
        return files, owners

    def table(self, bad):
        takes = ", ".join(" | ".join(f"ASSAY_T({t})" for t in self.takes.get(n, ())) or "0" for n in range(max(self.mutants) + 1))
        where = ", ".join(f"ASSAY_MUTATED_{self.mutants[n][0]['where'] if n in self.mutants and n not in bad else 'NOT'}"
                          if n else "ASSAY_MUTATED_REFERENCE" for n in range(max(self.mutants) + 1))
        name = os.path.join(self.out, f"{self.name}.table.c")
        head = re.search(r"static const assay_operand operands\[\] = \{.*?^\};", self.spec, re.M | re.S).group()
        defines = re.findall(r"^#define (?:[^\n]*\\\n)*[^\n]*$", self.spec, re.M)
        with open(name, "w", encoding="utf-8") as f:
            f.write("#define ASSAY_MUTANTS_SHIM\n#include \"mutants.h\"\n#include \"spec.h\"\n" + "\n".join(defines) + "\n" + head +
                    f"\nvoid assay_{self.name}_float(const assay_dense *);\nstatic const uint64_t takes[] = {{ {takes} }};\n"
                    f"static const uint8_t where[] = {{ {where} }};\n"
                    f"const assay_mutated assay_mutated_op = {{ \"{self.name}\", operands, COUNT_OF(operands), {len(self.dims)}, {max(self.mutants)}, "
                    f"assay_{self.name}_float, where, takes }};\n")
        return name

    def compile(self, o, dialect, command):
        """Compiles until no mutant is refused by the compiler; those are no mutants."""
        bad, checked = set(), False
        cc = [*o.cc.split(), *FLAGS, *o.extra, f"-DASSAY_REAL={dialect}", "-I", path("include"), "-I", path("reference"), "-I",
              path("reference", "ops"), "-I", path("reference", "core"), "-I", HERE]
        while True:
            files, owners = self.write(bad, dialect)
            done = subprocess.run([*cc, *(command(files) if checked else ["-fsyntax-only", *files])], capture_output=True, text=True)
            if done.returncode == 0 and checked:
                for n in bad:
                    del self.mutants[n]
                return
            if done.returncode == 0:
                checked = True
                continue
            wrong = set()
            current = False
            for file, line, word in re.findall(r"^([^\s:]+):(\d+):\d+: (\w+)", done.stderr, re.M):
                current = word == "error" or (current and word == "note")  # a macro of ours, expanded in a mutant
                if current and file in owners:
                    wrong.add(owners[file][int(line) - 1])
            if not wrong - {0} or wrong & bad:
                sys.exit(f"mutants of {self.name} do not compile:\n{done.stderr[:2000]}")
            bad |= wrong - {0}


# ---- conformance/ops/<op>.mutants -------------------------------------------------------------------------------------


WORDS = ("equivalent", "legal", "outside", "undefined")
Argument = collections.namedtuple("Argument", "function was now word why own")


def squeezed(text):
    return re.sub(r"\s+", "", text)


def argued(op):
    """The lines of an op's file (docs/mutants.md, Arguments): those of mutants have five fields, those of the bound's terms three."""
    name = path("conformance", "ops", f"{op}.mutants")
    lines = list(rows(name)) if os.path.exists(name) else []
    for r in lines:
        if len(r) not in (3, 5):
            sys.exit(f"{name}: five fields say what becomes of a mutant, three of a term of the bound: {r}")
        if len(r) == 5 and (r[3].split(" ")[-1] not in WORDS or r[3].split(" ")[0] not in (*WORDS, "judge", "proof")):
            sys.exit(f"{name}: the fourth field is [judge|proof] {'|'.join(WORDS)}: {r}")
    return lines


class Arguments:
    """Of an op's own file, and of its parts': what survives there for a reason may survive here."""

    def __init__(self, op, run):
        self.table, self.rows = f"{op}.mutants", []
        for part in [op, *parts_of(op)]:
            for function, was, now, word, why in (r for r in argued(part) if len(r) == 5):
                if word.split(" ")[0] in (run, *WORDS):
                    self.rows.append(Argument(function, was, now, word.split(" ")[-1], why, part == op))
        self.used = [0] * len(self.rows)
        self.dead = {r.function for r in self.rows if r.was == "*" and r.now == "*"}

    def of(self, m):
        where = {m["function"] + (f"#{m['nth']}" if m["nth"] > 1 else "")}
        for i, r in enumerate(self.rows):
            if r.function in where and (r.was == "*" or squeezed(r.was) == squeezed(m["was"])) and \
                    (r.now == "*" or squeezed(r.now) == squeezed(m["is"])):
                self.used[i] += 1
                return r
        return None

    def unused(self):
        return [r for r, n in zip(self.rows, self.used) if r.own and not n]


def commit(assay):
    """Of the program that judged; None: no program did."""
    said = subprocess.run([assay, "--version"], capture_output=True, text=True).stdout if assay else ""
    found = re.search(r"\((.*)\)", said)
    return found and found.group(1)


def report(op, judged, args, o, kind):
    """judged: {number: None (survived) or (verdict, where)}.  Prints, writes JSON, returns whether all is well."""
    ok, count = True, {"caught": 0, "survived": 0, **dict.fromkeys(WORDS, 0)}
    by, listed = {}, []
    for n, (m, _, _, _) in sorted(op.mutants.items()):
        hit, reason = judged[n], args.of(m)
        what = f"{m['name']} {m['file']}:{m['line']} {m['function']}: {m['was']} -> {m['is']}"
        if hit:
            count["caught"] += 1
            by[hit[0]] = by.get(hit[0], 0) + 1
            if reason and reason.own and reason.word != "undefined":
                ok = False
                print(f"  VOID     {what}\n           {args.table} says {reason.word}: {reason.why}; yet: {hit[0]} {hit[1]}")
            elif o.verbose:
                print(f"  caught   {what}\n           {hit[0]}: {hit[1]}")
        elif reason:
            count[reason.word] += 1
            if o.verbose:
                print(f"  {reason.word:<10}{what}\n           {reason.why}")
        else:
            count["survived"] += 1
            print(f"  SURVIVED {what}")
        listed.append({**m, "verdict": hit[0] if hit else reason.word if reason else "survived", "case": hit[1] if hit else None,
                       "argument": reason.why if reason else None})
    for r in args.unused():
        ok = False
        print(f"  VOID     {args.table}: matches no mutant: {r.function} :: {r.was} :: {r.now}")
    real = count["caught"] + count["survived"]
    score = 100.0 * count["caught"] / real if real else 100.0
    ok = ok and score >= o.floor
    verdicts = ", ".join(f"{v} {k}" for k, v in sorted(by.items(), key=lambda x: -x[1]))
    print(f"{op.name}: {len(op.mutants)} mutants, {count['caught']} of {real} caught = {score:.2f} % (floor {o.floor:g}); "
          + ", ".join(f"{count[w]} {w}" for w in WORDS) + f"; by {verdicts}")
    with open(os.path.join(o.out, f"{op.name}{kind}.json"), "w", encoding="utf-8") as f:
        json.dump({"schema": 1, "kind": "mutants" if not kind else "proof", "commit": commit(o.assay), "op": op.name,
                   "made": op.made, "mutants": len(op.mutants), **count, "score": score, "floor": o.floor, "by": by, "list": listed}, f, indent=1)
    return ok


# ---- judge: the float mutants as kernels, by assay check ----------------------------------------------------------------


def sample(op, args, most):
    """Every n-th mutant, where there are more than `most`.  The arguments are held against all of them."""
    every = -(-len(op.mutants) // most)
    if every > 1:
        for m, _, _, _ in op.mutants.values():
            args.of(m)
        print(f"{op.name}: {len(op.mutants)} mutants, one in {every} of which is judged (--most {most})")
        op.mutants = {n: m for n, m in op.mutants.items() if n % every == 0}


def judge(name, o):
    args = Arguments(name, "judge")
    op = Op(name, o.out, args)
    sample(op, args, o.most)
    so = os.path.join(op.out, "mutants.so")
    op.compile(o, "float", lambda files: ["-fPIC", "-shared", "-o", so, *files, "-Wl,-u,assay_plugin_v1", *o.base, "-lm"])
    judged = {}

    def chunk(first):
        result = f"{so}.{first}.json"
        done = subprocess.run([o.assay, "check", "--plugin", so, "--mutants", "-o", name, "--quick", "--threads", "1", "--json", result],
                              env={**os.environ, "ASSAY_MUTANTS_FROM": str(first), "OMP_WAIT_POLICY": "passive"}, capture_output=True,
                              text=True)
        if done.returncode > 1:
            sys.exit(f"assay check --mutants: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        for k in json.loads(read(result))["kernels"]:
            f = k["failures"][0] if k["failures"] else None
            if not f and not k["passed"]:
                sys.exit(f"{k['kernel']}: no case was judged")
            late = f and f["by"] == "crash" and "signal 27" in f["why"]
            judged[int(k["kernel"].rsplit("_m", 1)[1])] = f and ("timeout" if late else f["by"], f["case"])

    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        list(pool.map(chunk, range(0, max(op.mutants) + 1, CHUNK)))
    if judged[0]:
        sys.exit(f"{name}: the reference itself, unchanged, is found wrong: {judged[0]}")
    return report(op, judged, args, o, "")


# ---- proof: the double mutants in the place of the oracle --------------------------------------------------------------


def proof(name, o):
    args = Arguments(name, "proof")
    if not os.path.exists(path("reference", "ops", f"{name}.c")):
        sys.exit(f"{name}: its oracle is its parts', proved there")
    op = Op(name, o.out, args)
    program = os.path.join(op.out, "proof")
    op.compile(o, "double", lambda files: ["-DASSAY_MUTANTS_SHIM", "-o", program, *files, *o.base])
    done = subprocess.run([program, name, path("vectors", "data"), str(max(op.mutants))], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{program}: exit {done.returncode}\n{done.stderr}")
    judged = {}
    for line in done.stdout.splitlines():
        number, verdict, where = (line + "  ").split(" ", 2)
        judged[int(number)] = None if verdict == "survived" else (verdict, where.strip())
    if judged[0]:
        sys.exit(f"{name}: the reference itself, unchanged, is found wrong: {judged[0]}")
    return report(op, judged, args, o, ".proof")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("verb", choices=["judge", "proof", "list"])
    p.add_argument("op", nargs="+")
    p.add_argument("--assay", help="the program")
    p.add_argument("--base", type=str.split, default=[], help="libraries to link with, one string")
    p.add_argument("--out", default=".", help="folder of what is made")
    p.add_argument("--cc", default="cc")
    p.add_argument("--extra", type=str.split, default=[], help="compiler options, one string")
    p.add_argument("--floor", type=float, default=100, help="per cent of the mutants that no argument covers")
    p.add_argument("--most", type=int, default=CHUNK * 64, help="judge an even sample of so many mutants at most")
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("-v", "--verbose", action="store_true", help="caught mutants too")
    o = p.parse_args()
    os.makedirs(o.out, exist_ok=True)
    ok = True
    for name in o.op:
        if o.verb == "list":
            for m, _, _, _ in Op(name, o.out, Arguments(name, "judge")).mutants.values():
                print(f"{m['name']} {m['file']}:{m['line']} {m['kind']}: {m['was']} -> {m['is']}")
        else:
            ok = {"judge": judge, "proof": proof}[o.verb](name, o) and ok
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
