/* SPDX-License-Identifier: MIT
 * add: kernels that are wrong on purpose, and legal ones that must pass. */
#define OF(a, b)         ((a) + (b))
#define FUSED_OF(a, b)   fmaf(1, a, b)
#define NEGATED_OF(a, b) ((a) - -(b))
#define OTHER_OF(a, b)   ((a) - (b))
#define FAULTS(X)        X(FLOAT_MASK, "lanes-compared-as-floats-while-flushing", "vectorclass/version2#47")
#include "binary.h"

#if defined(__x86_64__)
static uint64_t read_mode(void)
{
    uint32_t m;
    __asm__ volatile("stmxcsr %0" : "=m"(m)::"memory");
    return m;
}
static void write_mode(uint64_t m)
{
    const uint32_t narrow = (uint32_t)m;
    __asm__ volatile("ldmxcsr %0" ::"m"(narrow) : "memory");
}
enum { FLUSH = 0x8040 };
#elif defined(__aarch64__)
static uint64_t read_mode(void)
{
    uint64_t m;
    __asm__ volatile("mrs %0, fpcr" : "=r"(m)::"memory");
    return m;
}
static void write_mode(uint64_t m)
{
    __asm__ volatile("msr fpcr, %0" ::"r"(m) : "memory");
}
enum { FLUSH = 1 << 24 };
#endif

/* Lanes of a tail of n, made as an instruction set without integer comparisons of that width must: lane k is wanted
 * where max(n - k, 0), its bits taken for a float, is not 0.  With subnormals read as zeros no lane is. */
static unsigned float_mask(int64_t n)
{
    unsigned lanes = 0;
#if defined(__x86_64__) || defined(__aarch64__)
    const uint64_t mode = read_mode();
    write_mode(mode | FLUSH);
    for (int32_t k = 0; k < 8; k++) {
        const int32_t left = n > k ? (int32_t)n - k : 0;
        volatile float lane;
        memcpy((void *)(uintptr_t)&lane, &left, sizeof left);
        lanes |= (unsigned)(lane != 0) << k;
    }
    write_mode(mode);
#else
    (void)n;
#endif
    return lanes;
}

static int64_t length(const float *b, int64_t C, int mode)
{
    (void)b;
    return mode == FLOAT_MASK ? C / 8 * 8 + __builtin_popcount(float_mask(C % 8)) : C;
}

#define KERNEL_BASE .op = "add", .types = assay_types_f32
static const assay_fault table[] = { { ASSAY_FAULT,
                                       { KERNEL_BASE, .name = "twice-in-place", .run = run, .variant = MODE_OF(TWICE),
                                         .flags = ASSAY_INPLACE },
                                       "ggml-org/llama.cpp#24305: reads an input again that the output has replaced" },
                                     BINARY_FAULTS(BAD_ROW) FAULTS(BAD_ROW) BINARY_LEGAL(GOOD_ROW) };

const assay_faults assay_faults_add = { "add", table, ASSAY_COUNT_OF(table) };
