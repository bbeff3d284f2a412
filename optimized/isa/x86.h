/* SPDX-License-Identifier: MIT
 * x86.h - helpers that every x86 kernel may use: static inline only.  With ASSAY_EMULATE the AVX-512 intrinsics come
 * from SIMDe (portable C over AVX2), so that the logic of those kernels is judged on hosts that lack the instructions. */
#ifndef ASSAY_ISA_X86_H
#define ASSAY_ISA_X86_H
#include "assay/assay.h"
#include "assay/blocks.h"
#include "assay/params.h"
#ifdef ASSAY_EMULATE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>
#include <simde/x86/f16c.h>
#else
#include <immintrin.h>
#endif
#include <math.h>
#include <string.h>

static inline void *tensor_row(const assay_tensor *t, int64_t r)
{
    return (char *)t->data + r * t->stride[0];
}
/* Lane mask of the first n of 8 lanes. */
static inline __m256i avx2_tail(int64_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline float avx2_sum(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
#endif
