/* SPDX-License-Identifier: MIT
 * moe_slots: of each of B groups of tokens, which slot of its expert each choice takes: how many came before it that
 * chose the same.  Who comes behind the capacity is dropped: -1, as is a choice that is negative: there was none, and
 * it takes no slot.  In order of the tokens all K choices of one come before those of the next (Fedus et al. 2021, of
 * one choice); in order of the choices the first ones of all tokens come before any second one (Lepikhin et al. 2020,
 * algorithm 1).  count[e] is how many chose e, those that were dropped among them. */
#include "assay/params/moe_slots.h"
#include "ref.h"
#include <stdlib.h>

REFERENCE(moe_slots)
{
    const assay_moe_slots_params *p = a->params;
    const int64_t B = a->dim[0], T = a->dim[1], X = a->dim[2], K = a->dim[3];
    const real *ids = a->operand[0];                         /* (B,T,K) */
    real *slots = a->operand[1], *count = a->operand[2];     /* (B,T,K), (B,X) or NULL */
    real *chosen = malloc((size_t)(X + 1) * sizeof *chosen); /* how often each expert was, so far */

    for (int64_t b = 0; chosen && b < B; b++) {
        for (int64_t e = 0; e < X; e++)
            chosen[e] = 0;
        for (int64_t i = 0; i < T * K; i++) {
            const int64_t at = b * T * K + (p->order == ASSAY_SLOTS_CHOICES ? i % T * K + i / T : i);
            slots[at] = -1;
            if (ids[at] < 0)
                continue;
            real *n = &chosen[(int64_t)ids[at]];
            if (p->capacity == 0 || *n < (real)p->capacity)
                slots[at] = *n;
            *n += 1;
        }
        for (int64_t e = 0; count && e < X; e++)
            count[b * X + e] = chosen[e];
    }
    free(chosen);
}
