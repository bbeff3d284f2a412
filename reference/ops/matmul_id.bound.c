/* SPDX-License-Identifier: MIT
 * matmul_id: the bound of matmul, of one row of x and the matrix of one expert at a time (matmul_id.bound.md). */
#include "bound.h"

KAPPA(matmul);
BOUND(matmul);

enum { X, W, IDS, BIAS, Y };

/* The product of one id as a matmul: its operands, and its part of each plane */
typedef struct product {
    void *operand[4], *minimum[4];
    double *plane[4]; /* A and M; without a spread those of T2 are not asked for */
    int64_t dim[3];
} product;

static product product_of(const assay_dense *a, double *const *planes, int64_t call)
{
    const int64_t A = a->dim[1], N = a->dim[3], K = a->dim[4];
    const double *x = a->operand[X], *w = a->operand[W], *ids = a->operand[IDS], *bias = a->operand[BIAS];
    const double *m = a->minimum ? a->minimum[W] : NULL;
    double *y = a->operand[Y];
    const int64_t row = (int64_t)ids[call] * N;
    product p = { { (void *)(uintptr_t)(x + call / A * K), (void *)(uintptr_t)(w + row * K),
                    bias ? (void *)(uintptr_t)(bias + row) : NULL, y + call * N },
                  { NULL, m ? (void *)(uintptr_t)(m + row * K) : NULL },
                  { planes[0] + call * N, NULL, planes[1] + call * N, NULL },
                  { 1, N, K } };
    return p;
}

KAPPA(matmul_id)
{
    for (int64_t call = 0; call < a->dim[0] * a->dim[1]; call++) {
        const product p = product_of(a, planes, call);
        assay_matmul_kappa(&(assay_dense){ .operand = p.operand, .dim = p.dim, .minimum = p.minimum }, p.plane);
    }
}

BOUND(matmul_id)
{
    for (int64_t call = 0; call < a->dim[0] * a->dim[1]; call++) {
        const product p = product_of(a, planes, call);
        assay_matmul_bound(&(assay_dense){ .operand = p.operand, .dim = p.dim, .minimum = p.minimum }, p.plane, c,
                           (double *const[]){ NULL, NULL, NULL, b[Y] + call * a->dim[3] });
    }
}
