/* SPDX-License-Identifier: MIT
 * groupnorm: kernels that are wrong on purpose, and legal ones: rows of layernorm, made of the channels that belong
 * together. */
#include "assay/params/groupnorm.h"
#include "layer_row.h"
#include <stdlib.h>

enum { X, W, BIAS, Y };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(PER_CHANNEL, "instance-norm", "own: a mean for each channel")                                                    \
    X(PER_SAMPLE, "one-group", "own: a mean for each sample")                                                          \
    X(INTERLEAVED, "groups-interleaved", "own: channel c in group c modulo G")                                         \
    X(FIRST_GROUP, "factors-of-the-first-group", "own: w[d] for w[g D + d]")                                           \
    X(ONE_FACTOR, "one-factor-for-a-group", "own: w[g] for w[g D + d]")                                                \
    X(BY_PLACE, "factors-by-place", "own: channels taken for the innermost")

enum { BEFORE = LAYER_MODES - 1, FAULTS(MODE) MODES };

/* What of a sample is normed together: how many rows it has, of how many channels, and which. */
typedef struct rows_of {
    int64_t rows, channels;
} rows_of;
static rows_of shape_of(const assay_args *a, int mode)
{
    const int64_t G = a->dim[1], D = a->dim[2];
    return mode == PER_CHANNEL ? (rows_of){ G * D, 1 } : mode == PER_SAMPLE ? (rows_of){ 1, G * D } : (rows_of){ G, D };
}
static int64_t channel_of(const assay_args *a, int mode, int64_t r, int64_t i)
{
    return mode == INTERLEAVED ? i * a->dim[1] + r : r * shape_of(a, mode).channels + i;
}

/* Operand t's number for place s of a channel */
static float factor(const assay_args *a, const assay_tensor *t, int mode, int64_t channel, int64_t s)
{
    const int64_t D = a->dim[2], all = a->dim[1] * D;
    const int64_t at = mode == FIRST_GROUP  ? channel % D
                       : mode == ONE_FACTOR ? channel / D * D
                       : mode == BY_PLACE   ? (channel * a->dim[3] + s) % all
                                            : channel;
    float v;
    assay_vary_read(t, at / D, at % D, 1, &v);
    return v;
}

/* Row r of sample b */
static void one(const assay_args *a, int64_t b, int64_t r, assay_row *k, float *x, float *w, float *bias)
{
    const int64_t S = a->dim[3], all = a->dim[1] * a->dim[2], count = shape_of(a, k->mode).channels;
    const assay_tensor *t = a->operand;
    for (int64_t i = 0; i < count; i++) {
        const int64_t channel = channel_of(a, k->mode, r, i);
        assay_vary_read(&t[X], b * all + channel, 0, S, x + i * S);
        for (int64_t s = 0; t[W].data && s < S; s++)
            w[i * S + s] = factor(a, &t[W], k->mode, channel, s);
        for (int64_t s = 0; t[BIAS].data && s < S; s++)
            bias[i * S + s] = factor(a, &t[BIAS], k->mode, channel, s);
    }
    layer_row(k, x, t[W].data ? w : NULL, t[BIAS].data ? bias : NULL, ((const assay_groupnorm_params *)a->params)->eps);
    for (int64_t i = 0; i < count; i++)
        assay_vary_write(&t[Y], b * all + channel_of(a, k->mode, r, i), 0, S, k->out + i * S);
}

static assay_status all_rows(const assay_args *a, int mode, const assay_sum *order)
{
    const rows_of shape = shape_of(a, mode);
    const int64_t n = shape.channels * a->dim[3];
    float *x = malloc((size_t)(6 * n + 1) * sizeof *x);
    if (!x)
        return ASSAY_ERR_NOMEM;
    assay_row k = { .n = n, .params = a->params, .mode = mode, .order = order, .out = x + 3 * n, .room = x + 4 * n };
    for (int64_t b = a->begin; n && b < a->end; b++)
        for (int64_t r = 0; r < shape.rows; r++)
            one(a, b, r, &k, x, x + n, x + 2 * n);
    free(x);
    return ASSAY_OK;
}

static assay_status run(const assay_args *a)
{
    return all_rows(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return all_rows(a, PLAIN, a->variant);
}

#define KERNEL_BASE .op = "groupnorm", .types = assay_types_floats
static const assay_fault table[] = {
    SUMS(VARY_ROW) LAYER_FAULTS(BAD_ROW) FAULTS(BAD_ROW)
        DECLARED(ONE_PASS_DECLARED, "one-pass-declared", &one_pass, "legal: E[x^2] - E[x]^2, declared"),
    DECLARED(WELFORD, "welford", &one_pass, "legal: Welford's update, declared as one pass")
};

const assay_faults assay_faults_groupnorm = { "groupnorm", table, ASSAY_COUNT_OF(table) };
