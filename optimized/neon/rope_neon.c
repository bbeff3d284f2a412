/* SPDX-License-Identifier: MIT
 * rope, NEON: per position sines and cosines of all pairs, then every head, 4 pairs a step; interleaved pairs come
 * apart in the load (ld2) and together in the store.  The last pairs of a head are turned one by one. */
#include "../isa/neon_sincos.h"
#include "../isa/rope.h"

static void table(float p, const float *f, int64_t F, bool half, float *cosine, float *sine)
{
    (void)half; /* ld2 parts the pairs */
    float32x4_t s, c;
    for (int64_t r = 0; r < F; r += 4) {
        const int64_t n = F - r < 4 ? F - r : 4;
        const float32x4_t v = n == 4 ? vld1q_f32(f + r) : neon_load_tail(f + r, n);
        if (neon_sincos(p, v, &s, &c)) {
            rope_far(p, f + r, n, sine + r, cosine + r);
        } else {
            vst1q_f32(cosine + r, c);
            vst1q_f32(sine + r, s);
        }
    }
}

static void turn(const float *x, float *y, int64_t F, bool half, const float *cosine, const float *sine)
{
    int64_t r = 0;
    for (; r + 4 <= F; r += 4) {
        const float32x4_t c = vld1q_f32(cosine + r), s = vld1q_f32(sine + r);
        float32x4x2_t v;
        if (half)
            v.val[0] = vld1q_f32(x + r), v.val[1] = vld1q_f32(x + r + F);
        else
            v = vld2q_f32(x + 2 * r);
        const float32x4_t first = vfmsq_f32(vmulq_f32(v.val[0], c), v.val[1], s);
        v.val[1] = vfmaq_f32(vmulq_f32(v.val[1], c), v.val[0], s);
        v.val[0] = first;
        if (half) {
            vst1q_f32(y + r, v.val[0]);
            vst1q_f32(y + r + F, v.val[1]);
        } else {
            vst2q_f32(y + 2 * r, v);
        }
    }
    for (; r < F; r++) {
        const int64_t i = half ? r : 2 * r, j = half ? r + F : 2 * r + 1;
        const float v = x[i], w = x[j];
        y[i] = v * cosine[r] - w * sine[r];
        y[j] = v * sine[r] + w * cosine[r];
    }
}

static assay_status run(const assay_args *a)
{
    return rope_run(a, table, turn);
}

const assay_kernel assay_rope_neon = {
    .op = "rope",
    .name = "neon",
    .isa = ASSAY_ISA_neon,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = rope_types,
    .run = run,
    .phases = rope_phases,
    .units = rope_units,
    .shared = rope_shared,
    .scratch = rope_scratch,
};
