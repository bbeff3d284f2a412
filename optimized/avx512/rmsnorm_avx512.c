/* SPDX-License-Identifier: MIT
 * rmsnorm, AVX-512: two passes per row, four independent sums; the last C % 16 columns go through a lane mask. */
#include "../isa/x86.h"

static assay_status run(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[1].data;
    const int64_t C = a->dim[1], body = C & ~INT64_C(15), wide = C & ~INT64_C(63);
    const __mmask16 tail = avx512_tail(C - body);
    const __m512 one = _mm512_set1_ps(p->plus_one ? 1.0f : 0.0f);

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        float *y = tensor_row(&a->operand[2], r);
        const __m512 last = avx512_load(tail, x + body);
        __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = _mm512_mul_ps(last, last);
        int64_t c = 0;
        for (; c < wide; c += 64) {
            const __m512 v0 = _mm512_loadu_ps(x + c), v1 = _mm512_loadu_ps(x + c + 16);
            const __m512 v2 = _mm512_loadu_ps(x + c + 32), v3 = _mm512_loadu_ps(x + c + 48);
            s0 = _mm512_fmadd_ps(v0, v0, s0), s1 = _mm512_fmadd_ps(v1, v1, s1);
            s2 = _mm512_fmadd_ps(v2, v2, s2), s3 = _mm512_fmadd_ps(v3, v3, s3);
        }
        for (; c < body; c += 16) {
            const __m512 v = _mm512_loadu_ps(x + c);
            s0 = _mm512_fmadd_ps(v, v, s0);
        }
        const float ss = avx512_sum(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
        const __m512 s = _mm512_set1_ps(1.0f / sqrtf(ss / (float)C + p->eps));
        for (c = 0; c < body; c += 16)
            _mm512_storeu_ps(y + c, _mm512_mul_ps(_mm512_add_ps(one, _mm512_loadu_ps(w + c)),
                                                  _mm512_mul_ps(s, _mm512_loadu_ps(x + c))));
        avx512_store(y + body, tail,
                     _mm512_mul_ps(_mm512_add_ps(one, avx512_load(tail, w + body)), _mm512_mul_ps(s, last)));
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 64, 0 } };

extern const assay_kernel assay_rmsnorm_avx512;
const assay_kernel assay_rmsnorm_avx512 = {
    .op = "rmsnorm",
    .name = "avx512",
    .isa = ASSAY_ISA_avx512,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
};
