/* SPDX-License-Identifier: MIT
 * moe_balance: a sum over tokens and experts with shares that are rounded, and a sum of squares; moe_balance.bound.md
 * derives it.  planes: the sizes of the terms of loss, as it scales them; z; the largest sum of one expert's p. */
#include "assay/params/moe_balance.h"
#include "bound.h"
#include <stdlib.h>

enum { P, IDS, LSE, LOSS, Z };
enum { TERMS, SQUARES, MOST };

KAPPA(moe_balance)
{
    const assay_moe_balance_params *par = a->params;
    const int64_t T = a->dim[1], X = a->dim[2], K = a->dim[3];
    const double *p = a->operand[P], *ids = a->operand[IDS], *lse = a->operand[LSE];
    const double choices = (double)T * (par->share == ASSAY_BALANCE_K ? 1 : (double)K);
    double *share = malloc((size_t)(X + 1) * sizeof *share);
    for (int64_t b = 0; b < a->dim[0]; b++) {
        double terms = share ? 0 : NAN, squares = 0; /* a bound of NaN accepts nothing */
        for (int64_t e = 0; share && e < X; e++)
            share[e] = 0;
        for (int64_t k = b * T * K; share && k < (b + 1) * T * K; k++)
            share[(int64_t)ids[k]] += 1 / choices;
        double most = 0;
        for (int64_t e = 0; share && e < X; e++) {
            double mass = 0;
            for (int64_t t = b * T; t < (b + 1) * T; t++)
                mass += fabs(p[t * X + e]);
            most = fmax(most, mass);
            terms += share[e] * (mass / (double)T) * (double)X;
        }
        for (int64_t t = b * T; lse && t < (b + 1) * T; t++)
            squares += lse[t] * lse[t] / (double)T;
        planes[TERMS][b] = T == 0 || K == 0 ? 0 : terms;
        planes[SQUARES][b] = squares;
        planes[MOST][b] = most;
    }
    free(share);
}

BOUND(moe_balance)
{
    const double T = (double)a->dim[1], X = (double)a->dim[2], div = BOUND_E(c, e_div), eta = bound_eta(c);
    const double chain = bound_depth(c, T) + bound_depth(c, X), of_z = bound_c(c, T, div + 2);
    const double of_loss = bound_gamma(chain + 2 * div + 4, bound_u(c));
    for (int64_t i = 0; i < a->dim[0]; i++) {
        const double terms = planes[TERMS][i], squares = planes[SQUARES][i];
        const double off = of_loss * terms + eta * X * (T * X + X + 3), of_squares = of_z * squares + eta * (T + 3);
        b[LOSS][i] = off * bound_either(c, fmax(planes[MOST][i] * (1 + of_loss), terms + off));
        if (b[Z])
            b[Z][i] = of_squares * bound_either(c, T * squares + of_squares);
    }
}
