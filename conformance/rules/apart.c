/* SPDX-License-Identifier: MIT
 * apart.c - what the lengths that stand apart are kept from, and what stands beside them. */
#include "ladder.h"
#include "space.h"

enum { SELDOM_TAIL = 2 };

static bool is_length(const assay_factor *a)
{
    return a->what == ASSAY_RUNG || a->what == ASSAY_TAIL;
}

/* Does this rung, which stands apart, not meet that choice?  Alone, or of few models: no other length, no special
 * values in an operand.  Of few models: no generator at all; of its own remainders 0, 1, and 2 for ops of even lengths.
 */
static bool is_kept_from(const assay_space *s, int rung, int number)
{
    const assay_factor *own = &s->factor[s->factor_of[rung]], *a = &s->factor[s->factor_of[number]];
    const bool seldom = s->apart[rung] == ASSAY_APART_SELDOM;
    if (seldom && a->what == ASSAY_TAIL && a->of == own->of)
        return number - a->first > SELDOM_TAIL;
    return is_length(a) || (a->what == ASSAY_GEN && (seldom || s->gen[number - a->first].operand >= 0));
}

bool assay_space_apart(const assay_space *s, const int *number, int n)
{
    bool apart = false;
    for (int i = 0; i < n; i++)
        for (int k = 0; s->apart[number[i]] && k < n; k++)
            apart |= k != i && is_kept_from(s, number[i], number[k]);
    return apart;
}

bool assay_space_seldom(const assay_space *s, const int *number, int n)
{
    bool any = false;
    for (int i = 0; i < n; i++)
        any |= s->apart[number[i]] == ASSAY_APART_SELDOM;
    return any;
}

/* A dimension's rung and remainder follow each other. */
static bool is_dimension(const assay_space *s, int f)
{
    return s->factor[f].what == ASSAY_RUNG && s->factor[f + 1].what == ASSAY_TAIL;
}

void assay_space_avoid_zeros(const assay_space *s, int *choice, const bool *free)
{
    for (int f = 0; f + 1 < s->n; f++) {
        if (!is_dimension(s, f) || choice[f] || choice[f + 1])
            continue;
        choice[f + 1] = free[f + 1];
        choice[f] = !free[f + 1] && free[f];
    }
}

void assay_space_keep_small(const assay_space *s, int *choice, bool *free)
{
    for (int f = 0; f + 1 < s->n; f++) {
        if (!is_dimension(s, f) || !free[f])
            continue;
        choice[f] = 0;
        choice[f + 1] = free[f + 1] ? 3 + s->factor[f].of % 5 : choice[f + 1];
        free[f] = free[f + 1] = false;
    }
}
