/* SPDX-License-Identifier: MIT
 * add_rmsnorm: kernels that are wrong on purpose, in the sum, in the norm and in what one is of the other, and legal
 * ones, in any order of the sum of squares. */
#include "rms_row.h"
#include <stdlib.h>

enum { X, RESIDUAL, W, Y, SUM, OPERANDS };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NORM_OF_X, "norm-without-the-residual", "own: rmsnorm for add_rmsnorm")                                          \
    X(NORM_OF_RESIDUAL, "norm-of-the-residual", "own: the residual before it is updated")                              \
    X(NORM_OF_STORED, "norm-of-the-stored-sum", "own: the sum rounded to its 16 bits first")                           \
    X(ADDED_LATER, "residual-added-to-the-norm", "definitions F9: placement")                                          \
    X(SUM_IS_X, "sum-not-updated", "statement deleted")                                                                \
    X(SUM_IS_Y, "sum-overwritten-by-y", "own: one buffer for both outputs")                                            \
    X(SUBTRACTED, "residual-subtracted", "operator swapped")                                                           \
    X(TWICE, "residual-added-twice", "own: in place, and again")                                                       \
    X(NO_CROSS, "cross-term-lost", "own: x^2 + residual^2 for (x + residual)^2")                                       \
    X(SUM_TAIL, "tail-not-added", "slip: tail")                                                                        \
    X(NEXT, "residual-of-the-next", "index + 1")

enum { BEFORE = RMS_MODES - 1, FAULTS(MODE) PLAIN, DOUBLE };

static float added(float x, float residual, int mode)
{
    return mode == SUBTRACTED ? x - residual : mode == TWICE ? x + residual + residual : x + residual;
}

/* All in double from the rounded sum on */
static void in_double(const assay_row *k, const float *t)
{
    const assay_rmsnorm_params *p = k->params;
    double squares = 0;
    for (int64_t c = 0; c < k->n; c++)
        squares += (double)t[c] * (double)t[c];
    for (int64_t c = 0; c < k->n; c++)
        k->out[c] =
            (float)(((double)k->in[W][c] + p->plus_one) * (double)t[c] / sqrt(squares / (double)k->n + (double)p->eps));
}

static void one_row(const assay_row *k)
{
    const float *x = k->in[X], *residual = k->in[RESIDUAL];
    const int mode = k->mode;
    const int64_t n = k->n, full = mode == SUM_TAIL && n > 8 ? n & ~INT64_C(7) : n;
    float *t = k->room;
    for (int64_t c = 0; c < n; c++)
        t[c] = mode == NORM_OF_X || mode == NORM_OF_STORED || mode == ADDED_LATER || c >= full ? x[c]
               : mode == NORM_OF_RESIDUAL                                                      ? residual[c]
                                          : added(x[c], residual[mode == NEXT && c + 1 < n ? c + 1 : c], mode);
    if (mode == DOUBLE) {
        in_double(k, t);
        return;
    }
    if (mode == NO_CROSS) {
        const assay_rmsnorm_params *p = k->params;
        const float squares =
            assay_sum_of(k->order, x, 1, x, 1, n) + assay_sum_of(k->order, residual, 1, residual, 1, n);
        for (int64_t c = 0; c < n; c++)
            k->out[c] = (p->plus_one ? 1 + k->in[W][c] : k->in[W][c]) * (t[c] / sqrtf(squares / (float)n + p->eps));
        return;
    }
    rms_row(k, t, k->in[W], mode == PLAIN ? k->order->row % 8 : 0);
    for (int64_t c = 0; mode == ADDED_LATER && c < n; c++)
        k->out[c] += residual[c];
}

/* The sum of row r, written in its type */
static void write_sum(const assay_args *a, int64_t r, int mode, float *room)
{
    const int64_t n = a->dim[1], full = mode == SUM_TAIL && n > 8 ? n & ~INT64_C(7) : n;
    float *x = room, *residual = room + n;
    assay_vary_read(&a->operand[mode == SUM_IS_Y ? Y : X], r, 0, n, x);
    assay_vary_read(&a->operand[RESIDUAL], r, 0, n, residual);
    for (int64_t c = 0; mode != SUM_IS_X && mode != SUM_IS_Y && c < full; c++)
        x[c] = added(x[c], residual[mode == NEXT && c + 1 < n ? c + 1 : c], mode);
    assay_vary_write(&a->operand[SUM], r, 0, n, x);
}

static assay_status both(const assay_args *a, int mode, const assay_sum *order)
{
    assay_tensor of[OPERANDS];
    assay_args norm = *a;
    float *room = malloc((size_t)(2 * a->dim[1] + 1) * sizeof *room);
    if (!room)
        return ASSAY_ERR_NOMEM;
    memcpy(of, a->operand, sizeof of);
    if (mode == NORM_OF_STORED)
        of[X] = of[SUM];
    norm.operand = of;
    for (int64_t r = a->begin; mode != SUM_IS_Y && r < a->end; r++)
        write_sum(a, r, mode, room);
    const assay_status s = assay_by_rows(&norm, Y, one_row, mode, order);
    for (int64_t r = a->begin; mode == SUM_IS_Y && r < a->end; r++)
        write_sum(a, r, mode, room);
    free(room);
    return s;
}

static assay_status run(const assay_args *a)
{
    return both(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return both(a, PLAIN, a->variant);
}

#define KERNEL_BASE .op = "add_rmsnorm", .types = assay_types_floats
static const assay_fault table[] = { SUMS(VARY_ROW) RMS_FAULTS(BAD_ROW) FAULTS(BAD_ROW)
                                         GOOD(DOUBLE, "double", "legal: f64 from the sum on, rounded once") };

const assay_faults assay_faults_add_rmsnorm = { "add_rmsnorm", table, ASSAY_COUNT_OF(table) };
