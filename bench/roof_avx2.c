/* SPDX-License-Identifier: MIT
 * roof_avx2.c - the AVX2 peaks.  12 accumulators and 2 factors in 16 registers: latency 4 or 5 x 2 ports needs 10.
 * The empty asm keeps the accumulators in registers and the compiler from folding the loop. */
#include "roof.h"
#include <immintrin.h>

#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define ZERO(i)   s##i = _mm256_setzero_ps();
#define ZEROI(i)  t##i = _mm256_setzero_si256();
#define KEEP(i)   __asm__ volatile("" : "+x"(s##i));
#define KEEPI(i)  __asm__ volatile("" : "+x"(t##i));

static double fma_peak(const void *buffer, size_t bytes, int64_t n)
{
    __m256 s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
    (void)buffer, (void)bytes;
    TWELVE(ZERO)
    __asm__ volatile("" : "+x"(a), "+x"(b));
    for (int64_t i = 0; i < n; i++) {
#define STEP(k) s##k = _mm256_fmadd_ps(s##k, a, b);
        TWELVE(STEP)
        TWELVE(KEEP)
        TWELVE(STEP)
        TWELVE(KEEP)
#undef STEP
    }
    return (double)n * 2 * 12 * 8 * 2;
}

/* Each waits for the one before it. */
static double fma_chain(const void *buffer, size_t bytes, int64_t n)
{
    __m256 s0 = _mm256_setzero_ps(), a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
    (void)buffer, (void)bytes;
    __asm__ volatile("" : "+x"(a), "+x"(b));
    for (int64_t i = 0; i < n; i++) {
#define LINK(k)                                                                                                        \
    s0 = _mm256_fmadd_ps(a, b, s0);                                                                                    \
    KEEP(0)
        TWELVE(LINK)
#undef LINK
    }
    return (double)n * 12;
}

/* vpmaddubsw + vpaddw: what any kernel that multiplies bytes on this tier must at least spend. */
static double int8_peak(const void *buffer, size_t bytes, int64_t n)
{
    __m256i t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, a = _mm256_set1_epi8(1), b = a;
    (void)buffer, (void)bytes;
    TWELVE(ZEROI)
    __asm__ volatile("" : "+x"(a), "+x"(b));
    for (int64_t i = 0; i < n; i++) {
#define STEP(k)                                                                                                        \
    __asm__ volatile("" : "+x"(a)); /* else one product serves them all */                                             \
    t##k = _mm256_add_epi16(t##k, _mm256_maddubs_epi16(a, b));
        TWELVE(STEP)
        TWELVE(KEEPI)
#undef STEP
    }
    return (double)n * 12 * 32 * 2;
}

/* Eight streams of an eighth each, 64 bytes from each in turn. */
static double read_peak(const void *buffer, size_t bytes, int64_t n)
{
    const size_t part = bytes / 8 & ~(size_t)127;
    __m256 s0, s1, s2, s3, s4, s5, s6, s7;
#define EIGHT(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
    EIGHT(ZERO)
    for (int64_t i = 0; i < n; i++)
        for (const char *p = buffer, *end = p + part; p < end; p += 64) {
#define STEP(k)                                                                                                        \
    s##k = _mm256_or_ps(s##k, _mm256_load_ps((const float *)(p + (size_t)k * part)));                                  \
    s##k = _mm256_or_ps(s##k, _mm256_load_ps((const float *)(p + (size_t)k * part + 32)));
            EIGHT(STEP)
#undef STEP
        }
    EIGHT(KEEP)
    return (double)n * 8 * (double)part;
}

const bench_probe bench_probes_avx2[] = {
    { "fma", "avx2", ASSAY_ISA_avx2, fma_peak },
    { "chain", "avx2", ASSAY_ISA_avx2, fma_chain },
    { "int8", "avx2", ASSAY_ISA_avx2, int8_peak },
    { "read", "avx2", ASSAY_ISA_avx2, read_peak },
    { NULL, NULL, 0, NULL },
};
