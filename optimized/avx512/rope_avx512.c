/* SPDX-License-Identifier: MIT
 * rope, AVX-512: as rope_avx2.c in 16 lanes; the ends of rows go through lane masks. */
#include "../isa/rope.h"
#include "../isa/x86_sincos.h"

/* n <= 16 angles p * f[0 .. n) */
static void angles(float p, const float *f, int64_t n, __m512 *s, __m512 *c)
{
    unsigned far;
    avx512_sincos(_mm512_set1_ps(p), avx512_load(avx512_tail(n), f), s, c, &far);
    if (far) {
        float sine[16] = { 0 }, cosine[16] = { 0 };
        rope_far(p, f, n, sine, cosine);
        *s = _mm512_loadu_ps(sine), *c = _mm512_loadu_ps(cosine);
    }
}

static void table(float p, const float *f, int64_t F, bool half, float *cosine, float *sine)
{
    const __m512i low = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const __m512i high = _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
    const __m512 one = _mm512_set1_ps(1.0f), minus = _mm512_set1_ps(-1.0f),
                 sign = _mm512_mask_blend_ps(0x5555, one, minus);
    __m512 s, c;
    for (int64_t r = 0; r < F; r += 16) {
        angles(p, f + r, F - r < 16 ? F - r : 16, &s, &c);
        if (half) {
            _mm512_storeu_ps(cosine + r, c);
            _mm512_storeu_ps(sine + r, s);
        } else {
            _mm512_storeu_ps(cosine + 2 * r, _mm512_permutexvar_ps(low, c));
            _mm512_storeu_ps(cosine + 2 * r + 16, _mm512_permutexvar_ps(high, c));
            _mm512_storeu_ps(sine + 2 * r, _mm512_mul_ps(_mm512_permutexvar_ps(low, s), sign));
            _mm512_storeu_ps(sine + 2 * r + 16, _mm512_mul_ps(_mm512_permutexvar_ps(high, s), sign));
        }
    }
}

static void turn_half(const float *x, float *y, int64_t F, const float *cosine, const float *sine)
{
    for (int64_t r = 0; r < F; r += 16) {
        const __mmask16 m = avx512_tail(F - r < 16 ? F - r : 16);
        const __m512 c = _mm512_loadu_ps(cosine + r), s = _mm512_loadu_ps(sine + r);
        const __m512 v = avx512_load(m, x + r), w = avx512_load(m, x + r + F);
        avx512_store(y + r, m, _mm512_fmsub_ps(v, c, _mm512_mul_ps(w, s)));
        avx512_store(y + r + F, m, _mm512_fmadd_ps(v, s, _mm512_mul_ps(w, c)));
    }
}

static void turn_interleaved(const float *x, float *y, int64_t F, const float *cosine, const float *sine)
{
    const __m512i swap = _mm512_setr_epi32(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    const int64_t R = 2 * F;
    for (int64_t d = 0; d < R; d += 16) {
        const __mmask16 m = avx512_tail(R - d < 16 ? R - d : 16);
        const __m512 v = avx512_load(m, x + d);
        const __m512 w = _mm512_mul_ps(_mm512_permutexvar_ps(swap, v), _mm512_loadu_ps(sine + d));
        avx512_store(y + d, m, _mm512_fmadd_ps(v, _mm512_loadu_ps(cosine + d), w));
    }
}

static void turn(const float *x, float *y, int64_t F, bool half, const float *cosine, const float *sine)
{
    if (half)
        turn_half(x, y, F, cosine, sine);
    else
        turn_interleaved(x, y, F, cosine, sine);
}

static assay_status run(const assay_args *a)
{
    return rope_run(a, table, turn);
}

const assay_kernel assay_rope_avx512 = {
    .op = "rope",
    .name = "avx512",
    .isa = ASSAY_ISA_avx512,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = rope_types,
    .run = run,
    .phases = rope_phases,
    .units = rope_units,
    .shared = rope_shared,
    .scratch = rope_scratch,
};
