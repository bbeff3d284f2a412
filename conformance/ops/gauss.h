/* SPDX-License-Identifier: MIT
 * gauss.h - the normal distribution, for second derivations. */
#ifndef ASSAY_OPS_GAUSS_H
#define ASSAY_OPS_GAUSS_H
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
#endif
