/* SPDX-License-Identifier: MIT
 * rope.h - what the rope kernels of every instruction set share: one work unit is a position.  Per position a table of
 * cosines and sines is built in scratch and used for all heads: of angles, or of what is given.  Where frequencies are
 * the op's own a first phase of one unit writes them, as double powers rounded once, into shared. */
#ifndef ASSAY_ISA_ROPE_H
#define ASSAY_ISA_ROPE_H
#include "assay/assay.h"
#include "assay/params/rope.h"
#include <math.h>
#include <string.h>

enum { ROPE_X, ROPE_POS, ROPE_FREQ, ROPE_AXIS, ROPE_COS, ROPE_SIN, ROPE_Y };

static inline int64_t rope_rotated(const assay_args *a)
{
    const assay_rope_params *p = a->params;
    return p->n_dims;
}
static inline bool rope_has(const assay_args *a, int operand)
{
    return a->operand[operand].rank != 0;
}
static inline bool rope_given(const assay_args *a) /* frequencies, or what they are for */
{
    return rope_has(a, ROPE_FREQ) || rope_has(a, ROPE_COS);
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
/* Two entries per rotated element and a vector of 16 more: cosines, then sines; with axes what is gathered by them. */
static inline int64_t rope_table(const assay_args *a)
{
    return (rope_rotated(a) + 31) & ~INT64_C(15);
}
static inline size_t rope_scratch(const assay_args *a)
{
    return (rope_has(a, ROPE_AXIS) ? 3 : 2) * (size_t)rope_table(a) * sizeof(float);
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
/* What one position turns its pairs by: F cosines and sines, or the angles p f, or each[r] f[r] where pairs have axes;
 * m is the magnitude.  half: pairs lie F apart, otherwise side by side. */
typedef struct rope_row {
    const float *cosine, *sine, *each, *f;
    float p, m;
    int64_t F;
    bool half;
} rope_row;
/* What an instruction set brings.  Cosines and sines of a row, laid out for its turns; x to y, F pairs. */
typedef void rope_table_fn(const rope_row *row, float *cosine, float *sine);
typedef void rope_turn_fn(const float *x, float *y, int64_t F, bool half, const float *cosine, const float *sine);

static inline const void *rope_line(const assay_args *a, int operand, int64_t i)
{
    return (const char *)a->operand[operand].data + i * a->operand[operand].stride[0];
}
/* gathered: room for one number a pair, with tables two. */
static inline rope_row rope_row_of(const assay_args *a, int64_t t, float *gathered)
{
    const assay_rope_params *p = a->params;
    const int32_t *axis = a->operand[ROPE_AXIS].data, *pos = rope_line(a, ROPE_POS, 0);
    const int64_t F = rope_rotated(a) / 2;
    const bool tables = rope_has(a, ROPE_COS), axes = rope_has(a, ROPE_AXIS);
    rope_row row = { .m = p->magnitude, .F = F, .half = p->mode == ASSAY_ROPE_HALF };
    if (!tables) {
        row.f = rope_has(a, ROPE_FREQ) ? a->operand[ROPE_FREQ].data : a->shared;
        row.p = (float)pos[t];
        row.each = axes ? gathered : NULL;
    } else {
        row.cosine = axes ? gathered : rope_line(a, ROPE_COS, pos[t]);
        row.sine = axes ? gathered + F : rope_line(a, ROPE_SIN, pos[t]);
    }
    for (int64_t r = 0; axes && r < F; r++) {
        const int32_t at = ((const int32_t *)rope_line(a, ROPE_POS, axis[r]))[t];
        gathered[r] = tables ? ((const float *)rope_line(a, ROPE_COS, at))[r] : (float)at;
        if (tables)
            gathered[F + r] = ((const float *)rope_line(a, ROPE_SIN, at))[r];
    }
    return row;
}

static inline assay_status rope_run(const assay_args *a, rope_table_fn *table, rope_turn_fn *turn)
{
    const int64_t H = a->dim[1];
    float *cosine = a->scratch, *sine = cosine + rope_table(a);

    if (rope_prepare(a))
        return ASSAY_OK;
    for (int64_t t = a->begin; t < a->end; t++) {
        const rope_row row = rope_row_of(a, t, sine + rope_table(a));
        table(&row, cosine, sine);
        for (int64_t h = 0; h < H; h++) {
            const float *x = rope_head(&a->operand[ROPE_X], t, h);
            float *y = rope_head(&a->operand[ROPE_Y], t, h);
            turn(x, y, row.F, row.half, cosine, sine);
            rope_copy_rest(a, x, y);
        }
    }
    return ASSAY_OK;
}

static const assay_typeset rope_types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                            ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                            ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                            ASSAY_TYPES(ASSAY_T(f32)) };
#endif
