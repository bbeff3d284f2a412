#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay bench says what ran and what stood around it: teams that were smaller than asked for, other work on the CPUs, a
# quota that stops the row, what the roof of the scalar tier is made of; and of a pair both times, and why.
set -euo pipefail
assay=$(realpath "$1")
dir=$(mktemp -d)
group=/sys/fs/cgroup/cpu/assay-test-$$ spinner=""
clean() {
  [ -z "$spinner" ] || kill "$spinner" 2>/dev/null || true
  [ ! -d "$group" ] || rmdir "$group" 2>/dev/null || true
  rm -rf "$dir"
}
trap clean EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
"$assay" --help | grep -q '^  bench' || { echo "this build has no bench"; exit 77; }
export OMP_WAIT_POLICY=passive
row=("$assay" bench --no-roofs --simulate none --case 'rmsnorm R=64 C=256 eps=1e-05' -k scalar)

# A name says 2t only where two threads ran.
team=("$assay" bench --no-roofs --simulate none --case 'add R=64 C=256' --isa '=avx2' --threads 2)
ends 0 "$assay" list kernels
if grep -q 'add.*avx2' "$dir/out" && grep -qw avx2 /proc/cpuinfo; then
  expect 1 '/2t/hot  *NOT MEASURED: 2 threads were asked for, 1 ran: OMP_THREAD_LIMIT=1' env OMP_THREAD_LIMIT=1 "${team[@]}"
  expect 0 '/2t/hot .* us ' env OMP_DYNAMIC=true "${team[@]}" --json "$dir/dynamic.json"
  grep -q '"team": *2' "$dir/dynamic.json"
  if command -v taskset >/dev/null; then
    expect 0 '! cpus: 2 threads took turns on 1 CPU$' taskset -c "$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')" "${team[@]}"
  fi
  # A pair: both times, their rates, the ratio in three digits with its interval, and the reason that was counted.
  pair=("$assay" bench --no-roofs --threads 1 -k scalar -k avx2 --case 'matmul T=2 N=64 K=64')
  expect 0 '^    scalar .* us .* GFLOP/s' "${pair[@]}" --json "$dir/pair.json"
  expect 0 '^    time of scalar over time of avx2: [0-9.]* \[[0-9.]*, [0-9.]*\] at 95 %: avx2 is faster' "${pair[@]}"
  python3 - "$dir/pair.json" <<'PY'
import json, sys
hot, cold = json.load(open(sys.argv[1]))["pairs"]
assert hot["side_a"]["gflops"] > 0 and hot["side_b"]["gflops"] > hot["side_a"]["gflops"], hot
a, b = (hot[s]["counters"]["instructions"] for s in ("side_a", "side_b"))
waited = any(m["name"] == "waited" for s in ("side_a", "side_b") for m in hot[s].get("marks", []))  # that time has another reason
if "value" in a and "value" in b:  # by hardware or by callgrind; where nothing was counted nothing is claimed
    assert waited or any("x the instructions" in w for w in hot["why"]), hot
else:
    assert not any("instructions" in w for w in hot["why"]), hot
PY
  # Three names are three kernels, side by side, each measured by itself; two of them make no pair.
  expect 0 'rows* measured' "$assay" bench --no-roofs --simulate none --threads 1 -k scalar -k avx2 -k 'q8_0_av*2' \
    --case 'matmul T=2 N=64 K=64 w={f32,q8_0}' --json "$dir/three.json"
  expect 2 'no kernel matches -k none ' "$assay" bench --no-roofs --simulate none -k scalar -k avx2 -k none --case 'add R=1 C=8'
  python3 - "$dir/three.json" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
measured = {(b["kernel"], b["types"]) for b in d["benchmarks"] if b["cache"] == "hot"}
assert {k for k, _ in measured} == {"scalar", "avx2", "q8_0_avx2"} and not d["pairs"], (measured, d["pairs"])
PY
fi

# Others on all CPUs: marked, with by how much; a spinner on each.
n=$(nproc)
expect 0 'rows* measured' "${row[@]}" --threads 1 --json "$dir/alone.json"
(for _ in $(seq "$n"); do (while :; do :; done) & done; trap 'kill $(jobs -p)' TERM; wait) &
spinner=$!
expect 0 '! busy: others used [0-9.]* CPUs meanwhile' "${row[@]}" --threads 1
kill "$spinner"
wait "$spinner" 2>/dev/null || true
spinner=""

# A quota, where this user may make a group: named by doctor, and the rows that it stops are marked.
if mkdir "$group" 2>/dev/null && echo 20000 >"$group/cpu.cfs_quota_us" 2>/dev/null; then
  in_group() { bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"; }
  expect 0 'CPU quota 0.20 CPUs; stopped by it in' in_group "$assay" doctor
  echo 4000 >"$group/cpu.cfs_quota_us"
  expect 0 '! throttled: stopped by the quota of 0.04 CPUs in [0-9]* of [0-9]* periods' in_group "${row[@]}" --threads 1
  grep -q '! quota: 1 thread under a quota of 0.04 CPUs' "$dir/out"
  held="a quota of a real group held"
else
  held="a quota was not tried: no group can be made here (unit.bench reads made-up ones)"
fi

# The roof that scalar rows are measured by is called what it is: 128-bit vectors, multiplied and added.
if [ "$(uname -m)" = x86_64 ]; then
  expect 0 'roof mul+add.sse2.1t' "$assay" bench --quick --threads 1 --simulate none --case 'matmul T=2 N=64 K=64' -k scalar -k avx2
  if grep -q '/scalar:avx2/' "$dir/out"; then # a pair: each side's share of its own roof
    for side in scalar avx2; do grep -q "^    $side .* us .* GFLOP/s  *[0-9.]* % of [a-zL]" "$dir/out" || { cat "$dir/out"; exit 1; }; done
  fi
  if command -v objdump >/dev/null && objdump -d "$assay" --disassemble=base_peak >"$dir/asm" && grep -q mulps "$dir/asm"; then
    [ "$(grep -c 'mulps' "$dir/asm")" -ge 6 ] && [ "$(grep -c 'addps' "$dir/asm")" -ge 6 ]
    if grep -q 'vmulps\|vfmadd\|mulss' "$dir/asm"; then echo "the roof of the scalar tier is not what its name says"; exit 1; fi
  fi
fi
echo "bench: teams, other work, marks and pairs are named; $held"
