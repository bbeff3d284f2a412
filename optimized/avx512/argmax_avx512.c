/* SPDX-License-Identifier: MIT
 * argmax, AVX-512: as argmax_avx2.c in 16 lanes. */
#include "../isa/x86.h"

enum { BLOCK = 1024 };

/* Maximum of x[0 .. n); *nan: whether there is a NaN (then the maximum means nothing) */
static float block_max(const float *x, int64_t n, bool *nan)
{
    const __m512 low = _mm512_set1_ps(-INFINITY);
    __m512 m0 = low, m1 = low, m2 = low, m3 = low;
    unsigned bad = 0;
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        const __m512 a = _mm512_loadu_ps(x + i), b = _mm512_loadu_ps(x + i + 16);
        const __m512 c = _mm512_loadu_ps(x + i + 32), d = _mm512_loadu_ps(x + i + 48);
        bad |= (unsigned)_mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) | (unsigned)_mm512_cmp_ps_mask(c, d, _CMP_UNORD_Q);
        m0 = _mm512_max_ps(m0, a), m1 = _mm512_max_ps(m1, b);
        m2 = _mm512_max_ps(m2, c), m3 = _mm512_max_ps(m3, d);
    }
    for (; i < n; i += 16) {
        const __mmask16 lanes = avx512_tail(n - i < 16 ? n - i : 16);
        const __m512 a = _mm512_mask_blend_ps(lanes, low, avx512_load(lanes, x + i));
        bad |= (unsigned)_mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
        m0 = _mm512_max_ps(m0, a);
    }
    m0 = _mm512_max_ps(_mm512_max_ps(m0, m1), _mm512_max_ps(m2, m3));
    const __m256 h = _mm256_max_ps(avx512_half(m0, 0), avx512_half(m0, 1));
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    *nan = bad != 0;
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

static int64_t row(const float *x, int64_t V)
{
    float best = -INFINITY;
    int64_t at = 0, i;
    bool nan = false;
    for (int64_t b = 0; b < V && !nan; b += BLOCK) {
        const float m = block_max(x + b, V - b < BLOCK ? V - b : BLOCK, &nan);
        if (m > best || nan)
            best = m, at = b;
    }
    for (i = at; i < V - 1 && (nan ? x[i] == x[i] : x[i] != best); i++)
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

const assay_kernel assay_argmax_avx512 = {
    .op = "argmax",
    .name = "avx512",
    .isa = ASSAY_ISA_avx512,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
