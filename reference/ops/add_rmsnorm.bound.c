/* SPDX-License-Identifier: MIT
 * add_rmsnorm: rmsnorm's bound at the sum, which has one right value.  planes: the sum, and rmsnorm's own. */
#include "bound.h"

enum { X, RESIDUAL, W, Y };

KAPPA(rmsnorm);
BOUND(rmsnorm);

KAPPA(add_rmsnorm)
{
    const double *x = a->operand[X], *residual = a->operand[RESIDUAL];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        planes[0][i] = (double)(float)(x[i] + residual[i]);
    const assay_dense norm = { (void *const[]){ planes[0], a->operand[W] }, NULL, a->dim, a->params };
    assay_rmsnorm_kappa(&norm, planes + 1);
}

BOUND(add_rmsnorm)
{
    const assay_dense norm = { (void *const[]){ planes[0], a->operand[W], a->operand[Y] }, NULL, a->dim, a->params };
    assay_rmsnorm_bound(&norm, planes + 1, c, (double *[]){ NULL, NULL, b[Y] });
}
