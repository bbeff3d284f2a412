/* SPDX-License-Identifier: MIT */
#include "student.h"
#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double assay_median(double *x, int64_t n)
{
    qsort(x, (size_t)n, sizeof *x, by_size);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* With theta = atan(t / sqrt(n)) the integral of the density from -t to t is a finite series in cos(theta)^2: its terms
 * begin with 1 for an even n, with cos(theta) for an odd one. */
double assay_student_tail(double t, int64_t freedom)
{
    const double theta = atan(fabs(t) / sqrt((double)freedom)), c = cos(theta), odd = (double)(freedom % 2);
    double term = freedom % 2 ? c : 1, sum = freedom > 1 ? term : 0;
    for (int64_t k = 2 + freedom % 2; k < freedom; k += 2) {
        term *= ((double)k - 1) / (double)k * c * c;
        sum += term;
    }
    const double inside = sin(theta) * sum;
    return 1 - (odd > 0 ? 2 * (theta + inside) / acos(-1.0) : inside);
}

double assay_student_quantile(double tail, int64_t freedom)
{
    double low = 0, high = 1;
    while (high < 1e15 && assay_student_tail(high, freedom) > tail)
        low = high, high *= 2;
    for (int i = 0; i < 60; i++) {
        const double t = (low + high) / 2;
        *(assay_student_tail(t, freedom) > tail ? &low : &high) = t;
    }
    return (low + high) / 2;
}
