/* SPDX-License-Identifier: MIT
 * matmul, AVX-512: tiles of 12 rows x 32 columns (24 sums, 2 weights, 1 activation: 27 of 32 registers). */
#include "../isa/x86.h"

typedef __m512 vec;
enum { LANES = 16, PANEL_VECS = 2, ROWS = 12 };

/* Sums that one step of k feeds: 8 or more hide the latency of the FMA. */
#define PANELS_FOR(rows) ((rows) <= 3 ? 4 : (rows) == 4 ? 3 : (rows) <= 6 ? 2 : 1)
#define TILES_2(X)       X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(2, 1) X(2, 2) X(2, 3) X(2, 4)
#define TILES_6(X)       X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(4, 1) X(4, 2) X(4, 3) X(5, 1) X(5, 2) X(6, 1) X(6, 2)
#define TILES(X)         TILES_2(X) TILES_6(X) X(7, 1) X(8, 1) X(9, 1) X(10, 1) X(11, 1) X(12, 1)

static inline vec vec_zero(void)
{
    return _mm512_setzero_ps();
}
static inline vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline vec vec_load_n(const float *p, int64_t n)
{
    return avx512_load(avx512_tail(n), p);
}
static inline void vec_store(float *p, vec v)
{
    _mm512_storeu_ps(p, v);
}
static inline void vec_store_n(float *p, vec v, int64_t n)
{
    avx512_store(p, avx512_tail(n), v);
}
static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}
static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline vec vec_all(const float *p)
{
    return _mm512_set1_ps(*p);
}
static inline vec vec_f16(const uint16_t *p)
{
    return avx512_f16(p);
}
static inline vec vec_bf16_even(const uint32_t *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
}
static inline vec vec_bf16_odd(const uint32_t *p)
{
    const __m512i high = _mm512_set1_epi32((int)0xffff0000u);
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), high));
}
#include "../isa/gemm_panels.h"

const assay_kernel assay_matmul_avx512 = {
    .op = "matmul",
    .name = "avx512",
    .isa = ASSAY_ISA_avx512,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .packing = "matmul_panel32",
    .run = run,
    .units = units,
    .scratch = scratch,
    .packed_bytes = packed_bytes,
    .pack = pack,
};
