/* SPDX-License-Identifier: MIT
 * matmul_int8: an exact integer, two products and a sum; matmul_int8.bound.md derives it.  plane: the integer. */
#include "bound.h"

enum { X, W, X_SCALE, W_SCALE, X_ZERO, W_ZERO, BIAS, Y };

KAPPA(matmul_int8)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const double *x = a->operand[X], *w = a->operand[W], *x_zero = a->operand[X_ZERO], *w_zero = a->operand[W_ZERO];
    for (int64_t i = 0; i < T * N; i++) {
        const int64_t t = i / N, n = i % N;
        const double zx = x_zero ? x_zero[t] : 0, zw = w_zero ? w_zero[n] : 0;
        double sum = 0; /* of integers below 2^31 */
        for (int64_t k = 0; k < K; k++)
            sum += (x[t * K + k] - zx) * (w[n * K + k] - zw);
        planes[0][i] = fabs(sum);
    }
}

BOUND(matmul_int8)
{
    const int64_t N = a->dim[1];
    const double u = bound_u(c), eta = bound_eta(c), *bias = a->operand[BIAS];
    for (int64_t i = 0; i < a->dim[0] * N; i++) {
        const double p = fabs(((const double *)a->operand[X_SCALE])[i / N]), sum = planes[0][i];
        const double q = fabs(((const double *)a->operand[W_SCALE])[i % N]), shift = bias ? fabs(bias[i % N]) : 0;
        const double size = p * q * sum, roundings = 2 + (sum * u > 1) + (bias != NULL);
        const double whole = bound_gamma(roundings, u) * size + bound_gamma(1, u) * shift + eta * (2 + sum + p + q) +
                             (c->ftz ? eta * (p + q) * sum : 0);
        const double most = fmax(fmax(p * q, sum), fmax(fmax(p * sum, q * sum), size + shift));
        b[Y][i] = whole * bound_either(c, most * (1 + bound_gamma(4, u)));
    }
}
