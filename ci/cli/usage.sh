#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Exit codes and sentences of wrong use: each one names what is wrong, none crashes.
set -uo pipefail
assay=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
expect 2 'usage: assay' "$assay"
expect 0 'usage: assay' "$assay" --help
expect 0 'compiler:' "$assay" --version
expect 2 'no such command' "$assay" frobnicate
expect 0 '--isa' "$assay" check --help
expect 2 'no such op' "$assay" check -o nothing
expect 2 'no such tier' "$assay" check --isa sse9
expect 2 'no kernel matches' "$assay" check -k 'none*'
expect 2 'no such op' "$assay" check --repro 'nothing R=1'
expect 2 'no such element type' "$assay" check --repro 'rmsnorm x=f7'
expect 2 'does not take that type' "$assay" check --repro 'rmsnorm x=q4_0'
expect 2 'neither a dimension' "$assay" check --repro 'rmsnorm Q=3'
expect 2 'a whole number' "$assay" check --repro 'rmsnorm R=-1'
expect 2 'a whole number' "$assay" check --repro 'rmsnorm R=99999999999999999999'
expect 2 'at most 2^40' "$assay" check --repro 'rmsnorm R=1000000000 C=1000000000'
expect 2 'a number from' "$assay" check --repro 'rmsnorm R=1 C=1 eps=-1'
expect 2 'no such generator' "$assay" check --repro 'rmsnorm R=1 C=1 gen=lottery'
expect 2 'not key=value' "$assay" check --repro 'rmsnorm gauss'
expect 2 'not a multiple of its block' "$assay" check --repro 'matmul T=1 N=2 K=33 w=q8_0'
expect 2 'no closing brace' "$assay" check --case 'rmsnorm R={1,2'
expect 2 'would have' "$assay" check --repro 'attention B=1099511627776 T=1099511627776 D=0'
expect 0 'passed' "$assay" check -k scalar --repro 'rmsnorm R=2 C=3 eps=1e-5 gen=gauss'
expect 2 'cannot be written' "$assay" check -k scalar --repro 'rmsnorm R=1 C=1' --json /proc/nowhere/x.json
expect 2 'no argument is expected' "$assay" check rmsnorm
expect 2 'one mode at a time' "$assay" check --metamorphic --certificate '*'
expect 2 'one mode at a time' "$assay" check --contracts --faults
expect 2 'mutants needs --plugin' "$assay" check --mutants
expect 2 'about --self' "$assay" check --part x
expect 2 'about --self' "$assay" check --part x -o silu
expect 2 'rmsnorm.part: cannot be read' "$assay" check --self --parts /nowhere -o rmsnorm
for what in ops kernels contracts types workloads models isa; do expect 0 . "$assay" list "$what"; done
expect 2 'usage' "$assay" list things
