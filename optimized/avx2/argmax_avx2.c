/* SPDX-License-Identifier: MIT
 * argmax, AVX2: one pass over blocks of 1024; a block's maximum is compared with the best so far, and only the block
 * that holds the answer is searched again for the place.  A NaN ends the row in its block. */
#include "../isa/x86.h"

enum { BLOCK = 1024 };

/* Maximum of x[0 .. n); *nan: whether there is a NaN (then the maximum means nothing) */
static float block_max(const float *x, int64_t n, int *nan)
{
    const __m256 low = _mm256_set1_ps(-INFINITY);
    __m256 m0 = low, m1 = low, m2 = low, m3 = low, bad = _mm256_setzero_ps();
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + 8);
        const __m256 c = _mm256_loadu_ps(x + i + 16), d = _mm256_loadu_ps(x + i + 24);
        bad = _mm256_or_ps(bad, _mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q), _mm256_cmp_ps(c, d, _CMP_UNORD_Q)));
        m0 = _mm256_max_ps(m0, a), m1 = _mm256_max_ps(m1, b);
        m2 = _mm256_max_ps(m2, c), m3 = _mm256_max_ps(m3, d);
    }
    for (; i < n; i += 8) {
        const __m256i lanes = avx2_tail(n - i);
        const __m256 a = _mm256_blendv_ps(low, _mm256_maskload_ps(x + i, lanes), _mm256_castsi256_ps(lanes));
        bad = _mm256_or_ps(bad, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
        m0 = _mm256_max_ps(m0, a);
    }
    m0 = _mm256_max_ps(_mm256_max_ps(m0, m1), _mm256_max_ps(m2, m3));
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(m0), _mm256_extractf128_ps(m0, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    *nan = _mm256_movemask_ps(bad);
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

static int64_t row(const float *x, int64_t V)
{
    float best = -INFINITY;
    int64_t at = 0, i;
    int nan = 0;
    for (int64_t b = 0; b < V && !nan; b += BLOCK) {
        const float m = block_max(x + b, V - b < BLOCK ? V - b : BLOCK, &nan);
        if (m > best || nan)
            best = m, at = b;
    }
    const __m256 want = _mm256_set1_ps(best);
    for (i = at; i + 8 <= V; i += 8) {
        const __m256 v = _mm256_loadu_ps(x + i);
        const __m256 hit = nan ? _mm256_cmp_ps(v, v, _CMP_UNORD_Q) : _mm256_cmp_ps(v, want, _CMP_EQ_OQ);
        const int mask = _mm256_movemask_ps(hit);
        if (mask)
            return i + __builtin_ctz((unsigned)mask);
    }
    for (; i < V - 1 && (nan ? x[i] == x[i] : x[i] != best); i++)
        ;
    return i;
}

static assay_status run(const assay_args *a)
{
    int32_t *id = a->operand[1].data;
    for (int64_t r = a->begin; r < a->end; r++)
        id[r] = (int32_t)row(tensor_row(&a->operand[0], r), a->dim[1]);
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)) };

const assay_kernel assay_argmax_avx2 = {
    .op = "argmax",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
