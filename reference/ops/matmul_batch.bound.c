/* SPDX-License-Identifier: MIT
 * matmul_batch: matmul's bound without a bias, of two activations (matmul_batch.bound.md): |y - g| <= c(h(K) + 1) A +
 * (K + 1) eta, A = sum|x w|; under ftz + eta (sum|x| + sum|w|).  Infinite where a partial sum may overflow. */
#include "bound.h"

enum { X, XT, W, WT, Y };
enum { A, SIZES };

KAPPA(matmul_batch)
{
    const int64_t T = a->dim[1], N = a->dim[2], K = a->dim[3];
    const double *x = a->operand[X], *xt = a->operand[XT], *w = a->operand[W], *wt = a->operand[WT];
    for (int64_t i = 0; i < a->dim[0] * T * N; i++) {
        const int64_t b = i / N / T, t = i / N % T, n = i % N;
        double sum = 0, sizes = 0;
        for (int64_t k = 0; k < K; k++) {
            const double p = x ? x[i / N * K + k] : xt[(b * K + k) * T + t];
            const double q = w ? w[(b * N + n) * K + k] : wt[(b * K + k) * N + n];
            sum += fabs(p * q);
            sizes += fabs(p) + fabs(q);
        }
        planes[A][i] = sum;
        planes[SIZES][i] = sizes;
    }
}

BOUND(matmul_batch)
{
    const int64_t n = a->dim[0] * a->dim[1] * a->dim[2], K = a->dim[3];
    const double rate = bound_c(c, (double)K, 1), floor = (double)(K + 1) * bound_eta(c);
    for (int64_t i = 0; i < n; i++)
        b[Y][i] = (rate * planes[A][i] + floor + (c->ftz ? bound_eta(c) * planes[SIZES][i] : 0)) *
                  bound_either(c, planes[A][i] + rate * planes[A][i]);
}
