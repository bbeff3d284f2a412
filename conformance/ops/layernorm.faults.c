/* SPDX-License-Identifier: MIT
 * layernorm: kernels that are wrong on purpose, and legal ones, in any order of both sums: one row serves them all. */
#include "assay/params/layernorm.h"
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(ONE_PASS, "one-pass-variance", "tracel-ai/burn#5607: E[x^2] - E[x]^2")                                           \
    X(EPS_OUTSIDE, "eps-outside-root", "microsoft/CNTK#3816")                                                          \
    X(EPS_DEFAULT, "eps-ignored-1e-5", "paiml/aprender#1606")                                                          \
    X(NO_EPS, "no-eps", "slip: docs/museum.md")                                                                        \
    X(EPS_TWICE, "eps-twice", "slip: docs/museum.md")                                                                  \
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

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "two-passes", "legal: one by one")                                                                        \
    X(DOUBLE, "double", "legal: f64, rounded once")

/* With a contract of their own: one-pass variance. */
enum { FAULTS(MODE) LEGAL(MODE) ONE_PASS_DECLARED, WELFORD };

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

/* n numbers of x, w and bias, y, and room for the deviations */
static void one_row(const float *x, const float *w, const float *bias, float *y, float *d, int64_t n, float eps,
                    const assay_sum *order, int mode)
{
    const int64_t all = mode == MEAN_TAIL && n > 8 ? n & ~INT64_C(7) : n;
    const int form = mode == PLAIN ? order->row % 6 : 0;
    float m = form == 4 ? assay_sum_of(order, x, 1, NULL, 0, all) * (1 / (float)n)
                        : assay_sum_of(order, x, 1, NULL, 0, all) / (float)n;
    m = mode == MEAN_BF16 ? chop(m, 7) : m;
    for (int64_t c = 0; c < n; c++)
        d[c] = x[c] - m;
    const float v = variance(x, d, m, n, order, mode), e = mode == NO_EPS        ? 0
                                                           : mode == EPS_DEFAULT ? 1e-5f
                                                           : mode == EPS_TWICE   ? 2 * eps
                                                                                 : eps;
    const float root = mode == EPS_OUTSIDE ? sqrtf(v) + e : mode == NO_ROOT ? v + e : sqrtf(v + e);
    const float s = mode == RSQRT12 ? chop(1 / root, 12)
                    : form == 5     ? assay_vary_rsqrt(order->row / 8, v + e)
                                    : 1 / root;
    double mean = 0, squares = 0;
    for (int64_t c = 0; c < n; c++)
        mean += (double)x[c] / (double)n;
    for (int64_t c = 0; c < n; c++)
        squares += (x[c] - mean) * (x[c] - mean) / (double)n;
    for (int64_t c = 0; c < n; c++)
        y[c] = mode == DOUBLE        ? (float)(w[c] * ((x[c] - mean) / sqrt(squares + (double)eps)) + bias[c])
               : mode == BIAS_FIRST  ? (d[c] * s + bias[c]) * w[c]
               : mode == NOT_CENTRED ? x[c] * s * w[c] + bias[c]
               : form == 1           ? fmaf(d[c] * s, w[c], bias[c])
               : form == 2           ? x[c] * (w[c] * s) + (bias[c] - m * (w[c] * s))
               : form == 3           ? d[c] / root * w[c] + bias[c]
                                     : w[c] * s * d[c] + bias[c];
}

static assay_status rows(const assay_args *a, const assay_sum *order, int mode)
{
    const assay_layernorm_params *p = a->params;
    const int64_t C = a->dim[1];
    float *x = malloc((size_t)(5 * C + 1) * sizeof *x);
    if (!x)
        return ASSAY_ERR_NOMEM;
    float *w = x + C, *bias = w + C, *y = bias + C;
    for (int64_t c = 0; c < C; c++)
        w[c] = 1, bias[c] = 0;
    if (a->operand[1].data)
        assay_vary_read(&a->operand[1], 0, 0, C, w);
    if (a->operand[2].data)
        assay_vary_read(&a->operand[2], 0, 0, C, bias);
    for (int64_t r = a->begin; r < a->end; r++) {
        assay_vary_read(&a->operand[0], r, 0, C, x);
        one_row(x, w, bias, y, y + C, C, p->eps, order, mode);
        assay_vary_write(&a->operand[3], r, 0, C, y);
    }
    free(x);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return rows(a, &assay_sums[0], mode_of(a));
}
static assay_status vary(const assay_args *a)
{
    return rows(a, a->variant, PLAIN);
}

static const assay_typeset types[] = { VARY_FLOATS, VARY_FLOATS, VARY_FLOATS, VARY_FLOATS };
static const assay_contract one_pass = { .one_pass_var = 1 };
#define KERNEL_BASE .op = "layernorm", .types = types
#define VARY        vary
#define VARY_BASE   KERNEL_BASE
#define OWN(m, title, where)                                                                                           \
    {                                                                                                                  \
        ASSAY_LEGAL, { KERNEL_BASE, .name = title, .run = run, .variant = MODE_OF(m), .contract = &one_pass }, where   \
    }
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) OWN(
                                         ONE_PASS_DECLARED, "one-pass-declared", "legal: E[x^2] - E[x]^2, declared"),
                                     OWN(WELFORD, "welford", "legal: Welford's update, declared as one pass") };

const assay_faults assay_faults_layernorm = { "layernorm", table, ASSAY_COUNT_OF(table) };
