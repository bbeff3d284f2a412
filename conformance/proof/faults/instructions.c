/* SPDX-License-Identifier: MIT
 * Objects for ci/instructions to judge: FAULT number machine tier: what it must name: compiler flags.  "nothing" marks
 * legal ones.  Most are an honest slip: one function with a target attribute, or one flag too many for the file. */
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#define T(features) __attribute__((target(features)))

#if FAULT == 1 /* FAULT 1 x86_64 avx2: avx512vl: -mavx2 -mfma -mf16c -mbmi2 */
T("avx512f,avx512vl") __m256i f(__m256i a, __m256i b, __m256i c)
{
    return _mm256_ternarylogic_epi32(a, b, c, 0x96);
}
#elif FAULT == 2  /* FAULT 2 x86_64 avx2: avx_vnni: -mavx2 -mfma -mf16c -mbmi2 */
T("avxvnni") __m256i f(__m256i sum, __m256i a, __m256i b)
{
    return _mm256_dpbusd_avx_epi32(sum, a, b);
}
#elif FAULT == 3  /* FAULT 3 x86_64 avx2: avx512: -O3 -mavx2 -mavx512f -mavx512vl -mprefer-vector-width=256 */
void f(int64_t *restrict y, const int64_t *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] < 0 ? -x[i] : x[i];
}
#elif FAULT == 4  /* FAULT 4 x86_64 avx512: avx512_vnni: -mavx2 -mavx512f -mavx512bw -mavx512vl -mavx512dq */
T("avx512vnni") __m512i f(__m512i sum, __m512i a, __m512i b)
{
    return _mm512_dpbusd_epi32(sum, a, b);
}
#elif FAULT == 5  /* FAULT 5 x86_64 scalar: fma: -mfma */
float f(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}
#elif FAULT == 6  /* FAULT 6 x86_64 scalar: sse4.1: -msse4.1 */
__m128i f(__m128i a, __m128i b)
{
    return _mm_mullo_epi32(a, b);
}
#elif FAULT == 7  /* FAULT 7 x86_64 scalar: popcnt: -mpopcnt */
int f(uint64_t a)
{
    return __builtin_popcountll(a);
}
#elif FAULT == 8  /* FAULT 8 x86_64 avx2: bmi: -mavx2 -mbmi -mbmi2 */
uint64_t f(uint64_t a, uint64_t b)
{
    return ~a & b;
}
#elif FAULT == 9  /* FAULT 9 x86_64 avx2: lzcnt: -mavx2 -mlzcnt */
int f(uint64_t a)
{
    return (int)_lzcnt_u64(a);
}
#elif FAULT == 10 /* FAULT 10 x86_64 avx512: avx512_bf16: -mavx2 -mavx512f -mavx512bw -mavx512vl -mavx512dq */
T("avx512bf16") __m512 f(__m512 sum, __m512bh a, __m512bh b)
{
    return _mm512_dpbf16_ps(sum, a, b);
}
#elif FAULT == 11 /* FAULT 11 x86_64 avx512vnni: avx512vbmi: -mavx512f -mavx512bw -mavx512vnni */
T("avx512vbmi") __m512i f(__m512i a, __m512i b)
{
    return _mm512_permutexvar_epi8(a, b);
}
#elif FAULT == 12 /* FAULT 12 x86_64 avx2: avx512f: -mavx2 -mfma */
T("avx512f") void f(float *y, const float *x)
{
    _mm512_storeu_ps(y, _mm512_add_ps(_mm512_loadu_ps(x), _mm512_loadu_ps(x + 16)));
}
#elif FAULT == 13 /* FAULT 13 x86_64 avx2: avx512vl: -mavx2 -mfma */
void f(float *y, const float *x) /* one instruction in EVEX that also has a VEX form: only its bytes tell */
{
    __asm__("vmovups (%0), %%ymm1\n\t%{evex%} vaddps (%0), %%ymm1, %%ymm1\n\tvmovups %%ymm1, (%1)" ::"r"(x), "r"(y)
            : "xmm1", "memory");
}
#elif FAULT == 14 /* FAULT 14 x86_64 avx2: gfni: -mavx2 -mfma */
T("avx,gfni") __m256i f(__m256i a, __m256i b)
{
    return _mm256_gf2p8mul_epi8(a, b);
}
#elif FAULT == 15 /* FAULT 15 x86_64 avx2: nothing: -O3 -mavx2 -mfma -mf16c -mbmi2 */
float f(float *y, const float *x, const uint16_t *h, uint64_t bits, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = __builtin_fmaf(x[i], _cvtsh_ss(h[i]), y[i]);
    return y[__builtin_ctzll(bits)] + (float)_pext_u64(bits, 0x5555) + (float)__builtin_popcountll(bits);
}
#elif FAULT == 16 /* FAULT 16 x86_64 scalar: nothing: -O3 */
float f(float *y, const float *x, uint64_t bits, int n)
{
    for (int i = 0; i < n; i++)
        y[i] += x[i] * (float)i;
    return y[__builtin_ctzll(bits)] + (float)__builtin_popcountll(bits);
}
#elif FAULT == 17 /* FAULT 17 x86_64 avx512: nothing: -O3 -mavx2 -mfma -mavx512f -mavx512bw -mavx512vl -mavx512dq */
void f(int64_t *restrict y, const int64_t *restrict x, const int64_t *restrict z, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = (x[i] < 0 ? -x[i] : x[i]) * z[i];
}
#elif FAULT == 18 /* FAULT 18 aarch64 neon: dotprod: -march=armv8-a */
T("arch=armv8.2-a+dotprod") int32x4_t f(int32x4_t sum, int8x16_t a, int8x16_t b)
{
    return vdotq_s32(sum, a, b);
}
#elif FAULT == 19 /* FAULT 19 aarch64 dotprod: i8mm: -march=armv8.2-a+dotprod */
T("arch=armv8.2-a+i8mm") int32x4_t f(int32x4_t sum, int8x16_t a, int8x16_t b)
{
    return vmmlaq_s32(sum, a, b);
}
#elif FAULT == 20 /* FAULT 20 aarch64 neon: fp16: -march=armv8-a */
T("arch=armv8.2-a+fp16") float16x8_t f(float16x8_t a, float16x8_t b)
{
    return vaddq_f16(a, b);
}
#elif FAULT == 21 /* FAULT 21 aarch64 dotprod: bf16: -march=armv8.2-a+dotprod */
T("arch=armv8.2-a+bf16") float32x4_t f(float32x4_t sum, bfloat16x8_t a, bfloat16x8_t b)
{
    return vbfdotq_f32(sum, a, b);
}
#elif FAULT == 22 /* FAULT 22 aarch64 neon: sve: -O3 -march=armv8-a+sve */
void f(float *restrict y, const float *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] += x[i];
}
#elif FAULT == 23 /* FAULT 23 aarch64 neon: rdma: -march=armv8-a */
T("arch=armv8.1-a") int16x8_t f(int16x8_t sum, int16x8_t a, int16x8_t b)
{
    return vqrdmlahq_s16(sum, a, b);
}
#elif FAULT == 24 /* FAULT 24 aarch64 neon: nothing: -O3 -march=armv8-a */
void f(float *restrict y, const float *restrict x, const __fp16 *h, int n)
{
    for (int i = 0; i < n; i++)
        y[i] += x[i] * (float)h[i];
}
/* FAULT 25 x86_64 avx2: static: -O2 -mavx2 */
#elif FAULT == 25 /* FAULT 25 aarch64 neon: static: -O2 */
float f(const float *x, int n)
{
    static float last[64]; /* .bss */
    const float was = last[n];
    last[n] = x[n];
    return was;
}
/* FAULT 26 x86_64 avx512: static: -O2 -mavx512f */
#elif FAULT == 26 /* FAULT 26 aarch64 dotprod: static: -O2 */
int f(void)
{
    static int calls = 1; /* .data */
    return calls++;
}
/* FAULT 27 x86_64 avx2: static: -O2 -fPIC */
#elif FAULT == 27 /* FAULT 27 aarch64 neon: static: -O2 -fPIC */
int f(int x)
{
    static _Thread_local int last; /* .tbss */
    const int was = last;
    last = x;
    return was;
}
/* FAULT 28 x86_64 scalar: static: -O2 -fcommon */
#elif FAULT == 28 /* FAULT 28 aarch64 scalar: static: -O2 -fcommon */
float partials[80]; /* not in a section: COMMON */
float f(int i)
{
    return partials[i]++;
}
/* FAULT 29 x86_64 avx2: static: -O2 */
#elif FAULT == 29 /* FAULT 29 aarch64 neon: static: -O2 */
int f(int i);
static int table[4];
__attribute__((constructor)) static void fill(void)
{
    int one = 1;
    __asm__("" : "+r"(one)); /* or clang fills it in itself */
    for (int i = 0; i < 4; i++)
        table[i] = i * one;
}
int f(int i)
{
    return table[i];
}
/* FAULT 30 x86_64 avx2: nothing: -O2 -fPIC */
#elif FAULT == 30 /* FAULT 30 aarch64 neon: nothing: -O2 -fPIC */
const char *const names[] = { "one", "two" }; /* .data.rel.ro: addresses that the loader fills in */
float f(int i)
{
    static const float table[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 };
    return table[i] + (float)*names[i & 1];
}
#endif
