#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The static port bound: known loops get the share that they must have, and where llvm-mca is wrong about the roof's own loop, or
# a measurement is above what it says, the answer is n/a with the ratio.
set -euo pipefail
source=$2 cc=${3:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/expect"
ports=("${PYTHON:-python3}" "$source/ci/ports")
expect 77 'n/a (no-such-mca is not installed' env LLVM_MCA=no-such-mca "${ports[@]}" "$dir"
mca=${LLVM_MCA:-llvm-mca}
if [ "$(uname -m)" != x86_64 ] || ! command -v "$mca" >/dev/null; then
  echo "no llvm-mca, or another architecture"
  exit 77
fi
echo text >"$dir/text"
expect 2 'no build folder, no object' "${ports[@]}" "$dir/text"
expect 2 'no results of assay bench' "${ports[@]}" --results "$dir/text" "$dir"

# As many multiply-adds as the roof: all of it.  Each with two loads: half, since two ports load.
cat >"$dir/mine.c" <<'C'
#include <immintrin.h>
#define EIGHT(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define STORE(i) _mm256_storeu_ps(y + 8 * i, s[i]);
#define KEEP(i) __asm__ volatile("" : "+x"(s[i]));
void full(float *y, const float *x, long n)
{
    __m256 s[8], a = _mm256_loadu_ps(x), b = _mm256_loadu_ps(x + 8);
#define FILL(i) s[i] = a;
    EIGHT(FILL)
#undef FILL
    for (; n > 0; n--) {
#define STEP(i) s[i] = _mm256_fmadd_ps(s[i], a, b);
        EIGHT(STEP)
        EIGHT(KEEP)
#undef STEP
    }
    EIGHT(STORE)
}
void half(float *y, const float *x, const float *w, long n)
{
    __m256 s[8];
#define FILL(i) s[i] = _mm256_setzero_ps();
    EIGHT(FILL)
    for (; n > 0; n--, x += 64, w += 64) {
#define STEP(i) s[i] = _mm256_fmadd_ps(_mm256_loadu_ps(x + 8 * i), _mm256_loadu_ps(w + 8 * i), s[i]);
        EIGHT(STEP)
        EIGHT(KEEP)
    }
    EIGHT(STORE)
}
C
$cc -O2 -fno-unroll-loops -mavx2 -mfma -shared -fPIC -o "$dir/mine.so" "$dir/mine.c"
$cc -std=c11 -O2 -D_GNU_SOURCE -I "$source/include" -mavx2 -mfma -c "$source/bench/roof_avx2.c" -o "$dir/roof_avx2.c.o"
run=("${ports[@]}" "$dir/mine.so" --roofs "$dir/roof_avx2.c.o" --cpu icelake-server)
expect 0 'icelake-server  *predicted .* 100 %, ' "${run[@]}" --json "$dir/p.json"
grep -q '"function": "full"' "$dir/p.json"
expect 0 'icelake-server  *predicted .* 32[.0]*  *100 %' "${run[@]}" --function full
expect 0 'icelake-server  *predicted .* 16[.0]*  *50 %' "${run[@]}" --function half
expect 0 'no loop with vector' "${run[@]}" --function none
expect 0 'n/a (not calibrated: no roof loop' "${ports[@]}" "$dir/mine.so" --cpu icelake-server
if "$mca" --version | grep -q 'version 14'; then
  expect 0 "n/a (llvm-mca's znver3 says 16.0 operations per cycle of the roof's own loop, which does 32.0 (manual): ratio 0.50)" \
    "${ports[@]}" "$dir/mine.so" --roofs "$dir/roof_avx2.c.o" --cpu znver3
fi

# Of this machine the roofs are measured: one whose loop does half of what llvm-mca says is not believed.
results() { # FMA-ROOF
  cat <<J
{ "context": { "assay": { "cpu": { "vendor": "GenuineIntel", "isa": [ "avx2", "avx512" ] } } }, "benchmarks": [],
  "roofs": [ { "name": "fma.avx2.1t", "value": $1 }, { "name": "chain.avx2.1t", "value": 0.75 } ] }
J
}
results 96 >"$dir/good.json"
results 48 >"$dir/bad.json"
expect 0 'icelake-server  *host .* 100 %, ' "${run[@]}" --results "$dir/good.json"
expect 0 'which does 16.0 (measured): ratio 2.00' "${run[@]}" --results "$dir/bad.json"

if command -v aarch64-linux-gnu-gcc aarch64-linux-gnu-objdump >/dev/null; then
  neon=(aarch64-linux-gnu-gcc -std=c11 -O2 -D_GNU_SOURCE -ffp-contract=off -I "$source/include" -c)
  "${neon[@]}" "$source/bench/roof_neon.c" -o "$dir/roof_neon.c.o"
  "${neon[@]}" -DASSAY_TIER=neon "$source/optimized/simd/rmsnorm.c" -o "$dir/rmsnorm.c.o"
  expect 0 '^rmsnorm/neon  *tsv110  *predicted  *[0-9]' "${ports[@]}" "$dir/rmsnorm.c.o" --roofs "$dir/roof_neon.c.o" --json "$dir/n.json"
fi
echo "ports: known loops have their shares; a model that is wrong about the roof's loop is n/a"
