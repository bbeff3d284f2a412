/* SPDX-License-Identifier: MIT
 * moe_balance: what keeps a router even, of each of B layers: loss = X sum_e f[e] P[e], f the share of the tokens that
 * chose e, P the mean of its probabilities; z = mean lse^2.  1 where all is even (K, if f sums to K).  Without tokens
 * both are 0, and loss without choices.  Fedus et al. 2021, eq. 4 to 6; Zoph et al. 2022, eq. 5.  The factors of the
 * two in a model's loss are its own. */
#include "assay/params/moe_balance.h"
#include "ref.h"
#include <stdlib.h>

REFERENCE(moe_balance)
{
    const assay_moe_balance_params *par = a->params;
    const int64_t B = a->dim[0], T = a->dim[1], X = a->dim[2], K = a->dim[3];
    const real *p = a->operand[0], *ids = a->operand[1]; /* (B,T,X) (B,T,K) */
    const real *lse = a->operand[2];                     /* (B,T) or NULL */
    real *loss = a->operand[3], *z = a->operand[4];      /* (B), (B) or NULL */
    const real tokens = (real)T, choices = par->share == ASSAY_BALANCE_K ? tokens : tokens * (real)K;

    real *chosen = malloc((size_t)(X + 1) * sizeof *chosen); /* how often each expert was */

    for (int64_t b = 0; chosen && b < B; b++) {
        real sum = 0, squares = 0;
        for (int64_t e = 0; e < X; e++)
            chosen[e] = 0;
        for (int64_t k = b * T * K; k < (b + 1) * T * K; k++)
            chosen[(int64_t)ids[k]] += 1;
        for (int64_t e = 0; e < X; e++) {
            real mass = 0;
            for (int64_t t = b * T; t < (b + 1) * T; t++)
                mass += p[t * X + e];
            sum += chosen[e] / choices * (mass / tokens);
        }
        for (int64_t t = b * T; lse && t < (b + 1) * T; t++)
            squares += lse[t] * lse[t];
        loss[b] = T * K == 0 ? 0 : sum * (real)X;
        if (z)
            z[b] = T == 0 ? 0 : squares / tokens;
    }
    free(chosen);
}
