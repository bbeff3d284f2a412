/* SPDX-License-Identifier: MIT
 * matmul: |y - g| <= c(h(K) + 1 [+ 1 with bias]) (sum|x w| + |bias|) + (K + 1) eta: products rounded or fused, the bias
 * one more term that may enter the chain first or last (matmul.bound.md).  Under ftz operands may be flushed too:
 * + eta (sum|x| + sum|w|).  Infinite where a partial sum may overflow.
 * A = sum|x w| + |bias|.  M serves contracts with split_min, which sum the codes and the minimum of a block apart,
 * w = d q + m: sum|x| (|w - m| + |m|) + |bias|, by the minima that the blocks hold.  s: the spread of T2,
 * s^2 = sum partial_k^2 + sum (x w)_k^2 along the sequential order; apart: of the chains of x (w - m) and of x m
 * together.
 */
#include "product.h"

enum { A, S, M, APART };

static double larger(double a, double b) /* fmax without a call */
{
    return a > b ? a : b;
}

/* Of the terms of one chain: x w, x (w - m) or x m. */
enum { WHOLE, CODES, MINIMA };

/* s^2 of a chain, to which `first` is added before all or after all; *end: where it ends without that.  m NULL: zeros.
 */
static double chain_spread(const double *x, const double *w, const double *m, int64_t K, int which, double first,
                           double *end)
{
    double s2 = 0, partial = 0;
    for (int64_t k = 0; k < K; k++) {
        const double least = m ? m[k] : 0, p = x[k] * (which == WHOLE ? w[k] : which == MINIMA ? least : w[k] - least);
        partial += p;
        s2 += p * p + larger(partial * partial, (partial + first) * (partial + first));
    }
    *end = partial;
    return s2;
}

KAPPA(matmul)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const double *bias = a->operand[2];
    for (int64_t i = 0; i < T * N; i++) {
        const double *x = (const double *)a->operand[0] + i / N * K, *w = (const double *)a->operand[1] + i % N * K;
        const double *m = a->minimum && a->minimum[1] ? (const double *)a->minimum[1] + i % N * K : NULL;
        const double first = bias ? bias[i % N] : 0;
        double abs_sum = fabs(first), apart_sum = abs_sum, end, codes, minima;
        for (int64_t k = 0; k < K; k++) {
            abs_sum += fabs(x[k] * w[k]);
            apart_sum += m ? fabs(x[k]) * (fabs(w[k] - m[k]) + fabs(m[k])) : fabs(x[k] * w[k]);
        }
        planes[A][i] = abs_sum;
        planes[M][i] = apart_sum;
        if (!planes[S])
            continue;
        const double s2 = chain_spread(x, w, m, K, WHOLE, first, &end), last = bias ? (end + first) * (end + first) : 0;
        const double apart =
            chain_spread(x, w, m, K, CODES, first, &codes) + chain_spread(x, w, m, K, MINIMA, 0, &minima);
        planes[S][i] = sqrt(s2 + last);
        planes[APART][i] = sqrt(apart + end * end + last);
    }
}

BOUND(matmul)
{
    const int64_t n = a->dim[0] * a->dim[1], K = a->dim[2];
    const double rate = bound_c(c, (double)K, a->operand[2] ? 2 : 1), floor = (double)(K + 1) * bound_eta(c);
    const double *sum = planes[c->split_min ? M : A];
    const double *y = a->operand[3];
    for (int64_t i = 0; i < n; i++) /* infinity times codes and times a minimum, apart, may be of both signs */
        b[3][i] = c->split_min && isinf(y[i])
                      ? NAN
                      : (rate * sum[i] + floor + (c->ftz ? bound_eta(c) * product_sizes(a, 1, i) : 0)) *
                            bound_either(c, sum[i] + rate * sum[i]);
}
