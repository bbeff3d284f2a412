/* SPDX-License-Identifier: MIT
 * conv1d: a sum of products; conv1d.bound.md derives it.  planes: the sizes of the terms; of their factors. */
#include "bound.h"

enum { X, W, BIAS, STATE, Y };
enum { TERMS, SIZES };

KAPPA(conv1d)
{
    const int64_t T = a->dim[1], D = a->dim[2], K = a->dim[3];
    const double *x = a->operand[X], *w = a->operand[W], *bias = a->operand[BIAS], *state = a->operand[STATE];
    for (int64_t i = 0; i < a->dim[0] * T * D; i++) {
        const int64_t b = i / D / T, t = i / D % T, d = i % D;
        double terms = bias ? fabs(bias[d]) : 0, sizes = 0;
        for (int64_t k = 0; k < K; k++) {
            const int64_t at = t + k + 1 - K; /* of the tokens; the state ends before token 0 */
            const double v = at >= 0 ? x[(b * T + at) * D + d] : state ? state[((b + 1) * K + at) * D + d] : 0;
            terms += fabs(w[d * K + k] * v);
            sizes += fabs(w[d * K + k]) + fabs(v);
        }
        planes[TERMS][i] = terms;
        planes[SIZES][i] = sizes;
    }
}

BOUND(conv1d)
{
    const double n = (double)(a->dim[3] + (a->operand[BIAS] != NULL)), rate = bound_c(c, n, 1), eta = bound_eta(c);
    for (int64_t i = 0; i < a->dim[0] * a->dim[1] * a->dim[2]; i++) {
        const double whole = rate * planes[TERMS][i] + (n + 1) * eta + (c->ftz ? eta * planes[SIZES][i] : 0);
        b[Y][i] = whole * bound_either(c, planes[TERMS][i] + whole);
    }
}
