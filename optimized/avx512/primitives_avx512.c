/* SPDX-License-Identifier: MIT
 * AVX-512: its primitives. */
#include "../isa/decode_avx512.h"
#include "../isa/encode_avx512.h"
#include "../isa/x86_sincos.h"

#define TIER        avx512
#define HAS_INVERSE 0
static inline void exp_of(const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += 16)
        _mm512_storeu_ps(y + i, avx512_exp(_mm512_loadu_ps(x + i)));
}
static inline void sincos_of(float p, const float *x, float *y, int64_t n, int cosine)
{
    __m512 sc[2];
    unsigned far;
    for (int64_t i = 0; i < n; i += 16) {
        avx512_sincos(_mm512_set1_ps(p), _mm512_loadu_ps(x + i), &sc[0], &sc[1], &far);
        _mm512_storeu_ps(y + i, sc[cosine]);
    }
}
#include "../isa/primitives.h"
