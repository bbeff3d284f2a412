/* SPDX-License-Identifier: MIT
 * gauss.h - the normal distribution and gelu, for second derivations. */
#ifndef ASSAY_OPS_GAUSS_H
#define ASSAY_OPS_GAUSS_H
#include "assay/params/gelu.h"
#include <math.h>

/* Phi(x) by its series phi(x) (x + x^3/3 + x^5/15 + ..), below -3 by Laplace's continued fraction. */
static inline long double normal(long double x)
{
    const long double density = 0.398942280401432677939946L * expl(-x * x / 2);
    long double term = x, sum = x, below = -x;
    if (x < -3) {
        for (int k = 200; k > 0; k--)
            below = -x + k / below;
        return density / below;
    }
    for (int k = 3; k < 400; k += 2)
        term *= x * x / k, sum += term;
    return x > 9 ? 1 : 0.5L + density * sum;
}

static inline long double gelu_of(long double x, int32_t form)
{
    const long double v =
        form == ASSAY_GELU_QUICK ? 1.702L * x : 2 * sqrtl(0.636619772367581343076L) * (x + 0.044715L * x * x * x);
    return x == -INFINITY ? -0.0L : form == ASSAY_GELU_ERF ? x * normal(x) : x / (1 + expl(-v));
}
#endif
