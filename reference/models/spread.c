/* SPDX-License-Identifier: MIT */
#include "spread.h"
#include <math.h>
#include <stdlib.h>

/* The 97.5th percentile of Student's t with 1, 2, ... degrees of freedom; beyond, of a normal number with the first two
 * terms of its series in 1 / freedom (Fisher 1925), which is right in four digits from there on. */
static double student(int64_t freedom)
{
    static const double t[] = { 12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
                                2.2010,  2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860 };
    const double z = 1.959963985, v = (double)freedom, z3 = z * z * z;
    if (freedom <= (int64_t)(sizeof t / sizeof *t))
        return t[freedom - 1];
    return z + (z3 + z) / (4 * v) + (5 * z3 * z * z + 16 * z3 + 3 * z) / (96 * v * v);
}

assay_spread assay_spread_of(const double *x, int64_t n)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    const double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    const double deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
    const double half = n > 1 ? student(n - 1) * deviation / sqrt((double)n) : NAN;
    return (assay_spread){ n, mean, deviation, mean - half, mean + half };
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int64_t assay_percentile_least(int percent)
{
    return percent > 50 ? 100 / (100 - percent) : 1;
}

double assay_percentile(double *x, int64_t n, int percent)
{
    if (n < assay_percentile_least(percent))
        return NAN;
    qsort(x, (size_t)n, sizeof *x, by_size);
    return x[(n * percent + 99) / 100 - 1];
}
