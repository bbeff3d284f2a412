/* SPDX-License-Identifier: MIT
 * groupnorm: layernorm's bound of a group as a row, whose factor and bias are those of each element's channel.  planes:
 * layernorm's own, and these two for all elements of a sample. */
#include "assay/params/groupnorm.h"
#include "assay/params/layernorm.h"
#include "bound.h"

enum { X, W, BIAS, Y };
enum { MEAN, VARIANCE, SIZE, FACTOR, SHIFT };

KAPPA(layernorm);
BOUND(layernorm);

KAPPA(groupnorm)
{
    const int64_t B = a->dim[0], G = a->dim[1], D = a->dim[2], S = a->dim[3];
    const double *w = a->operand[W], *bias = a->operand[BIAS];
    assay_layernorm_kappa(&(assay_dense){ a->operand, NULL, (int64_t[]){ B * G, D * S }, a->params }, planes);
    for (int64_t k = 0; k < G * D * S; k++)
        planes[FACTOR][k] = w ? w[k / S] : 1, planes[SHIFT][k] = bias ? bias[k / S] : 0;
}

BOUND(groupnorm)
{
    const int64_t n = a->dim[2] * a->dim[3], *row = (const int64_t[]){ 1, n };
    const assay_layernorm_params p = { .eps = ((const assay_groupnorm_params *)a->params)->eps };
    for (int64_t r = 0; r < a->dim[0] * a->dim[1]; r++) {
        const int64_t from = r % a->dim[1] * n;
        void *const operand[] = { (double *)a->operand[X] + r * n, planes[FACTOR] + from,
                                  a->operand[BIAS] ? planes[SHIFT] + from : NULL, (double *)a->operand[Y] + r * n };
        assay_layernorm_bound(&(assay_dense){ operand, NULL, row, &p },
                              (double *const[]){ planes[MEAN] + r, planes[VARIANCE] + r, planes[SIZE] + r }, c,
                              (double *const[]){ NULL, NULL, NULL, b[Y] + r * n });
    }
}
