/* SPDX-License-Identifier: MIT
 * methods.h - how weights are brought onto grids of few bits by what they are multiplied with, in double and plainly.
 * W is (rows, in), X is (tokens, in), the product X W'.
 *
 *   gptq         columns one after the other; each one's error is made good by the columns that follow, as far as H =
 *                2/n X'X says they can
 *   awq          columns times s before rounding, over s after it: those that meet large inputs keep more digits.  s is
 *                the mean |X| of the column to a power, of twenty the one with the least loss
 *   smoothquant  the same product with X over s and W times s: what is hard to round moves from X to W */
#ifndef ASSAY_QUANTIZE_METHODS_H
#define ASSAY_QUANTIZE_METHODS_H
#include "assay/assay.h"
#include "grid.h"

/* Whether long work is to go on: asked row by row, from any thread.  Where the answer is no it ends early, with
 * nothing that may be used; who asked for the work asks again behind it. */
typedef struct assay_pulse {
    bool (*go_on)(void *ctx); /* NULL: it does */
    void *ctx;
} assay_pulse;

static inline bool assay_goes_on(const assay_pulse *p)
{
    return !p || !p->go_on || p->go_on(p->ctx);
}

typedef struct assay_gptq {
    assay_grid grid;
    int64_t group;  /* inputs that share a scale; the last group may have fewer */
    double damping; /* of the mean of H's diagonal, added to it; 0.01 as a rule */
    bool act_order; /* columns by descending diagonal of H (ties: as they stand) */
    bool fixed;     /* scales of the weights as they were, groups as they stand ("static groups") */
    int threads;    /* of the rows; what comes out is the same */
    const assay_pulse *pulse;
} assay_gptq;

/* h: (in, in).  Out: code (rows, in), zero and scale (groups, rows), group_of (in); columns stand in their old order.
 * margin: how far the nearest tie of a rounding was, in steps: what an error below it cannot change.  It fails where
 * H with its damping is not positive definite, and where it is interrupted. */
assay_status assay_gptq_run(const assay_gptq *m, const double *w, const double *h, int64_t rows, int64_t in,
                            uint8_t *code, uint8_t *zero, double *scale, int32_t *group_of, double *margin,
                            assay_why *why);

/* How rows of weights are rounded, in place: rows `row` and on, n columns each; called from several threads. */
typedef void (*assay_rounding)(void *ctx, double *w, int64_t rows, int64_t n, int64_t row);
/* The same with a rounding that takes `block` columns at a time (an element type's): w becomes what is to be rounded.
 * The error of a block goes into the columns after it; within a block nothing is made good. */
assay_status assay_gptq_blocks(double *w, const double *h, int64_t rows, int64_t in, int64_t block, double damping,
                               int threads, const assay_pulse *pulse, assay_rounding round, void *ctx, assay_why *why);

/* h (n, n) = X'X / tokens. */
void assay_gram(const double *x, int64_t tokens, int64_t n, double *h, int threads, const assay_pulse *pulse);
/* The mean square of X (y - w)', of tokens and rows; w NULL: of X y'.  The same sum from any number of threads. */
double assay_product_loss(const double *y, const double *w, const double *x, int64_t tokens, int64_t rows, int64_t n,
                          int threads, const assay_pulse *pulse);
double assay_product_dot(const double *a, const double *b, int64_t n);

enum { ASSAY_AWQ_POWERS = 20, ASSAY_AWQ_CLIPS = 10, ASSAY_AWQ_CLIP_TOKENS = 512 };

typedef struct assay_awq {
    assay_grid grid;
    int64_t group, rows, in, tokens;
    const double *w, *x;
    bool duo; /* the weights' own sizes count, too: AutoAWQ's usual */
    /* What is lost with these weights (rows, in) for w: the mean square difference of the outputs of the module that
     * is looked at.  NULL: of the product X W' itself. */
    double (*loss_of)(void *ctx, const double *w);
    void *ctx;
    assay_rounding round; /* NULL: by grid and group */
    void *round_ctx;
    int threads; /* what is found is the same */
    const assay_pulse *pulse;
    /* found: */
    double loss[ASSAY_AWQ_POWERS]; /* of the power i / 20 */
    int best;                      /* the first that is least */
} assay_awq;

/* Scales (in) of one power: of mean |X|, and of w if duo. */
void assay_awq_scales(const assay_awq *m, const double *mean_x, int power, double *s);
void assay_awq_mean(const assay_awq *m, double *mean_x);
/* Tries all twenty; s: the scales of the best. */
void assay_awq_search(assay_awq *m, double *s);
/* How far each row's group of weights may reach (rows, groups), of ten parts of its largest magnitude, by the product
 * over at most 512 tokens; loss and first (either may be NULL): with that, and with all of it. */
void assay_awq_clip(const assay_awq *m, double *most, double *loss, double *first);

/* s (in) = max|X|^alpha / max|W|^(1 - alpha), of maxima per column. */
void assay_smooth_scales(const double *most_x, const double *most_w, int64_t in, double alpha, double *s);
/* Folding: w (rows, in) times s per column; and over s, per row: what made the input (a norm's factors and bias as
 * `in` rows of 1, or the matrix before, whose rows the inputs are). */
void assay_fold_columns(double *w, int64_t rows, int64_t in, const double *s);
void assay_fold_rows(double *w, int64_t rows, int64_t in, const double *s);
#endif
