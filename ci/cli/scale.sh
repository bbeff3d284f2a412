#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/scale.md: the shell blocks run as they stand where their tool exists (on one op: a wrapper named assay adds the
# filter), the CI files are YAML (their commands: cli.docs), and every member of the sample is documented.
set -euo pipefail
assay=$1 source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$assay" --help | grep -q '^  merge' || { echo "this build has no merge"; exit 77; }
mkdir "$dir/bin" "$dir/work"
cat >"$dir/bin/assay" <<SH
#!/bin/sh
case \$1 in check) shift; exec "$assay" check -o rmsnorm --rows "\$@" ;; *) exec "$assay" "\$@" ;; esac
SH
chmod +x "$dir/bin/assay"
export PATH="$dir/bin:$PATH"
block() { awk -v want="$1" '/^```/ { if (on) exit; on = $0 == "```" want; next } on' "$source/docs/scale.md"; }
cd "$dir/work"
ran=()
whole() { # NAME: what the block left is the whole run
  "${PYTHON:-python3}" - <<'PY'
import json
def load(name):
    return json.load(open(name), object_hook=lambda d: {k: v for k, v in d.items() if k != "seconds"})
a, b = load("whole.json"), load("all.json")
assert len(b["parts"]) > 1 and all(a[k] == b[k] for k in a if k not in ("parts", "digest"))
PY
  ran+=("$1")
  rm -f shard-*.json all.json
}
assay check --json whole.json >/dev/null
for tool in sh parallel; do
  block $tool >"$dir/$tool.sh"
  [ -s "$dir/$tool.sh" ] || { echo "docs/scale.md has no block $tool"; exit 1; }
  [ $tool = sh ] || command -v $tool >/dev/null || continue
  bash -euo pipefail "$dir/$tool.sh" >out 2>&1 || { cat out; exit 1; }
  whole $tool
done
# The array's script as its tasks would run it; --full takes longer than the whole test may: the level is quick here.
block slurm | sed 's/ --full//' >"$dir/slurm.sh"
[ "$(sed -n 's/^#SBATCH --array=1-//p' "$dir/slurm.sh")" = 16 ]
for i in $(seq 16); do SLURM_ARRAY_TASK_ID=$i bash "$dir/slurm.sh" >out 2>&1 || { cat out; exit 1; }; done
assay merge shard-*.json -o all.json >/dev/null
whole slurm
case $(uname -m) in x86_64) tier=avx2 ;; *) tier=neon ;; esac
"$assay" check -o rmsnorm --isa $tier --json "$dir/today.json" >/dev/null || [ $? = 77 ]
for ci in github gitlab; do block $ci >"$dir/$ci.yml"; done
"${PYTHON:-python3}" - "$dir" "$source" <<'PY'
import json, sys
dir, source = sys.argv[1:]
text = {ci: open(f"{dir}/{ci}.yml").read() for ci in ("github", "gitlab")}
try:
    import yaml
    github, gitlab = (yaml.safe_load(text[ci]) for ci in ("github", "gitlab"))
    assert github["jobs"]["check"]["strategy"]["matrix"]["shard"] == [1, 2, 3, 4] and gitlab["check"]["parallel"] == 4
except ImportError:
    print("no PyYAML: the CI files were not parsed")
# Every member of the sample stands in docs/results.md.
doc = open(source + "/docs/results.md").read()
def names(o):
    for key, value in (o.items() if isinstance(o, dict) else []):
        yield key
        yield from names(value)
    for value in o if isinstance(o, list) else []:
        yield from names(value)
sample = json.load(open(source + "/docs/check.sample.json"))
for name in set(names(sample)):
    assert f'"{name}"' in doc or f"`{name}`" in doc, f"docs/results.md does not name {name}"
assert sample["schema"] == 2 and sample["target"] == "aarch64"
# And it has the members of today's results, at every depth; notes come and go with the kernels.
def members(o, at=""):
    for key, value in (o.items() if isinstance(o, dict) else []):
        if key not in ("note", "note_case"):
            yield at + key
            yield from members(value, at + key + ".")
    for value in o if isinstance(o, list) else []:
        yield from members(value, at)
today = set(members(json.load(open(dir + "/today.json"))))
assert len(today) > 60 and today == set(members(sample)), today ^ set(members(sample))
PY
echo "docs/scale.md: ran ${ran[*]}; members are as documented"
