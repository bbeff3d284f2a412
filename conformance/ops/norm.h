/* SPDX-License-Identifier: MIT
 * norm.h - what generators of ops share that divide a row by its size. */
#ifndef ASSAY_OPS_NORM_H
#define ASSAY_OPS_NORM_H
#include "tables.h"
#include <math.h>

static inline int64_t row_of(const assay_case *c, int64_t j)
{
    return j / (c->dim[1] ? c->dim[1] : 1);
}
static double near_eps(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    return i ? assay_rng_normal(rng) : ldexp(assay_rng_normal(rng), -2 * (int)(row_of(c, j) % 10));
}
#define NEAR_EPS TIGHT_DRAW("near-eps", ADVERSARIAL, near_eps, "rows of one size, from 2^-18 to 2: eps decides")
#endif
