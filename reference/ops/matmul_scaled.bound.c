/* SPDX-License-Identifier: MIT
 * matmul_scaled: a sum of products of up to four factors; matmul_scaled.bound.md derives it.  Planes: the terms' sizes,
 * what underflow may lose, in eta, and what may be formed on the way. */
#include "bound.h"
#include "assay/params/matmul_scaled.h"

enum { X, W, SCALE, ZERO, X_SCALE, Y };
enum { A, SMALL, MOST };

/* What a factor may make of a product of others; one that is infinite leaves it so. */
static double above_1(double size)
{
    return size > 1 && size < INFINITY ? size : 1;
}

KAPPA(matmul_scaled)
{
    const assay_matmul_scaled_params *p = a->params;
    const int64_t N = a->dim[1], K = a->dim[2], G = a->dim[4];
    const int64_t rows = p->rows ? p->rows : N, group = p->group ? p->group : K;
    const double *zero = a->operand[ZERO], *x_scale = a->operand[X_SCALE];
    for (int64_t i = 0; i < a->dim[0] * N; i++) {
        const double *x = (const double *)a->operand[X] + i / N * K, *w = (const double *)a->operand[W] + i % N * K;
        const int64_t row = i % N / rows * G;
        double sum[3] = { 0 };
        for (int64_t k = 0; k < K; k++) {
            const int64_t g = k / group;
            const double s = fabs(((const double *)a->operand[SCALE])[row + g]), z = zero ? zero[row + g] : 0;
            const double t = x_scale ? fabs(x_scale[i / N * G + g]) : 1, f = fabs(x[k]), q = fabs(w[k] - z);
            sum[A] += f * t * s * q;
            sum[SMALL] += (1 + f) * (1 + t) * (1 + s) * (1 + q);
            sum[MOST] += above_1(f) * fmax(t, 1) * fmax(s, 1) * above_1(q);
        }
        for (int j = 0; j < 3; j++)
            planes[j][i] = sum[j];
    }
}

BOUND(matmul_scaled)
{
    const double rate = bound_c(c, (double)a->dim[2], a->operand[X_SCALE] ? 3 : 2), *y = a->operand[Y];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double size = planes[A][i], lost = bound_eta(c) * planes[SMALL][i];
        b[Y][i] = isinf(y[i]) && !(planes[MOST][i] < INFINITY)
                      ? NAN
                      : (rate * size + lost) * bound_either(c, planes[MOST][i] * (1 + rate));
    }
}
