/* SPDX-License-Identifier: MIT */
#include "divergence.h"
#include <math.h>

double assay_log_sum(const double *x, int64_t n)
{
    double top = x[0];
    for (int64_t i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    double sum = exp(x[0] - top);
    for (int64_t i = 1; i < n; i++)
        sum += exp(x[i] - top);
    return top + log(sum);
}

/* With d = ln b - ln a, sum a (e^d - 1 - d): the sums of a and b are both 1, and no term is below 0, so that what is
 * left of two distributions alike is not the rounding of their logarithms. */
double assay_divergence(const double *a, const double *b, int64_t n)
{
    const double za = assay_log_sum(a, n), zb = assay_log_sum(b, n);
    double kl = 0;
    for (int64_t i = 0; i < n; i++) {
        const double p = exp(a[i] - za), d = (b[i] - zb) - (a[i] - za);
        kl += fabs(d) < 1 ? p * (expm1(d) - d) : exp(b[i] - zb) - p - p * d;
    }
    return kl;
}
