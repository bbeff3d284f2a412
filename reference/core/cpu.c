/* SPDX-License-Identifier: MIT
 * CPU features: CPUID and XGETBV on x86 (Intel SDM vol. 2A CPUID, vol. 1 13.3), HWCAP on Arm Linux.  A feature counts
 * only when the operating system saves its registers. */
#include "registry.h"
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

static const char *const feature_name[ASSAY_CPU_END] = {
    [ASSAY_CPU_AVX2] = "avx2",
    [ASSAY_CPU_FMA] = "fma",
    [ASSAY_CPU_F16C] = "f16c",
    [ASSAY_CPU_BMI2] = "bmi2",
    [ASSAY_CPU_AVX512F] = "avx512f",
    [ASSAY_CPU_AVX512BW] = "avx512bw",
    [ASSAY_CPU_AVX512VL] = "avx512vl",
    [ASSAY_CPU_AVX512DQ] = "avx512dq",
    [ASSAY_CPU_AVX512VNNI] = "avx512_vnni",
    [ASSAY_CPU_AVX512BF16] = "avx512_bf16",
    [ASSAY_CPU_NEON] = "asimd",
    [ASSAY_CPU_DOTPROD] = "asimddp",
    [ASSAY_CPU_I8MM] = "i8mm",
};

const char *assay_cpu_feature(unsigned bit)
{
    return bit < ASSAY_CPU_END ? feature_name[bit] : NULL;
}

#if defined(__x86_64__)
static uint64_t detect(void)
{
    enum { LEAF1_C, LEAF7_B, LEAF7_C, LEAF71_A, REGS };
    static const struct {
        uint8_t feature, reg, bit, zmm;
    } table[] = {
        { ASSAY_CPU_FMA, LEAF1_C, 12, 0 },        { ASSAY_CPU_F16C, LEAF1_C, 29, 0 },
        { ASSAY_CPU_AVX2, LEAF7_B, 5, 0 },        { ASSAY_CPU_BMI2, LEAF7_B, 8, 0 },
        { ASSAY_CPU_AVX512F, LEAF7_B, 16, 1 },    { ASSAY_CPU_AVX512DQ, LEAF7_B, 17, 1 },
        { ASSAY_CPU_AVX512BW, LEAF7_B, 30, 1 },   { ASSAY_CPU_AVX512VL, LEAF7_B, 31, 1 },
        { ASSAY_CPU_AVX512VNNI, LEAF7_C, 11, 1 }, { ASSAY_CPU_AVX512BF16, LEAF71_A, 5, 1 },
    };
    unsigned a, b, c, d, reg[REGS] = { 0 };
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) /* OSXSAVE */
        return 0;
    reg[LEAF1_C] = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        const unsigned subleaves = a;
        reg[LEAF7_B] = b;
        reg[LEAF7_C] = c;
        if (subleaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
            reg[LEAF71_A] = a;
    }
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    const bool ymm = (low & 0x06) == 0x06, zmm = (low & 0xe6) == 0xe6;
    uint64_t have = 0;
    for (size_t i = 0; i < ASSAY_COUNT_OF(table); i++)
        if ((table[i].zmm ? zmm : ymm) && (reg[table[i].reg] >> table[i].bit & 1))
            have |= UINT64_C(1) << table[i].feature;
    return have;
}
#elif defined(__aarch64__)
static uint64_t detect(void)
{
    const unsigned long h = getauxval(AT_HWCAP), h2 = getauxval(AT_HWCAP2);
    uint64_t have = 0;
    have |= h >> 1 & 1 ? ASSAY_CPU_BIT(NEON) : 0;     /* HWCAP_ASIMD */
    have |= h >> 20 & 1 ? ASSAY_CPU_BIT(DOTPROD) : 0; /* HWCAP_ASIMDDP */
    have |= h2 >> 13 & 1 ? ASSAY_CPU_BIT(I8MM) : 0;   /* HWCAP2_I8MM */
    return have;
}
#else
static uint64_t detect(void)
{
    return 0;
}
#endif

uint64_t assay_cpu(void)
{
    uint64_t have = detect();
#ifdef ASSAY_EMULATE /* AVX-512 kernels of this build are portable C (SIMDe) over AVX2 */
    if ((have & ASSAY_ISA_avx2) == ASSAY_ISA_avx2)
        have |= ASSAY_ISA_avx512vnni;
#endif
    return have;
}

int assay_cpu_team(int *cpus)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    *cpus = n > 0 && n < 1 << 20 ? (int)n : 1;
    return *cpus > ASSAY_TEAM / ASSAY_TEAM_PER_CPU ? ASSAY_TEAM_PER_CPU * *cpus : ASSAY_TEAM;
}

static const assay_isa isas[] = {
    { "scalar", ASSAY_ISA_scalar },         { "avx2", ASSAY_ISA_avx2 }, { "avx512", ASSAY_ISA_avx512 },
    { "avx512vnni", ASSAY_ISA_avx512vnni }, { "neon", ASSAY_ISA_neon }, { "dotprod", ASSAY_ISA_dotprod },
};

const assay_isa *assay_isa_at(size_t i)
{
    return i < ASSAY_COUNT_OF(isas) ? &isas[i] : NULL;
}

const assay_isa *assay_isa_of(uint64_t bits)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(isas); i++)
        if (!(bits & ~isas[i].bits))
            return &isas[i];
    return NULL;
}

const assay_isa *assay_isa_find(const char *name)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(isas); i++)
        if (!strcmp(isas[i].name, name))
            return &isas[i];
    return NULL;
}
