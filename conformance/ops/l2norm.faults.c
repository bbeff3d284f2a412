/* SPDX-License-Identifier: MIT
 * l2norm: kernels that are wrong on purpose, and legal ones, in any order of the sum and in six rational forms. */
#include "assay/params/l2norm.h"
#include "rows.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(ADDED, "eps-added-to-the-norm", "microsoft/CNTK#3816")                                                           \
    X(OTHER_FORM, "the-other-form", "definitions A9: eps under the root, or a least divisor")                          \
    X(EPS_IN_ROOT, "eps-not-squared", "own: the root of max(sum, eps)")                                                \
    X(EPS_SQUARED, "eps-squared-underflows", "own: the root of max(sum, eps^2)")                                       \
    X(GUARDED, "small-norms-are-0", "cyberlife-coder/VelesDB#2103")                                                    \
    X(NAN_LOST, "nan-lost-in-the-maximum", "own: fmax, and NaN is the smaller")                                        \
    X(NO_EPS, "no-eps", "slip: docs/museum.md")                                                                        \
    X(EPS_DEFAULT, "eps-ignored-1e-12", "paiml/aprender#1606")                                                         \
    X(MEAN, "mean-for-sum", "definitions A9: Llama-4's norm")                                                          \
    X(SIZES, "sum-of-sizes", "L1 for L2")                                                                              \
    X(TOP, "largest-for-norm", "the maximum norm for L2")                                                              \
    X(NO_ROOT, "root-missing", "statement deleted")                                                                    \
    X(RSQRT12, "rsqrt-12-bits", "ashvardanian/NumKong#153")                                                            \
    X(NO_TAIL, "tail-not-summed", "slip: tail")                                                                        \
    X(LAST_DROPPED, "last-not-summed", "slip: tail")                                                                   \
    X(SUM_BF16, "sum-in-bf16", "pytorch/executorch#20089; anthony-chaudhary/dos-kernel#107")                           \
    X(CENTRED, "mean-subtracted", "layernorm's x - mean")

enum { FAULTS(MODE) PLAIN, DOUBLE };

static float sum_of(const assay_row *k, const float *x, int64_t n)
{
    float sum = 0;
    if (k->mode != SUM_BF16 && k->mode != SIZES && k->mode != TOP)
        return assay_sum_of(k->order, x, 1, x, 1, n);
    for (int64_t c = 0; c < n; c++)
        sum = k->mode == SIZES ? sum + fabsf(x[c])
              : k->mode == TOP ? fmaxf(sum, fabsf(x[c]))
                               : chop(sum + x[c] * x[c], 7);
    return k->mode == SUM_BF16 ? sum : sum * sum;
}

/* What x is divided by. */
static float norm_of(const assay_row *k, float sum)
{
    const assay_l2norm_params *p = k->params;
    const int mode = k->mode;
    const float eps = mode == NO_EPS ? 0 : mode == EPS_DEFAULT ? 1e-12f : p->eps;
    const float root = mode == NO_ROOT ? sum : sqrtf(sum);
    if (mode == ADDED)
        return root + eps;
    if ((p->form == ASSAY_L2_SUM) != (mode == OTHER_FORM))
        return mode == NO_ROOT ? sum + eps : sqrtf(sum + eps);
    if (mode == EPS_IN_ROOT || mode == EPS_SQUARED)
        return sqrtf(fmaxf(sum, mode == EPS_SQUARED ? eps * eps : eps));
    return mode == NAN_LOST ? fmaxf(root, eps) : root < eps ? eps : root;
}

static void one_row(const assay_row *k)
{
    const float *x = k->in[0];
    const assay_l2norm_params *p = k->params;
    const int64_t n = k->n, full = n & ~INT64_C(7);
    const int mode = k->mode, form = mode == PLAIN ? k->order->row % 3 : 0;
    float mean = 0, *d = k->room;
    for (int64_t c = 0; mode == CENTRED && c < n; c++)
        mean += x[c] / (float)n;
    for (int64_t c = 0; c < n; c++)
        d[c] = x[c] - mean;
    float sum = sum_of(k, d, mode == NO_TAIL && n > 8 ? full : mode == LAST_DROPPED && n > 1 ? n - 1 : n);
    if (mode == MEAN)
        sum /= (float)n;
    double squares = 0;
    for (int64_t c = 0; mode == DOUBLE && c < n; c++)
        squares += (double)x[c] * (double)x[c];
    const double wide = p->form == ASSAY_L2_SUM ? sqrt(squares + (double)p->eps) : sqrt(squares);
    const float by = norm_of(k, sum), newton = assay_vary_rsqrt(k->order->row / 8, sum + p->eps);
    const float s = mode == RSQRT12 ? chop(1 / by, 12) : form == 2 && p->form == ASSAY_L2_SUM ? newton : 1 / by;
    for (int64_t c = 0; c < n; c++)
        k->out[c] =
            mode == DOUBLE
                ? (float)((double)x[c] / (p->form == ASSAY_L2_MAX && wide < (double)p->eps ? (double)p->eps : wide))
            : mode == GUARDED && sum < 1e-7f ? 0
            : form == 0 && mode != RSQRT12   ? d[c] / by
                                             : d[c] * s;
}
BY_ROWS(1, one_row)
BY_ORDERS(1, one_row, PLAIN)

#define KERNEL_BASE .op = "l2norm", .types = assay_types_floats
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW)
                                         GOOD(DOUBLE, "double", "legal: f64, rounded once") };

const assay_faults assay_faults_l2norm = { "l2norm", table, ASSAY_COUNT_OF(table) };
