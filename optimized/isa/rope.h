/* SPDX-License-Identifier: MIT
 * rope.h - what the rope kernels of every instruction set share: one work unit is a position.  Per position a table of
 * cosines and sines is built in scratch and used for all heads.  Without inv_freq a first phase of one unit writes the
 * frequencies, as double powers rounded once, into shared. */
#ifndef ASSAY_ISA_ROPE_H
#define ASSAY_ISA_ROPE_H
#include "assay/assay.h"
#include "assay/params/rope.h"
#include <math.h>
#include <string.h>

static inline int64_t rope_rotated(const assay_args *a)
{
    const assay_rope_params *p = a->params;
    return p->n_dims;
}
static inline bool rope_given(const assay_args *a) /* inv_freq is an operand */
{
    return a->operand[2].rank != 0;
}
static inline uint32_t rope_phases(const assay_args *a)
{
    return rope_given(a) ? 1 : 2;
}
static inline int64_t rope_units(const assay_args *a)
{
    return a->phase + 1 < rope_phases(a) ? 1 : a->dim[0];
}
static inline size_t rope_shared(const assay_args *a)
{
    return rope_given(a) ? 0 : (size_t)rope_rotated(a) / 2 * sizeof(float);
}
/* Two entries per rotated element and a vector of 16 more: cosines, then sines. */
static inline int64_t rope_table(const assay_args *a)
{
    return (rope_rotated(a) + 31) & ~INT64_C(15);
}
static inline size_t rope_scratch(const assay_args *a)
{
    return 2 * (size_t)rope_table(a) * sizeof(float);
}
static inline const float *rope_frequencies(const assay_args *a)
{
    return rope_given(a) ? a->operand[2].data : a->shared;
}
/* True if this was the phase that makes the frequencies. */
static inline bool rope_prepare(const assay_args *a)
{
    const assay_rope_params *p = a->params;
    const int64_t R = rope_rotated(a);
    float *f = a->shared;
    if (a->phase + 1 == rope_phases(a))
        return false;
    for (int64_t r = 0; a->begin < a->end && r < R / 2; r++)
        f[r] = (float)pow((double)p->base, -2 * (double)r / (double)R);
    return true;
}
static inline float *rope_head(const assay_tensor *t, int64_t pos, int64_t head)
{
    return (float *)(void *)((char *)t->data + pos * t->stride[0] + head * t->stride[1]);
}
static inline void rope_copy_rest(const assay_args *a, const float *x, float *y)
{
    const int64_t R = rope_rotated(a), D = a->dim[2];
    if (x != y && R < D)
        memcpy(y + R, x + R, (size_t)(D - R) * sizeof *y);
}
/* What an instruction set brings.  Cosines and sines of p f[0 .. F), laid out for its turns; x to y, F pairs.
 * half: pairs lie F apart, otherwise side by side. */
typedef void rope_table_fn(float p, const float *f, int64_t F, bool half, float *cosine, float *sine);
typedef void rope_turn_fn(const float *x, float *y, int64_t F, bool half, const float *cosine, const float *sine);

static inline assay_status rope_run(const assay_args *a, rope_table_fn *table, rope_turn_fn *turn)
{
    const assay_rope_params *p = a->params;
    const bool half = p->mode == ASSAY_ROPE_HALF;
    const int64_t H = a->dim[1], F = rope_rotated(a) / 2;
    const int32_t *pos = a->operand[1].data;
    float *cosine = a->scratch, *sine = cosine + rope_table(a);

    if (rope_prepare(a))
        return ASSAY_OK;
    for (int64_t t = a->begin; t < a->end; t++) {
        table((float)pos[t], rope_frequencies(a), F, half, cosine, sine);
        for (int64_t h = 0; h < H; h++) {
            const float *x = rope_head(&a->operand[0], t, h);
            float *y = rope_head(&a->operand[3], t, h);
            turn(x, y, F, half, cosine, sine);
            rope_copy_rest(a, x, y);
        }
    }
    return ASSAY_OK;
}

static const assay_typeset rope_types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                            ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
#endif
