/* SPDX-License-Identifier: MIT */
#include "../../reference/core/rng.h"
#include "ladder.h"
#include "space.h"
#include <math.h>
#include <string.h>

enum { TRIES = 1000, LEAST_LOG2 = 6, SEEDS = 0x7fffffff };

/* As many short lengths as long ones: else each case is as large as it may be, and all its lengths are alike. */
static int draw_one(const assay_space *s, const assay_factor *a, int plain, assay_rng *r)
{
    const bool few = assay_rng_below(r, 2) == 0;
    if (few && a->what == ASSAY_RUNG && assay_ladder_of(s->op->role[a->of]).tails)
        return 0;
    return (int)assay_rng_below(r, few && a->what == ASSAY_GEN ? plain : a->n);
}

bool assay_space_draw(const assay_space *s, assay_rng *r, assay_case *c)
{
    assay_space at = *s;
    const double most = log2(s->price);
    int choice[ASSAY_MAX_FACTORS], plain = 0; /* generators that name no operand stand first */
    bool free[ASSAY_MAX_FACTORS];
    while (plain < ASSAY_MAX_GENS && s->gen[plain].gen && s->gen[plain].operand < 0)
        plain++;
    for (int f = 0; f < s->n; f++)
        free[f] = true;
    for (int t = 0; t < TRIES; t++) {
        assay_why why;
        at.price = exp2(LEAST_LOG2 + (most - LEAST_LOG2) * assay_rng_uniform(r));
        for (int f = 0; f < s->n; f++)
            choice[f] = draw_one(s, &s->factor[f], plain, r);
        if (assay_space_case(&at, choice, free, c, &why) == ASSAY_MADE) {
            c->seed = 1 + (uint64_t)assay_rng_below(r, SEEDS);
            return true;
        }
    }
    return false;
}
