#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --junit, --tap, --markdown and "-": what a wrong kernel with an unkind name becomes, for check and merge alike.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >unkind.c <<'C'
#include "assay/assay.h"
#include <string.h>
static assay_status wrong(const assay_args *a)
{
    memset(a->operand[2].data, 0, 4);
    return ASSAY_OK;
}
static const assay_typeset f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_kernel kernels[] = { { .op = "rmsnorm", .name = "a<b>&\"c'`|*#\\]]>\x01\x1b[2J\xff", .types = f32, .run = wrong } };
const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    static const assay_plugin p = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "<un>&kind", "1", kernels, 1, 0, 0 };
    return &p;
}
C
$cc -std=c11 -O2 -shared -fPIC -I "$source/include" -o unkind.so unkind.c
expect() { # CODE COMMAND...
  local want=$1 got=0
  shift
  "$@" >out 2>err </dev/null || got=$?
  [ "$got" = "$want" ] || { echo "exit $got, not $want: $*"; cat out err; exit 1; }
}
timeless() { sed -e 's/"seconds": [0-9.e-]*, //g' -e 's/ time="[0-9.]*"//g'; }
lines=(--case 'rmsnorm R={1,2} C={5,8} eps=1e-05')
expect 1 "$assay" check --plugin ./unkind.so -o rmsnorm "${lines[@]}" --json bad.json --junit bad.xml --tap bad.tap --markdown bad.md
good=(check -o rmsnorm --rows) # what is written does not hang on how many cases there were
expect 0 "$assay" "${good[@]}" --json good.json --junit good.xml --tap good.tap --markdown good.md
expect 1 "$assay" check --faults -k 'no-eps' -o rmsnorm --case 'rmsnorm R=1 C=3 eps=0' --junit fault.xml --tap fault.tap
if "$assay" --help | grep -q '^  merge'; then
  expect 1 "$assay" merge bad.json --junit bad2.xml --tap bad2.tap --markdown bad2.md
  for f in xml tap md; do cmp bad.$f bad2.$f; done
fi
for form in json junit tap markdown; do # "-": the document alone on standard output, the rest on standard error
  expect 0 "$assay" "${good[@]}" --$form -
  grep -q 'ok   rmsnorm' err
  case $form in json) name=good.json ;; junit) name=good.xml ;; tap) name=good.tap ;; markdown) name=good.md ;; esac
  cmp <(timeless <out) <(timeless <"$name")
done
expect 2 "$assay" check -o rmsnorm --junit /proc/nowhere/x.xml
grep -q 'cannot be written' err

"${PYTHON:-python3}" - <<'PY'
# The shape of Jenkins' junit-10.xsd, which GitLab's and GitHub's reporters read a part of: elements, their children in
# order, attributes that are needed and allowed.
import re, xml.etree.ElementTree as E
shape = {
    "testsuites": (["testsuite"], {"name", "time", "tests", "failures", "errors"}, set()),
    "testsuite": (["properties", "testcase", "system-out", "system-err"],
                  {"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id", "package"}, {"name", "tests"}),
    "testcase": (["skipped", "error", "failure", "system-out", "system-err"], {"name", "assertions", "time", "classname", "status", "file"}, {"name", "classname", "time"}),
    "skipped": ([], {"message"}, set()),
    "failure": ([], {"type", "message"}, set()),
    "system-out": ([], set(), set()),
}
def walk(e):
    children, allowed, needed = shape[e.tag]
    assert needed <= set(e.attrib) <= allowed, (e.tag, e.attrib)
    order = [children.index(c.tag) for c in e]
    assert order == sorted(order), (e.tag, [c.tag for c in e])
    assert e.tag != "testcase" or sum(c.tag in ("skipped", "failure", "error") for c in e) <= 1
    for c in e: walk(c)
