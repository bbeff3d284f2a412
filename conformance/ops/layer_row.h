/* SPDX-License-Identifier: MIT
 * layer_row.h - a row of layernorm in plain C, in six rational forms and with what goes wrong there, for the faults of
 * the ops that end in it. */
#ifndef ASSAY_FAULTS_LAYER_ROW_H
#define ASSAY_FAULTS_LAYER_ROW_H
#include "rows.h"

/* X(mode, name, where it comes from) */
#define LAYER_FAULTS(X)                                                                                                \
    X(ONE_PASS, "one-pass-variance", "tracel-ai/burn#5607: E[x^2] - E[x]^2")                                           \
    X(EPS_OUTSIDE, "eps-outside-root", "microsoft/CNTK#3816")                                                          \
    X(EPS_DEFAULT, "eps-ignored-1e-5", "paiml/aprender#1606")                                                          \
    X(N_MINUS_1, "divided-by-n-1", "slip: docs/museum.md")                                                             \
    X(BIAS_FIRST, "bias-before-weight", "(d s + bias) w")                                                              \
    X(ABOUT_0, "variance-about-0", "rmsnorm's root")                                                                   \
    X(NOT_CENTRED, "mean-not-subtracted", "rmsnorm for layernorm")                                                     \
    X(MEAN_TAIL, "tail-not-in-the-mean", "slip: tail")                                                                 \
    X(VAR_TAIL, "tail-not-in-the-variance", "slip: tail")                                                              \
    X(PADDED_N, "divided-by-padded-n", "slip: docs/museum.md")                                                         \
    X(MEAN_BF16, "mean-in-bf16", "pytorch/executorch#20089")                                                           \
    X(RSQRT12, "rsqrt-12-bits", "slip: docs/museum.md")                                                                \
    X(NO_ROOT, "root-missing", "statement deleted")

/* Of ONE_PASS_DECLARED and WELFORD a contract says so; the op's own modes follow. */
enum { LAYER_FAULTS(MODE) PLAIN, ONE_PASS_DECLARED, WELFORD, LAYER_MODES };

static const assay_contract one_pass = { .one_pass_var = 1 };

static float variance(const float *x, const float *d, float m, int64_t n, const assay_sum *order, int mode)
{
    const int64_t all = mode == VAR_TAIL && n > 8 ? n & ~INT64_C(7) : n;
    float mean = 0, squares = 0;
    if (mode == ONE_PASS || mode == ONE_PASS_DECLARED)
        return (squares = assay_sum_of(order, x, 1, x, 1, n) / (float)n - m * m) < 0 ? 0 : squares;
    for (int64_t c = 0; mode == WELFORD && c < n; c++) {
        const float before = x[c] - mean;
        mean += before / (float)(c + 1), squares += before * (x[c] - mean);
    }
    return (mode == WELFORD   ? squares
            : mode == ABOUT_0 ? assay_sum_of(order, x, 1, x, 1, n)
                              : assay_sum_of(order, d, 1, d, 1, all)) /
           (float)(mode == N_MINUS_1 && n > 1 ? n - 1
                   : mode == PADDED_N         ? (n + 7) & ~INT64_C(7)
                                              : n);
}

/* k->out and k->room, which holds x - m, from x and, where they are there, a factor and a bias of each element */
static void layer_row(const assay_row *k, const float *x, const float *w, const float *bias, float eps)
{
    const int64_t n = k->n, all = k->mode == MEAN_TAIL && n > 8 ? n & ~INT64_C(7) : n;
    const int mode = k->mode, form = mode == PLAIN ? k->order->row % 6 : 0;
    const float sum = assay_sum_of(k->order, x, 1, NULL, 0, all),
                mean = form == 4 ? sum * (1 / (float)n) : sum / (float)n;
    const float m = mode == MEAN_BF16 ? chop(mean, 7) : mean;
    float *d = k->room;
    for (int64_t c = 0; c < n; c++)
        d[c] = x[c] - m;
    const float v = variance(x, d, m, n, k->order, mode), e = mode == EPS_DEFAULT ? 1e-5f : eps;
    const float root = mode == EPS_OUTSIDE ? sqrtf(v) + e : mode == NO_ROOT ? v + e : sqrtf(v + e);
    const float s = mode == RSQRT12 ? chop(1 / root, 12)
                    : form == 5     ? assay_vary_rsqrt(k->order->row / 8, v + e)
                                    : 1 / root;
    for (int64_t c = 0; c < n; c++) {
        const float g = w ? w[c] : 1, b = bias ? bias[c] : 0;
        k->out[c] = mode == BIAS_FIRST    ? (d[c] * s + b) * g
                    : mode == NOT_CENTRED ? x[c] * s * g + b
                    : form == 1           ? fmaf(d[c] * s, g, b)
                    : form == 2           ? x[c] * (g * s) + (b - m * (g * s))
                    : form == 3           ? d[c] / root * g + b
                                          : g * s * d[c] + b;
    }
}
#endif
