#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A tier that this project lacks, of one header: AVX-512 with 256-bit vectors (optimized/isa/simd_avx512vl.h).  Every kernel that
# needs vectors alone is compiled for it, as a plug-in, and judged; what its objects execute is not above the tier.  A compiler that
# makes vectors of plain C is told how wide they may be.  In ci/test it takes the ops that have a turn.
set -euo pipefail
assay=$1 source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
[ "$(uname -m)" = x86_64 ] || { echo "no such test for $(uname -m)"; exit 77; }
ops=() # all of optimized/simd that neither decode nor encode types by instructions of a tier
mapfile -t stems < <(sed -n 's/^KERNEL(simd, [a-z0-9 ]*, *\([a-z0-9_]*\))$/\1/p' "$source/optimized/kernels.def")
turn=() # none: all of them
[ -z "${ASSAY_DAY:-}" ] || read -ra turn < <(python3 "$source/ci/turn" ops slow)
for stem in "${stems[@]}"; do
  due=$((${#turn[@]} == 0))
  for op in "${turn[@]}"; do # a stem begins with its op's name
    [[ $stem != "$op" && $stem != "${op}_"* ]] || due=1
  done
  [ "$due" = 0 ] || grep -qE 'isa/(decode|encode|panel16)' "$source/optimized/simd/$stem.c" || ops+=("$stem")
done
[ "${#ops[@]}" -gt 0 ] || { echo "none of the ops that have a turn today (${turn[*]}) is made of vectors alone"; exit 77; }
flags="-std=c11 -D_GNU_SOURCE -O2 -fPIC -ffp-contract=off -mavx2 -mfma -mf16c -mbmi2 -mavx512f -mavx512vl -mprefer-vector-width=256"
bits='(ASSAY_ISA_avx2|ASSAY_CPU_BIT(AVX512F)|ASSAY_CPU_BIT(AVX512VL))'
{
  echo '#include "assay/assay.h"'
  printf 'extern const assay_kernel assay_%s_avx512vl;\n' "${ops[@]}"
  echo "static assay_kernel kernels[${#ops[@]}];"
  echo "static const assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), \"width\", \"1\", kernels, ${#ops[@]}, 0, 0 };"
  echo 'const assay_plugin *assay_plugin_v1(void);'
  echo 'const assay_plugin *assay_plugin_v1(void) {'
  for i in "${!ops[@]}"; do echo "kernels[$i] = assay_${ops[i]}_avx512vl;"; done
  echo 'return &plugin; }'
} >"$dir/main.c"
for op in "${ops[@]}"; do
  # shellcheck disable=SC2086 # words on purpose
  $cc $flags -Wall -Wextra -Werror -Wno-missing-field-initializers -I "$source/include" -DASSAY_TIER=avx512vl "-DASSAY_ISA_avx512vl=$bits" \
    -c -o "$dir/$op.o" "$source/optimized/simd/$op.c"
  # a compiler may copy and clear memory by 512 bits: moves are no vectors of the kernel
  if objdump -d "$dir/$op.o" | grep '%zmm' | grep -qvE 'vmov(dq|up|ap)'; then echo "$op: vectors of 512 bits"; exit 1; fi
done
$cc -std=c11 -O2 -shared -fPIC -I "$source/include" -o "$dir/width.so" "$dir/main.c" "$dir"/*.o
code=0
rows=--rows # what differs is the compiler's work and the header: an op's own tests have its cases by rule
[ "${ASSAY_TURN:-}" != all ] || rows=--quick
"$assay" check --plugin "$dir/width.so" "$rows" >"$dir/out" 2>&1 || code=$?
[ "$code" != 77 ] || { echo "no AVX-512 here: compiled, not judged"; exit 77; }
[ "$code" = 0 ] || { cat "$dir/out"; exit 1; }
for op in "${ops[@]}"; do
  grep -qE "ok +$op/width:avx512vl: [1-9][0-9]* passed, 0 failed, 0 not accepted" "$dir/out" || { echo "$op was not judged:"; cat "$dir/out"; exit 1; }
done
echo "${#ops[@]} of ${#stems[@]} kernels, of a tier that is one header: judged (${ops[*]})"
