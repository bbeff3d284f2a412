/* SPDX-License-Identifier: MIT
 * matmul, AVX2 + FMA: tiles of 6 rows x 16 columns (12 sums, 2 weights, 1 activation: 15 of 16 registers). */
#include "../isa/x86.h"

typedef __m256 vec;
enum { LANES = 8, PANEL_VECS = 2, ROWS = 6 };

/* Sums that one step of k feeds: 8 or more hide the latency of the FMA. */
#define PANELS_FOR(rows) ((rows) == 1 ? 4 : (rows) == 2 ? 3 : (rows) == 3 ? 2 : 1)
#define TILES(X)         X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(2, 1) X(2, 2) X(2, 3) X(3, 1) X(3, 2) X(4, 1) X(5, 1) X(6, 1)

static inline vec vec_zero(void)
{
    return _mm256_setzero_ps();
}
static inline vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
static inline vec vec_load_n(const float *p, int64_t n)
{
    return _mm256_maskload_ps(p, avx2_tail(n));
}
static inline void vec_store(float *p, vec v)
{
    _mm256_storeu_ps(p, v);
}
static inline void vec_store_n(float *p, vec v, int64_t n)
{
    _mm256_maskstore_ps(p, avx2_tail(n), v);
}
static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}
static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static inline vec vec_all(const float *p)
{
    return _mm256_broadcast_ss(p);
}
static inline vec vec_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
static inline vec vec_bf16_even(const uint32_t *p)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)p), 16));
}
static inline vec vec_bf16_odd(const uint32_t *p)
{
    const __m256i high = _mm256_set1_epi32((int)0xffff0000u);
    return _mm256_castsi256_ps(_mm256_and_si256(_mm256_loadu_si256((const __m256i *)p), high));
}
#include "../isa/gemm_panels.h"

const assay_kernel assay_matmul_avx2 = {
    .op = "matmul",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .packing = "matmul_panel16",
    .run = run,
    .units = units,
    .scratch = scratch,
    .packed_bytes = packed_bytes,
    .pack = pack,
};
