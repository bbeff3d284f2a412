/* SPDX-License-Identifier: MIT
 * rope, AVX2: per position sines and cosines of all pairs, then every head: 8 pairs (half) or 4 (interleaved) a step.
 * The interleaved table holds each cosine twice and each sine as -s, +s, so that y = x c + swap(x) s. */
#include "../isa/rope.h"
#include "../isa/x86_sincos.h"

/* n <= 8 angles p * f[0 .. n) */
static void angles(float p, const float *f, int64_t n, __m256 *s, __m256 *c)
{
    int far;
    avx2_sincos(_mm256_set1_ps(p), _mm256_maskload_ps(f, avx2_tail(n)), s, c, &far);
    if (far) {
        float sine[8] = { 0 }, cosine[8] = { 0 };
        rope_far(p, f, n, sine, cosine);
        *s = _mm256_loadu_ps(sine), *c = _mm256_loadu_ps(cosine);
    }
}

static void table(float p, const float *f, int64_t F, bool half, float *cosine, float *sine)
{
    const __m256i low = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3), high = _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7);
    const __m256 minus = _mm256_setr_ps(-0.0f, 0, -0.0f, 0, -0.0f, 0, -0.0f, 0);
    __m256 s, c;
    for (int64_t r = 0; r < F; r += 8) {
        angles(p, f + r, F - r < 8 ? F - r : 8, &s, &c);
        if (half) {
            _mm256_storeu_ps(cosine + r, c);
            _mm256_storeu_ps(sine + r, s);
        } else {
            _mm256_storeu_ps(cosine + 2 * r, _mm256_permutevar8x32_ps(c, low));
            _mm256_storeu_ps(cosine + 2 * r + 8, _mm256_permutevar8x32_ps(c, high));
            _mm256_storeu_ps(sine + 2 * r, _mm256_xor_ps(_mm256_permutevar8x32_ps(s, low), minus));
            _mm256_storeu_ps(sine + 2 * r + 8, _mm256_xor_ps(_mm256_permutevar8x32_ps(s, high), minus));
        }
    }
}

static void turn_half(const float *x, float *y, int64_t F, const float *cosine, const float *sine)
{
    const __m256i tail = avx2_tail(F & 7);
    int64_t r = 0;
    for (; r + 8 <= F; r += 8) {
        const __m256 c = _mm256_loadu_ps(cosine + r), s = _mm256_loadu_ps(sine + r);
        const __m256 v = _mm256_loadu_ps(x + r), w = _mm256_loadu_ps(x + r + F);
        _mm256_storeu_ps(y + r, _mm256_fmsub_ps(v, c, _mm256_mul_ps(w, s)));
        _mm256_storeu_ps(y + r + F, _mm256_fmadd_ps(v, s, _mm256_mul_ps(w, c)));
    }
    if (r < F) {
        const __m256 c = _mm256_loadu_ps(cosine + r), s = _mm256_loadu_ps(sine + r);
        const __m256 v = _mm256_maskload_ps(x + r, tail), w = _mm256_maskload_ps(x + r + F, tail);
        _mm256_maskstore_ps(y + r, tail, _mm256_fmsub_ps(v, c, _mm256_mul_ps(w, s)));
        _mm256_maskstore_ps(y + r + F, tail, _mm256_fmadd_ps(v, s, _mm256_mul_ps(w, c)));
    }
}

static void turn_interleaved(const float *x, float *y, int64_t F, const float *cosine, const float *sine)
{
    const int64_t R = 2 * F;
    const __m256i tail = avx2_tail(R & 7);
    int64_t d = 0;
    for (; d + 8 <= R; d += 8) {
        const __m256 v = _mm256_loadu_ps(x + d),
                     w = _mm256_mul_ps(_mm256_permute_ps(v, 0xb1), _mm256_loadu_ps(sine + d));
        _mm256_storeu_ps(y + d, _mm256_fmadd_ps(v, _mm256_loadu_ps(cosine + d), w));
    }
    if (d < R) {
        const __m256 v = _mm256_maskload_ps(x + d, tail);
        const __m256 w = _mm256_mul_ps(_mm256_permute_ps(v, 0xb1), _mm256_loadu_ps(sine + d));
        _mm256_maskstore_ps(y + d, tail, _mm256_fmadd_ps(v, _mm256_loadu_ps(cosine + d), w));
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

const assay_kernel assay_rope_avx2 = {
    .op = "rope",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = rope_types,
    .run = run,
    .phases = rope_phases,
    .units = rope_units,
    .shared = rope_shared,
    .scratch = rope_scratch,
};
