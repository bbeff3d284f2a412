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

double assay_divergence(const double *a, const double *b, int64_t n)
{
    const double za = assay_log_sum(a, n), zb = assay_log_sum(b, n);
    double kl = 0;
    for (int64_t i = 0; i < n; i++)
        kl += exp(a[i] - za) * ((a[i] - za) - (b[i] - zb));
    return kl;
}