def read(name):
    root = E.parse(name).getroot()
    walk(root)
    cases = root.findall(".//testcase")
    count = lambda e: (len(e.findall(".//testcase")), len(e.findall(".//failure")), len(e.findall(".//skipped")))
    for e in [root] + root.findall("testsuite"):
        assert count(e) == tuple(int(e.get(a, count(e)[2])) for a in ("tests", "failures", "skipped")), (name, e.attrib, count(e))
        assert abs(float(e.get("time")) - sum(float(c.get("time")) for c in e.iter("testcase"))) < 1e-4, e.attrib
    for c in cases:  # what was judged took its time, and stands in a file
        judged = c.find("skipped") is None and c.get("classname") not in ("coverage", "shards")
        assert (float(c.get("time")) > 0) == judged and (c.get("file") is not None or not judged or name == "fault.xml"), c.attrib
    assert not [c for c in cases if c.get("classname") not in ("rmsnorm", "coverage", "shards")], "tests that the filter does not mean"
    assert len({(c.get("classname"), c.get("name")) for c in cases}) == len(cases), "names twice"
    return root
bad, good, fault = read("bad.xml"), read("good.xml"), read("fault.xml")
case = [c for c in bad.iter("testcase") if c.find("failure") is not None]
assert len(case) == 1 and case[0].get("classname") == "rmsnorm"
assert re.fullmatch(re.escape("_un__kind:a<b>&\"c'`|*#\\]]>") + r"[? ]+\[2J[? ]*", case[0].get("name")), case[0].get("name")
text = case[0].find("failure").text
assert case[0].find("failure").get("type") == "T1" and "--repro 'rmsnorm R=1 C=5" in text, text
assert case[0].get("file") == "./unkind.so" and "mostly never written" in text, text
assert {c.get("name"): c.get("file") for c in good.iter("testcase")}["scalar"] == "reference/ops/rmsnorm.c"
assert not good.findall(".//failure") and good.findall(".//skipped") and fault.find(".//failure").get("type") == "MISSED"
def tap(name):
    lines = open(name).read().split("\n")
    assert lines[0] == "TAP version 14" and lines[-1] == ""
    plan = int(re.fullmatch(r"1\.\.(\d+)", lines[1]).group(1))
    points = [l for l in lines[2:] if not l.startswith("  ") and l]
    for i, l in enumerate(points):
        assert re.fullmatch(rf"(not )?ok {i + 1} - .*", l), l
    assert len(points) == plan
    assert sum(l == "  ---" for l in lines) == sum(l == "  ..." for l in lines) == sum(l.startswith("not ok") for l in points)
    return points
assert sum(l.startswith("not ok") for l in tap("bad.tap")) == 1 and r"a<b>&" in tap("bad.tap")[0] and r"\#\\]]>" in tap("bad.tap")[0]
assert not [l for l in tap("good.tap") if l.startswith("not")] and [l for l in tap("good.tap") if "# SKIP not on this CPU" in l or "# SKIP not built" in l]
assert tap("fault.tap")[0].startswith("not ok")
md = open("bad.md").read()
assert md.startswith("### Assay: failed") and r"a\<b\>\&" in md and "<b>" not in re.sub(r"<br>(`+) assay .* \1\n", "", md) and r"\|" in md, md
repro = re.search(r"<br>(`+) (assay check .*) \1\n", md).group(2)
assert repro in open("bad.xml").read().replace("&apos;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&"), repro
assert "mostly never written" in md and "  words: 'every element: mostly never written'" in open("bad.tap").read()
assert not re.search("filtered|softmax", open("good.md").read() + open("good.tap").read())
assert open("good.md").read().startswith("### Assay: passed") and "no machine covered" in open("good.md").read()
print("JUnit, TAP and Markdown: read back")
PY

# The units are run by tag, each test in a process of its own, and logged as TAP, by Check's own variables.
units=$(dirname "$assay")/assay-units
if [ -x "$units" ]; then
  CK_INCLUDE_TAGS=attention_merge CK_TAP_LOG_FILE_NAME=units.tap "$units" >units.txt
  grep -q 'Checks: 3, Failures: 0' units.txt && grep -q '^ok 3 - .*unit_merge.c' units.tap && grep -q '^1\.\.3$' units.tap
  expect 1 env CK_INCLUDE_TAGS=no_such_op "$units" # nothing was run
  expect 2 "$units" unit_none
  grep -q 'unit_none: no such unit' err
fi
