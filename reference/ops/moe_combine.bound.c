/* SPDX-License-Identifier: MIT
 * moe_combine: a sum of products, and what a sigmoid is off of one of them; moe_combine.bound.md derives it.  planes:
 * the sizes of the terms that are not dropped; of their factors. */
#include "bound.h"

enum { W, SLOTS, X, SHARED, GATE, Y };
enum { TERMS, SIZES };

static double sigmoid(double z)
{
    return (z < 0 ? exp(z) : 1) / (1 + exp(-fabs(z)));
}

KAPPA(moe_combine)
{
    const int64_t K = a->dim[1], D = a->dim[2];
    const double *x = a->operand[X], *w = a->operand[W], *slots = a->operand[SLOTS];
    const double *shared = a->operand[SHARED], *gate = a->operand[GATE];
    for (int64_t i = 0; i < a->dim[0] * D; i++) {
        const int64_t t = i / D;
        double terms = shared ? fabs(shared[i]) * (gate ? sigmoid(gate[t]) : 1) : 0,
               sizes = shared ? fabs(shared[i]) : 0;
        for (int64_t k = t * K; k < (t + 1) * K; k++)
            if (!slots || slots[k] >= 0) {
                terms += fabs(w[k] * x[k * D + i % D]);
                sizes += fabs(w[k]) + fabs(x[k * D + i % D]);
            }
        planes[TERMS][i] = terms;
        planes[SIZES][i] = sizes;
    }
}

BOUND(moe_combine)
{
    const int64_t D = a->dim[2];
    const double *shared = a->operand[SHARED], *gate = a->operand[GATE], u = bound_u(c), eta = bound_eta(c);
    const double n = (double)(a->dim[1] + (shared != NULL)), rate = bound_c(c, n, 1);
    for (int64_t i = 0; i < a->dim[0] * D; i++) {
        const double s = gate ? sigmoid(gate[i / D]) : 0, size = gate ? fabs(shared[i]) : 0;
        const double off = gate ? bound_gamma(BOUND_E(c, e_exp) * (1 - s) + BOUND_E(c, e_div) + 1, u) : 0;
        const double part = size * (s * off + eta) * (1 + rate);
        const double whole = rate * planes[TERMS][i] + part + (n + 1) * eta + (c->ftz ? eta * planes[SIZES][i] : 0);
        b[Y][i] = whole * bound_either(c, planes[TERMS][i] + whole);
    }
}
