/* SPDX-License-Identifier: MIT
 * matmul_add: matmul's bound (matmul.bound.c) with the residual as one more term of the sum, and one more rounding of
 * y: the golden is add's, which is rounded to f32.  planes: matmul's A and M, and the residual's size in both. */
#include "product.h"

KAPPA(matmul);

enum { X, W, BIAS, RESIDUAL, Y };
enum { A, M };

KAPPA(matmul_add)
{
    void *operand[] = { a->operand[X], a->operand[W], a->operand[BIAS], NULL };
    void *minimum[] = { NULL, a->minimum ? a->minimum[W] : NULL };
    const assay_dense product = { .operand = operand, .dim = a->dim, .minimum = minimum };
    const double *residual = a->operand[RESIDUAL];
    assay_matmul_kappa(&product, (double *[]){ planes[A], NULL, planes[M], NULL }); /* no spreads */
    for (int p = A; p <= M; p++)
        for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
            planes[p][i] += fabs(residual[i]);
}

BOUND(matmul_add)
{
    const int64_t n = a->dim[0] * a->dim[1], K = a->dim[2];
    const double rate = bound_c(c, (double)K, a->operand[BIAS] ? 4 : 3), floor = (double)(K + 1) * bound_eta(c);
    const double *sum = planes[c->split_min ? M : A], *y = a->operand[Y];
    for (int64_t i = 0; i < n; i++) { /* infinity times codes and times a minimum, apart, may be of both signs */
        const double flushed = c->ftz ? bound_eta(c) * (product_sizes(a, W, i) + 1) : 0;
        b[Y][i] = c->split_min && isinf(y[i])
                      ? NAN
                      : (rate * sum[i] + floor + flushed) * bound_either(c, sum[i] + rate * sum[i]);
    }
}
