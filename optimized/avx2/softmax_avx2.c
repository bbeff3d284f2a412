/* SPDX-License-Identifier: MIT
 * softmax, AVX2: maximum; exponentials, kept in the output row, and their sum; scaling by its reciprocal.
 * z = scale x is never rounded: the exponent is fma(x, scale, -max).  With a mask, z = fma(x, scale, mask). */
#include "../isa/x86.h"

typedef struct logits {
    const float *x, *mask; /* mask may be NULL */
    __m256 scale;
} logits;

/* z of 8 elements; a masked one is -inf, whatever x holds there */
static inline __m256 logit(const logits *l, __m256 x, __m256 mask)
{
    const __m256 none = _mm256_set1_ps(-INFINITY);
    return _mm256_blendv_ps(_mm256_fmadd_ps(x, l->scale, mask), none, _mm256_cmp_ps(mask, none, _CMP_EQ_OQ));
}
static inline __m256 exponent(const logits *l, int64_t c, __m256 m)
{
    const __m256 x = _mm256_loadu_ps(l->x + c);
    if (!l->mask)
        return _mm256_fmsub_ps(x, l->scale, m);
    return _mm256_sub_ps(logit(l, x, _mm256_loadu_ps(l->mask + c)), m);
}
/* the last n < 8; lanes past them are -inf */
static inline __m256 exponent_tail(const logits *l, int64_t c, __m256 m, __m256i lanes)
{
    const __m256 x = _mm256_maskload_ps(l->x + c, lanes), none = _mm256_set1_ps(-INFINITY);
    const __m256 z = l->mask ? _mm256_sub_ps(logit(l, x, _mm256_maskload_ps(l->mask + c, lanes)), m)
                             : _mm256_fmsub_ps(x, l->scale, m);
    return _mm256_blendv_ps(none, z, _mm256_castsi256_ps(lanes));
}
static inline float largest(__m256 v)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
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
    const __m256 zero = _mm256_setzero_ps();
    const int64_t body = C & ~INT64_C(7), wide = C & ~INT64_C(31);
    const __m256i lanes = avx2_tail(C - body);
    __m256 m0 = _mm256_set1_ps(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    int64_t c = 0;
    for (; c < wide; c += 32) {
        m0 = _mm256_max_ps(exponent(l, c, zero), m0), m1 = _mm256_max_ps(exponent(l, c + 8, zero), m1);
        m2 = _mm256_max_ps(exponent(l, c + 16, zero), m2), m3 = _mm256_max_ps(exponent(l, c + 24, zero), m3);
    }
    for (; c < body; c += 8)
        m0 = _mm256_max_ps(exponent(l, c, zero), m0);
    if (c < C)
        m1 = _mm256_max_ps(exponent_tail(l, c, zero, lanes), m1);
    const float top = largest(_mm256_max_ps(_mm256_max_ps(m0, m1), _mm256_max_ps(m2, m3)));
    if (!(top > -INFINITY)) {
        hollow(l, y, C);
        return;
    }
    const __m256 m = _mm256_set1_ps(top);
    __m256 s0 = zero, s1 = zero, s2 = zero, s3 = zero;
    for (c = 0; c < wide; c += 32) {
        const __m256 e0 = avx2_exp(exponent(l, c, m)), e1 = avx2_exp(exponent(l, c + 8, m));
        const __m256 e2 = avx2_exp(exponent(l, c + 16, m)), e3 = avx2_exp(exponent(l, c + 24, m));
        s0 = _mm256_add_ps(s0, e0), s1 = _mm256_add_ps(s1, e1), s2 = _mm256_add_ps(s2, e2), s3 = _mm256_add_ps(s3, e3);
        _mm256_storeu_ps(y + c, e0), _mm256_storeu_ps(y + c + 8, e1);
        _mm256_storeu_ps(y + c + 16, e2), _mm256_storeu_ps(y + c + 24, e3);
    }
    for (; c < body; c += 8) {
        const __m256 e = avx2_exp(exponent(l, c, m));
        s0 = _mm256_add_ps(s0, e);
        _mm256_storeu_ps(y + c, e);
    }
    if (c < C) {
        const __m256 e = avx2_exp(exponent_tail(l, c, m, lanes));
        s1 = _mm256_add_ps(s1, e);
        _mm256_maskstore_ps(y + c, lanes, e);
    }
    const __m256 k = _mm256_set1_ps(1.0f / avx2_sum(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3))));
    for (c = 0; c < body; c += 8)
        _mm256_storeu_ps(y + c, _mm256_mul_ps(k, _mm256_loadu_ps(y + c)));
    if (c < C)
        _mm256_maskstore_ps(y + c, lanes, _mm256_mul_ps(k, _mm256_maskload_ps(y + c, lanes)));
}

static assay_status run(const assay_args *a)
{
    const assay_softmax_params *p = a->params;
    const assay_tensor *mask = &a->operand[1];
    logits l = { .scale = _mm256_set1_ps(p->scale) };
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

extern const assay_kernel assay_softmax_avx2;
const assay_kernel assay_softmax_avx2 = {
    .op = "softmax",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
};
