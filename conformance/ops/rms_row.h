/* SPDX-License-Identifier: MIT
 * rms_row.h - a row of rmsnorm in plain C, in eight rational forms and with what goes wrong there, for the faults of
 * the ops that end in it. */
#ifndef ASSAY_FAULTS_RMS_ROW_H
#define ASSAY_FAULTS_RMS_ROW_H
#include "assay/params/rmsnorm.h"
#include "rows.h"
#include <float.h>

/* X(mode, name, where it comes from) */
#define RMS_FAULTS(X)                                                                                                  \
    X(NO_EPS, "no-eps", "slip: docs/museum.md")                                                                        \
    X(EPS_OUTSIDE, "eps-outside-root", "microsoft/CNTK#3816")                                                          \
    X(EPS_TIMES_N, "eps-times-n", "slip: docs/museum.md")                                                              \
    X(EPS_DEFAULT, "eps-ignored-1e-5", "paiml/aprender#1606")                                                          \
    X(PADDED_N, "mean-over-padded-n", "slip: docs/museum.md")                                                          \
    X(RSQRT14, "rsqrt-14-bits", "slip: docs/museum.md")                                                                \
    X(NO_TAIL, "tail-not-summed", "slip: tail")                                                                        \
    X(LAST_DROPPED, "last-not-summed", "slip: tail")                                                                   \
    X(NO_PLUS_ONE, "plus-one-ignored", "definitions F6: Gemma")                                                        \
    X(SUM_BF16, "sum-in-bf16", "pytorch/executorch#20089; anthony-chaudhary/dos-kernel#107")                           \
    X(CENTRED, "mean-subtracted", "layernorm for rmsnorm")                                                             \
    X(WEIGHT_SHIFTED, "weight-shifted", "index + 1")                                                                   \
    X(NO_ROOT, "root-missing", "statement deleted")                                                                    \
    X(CLAMPED, "infinite-sum-clamped", "slip: a sum of squares that overflows is taken for the largest number")

enum { RMS_FAULTS(MODE) RMS_MODES }; /* the op's own follow */

static float sum_of_squares(const assay_row *k, const float *x, int64_t n)
{
    float sum = 0;
    if (k->mode != SUM_BF16)
        return assay_sum_of(k->order, x, 1, x, 1, n);
    for (int64_t c = 0; c < n; c++)
        sum = chop(sum + x[c] * x[c], 7);
    return sum;
}

/* 1 / sqrt(sum / n + eps) */
static float scale_of(const assay_row *k, float sum, float n, float eps, int form)
{
    const float mean = form == 5 ? sum * (1 / n) : form == 6 ? (sum + eps * n) / n : sum / n;
    const float v = form == 6 ? mean : mean + eps;
    return k->mode == EPS_OUTSIDE ? 1 / (sqrtf(mean) + eps)
           : k->mode == NO_ROOT   ? 1 / v
           : k->mode == RSQRT14   ? chop(1 / sqrtf(v), 14)
           : form == 4            ? assay_vary_rsqrt(k->order->row / 8, v)
           : form == 7            ? (float)(1 / sqrt((double)v))
                                  : 1 / sqrtf(v);
}

/* k->out from x and w; form: which of the rational ones */
static void rms_row(const assay_row *k, const float *x, const float *w, int form)
{
    const assay_rmsnorm_params *p = k->params;
    const int64_t n = k->n, full = n & ~INT64_C(7);
    const int mode = k->mode;
    const float by = (float)(mode == PADDED_N ? (n + 7) & ~INT64_C(7) : n);
    const float eps = mode == NO_EPS        ? 0
                      : mode == EPS_DEFAULT ? 1e-5f
                      : mode == EPS_TIMES_N ? p->eps * (float)n
                                            : p->eps;
    bool finite = true;
    float mean = 0, sum = sum_of_squares(k, x,
                                         mode == NO_TAIL && n > 8        ? full
                                         : mode == LAST_DROPPED && n > 1 ? n - 1
                                                                         : n);
    for (int64_t c = 0; mode == CENTRED && c < n; c++)
        mean += x[c] / (float)n;
    sum -= (float)n * mean * mean;
    for (int64_t c = 0; c < n; c++)
        finite = finite && isfinite(x[c]);
    sum = mode == CLAMPED && finite ? fminf(sum, FLT_MAX) : sum;
    const float s = scale_of(k, sum, by, eps, form), root = sqrtf(sum / by + eps);
    for (int64_t c = 0; c < n; c++) {
        const float own = w[mode == WEIGHT_SHIFTED ? (c + 1) % n : c];
        const float g = p->plus_one && mode != NO_PLUS_ONE ? 1 + own : own;
        k->out[c] = form == 1                ? g * x[c] * s
                    : form == 2 || form == 5 ? x[c] * (g * s)
                    : form == 3              ? x[c] / root * g
                                             : g * (s * (x[c] - mean));
    }
}
#endif
