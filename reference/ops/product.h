/* SPDX-License-Identifier: MIT
 * product.h - what the bounds of ops that are made of x W^T ask besides matmul's planes.  Operands 0 and w, x (T,K) and
 * W (N,K), dims T, N, K; output i of (T,N). */
#ifndef ASSAY_OPS_PRODUCT_H
#define ASSAY_OPS_PRODUCT_H
#include "bound.h"

/* sum x w */
static inline double product_of(const assay_dense *a, int w, int64_t i)
{
    const int64_t N = a->dim[1], K = a->dim[2];
    const double *x = (const double *)a->operand[0] + i / N * K, *v = (const double *)a->operand[w] + i % N * K;
    double s = 0;
    for (int64_t k = 0; k < K; k++)
        s += x[k] * v[k];
    return s;
}

/* sum|x| + sum|w|, for kernels that flush operands */
static inline double product_sizes(const assay_dense *a, int w, int64_t i)
{
    const int64_t N = a->dim[1], K = a->dim[2];
    const double *x = (const double *)a->operand[0] + i / N * K, *v = (const double *)a->operand[w] + i % N * K;
    double s = 0;
    for (int64_t k = 0; k < K; k++)
        s += fabs(x[k]) + fabs(v[k]);
    return s;
}
#endif
