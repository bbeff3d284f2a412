/* SPDX-License-Identifier: MIT
 * roof_avx512vnni.c - the peak of vpdpbusd: 64 byte products added to 16 sums, 24 accumulators. */
#include "roof.h"
#include <immintrin.h>

#define TWENTY_FOUR(X)                                                                                                 \
    X(0)                                                                                                               \
    X(1)                                                                                                               \
    X(2)                                                                                                               \
    X(3)                                                                                                               \
    X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
#define ZERO(i) s##i = _mm512_setzero_si512();
#define KEEP(i) __asm__ volatile("" : "+v"(s##i));

static double int8_peak(const void *buffer, size_t bytes, int64_t n)
{
    __m512i s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16, s17, s18, s19, s20, s21, s22,
        s23;
    __m512i a = _mm512_set1_epi8(1), b = a;
    (void)buffer, (void)bytes;
    TWENTY_FOUR(ZERO)
    __asm__ volatile("" : "+v"(a), "+v"(b));
    for (int64_t i = 0; i < n; i++) {
#define STEP(k) s##k = _mm512_dpbusd_epi32(s##k, a, b);
        TWENTY_FOUR(STEP)
        TWENTY_FOUR(KEEP)
#undef STEP
    }
    return (double)n * 24 * 64 * 2;
}

const bench_probe bench_probes_avx512vnni[] = {
    { "int8", "avx512vnni", ASSAY_ISA_avx512vnni, int8_peak },
    { NULL, NULL, 0, NULL },
};
