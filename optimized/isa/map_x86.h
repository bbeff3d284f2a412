/* SPDX-License-Identifier: MIT
 * map_x86.h - y = f(a, b) over blocks of rows: the loop that elementwise x86 kernels share.  `inputs` 1: b is a.
 * Four vectors are loaded before four are stored; the last ones of a block go through a lane mask.  y may be a.
 * f is inlined: a kernel is its f and one call. */
#ifndef ASSAY_ISA_MAP_X86_H
#define ASSAY_ISA_MAP_X86_H
#include "x86.h"

typedef __m256 (*avx2_fn)(__m256 a, __m256 b);

static inline __attribute__((always_inline)) assay_status avx2_map(const assay_args *a, int inputs, avx2_fn f)
{
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block k = row_block_at(a, u);
        const float *p = (const float *)tensor_row(&a->operand[0], k.r) + k.c;
        const float *q = inputs == 2 ? (const float *)tensor_row(&a->operand[1], k.r) + k.c : p;
        float *y = (float *)tensor_row(&a->operand[inputs], k.r) + k.c;
        int64_t c = 0;
        for (; c + 32 <= k.n; c += 32) {
            const __m256 y0 = f(_mm256_loadu_ps(p + c), _mm256_loadu_ps(q + c));
            const __m256 y1 = f(_mm256_loadu_ps(p + c + 8), _mm256_loadu_ps(q + c + 8));
            const __m256 y2 = f(_mm256_loadu_ps(p + c + 16), _mm256_loadu_ps(q + c + 16));
            const __m256 y3 = f(_mm256_loadu_ps(p + c + 24), _mm256_loadu_ps(q + c + 24));
            _mm256_storeu_ps(y + c, y0), _mm256_storeu_ps(y + c + 8, y1);
            _mm256_storeu_ps(y + c + 16, y2), _mm256_storeu_ps(y + c + 24, y3);
        }
        for (; c + 8 <= k.n; c += 8)
            _mm256_storeu_ps(y + c, f(_mm256_loadu_ps(p + c), _mm256_loadu_ps(q + c)));
        if (c < k.n) {
            const __m256i m = avx2_tail(k.n - c);
            _mm256_maskstore_ps(y + c, m, f(_mm256_maskload_ps(p + c, m), _mm256_maskload_ps(q + c, m)));
        }
    }
    return ASSAY_OK;
}

#if defined(ASSAY_SIMDE) || defined(__AVX512F__)
typedef __m512 (*avx512_fn)(__m512 a, __m512 b);

static inline __attribute__((always_inline)) assay_status avx512_map(const assay_args *a, int inputs, avx512_fn f)
{
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block k = row_block_at(a, u);
        const float *p = (const float *)tensor_row(&a->operand[0], k.r) + k.c;
        const float *q = inputs == 2 ? (const float *)tensor_row(&a->operand[1], k.r) + k.c : p;
        float *y = (float *)tensor_row(&a->operand[inputs], k.r) + k.c;
        int64_t c = 0;
        for (; c + 64 <= k.n; c += 64) {
            const __m512 y0 = f(_mm512_loadu_ps(p + c), _mm512_loadu_ps(q + c));
            const __m512 y1 = f(_mm512_loadu_ps(p + c + 16), _mm512_loadu_ps(q + c + 16));
            const __m512 y2 = f(_mm512_loadu_ps(p + c + 32), _mm512_loadu_ps(q + c + 32));
            const __m512 y3 = f(_mm512_loadu_ps(p + c + 48), _mm512_loadu_ps(q + c + 48));
            _mm512_storeu_ps(y + c, y0), _mm512_storeu_ps(y + c + 16, y1);
            _mm512_storeu_ps(y + c + 32, y2), _mm512_storeu_ps(y + c + 48, y3);
        }
        for (; c < k.n; c += 16) {
            const __mmask16 m = avx512_tail(k.n - c < 16 ? k.n - c : 16);
            avx512_store(y + c, m, f(avx512_load(m, p + c), avx512_load(m, q + c)));
        }
    }
    return ASSAY_OK;
}
#endif
#endif
