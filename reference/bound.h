/* SPDX-License-Identifier: MIT
 * bound.h - the vocabulary of the bounds (double only), as docs/bounds.md and each op's page derive them, which
 * `unit.bounds` evaluates and compares.  u: unit roundoff of the accumulator; c(h): what h rounded additions in a chain
 * may do to a sum of absolute values (Higham, Accuracy and Stability, 3.1); eta: twice what one operation may lose to
 * underflow. */
#ifndef ASSAY_BOUND_H
#define ASSAY_BOUND_H
#include "names.h"
#include "core/contract.h"
#include <math.h>

#define ASSAY_U 0x1p-24 /* f32 */

static inline double bound_u(const assay_contract *c)
{
    return c->acc == ASSAY_bf16 ? 0x1p-8 : c->acc == ASSAY_f16 ? 0x1p-11 : c->acc == ASSAY_f64 ? 0x1p-53 : ASSAY_U;
}
static inline double bound_eta(const assay_contract *c)
{
    if (c->acc == ASSAY_f16)
        return c->ftz ? 0x1p-13 : 0x1p-24;
    if (c->acc == ASSAY_f64)
        return c->ftz ? 0x1p-1021 : 0x1p-1074;
    return c->ftz ? 0x1p-125 : c->acc == ASSAY_bf16 ? 0x1p-133 : 0x1p-149;
}
/* Beyond 3/4 each 1/(1 - k u) is at most e^(2 k u): still a number, so that not all is right. */
static inline double bound_gamma(double h, double u)
{
    return h * u < 0.75 ? h * u / (1 - h * u) : expm1(2 * h * u);
}
/* Where an intermediate result of this size may be formed: 0, or infinity if it overflows, for then nothing is asked.
 */
static inline double bound_over(const assay_contract *c, double size)
{
    const double least = c->acc == ASSAY_f16    ? 65520
                         : c->acc == ASSAY_bf16 ? 0x1.ffp127
                         : c->acc == ASSAY_f64  ? 0x1p1023
                                                : 0x1.ffffffp127;
    return size < least ? 0 : INFINITY;
}
/* The same where what overflows stays infinite, or becomes NaN: a factor of B, -1 if that is right besides what lies
 * within B. */
static inline double bound_either(const assay_contract *c, double size)
{
    return bound_over(c, size) > 0 ? -1 : 1;
}
/* The longest chain of additions of a sum of n terms under the contract. */
static inline double bound_depth(const assay_contract *c, double n)
{
    const double L = c->h.lanes > 0 ? c->h.lanes : 1, b = c->h.block > 0 ? c->h.block : 1;
    switch (c->h.kind) {
    case ASSAY_DEPTH_LANES:
        return ceil(n / L) + ceil(log2(L)) + 1;
    case ASSAY_DEPTH_PAIRWISE:
        return ceil(log2(n > 1 ? n : 2)) + b;
    case ASSAY_DEPTH_BLOCKED:
        return fmin(n, b) + ceil(n / b);
    default:
        return n;
    }
}
/* c(h(n) + extra) */
static inline double bound_c(const assay_contract *c, double n, double extra)
{
    return bound_gamma(fmax(bound_depth(c, n), 0) + extra, bound_u(c));
}
#define BOUND_E(c, f) ((c)->f > 0 ? (double)(c)->f : (double)ASSAY_USUAL_##f)
#endif
