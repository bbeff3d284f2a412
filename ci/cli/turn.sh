#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Which heavy tests run today (ci/turn): every one once a round, whoever changed at once, nothing left out in silence; and what is
# done with the answer: rows alone (ci/extent), a score that says whose it is (ci/self).
set -euo pipefail
assay=$(realpath "$1") source=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$source/ci/cli/expect"
command -v git >/dev/null || { echo "no git here: what changed cannot be asked"; exit 77; }
unset ASSAY_BASE ASSAY_DAY ASSAY_TURN ASSAY_ROWS ASSAY_UNPROVED

"${PYTHON:-python3}" - "$source" "$(dirname "$assay")" <<'PY'
import collections, importlib.machinery, importlib.util, os, sys
sys.dont_write_bytecode = True
source, build = sys.argv[1:]
loader = importlib.machinery.SourceFileLoader("turn", source + "/ci/turn")
turn = importlib.util.module_from_spec(importlib.util.spec_from_loader("turn", loader))
loader.exec_module(turn)
tree = turn.Tree(source)
assert [turn.turns("proof", n) for n in (1, 3, 18, 80, 1000)] == [1, 1, 4, 20, 20], "days in a round"
for kind, (least, most, doubled, _) in turn.KINDS.items():
    for n in (1, 2, 5, 18, 80):
        names, length = [f"op{i}" for i in range(n)], turn.turns(kind, n)
        for first in (0, 20785 // length * length):
            days = [[x for x in names if turn.has_turn(kind, names, x, first + d)] for d in range(length)]
            assert sorted(sum(days, [])) == sorted(names), f"{kind}, {n} ops: not each once a round"
            assert max(map(len, days)) - min(map(len, days)) <= 1, f"{kind}, {n} ops: uneven days {[len(d) for d in days]}"
            wide = [x for x in names if turn.has_turn(kind, names, x, first, True)]
            assert len(wide) == len(set(days[0]) | set(days[1 % length] if doubled else ())), f"{kind}, {n} ops: a wide day"
        name = names[0]
        when = turn.next_turn(kind, names, name, 20785)
        assert 20785 < when <= 20785 + 2 * length and turn.has_turn(kind, names, name, when), "the day that is named"
        seen = {x for d in range(0, 20 * length, 2) for x in names if turn.has_turn(kind, names, x, d)}
        assert seen == set(names), f"{kind}, {n} ops: who runs CI every other day never sees {set(names) - seen}"
a, b = ([x for x in tree.ops if turn.has_turn("proof", tree.ops, x, d)] for d in (20785, 20786))
assert a != b, "the same ops every day"

own = collections.Counter()
for folder in turn.OWN:
    for where, _, files in os.walk(os.path.join(source, folder)):
        own.update(filter(None, (tree.owner(os.path.relpath(os.path.join(where, f), source)) for f in files)))
assert set(own) == set(tree.ops) and min(own.values()) >= 4, own
assert tree.owner("conformance/ops/gate_up.variants.c") == "gate_up"
assert tree.owner("conformance/judge/add.c") is None

def changes(*paths, lines=()):
    return turn.Changes(tree, lambda path: lines, paths, "since x")
few = changes("optimized/isa/flash_tile.h")
assert list(few.ops) == ["attention"] and not few.shared, (few.ops, few.shared)
for path in "optimized/quantized/avx2.c", "optimized/quantized/panel.h":
    assert set(changes(path).ops) == {"matmul", "gate_up"}, changes(path).ops
many = changes("optimized/isa/simd.h", "conformance/rules/cover.c", "docs/judge.md", "bench/child.c", "a/new/folder.c")
assert not many.ops and many.shared == ["optimized/isa/simd.h", "conformance/rules/cover.c", "a/new/folder.c"] and many.apart == ["bench/child.c"]
line = changes("conformance/proof/mutants/sources.txt", lines=["silu gelu :: f :: softmax", "# a comment", ""])
assert set(line.ops) == {"silu", "gelu"} and not line.shared, (line.ops, line.shared)
assert list(changes("optimized/kernels.def", lines=["KERNEL(quantized, avx2 dotprod, matmul_q4_0)"]).ops) == ["matmul"]
assert changes("optimized/kernels.def", lines=["KERNEL(quantized, avx2, nobody)"]).shared, "a line that names nobody is everybody's"

# a build of today's ops: what changed, and over a round each; its share of the cases by rule: over so many rounds each
assert "silu" in turn.ops_of(("slow",), tree, changes("reference/ops/silu.c"), 20785)
length = turn.turns("slow", len(tree.ops))
assert {op for d in range(length) for op in turn.ops_of(("slow",), tree, changes(), 20785 // length * length + d)} == set(tree.ops)
length = turn.turns("deep", len(tree.ops))
shares = {turn.shard([{"kind": "deep"}], tree, 20785 + r * length) for r in range(turn.SHARES)}
assert shares == {f"{k + 1}/{turn.SHARES}" for k in range(turn.SHARES)}, shares
assert turn.shard([{"kind": "rules"}], tree, 20785) == "", "where cases by rule run whole"

if os.path.exists(build + "/heavy.txt"):  # this build's tests: over a round each comes, whoever runs none of them is left
    heavy = open(build + "/heavy.txt").read().splitlines()
    tests, came = {line.split()[1] for line in heavy}, set()
    none = changes()
    for day in range(20785, 20785 + 80):
        out = turn.outcome(turn.choose(heavy, tree, none, day))
        came |= tests - set(out["left"])
        faults = {f"faults.{op}" for op in out["unproved"]}
        assert faults == {t for t in out["left"] if t.startswith("faults.")}, (day, faults)
    assert came == tests, tests - came
    assert not turn.outcome(turn.choose(heavy, tree, none, 20785, True))["left"], "all leaves something out"
    # an op that changed runs whole, with all that it has
    out = turn.outcome(turn.choose(heavy, tree, changes("reference/ops/silu.c"), 20785))
    assert not [t for t in out["left"] + out["rows"] if ".silu" in t]
    # what many ops share: more than on another day
    days = range(20785, 20795)
    less, more = (sum(len(turn.outcome(turn.choose(heavy, tree, c, d))["left"]) for d in days) for c in (none, many))
    assert more < less or not less, (less, more)
PY

# A repository: what git says changed, in commits and in the working tree.
git init -q "$dir/tree"
cd "$dir/tree"
mkdir -p ci reference/ops conformance/judge docs
cp "$source/ci/turn" ci/
printf 'OP(one)\nOP(two)\nOP(three)\n' >reference/ops.def
touch reference/ops/{one,two,three}.c conformance/judge/pool.c docs/x.md
commit() { git add -A && git -c user.name=x -c user.email=x@x commit -qm "$1"; }
commit first
expect 0 '^shared: what changed is not known' ci/turn changes # a clone of one commit
echo 1 >reference/ops/one.c
commit second
expect 0 '^one: reference/ops/one.c' ci/turn changes
grep -q '^shared: none' "$dir/out"
echo 2 >reference/ops/two.c # not committed
echo 3 >reference/ops/three.bound.c # not even known to git
expect 0 '^three: reference/ops/three.bound.c' ci/turn changes
grep -q '^two: reference/ops/two.c' "$dir/out"
commit third
echo x >docs/x.md
expect 0 '^shared: none' ci/turn changes
if grep -q '^one: ' "$dir/out"; then echo "changed before the base"; exit 1; fi
ASSAY_BASE=HEAD~2 expect 0 '^one: reference/ops/one.c' ci/turn changes
ASSAY_BASE=nothing expect 2 'is no commit here' ci/turn changes
echo x >conformance/judge/pool.c
expect 0 '^shared: conformance/judge/pool.c' ci/turn changes
mkdir build
printf '%s\n' 'proof faults.one one' 'rules conformance.one one' 'rest cli.long - conformance/judge/*' 'proof faults.two two' >build/heavy.txt
printf '  Test  #1: faults.one\n  Test #12: cli.long\nTotal Tests: 2\n' >listed
expect 0 'long and of no one op\|two days' sh -c 'ci/turn --day 3 tests build <listed'
"${PYTHON:-python3}" -c 'import json; assert {t["test"] for t in json.load(open("build/turn.json"))["tests"]} == {"faults.one", "cli.long"}'
expect 0 'everything runs' sh -c 'ASSAY_TURN=all ci/turn tests build <listed'

expect 0 '^\(one \)\?two three$' ci/turn ops deep # changed since the commit before
expect 0 '^$' env ASSAY_TURN=all ci/turn ops deep
expect 2 'ops KIND' ci/turn ops nonsense

# Rows alone, or a share of the cases besides, for whom that is said.
ASSAY_ROWS="one two" expect 0 '^check --rows$' bash "$source/ci/extent" two echo check
ASSAY_ROWS="one two" expect 0 '^check$' bash "$source/ci/extent" tw echo check
ASSAY_ROWS="one two" ASSAY_SHARD=2/4 expect 0 '^check --rows$' bash "$source/ci/extent" tw echo check
grep -q '^check --shard 2/4$' "$dir/out"
ASSAY_ROWS="one two" ASSAY_SHARD=2/4 expect 0 '^check --rows$' bash "$source/ci/extent" one echo check
if grep -q shard "$dir/out"; then echo "a share of what has no turn"; exit 1; fi

# Today's parts of the score: what is missing is missed, what is old is refused, and of no part is the whole score made.
mkdir -p "$dir/self"
mapfile -t ops < <(sed -n 's/^OP(\([a-z0-9_]*\)).*/\1/p' "$source/reference/ops.def")
others=$(printf '%s\n' "${ops[@]}" | grep -vx silu | tr '\n' ' ')
join() { env ASSAY_UNPROVED="$others" bash "$source/ci/self" join "$assay" "$dir"; }
expect 1 'silu.part: cannot be read' join
"$assay" check --self --faults -o silu --quick --part "$dir/self/silu.part" >/dev/null
expect 0 '^judged today: 1 of '${#ops[@]}' ops; no score of the whole: not today .*softmax' join
grep -q 'silu: faults seeded [1-9][0-9]*, caught [1-9]' "$dir/out"
[ ! -e "$dir/self.txt" ] || { echo "a score of the whole, of one op"; exit 1; }
grep -q '"not_judged":.*softmax' "$dir/self.json"
if grep -o '"not_judged":[^]]*' "$dir/self.json" | grep -q silu; then echo "silu was judged"; exit 1; fi
expect 2 'without about' "$assay" check --self --parts "$dir/self" --without about
expect 0 'judged in part' bash "$source/ci/self" end "$dir"
cp "$dir/self/silu.part" "$dir/self/rmsnorm.part"
expect 1 'rmsnorm: its part is older' join
bash "$source/ci/self" begin "$dir"
expect 1 'silu.part: cannot be read' join
echo "turns: each once a round, changed ops at once, scores say whose they are"
