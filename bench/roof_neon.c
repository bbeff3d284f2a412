/* SPDX-License-Identifier: MIT
 * roof_neon.c - the NEON peaks: 24 accumulators in 32 registers. */
#include "roof.h"
#include <arm_neon.h>

#define EIGHT(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define TWENTY_FOUR(X)                                                                                                 \
    EIGHT(X) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
#define ZERO(i) s##i = vdupq_n_f32(0);
#define KEEP(i) __asm__ volatile("" : "+w"(s##i));

static double fma_peak(const void *buffer, size_t bytes, int64_t n)
{
    float32x4_t s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16, s17, s18, s19, s20, s21, s22,
        s23;
    float32x4_t a = vdupq_n_f32(0.5f), b = vdupq_n_f32(0.25f);
    (void)buffer, (void)bytes;
    TWENTY_FOUR(ZERO)
    __asm__ volatile("" : "+w"(a), "+w"(b));
    for (int64_t i = 0; i < n; i++) {
#define STEP(k) s##k = vfmaq_f32(s##k, a, b);
        TWENTY_FOUR(STEP)
        TWENTY_FOUR(KEEP)
#undef STEP
    }
    return (double)n * 24 * 4 * 2;
}

/* Each waits for the one before it. */
static double fma_chain(const void *buffer, size_t bytes, int64_t n)
{
    float32x4_t s0 = vdupq_n_f32(0), a = vdupq_n_f32(0.5f), b = vdupq_n_f32(0.25f);
    (void)buffer, (void)bytes;
    __asm__ volatile("" : "+w"(a), "+w"(b));
    for (int64_t i = 0; i < n; i++) {
#define LINK(k)                                                                                                        \
    s0 = vfmaq_f32(s0, a, b);                                                                                          \
    KEEP(0)
        EIGHT(LINK)
#undef LINK
    }
    return (double)n * 8;
}

/* smull + sadalp: the byte products of a tier without sdot. */
static double int8_peak(const void *buffer, size_t bytes, int64_t n)
{
    int32x4_t s0, s1, s2, s3, s4, s5, s6, s7;
    int8x8_t a = vdup_n_s8(1), b = a;
    (void)buffer, (void)bytes;
#define ZEROI(i) s##i = vdupq_n_s32(0);
    EIGHT(ZEROI)
    __asm__ volatile("" : "+w"(a), "+w"(b));
    for (int64_t i = 0; i < n; i++) {
#define STEP(k)                                                                                                        \
    __asm__ volatile("" : "+w"(a));                                                                                    \
    s##k = vpadalq_s16(s##k, vmull_s8(a, b));
        EIGHT(STEP)
        EIGHT(KEEP)
#undef STEP
    }
    return (double)n * 8 * 8 * 2;
}

static double read_peak(const void *buffer, size_t bytes, int64_t n)
{
    const size_t part = bytes / 8 & ~(size_t)127;
    uint8x16_t s0, s1, s2, s3, s4, s5, s6, s7;
#define ZEROB(i) s##i = vdupq_n_u8(0);
    EIGHT(ZEROB)
    for (int64_t i = 0; i < n; i++)
        for (const uint8_t *p = buffer, *end = p + part; p < end; p += 64) {
#define STEP(k)                                                                                                        \
    s##k = vorrq_u8(s##k, vorrq_u8(vld1q_u8(p + (size_t)k * part), vld1q_u8(p + (size_t)k * part + 16)));              \
    s##k = vorrq_u8(s##k, vorrq_u8(vld1q_u8(p + (size_t)k * part + 32), vld1q_u8(p + (size_t)k * part + 48)));
            EIGHT(STEP)
#undef STEP
        }
    EIGHT(KEEP)
    return (double)n * 8 * (double)part;
}

const bench_probe bench_probes_neon[] = {
    { "fma", "neon", ASSAY_ISA_neon, fma_peak },
    { "chain", "neon", ASSAY_ISA_neon, fma_chain },
    { "int8", "neon", ASSAY_ISA_neon, int8_peak },
    { "read", "neon", ASSAY_ISA_neon, read_peak },
    { NULL, NULL, 0, NULL },
};
