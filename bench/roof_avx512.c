/* SPDX-License-Identifier: MIT
 * roof_avx512.c - the AVX-512 peaks: 24 accumulators in 32 registers. */
#include "roof.h"
#include <immintrin.h>

#define EIGHT(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define TWENTY_FOUR(X)                                                                                                 \
    EIGHT(X) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
#define ZERO(i) s##i = _mm512_setzero_ps();
#define KEEP(i) __asm__ volatile("" : "+v"(s##i));

static double fma_peak(const void *buffer, size_t bytes, int64_t n)
{
    __m512 s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16, s17, s18, s19, s20, s21, s22, s23;
    __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
    (void)buffer, (void)bytes;
    TWENTY_FOUR(ZERO)
    __asm__ volatile("" : "+v"(a), "+v"(b));
    for (int64_t i = 0; i < n; i++) {
#define STEP(k) s##k = _mm512_fmadd_ps(s##k, a, b);
        TWENTY_FOUR(STEP)
        TWENTY_FOUR(KEEP)
#undef STEP
    }
    return (double)n * 24 * 16 * 2;
}

static double read_peak(const void *buffer, size_t bytes, int64_t n)
{
    const size_t part = bytes / 8 & ~(size_t)127;
    __m512i s0, s1, s2, s3, s4, s5, s6, s7;
#define ZEROI(i) s##i = _mm512_setzero_si512();
    EIGHT(ZEROI)
    for (int64_t i = 0; i < n; i++)
        for (const char *p = buffer, *end = p + part; p < end; p += 128) {
#define STEP(k)                                                                                                        \
    s##k = _mm512_or_si512(s##k, _mm512_load_si512(p + (size_t)k * part));                                             \
    s##k = _mm512_or_si512(s##k, _mm512_load_si512(p + (size_t)k * part + 64));
            EIGHT(STEP)
#undef STEP
        }
    EIGHT(KEEP)
    return (double)n * 8 * (double)part;
}

const bench_probe bench_probes_avx512[] = {
    { "fma", "avx512", ASSAY_ISA_avx512, fma_peak },
    { "read", "avx512", ASSAY_ISA_avx512, read_peak },
    { NULL, NULL, 0, NULL },
};
