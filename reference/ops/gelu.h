/* SPDX-License-Identifier: MIT
 * gelu.h - of gelu what its bound, and that of an op made of it, ask: y = x/2 (1 + E), E = erf(z) or tanh(z). */
#ifndef ASSAY_OPS_GELU_H
#define ASSAY_OPS_GELU_H
#include "assay/params/gelu.h"
#include <math.h>
#include <stdint.h>

/* z of x */
static inline double gelu_argument(double x, int32_t form)
{
    return form == ASSAY_GELU_ERF     ? x * 0.70710678118654752440
           : form == ASSAY_GELU_QUICK ? x * 0.851
                                      : x * 0.79788456080286535588 * (1 + 0.044715 * x * x);
}
/* 1 + E at z */
static inline double gelu_whole(double z, int32_t form)
{
    return form == ASSAY_GELU_ERF ? erfc(-z) : 2 / (1 + exp(-2 * z));
}
/* The derivative of E at z >= 0 */
static inline double gelu_slope(double z, int32_t form)
{
    const double e = exp(-2 * z);
    return form == ASSAY_GELU_ERF ? 1.12837916709551257390 * exp(-z * z) : 4 * e / ((1 + e) * (1 + e));
}
#endif
