/* SPDX-License-Identifier: MIT
 * rmsnorm, AVX2: two passes per row, four independent sums; the last C % 8 columns go through a lane mask, so no
 * byte past the row is read or written. */
#include "../isa/x86.h"

static assay_status run(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[1].data;
    const int64_t C = a->dim[1], body = C & ~INT64_C(7), wide = C & ~INT64_C(31);
    const __m256i tail = avx2_tail(C - body);
    const __m256 one = _mm256_set1_ps(p->plus_one ? 1.0f : 0.0f);

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        float *y = tensor_row(&a->operand[2], r);
        const __m256 last = _mm256_maskload_ps(x + body, tail);
        __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = _mm256_mul_ps(last, last);
        int64_t c = 0;
        for (; c < wide; c += 32) {
            const __m256 v0 = _mm256_loadu_ps(x + c), v1 = _mm256_loadu_ps(x + c + 8);
            const __m256 v2 = _mm256_loadu_ps(x + c + 16), v3 = _mm256_loadu_ps(x + c + 24);
            s0 = _mm256_fmadd_ps(v0, v0, s0), s1 = _mm256_fmadd_ps(v1, v1, s1);
            s2 = _mm256_fmadd_ps(v2, v2, s2), s3 = _mm256_fmadd_ps(v3, v3, s3);
        }
        for (; c < body; c += 8) {
            const __m256 v = _mm256_loadu_ps(x + c);
            s0 = _mm256_fmadd_ps(v, v, s0);
        }
        const float ss = avx2_sum(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
        const __m256 s = _mm256_set1_ps(1.0f / sqrtf(ss / (float)C + p->eps));
        for (c = 0; c < body; c += 8)
            _mm256_storeu_ps(y + c, _mm256_mul_ps(_mm256_add_ps(one, _mm256_loadu_ps(w + c)),
                                                  _mm256_mul_ps(s, _mm256_loadu_ps(x + c))));
        _mm256_maskstore_ps(
            y + body, tail,
            _mm256_mul_ps(_mm256_add_ps(one, _mm256_maskload_ps(w + body, tail)), _mm256_mul_ps(s, last)));
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 32, 0 } };

extern const assay_kernel assay_rmsnorm_avx2;
const assay_kernel assay_rmsnorm_avx2 = {
    .op = "rmsnorm",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
};
