/* SPDX-License-Identifier: MIT
 * add_layernorm: kernels that are wrong on purpose, in the sum, in the norm and in what one is of the other, and legal
 * ones, in any order of both sums, product and sum fused or not. */
#include "assay/params/add_layernorm.h"
#include "layer_row.h"
#include <stdlib.h>

enum { X, RESIDUAL, W, BIAS, Y, SUM, OPERANDS };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NO_ALPHA, "alpha-ignored", "definitions F7: DeepNorm")                                                           \
    X(ALPHA_ON_X, "alpha-on-the-other-term", "definitions F7: alpha x + f, not x + alpha f")                           \
    X(ALPHA_ON_BOTH, "alpha-on-both-terms", "own: the sum scaled; only eps shows it")                                  \
    X(ALPHA_BF16, "alpha-in-bf16", "own: a parameter in the model's type")                                             \
    X(NORM_OF_X, "norm-without-the-residual", "own: layernorm for add_layernorm")                                      \
    X(NORM_OF_STORED, "norm-of-the-stored-sum", "own: the sum rounded to its 16 bits first")                           \
    X(ADDED_LATER, "residual-added-to-the-norm", "definitions F9: pre-norm for post-norm")                             \
    X(SUM_IS_Y, "sum-overwritten-by-y", "own: one buffer for both outputs")                                            \
    X(SUM_TAIL, "tail-not-added", "slip: tail")                                                                        \
    X(NEXT, "residual-of-the-next", "index + 1")

enum { BEFORE = LAYER_MODES - 1, FAULTS(MODE) MODES };

/* Element c of the sum; rounded twice, or once */
static float added(const assay_row *k, int64_t c, bool fused)
{
    const assay_add_layernorm_params *p = k->params;
    const int mode = k->mode;
    const int64_t at = mode == NEXT && c + 1 < k->n ? c + 1 : c;
    const float a = mode == NO_ALPHA ? 1 : mode == ALPHA_BF16 ? chop(p->alpha, 7) : p->alpha;
    const float x = k->in[X][c], residual = k->in[RESIDUAL][at];
    if (mode == SUM_TAIL && k->n > 8 && c >= (k->n & ~INT64_C(7)))
        return x;
    return mode == ALPHA_ON_X      ? a * x + residual
           : mode == ALPHA_ON_BOTH ? a * (x + residual)
           : fused                 ? fmaf(a, residual, x)
                                   : x + a * residual;
}

static bool fuses(const assay_row *k)
{
    return k->mode == PLAIN && k->order->row / 2 % 2;
}

static void one_row(const assay_row *k)
{
    const assay_add_layernorm_params *p = k->params;
    const float *x = k->in[X], *residual = k->in[RESIDUAL];
    const bool alone = k->mode == NORM_OF_X || k->mode == NORM_OF_STORED || k->mode == ADDED_LATER;
    float *t = k->room + k->n;
    for (int64_t c = 0; c < k->n; c++)
        t[c] = alone ? x[c] : added(k, c, fuses(k));
    layer_row(k, t, k->in[W], k->in[BIAS], p->eps);
    for (int64_t c = 0; k->mode == ADDED_LATER && c < k->n; c++)
        k->out[c] += p->alpha * residual[c];
}

/* k->out of one_row is the sum here. */
static void sum_row(const assay_row *k)
{
    for (int64_t c = 0; c < k->n; c++)
        k->out[c] = added(k, c, fuses(k));
}
static void copy_row(const assay_row *k)
{
    memcpy(k->out, k->in[X], (size_t)k->n * sizeof(float));
}

/* The sum, then the norm: each as rows whose output comes after four inputs. */
static assay_status both(const assay_args *a, int mode, const assay_sum *order)
{
    assay_tensor of[OPERANDS], sum[OPERANDS];
    assay_args norm = *a, add = *a;
    assay_status s = ASSAY_OK;
    memcpy(of, a->operand, sizeof of), memcpy(sum, a->operand, sizeof sum);
    norm.operand = of, add.operand = sum;
    sum[Y] = of[SUM];
    if (mode == SUM_IS_Y)
        sum[X] = of[Y];
    else if (of[SUM].data)
        s = assay_by_rows(&add, Y, sum_row, mode, order);
    if (mode == NORM_OF_STORED && of[SUM].data)
        of[X] = of[SUM];
    if (!s)
        s = assay_by_rows(&norm, Y, one_row, mode == NORM_OF_STORED && !of[SUM].data ? PLAIN : mode, order);
    return !s && mode == SUM_IS_Y && of[SUM].data ? assay_by_rows(&add, Y, copy_row, mode, order) : s;
}

static assay_status run(const assay_args *a)
{
    return both(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return both(a, PLAIN, a->variant);
}

#define KERNEL_BASE .op = "add_layernorm", .types = assay_types_floats
static const assay_fault table[] = {
    SUMS(VARY_ROW) LAYER_FAULTS(BAD_ROW) FAULTS(BAD_ROW)
        DECLARED(ONE_PASS_DECLARED, "one-pass-declared", &one_pass, "legal: E[x^2] - E[x]^2, declared"),
    DECLARED(WELFORD, "welford", &one_pass, "legal: Welford's update, declared as one pass")
};

const assay_faults assay_faults_add_layernorm = { "add_layernorm", table, ASSAY_COUNT_OF(table) };
