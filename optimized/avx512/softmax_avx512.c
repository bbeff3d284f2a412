/* SPDX-License-Identifier: MIT
 * softmax, AVX-512: maximum; exponentials, kept in the output row, and their sum; scaling by its reciprocal.
 * z = scale x is never rounded: the exponent is fma(x, scale, -max).  With a mask, z = fma(x, scale, mask). */
#include "../isa/x86.h"

typedef struct logits {
    const float *x, *mask; /* mask may be NULL */
    __m512 scale;
} logits;

/* z - m of the lanes in k; a masked element, and every lane that is not in k, is -inf */
static inline __m512 exponent(const logits *l, int64_t c, __mmask16 k, __m512 m)
{
    const __m512 none = _mm512_set1_ps(-INFINITY), x = avx512_load(k, l->x + c);
    if (!l->mask)
        return _mm512_mask_blend_ps(k, none, _mm512_fmsub_ps(x, l->scale, m));
    const __m512 mask = avx512_load(k, l->mask + c), z = _mm512_sub_ps(_mm512_fmadd_ps(x, l->scale, mask), m);
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(mask, none, _CMP_NEQ_UQ) & k, none, z);
}
static inline float largest(__m512 v)
{
    const __m256 h = _mm256_max_ps(avx512_half(v, 0), avx512_half(v, 1));
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
/* A row without anything above -inf: 0, or NaN if there is one. */
static void hollow(const logits *l, float *y, int64_t C)
{
    float sum = 0;
    for (int64_t c = 0; c < C; c++)
        sum += l->x[c] != l->x[c] && !(l->mask && l->mask[c] == -INFINITY) ? NAN : 0;
    for (int64_t c = 0; c < C; c++)
        y[c] = sum;
}

static inline __attribute__((always_inline)) void softmax_row(const logits *l, float *y, int64_t C)
{
    const __m512 zero = _mm512_setzero_ps();
    const int64_t wide = C & ~INT64_C(63);
    const __mmask16 all = 0xffff;
    __m512 m0 = _mm512_set1_ps(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    int64_t c = 0;
    for (; c < wide; c += 64) {
        m0 = _mm512_max_ps(exponent(l, c, all, zero), m0), m1 = _mm512_max_ps(exponent(l, c + 16, all, zero), m1);
        m2 = _mm512_max_ps(exponent(l, c + 32, all, zero), m2), m3 = _mm512_max_ps(exponent(l, c + 48, all, zero), m3);
    }
    for (; c < C; c += 16)
        m0 = _mm512_max_ps(exponent(l, c, avx512_tail(C - c < 16 ? C - c : 16), zero), m0);
    const float top = largest(_mm512_max_ps(_mm512_max_ps(m0, m1), _mm512_max_ps(m2, m3)));
    if (!(top > -INFINITY)) {
        hollow(l, y, C);
        return;
    }
    const __m512 m = _mm512_set1_ps(top);
    __m512 s0 = zero, s1 = zero, s2 = zero, s3 = zero;
    for (c = 0; c < wide; c += 64) {
        const __m512 e0 = avx512_exp(exponent(l, c, all, m)), e1 = avx512_exp(exponent(l, c + 16, all, m));
        const __m512 e2 = avx512_exp(exponent(l, c + 32, all, m)), e3 = avx512_exp(exponent(l, c + 48, all, m));
        s0 = _mm512_add_ps(s0, e0), s1 = _mm512_add_ps(s1, e1), s2 = _mm512_add_ps(s2, e2), s3 = _mm512_add_ps(s3, e3);
        _mm512_storeu_ps(y + c, e0), _mm512_storeu_ps(y + c + 16, e1);
        _mm512_storeu_ps(y + c + 32, e2), _mm512_storeu_ps(y + c + 48, e3);
    }
    for (; c < C; c += 16) {
        const __mmask16 k = avx512_tail(C - c < 16 ? C - c : 16);
        const __m512 e = avx512_exp(exponent(l, c, k, m));
        s0 = _mm512_add_ps(s0, e);
        avx512_store(y + c, k, e);
    }
    const __m512 s = _mm512_set1_ps(1.0f / avx512_sum(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3))));
    for (c = 0; c + 16 <= C; c += 16)
        _mm512_storeu_ps(y + c, _mm512_mul_ps(s, _mm512_loadu_ps(y + c)));
    if (c < C)
        avx512_store(y + c, avx512_tail(C - c), _mm512_mul_ps(s, avx512_load(avx512_tail(C - c), y + c)));
}

static assay_status run(const assay_args *a)
{
    const assay_softmax_params *p = a->params;
    const assay_tensor *mask = &a->operand[1];
    logits l = { .scale = _mm512_set1_ps(p->scale) };
    for (int64_t r = a->begin; r < a->end; r++) {
        l.x = tensor_row(&a->operand[0], r);
        l.mask = NULL;
        if (mask->data) {
            l.mask = tensor_row(mask, r);
            softmax_row(&l, tensor_row(&a->operand[2], r), a->dim[1]);
        } else {
            softmax_row(&l, tensor_row(&a->operand[2], r), a->dim[1]);
        }
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 32, 0 } };

extern const assay_kernel assay_softmax_avx512;
const assay_kernel assay_softmax_avx512 = {
    .op = "softmax",
    .name = "avx512",
    .isa = ASSAY_ISA_avx512,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
};
