/* SPDX-License-Identifier: MIT
 * AVX2: its primitives. */
#include "../isa/decode_avx2.h"
#include "../isa/encode_avx2.h"
#include "../isa/x86_sincos.h"

#define TIER        avx2
#define HAS_INVERSE 1
static inline void exp_of(const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += 8)
        _mm256_storeu_ps(y + i, avx2_exp(_mm256_loadu_ps(x + i)));
}
static inline void sincos_of(float p, const float *x, float *y, int64_t n, int cosine)
{
    __m256 sc[2];
    int far;
    for (int64_t i = 0; i < n; i += 8) {
        avx2_sincos(_mm256_set1_ps(p), _mm256_loadu_ps(x + i), &sc[0], &sc[1], &far);
        _mm256_storeu_ps(y + i, sc[cosine]);
    }
}
static inline void inverse_of(const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += 4)
        _mm_storeu_ps(y + i, avx2_inverse(_mm_loadu_ps(x + i)));
}
#include "../isa/primitives.h"
