/* SPDX-License-Identifier: MIT */
#include "cover.h"
#include "../../reference/core/rng.h"
#include "../../reference/core/status.h"
#include <stdlib.h>
#include <string.h>

enum { TRIES = 6 };

/* A set is its choices' numbers in ascending order, as digits; rows are whole words. */
static size_t index_of(const assay_cover *v, const int *number)
{
    size_t at = 0;
    for (int i = 0; i < v->strength; i++)
        at = at * v->words * 64 + (size_t)number[i];
    return at;
}

/* A pair is there both ways, so that a row is all that its choice has met. */
static void set(const assay_cover *v, uint64_t *bits, const int *number)
{
    const int turned[2] = { number[1], number[0] };
    const size_t at = index_of(v, number), other = v->strength == 2 ? index_of(v, turned) : at;
    bits[at / 64] |= UINT64_C(1) << at % 64;
    bits[other / 64] |= UINT64_C(1) << other % 64;
}

static bool is_done(const assay_cover *v, const int *number)
{
    const size_t at = index_of(v, number);
    return v->done[at / 64] >> at % 64 & 1;
}

static bool is_length(const assay_factor *a)
{
    return a->what == ASSAY_RUNG || a->what == ASSAY_TAIL;
}

static const assay_factor *factor_of(const assay_space *s, int number)
{
    return &s->factor[s->factor_of[number]];
}

/* The generator is the last factor. */
static bool is_asked(const assay_cover *v, const int *number)
{
    const assay_space *s = v->space;
    const assay_factor *gen = &s->factor[s->n - 1];
    const int g = number[v->strength - 1] - gen->first;
    bool asked = !assay_space_apart(s, number, v->strength);
    for (int i = 0; g >= 0 && s->gen[g].operand >= 0 && i + 1 < v->strength; i++) {
        const int f = s->factor_of[number[i]];
        asked &= !(v->lean && is_length(&s->factor[f])) && assay_space_agree(s, g, f, number[i] - s->factor[f].first);
    }
    return asked;
}

static bool of_rungs(const assay_cover *v, const int *number)
{
    bool all = true;
    for (int i = 0; i < v->strength; i++)
        all &= factor_of(v->space, number[i])->what == ASSAY_RUNG;
    return all;
}

/* What a case keeps from being seen: dimensions that are 0, and whether its numbers are odd ones. */
static assay_veil veiled(const assay_case *c)
{
    assay_veil w = { 0, c->gen->tag == ASSAY_TAG_CLASS || c->gen->tag == ASSAY_TAG_ADVERSARIAL };
    for (int d = 0; d < ASSAY_MAX_DIMS && c->op->dims[d]; d++)
        w.zero |= (uint32_t)(c->dim[d] == 0) << d;
    return w;
}

/* Where dimensions are 0 there is nothing to be computed: such a case covers a set only if that is what the set says,
 * with rung and remainder of one of them.  And long lengths are to meet in numbers in which any mistake shows, as what
 * meets a length of few models is. */
static bool shows(const assay_cover *v, assay_veil w, const int *number)
{
    uint32_t rungs = 0, tails = 0;
    for (int i = 0; w.zero && i < v->strength; i++) {
        const assay_factor *a = factor_of(v->space, number[i]);
        rungs |= (uint32_t)(a->what == ASSAY_RUNG) << a->of;
        tails |= (uint32_t)(a->what == ASSAY_TAIL) << a->of;
    }
    return (!w.zero || (rungs & tails & w.zero)) &&
           !(w.odd && (of_rungs(v, number) || assay_space_seldom(v->space, number, v->strength)));
}

/* True: it was missing. */
static bool mark(assay_cover *v, const int *number)
{
    if (!shows(v, v->veil, number))
        return false;
    const bool fresh = !is_done(v, number);
    set(v, v->done, number);
    return fresh && is_asked(v, number);
}

bool assay_cover_init(assay_cover *v, const assay_space *s, int strength, bool lean)
{
    *v = (assay_cover){ .space = s, .strength = strength, .lean = lean, .words = ((size_t)s->choices + 63) / 64 };
    size_t words = v->words;
    for (int k = 1; k < strength; k++)
        words *= v->words * 64;
    v->done = calloc(words, sizeof *v->done);
    v->asked = strength == 2 ? calloc(words, sizeof *v->asked) : NULL;
    if (!v->done || (strength == 2 && !v->asked))
        return false;
    for (int a = 0; v->asked && a < s->choices; a++)
        for (int b = a + 1; b < s->choices; b++) {
            const int pair[2] = { a, b };
            if (s->factor_of[a] != s->factor_of[b] && is_asked(v, pair))
                set(v, v->asked, pair);
        }
    return true;
}

void assay_cover_free(assay_cover *v)
{
    free(v->done);
    free(v->asked);
    free(v->gap);
    free(v->lack);
    *v = (assay_cover){ 0 };
}

/* ---- sets of a case ---------------------------------------------------------------------------------------------- */

/* Does each(number) for every set of strength choices of different factors among choice[] (-1: none). */
static int64_t each_set(assay_cover *v, const int *choice, bool (*each)(assay_cover *, const int *))
{
    const assay_space *s = v->space;
    int number[ASSAY_COVER_MOST];
    int64_t n = 0;
    for (int f = 0; f < s->n; f++)
        for (int g = f + 1; choice[f] >= 0 && g < s->n; g++) {
            if (choice[g] < 0)
                continue;
            number[0] = s->factor[f].first + choice[f];
            number[1] = s->factor[g].first + choice[g];
            if (v->strength == 2)
                n += each(v, number);
            for (int h = g + 1; v->strength == 3 && h < s->n; h++)
                if (choice[h] >= 0) {
                    number[2] = s->factor[h].first + choice[h];
                    n += each(v, number);
                }
        }
    return n;
}

void assay_cover_add(assay_cover *v, const assay_case *c)
{
    int choice[ASSAY_MAX_FACTORS];
    assay_space_read(v->space, c, choice);
    v->veil = veiled(c);
    v->covered += each_set(v, choice, mark);
}

/* ---- one case ---------------------------------------------------------------------------------------------------- */

static void sort(int *number, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && number[k] < number[k - 1]; k--) {
            const int t = number[k];
            number[k] = number[k - 1], number[k - 1] = t;
        }
}

/* Choices made so far, by number and as bits. */
typedef struct chosen {
    int number[ASSAY_MAX_FACTORS], n;
    uint64_t bits[ASSAY_MAX_CHOICES / 64];
} chosen;

static void take(chosen *c, int number)
{
    c->number[c->n++] = number;
    c->bits[number / 64] |= UINT64_C(1) << number % 64;
}

static int gain_in_pairs(const assay_cover *v, int x, const chosen *c)
{
    const uint64_t *done = &v->done[(size_t)x * v->words], *asked = &v->asked[(size_t)x * v->words];
    int sum = 0;
    for (size_t w = 0; w < v->words; w++)
        for (uint64_t left = c->bits[w] & asked[w] & ~done[w]; left; left &= left - 1)
            sum++;
    return sum;
}

/* Sets that number x would complete with the chosen ones. */
static int gain(const assay_cover *v, int x, const chosen *c)
{
    int sum = 0;
    if (v->strength == 2)
        return gain_in_pairs(v, x, c);
    for (int i = 0; i < c->n; i++)
        for (int k = i + 1; k < c->n; k++) {
            int triple[3] = { x, c->number[i], c->number[k] };
            sort(triple, 3);
            sum += !is_done(v, triple) && is_asked(v, triple);
        }
    return sum;
}

/* Of factor f the choice that adds most: of lengths the shortest such, and none that cannot be paid beside those in
 * choice[] (poor: the one that stands there, for none can); of others any. */
static int best_choice(const assay_cover *v, int f, int *choice, bool poor, const chosen *so_far, assay_rng *r)
{
    const assay_factor *a = &v->space->factor[f];
    const int turn = a->what == ASSAY_RUNG ? 0 : (int)assay_rng_below(r, a->n);
    int best = choice[f], most = -1;
    for (int i = 0; i < a->n && !(poor && is_length(a)); i++) {
        const int c = (i + turn) % a->n, g = gain(v, a->first + c, so_far);
        if (g <= most)
            continue;
        choice[f] = c;
        if (!is_length(a) || assay_space_affords(v->space, choice))
            most = g, best = c;
    }
    return best;
}

/* choice[] of a target is fixed; the others are chosen in random order, by gain or (any) at random.  Lengths that are
 * still to come are 1. */
static void choose(const assay_cover *v, int *choice, const bool *free, bool any, assay_rng *r)
{
    const assay_space *s = v->space;
    chosen so_far = { .n = 0 };
    int order[ASSAY_MAX_FACTORS], m = 0;
    for (int f = 0; f < s->n; f++)
        if (free[f]) {
            order[m++] = f;
            choice[f] = 0;
        } else
            take(&so_far, s->factor[f].first + choice[f]);
    const bool poor = !any && !assay_space_affords(s, choice); /* beside the target's own */
    for (int i = 0; i < m; i++)
        choice[order[i]] = s->factor[order[i]].what == ASSAY_TAIL;
    for (int i = m - 1; i > 0; i--) {
        const int k = (int)assay_rng_below(r, i + 1), t = order[i];
        order[i] = order[k], order[k] = t;
    }
    for (int i = 0; i < m; i++) {
        const int f = order[i];
        choice[f] = any ? (int)assay_rng_below(r, s->factor[f].n) : best_choice(v, f, choice, poor, &so_far, r);
        take(&so_far, s->factor[f].first + choice[f]);
    }
}

static void note_lack(assay_cover *v, const int *factor, const int *number, assay_made why_not, const assay_why *why)
{
    size_t g = 0;
    while (g < v->n_gaps && (v->gap[g].why_not != why_not ||
                             memcmp(v->gap[g].factor, factor, (size_t)v->strength * sizeof *factor) != 0))
        g++;
    if (g == v->n_gaps) {
        v->gap = assay_grown(v->gap, v->n_gaps, sizeof *v->gap);
        v->gap[v->n_gaps++] = (assay_gap){ .why_not = why_not, .why = *why };
        memcpy(v->gap[g].factor, factor, (size_t)v->strength * sizeof *factor);
    }
    v->lack = assay_grown(v->lack, v->n_lacks, sizeof *v->lack);
    v->lack[v->n_lacks] = (struct assay_lack){ .gap = g };
    memcpy(v->lack[v->n_lacks++].number, number, (size_t)v->strength * sizeof *number);
}

/* What is still missing at the end. */
static void count_gaps(assay_cover *v)
{
    v->dear = 0;
    v->refused = v->barred;
    for (size_t g = 0; g < v->n_gaps; g++)
        v->gap[g].n = 0;
    for (size_t i = 0; i < v->n_lacks; i++) {
        assay_gap *g = &v->gap[v->lack[i].gap];
        if (is_done(v, v->lack[i].number))
            continue;
        for (int k = 0; k < v->strength && !g->n; k++)
            g->choice[k] = v->lack[i].number[k] - v->space->factor[g->factor[k]].first;
        g->n++;
        *(g->why_not == ASSAY_TOO_DEAR ? &v->dear : &v->refused) += 1;
    }
}

/* Has the case, made legal and affordable, still the target's choices? */
static bool has_target(const assay_cover *v, const assay_case *c, const int *factor, const int *number)
{
    int choice[ASSAY_MAX_FACTORS];
    bool all = true;
    assay_space_read(v->space, c, choice);
    all = shows(v, veiled(c), number);
    for (int i = 0; i < v->strength; i++)
        all &= choice[factor[i]] == number[i] - v->space->factor[factor[i]].first;
    return all;
}

/* A case with the target's choices; its own sets are covered.  Else says why there is none. */
static bool try_target(assay_cover *v, const int *factor, const int *number, assay_case *c, assay_rng *r)
{
    const assay_space *s = v->space;
    const bool seldom = assay_space_seldom(v->space, number, v->strength);
    int choice[ASSAY_MAX_FACTORS] = { 0 };
    bool free[ASSAY_MAX_FACTORS], dear = false, refused = false;
    assay_why why = { "" }, last = { "" };
    for (int t = 0; t <= TRIES && !(dear && seldom && !v->humble); t++) {
        for (int f = 0; f < s->n; f++)
            free[f] = true;
        for (int i = 0; i < v->strength; i++) {
            choice[factor[i]] = number[i] - s->factor[factor[i]].first;
            free[factor[i]] = false;
        }
        choose(v, choice, free, t >= TRIES / 2, r);
        for (int f = 0; t == TRIES && f < s->n; f++) /* the plainest case of all, the cheapest */
            choice[f] = free[f] ? 0 : choice[f];
        if (seldom && t < TRIES / 2)
            assay_space_keep_small(s, choice, free);
        assay_space_avoid_zeros(s, choice, free);
        if (seldom || of_rungs(v, number)) /* the first generator is gauss, in which any wrong number shows */
            choice[s->n - 1] = 0;
        const assay_made m = assay_space_case(s, choice, free, c, &why);
        if (m != ASSAY_MADE)
            last = why;
        dear |= m == ASSAY_TOO_DEAR;
        refused |= m == ASSAY_REFUSED;
        if (m != ASSAY_MADE)
            continue;
        if (has_target(v, c, factor, number)) {
            assay_cover_add(v, c);
            return true;
        }
    }
    note_lack(v, factor, number, dear ? ASSAY_TOO_DEAR : refused ? ASSAY_REFUSED : ASSAY_MADE, &last);
    return false;
}

bool assay_cover_has(const assay_cover *v, int factor, int choice, int other, int with)
{
    int number[ASSAY_COVER_MOST] = { v->space->factor[factor].first + choice, v->space->factor[other].first + with };
    sort(number, 2);
    return is_done(v, number);
}

/* ---- all cases --------------------------------------------------------------------------------------------------- */

typedef struct filling {
    assay_cover *v;
    void (*made)(void *ctx, const assay_case *c);
    void *ctx;
    assay_rng rng;
    int64_t left; /* cases that may still be made */
} filling;

/* Is one of the three pairs in a triple without a case? */
static bool is_barred(const assay_cover *v, const int *number)
{
    bool barred = false;
    for (int i = 0; v->pairs && i < 3; i++) {
        const int pair[2] = { number[i == 0], number[i == 2 ? 1 : 2] };
        barred |= !is_done(v->pairs, pair);
    }
    return barred;
}

/* Every choice of the factors from the k-th of the set on. */
static void fill(filling *l, int k, const int *factor, int *number)
{
    const assay_space *s = l->v->space;
    if (k < l->v->strength) {
        for (int c = 0; c < s->factor[factor[k]].n; c++) {
            number[k] = s->factor[factor[k]].first + c;
            fill(l, k + 1, factor, number);
        }
        return;
    }
    assay_case made;
    if (!is_asked(l->v, number))
        return;
    l->v->sets++;
    if (is_barred(l->v, number)) {
        l->v->barred += !is_done(l->v, number);
        return;
    }
    if (is_done(l->v, number))
        return;
    if (l->left == 0) {
        note_lack(l->v, factor, number, ASSAY_TOO_DEAR, &(assay_why){ "the level has cases enough" });
        return;
    }
    if (try_target(l->v, factor, number, &made, &l->rng)) {
        l->made(l->ctx, &made);
        l->left--;
    }
}

/* What was too dear, at the price of today.  A refusal stands at any price. */
void assay_cover_retry(assay_cover *v, int64_t most, void (*made)(void *ctx, const assay_case *c), void *ctx)
{
    assay_rng rng = { 1, 0, 0 };
    struct assay_lack *const lack = v->lack;
    const size_t n = v->n_lacks;
    assay_gap *const gap = v->gap;
    assay_case c;
    v->lack = NULL, v->n_lacks = 0;
    v->gap = NULL, v->n_gaps = 0;
    for (size_t i = 0; i < n; i++) {
        const assay_gap *g = &gap[lack[i].gap];
        if (is_done(v, lack[i].number))
            continue;
        if (g->why_not != ASSAY_TOO_DEAR || most == 0)
            note_lack(v, g->factor, lack[i].number, g->why_not, &g->why);
        else if (try_target(v, g->factor, lack[i].number, &c, &rng)) {
            made(ctx, &c);
            most--;
        }
    }
    free(lack);
    free(gap);
    count_gaps(v);
}

void assay_cover_fill(assay_cover *v, int64_t most, void (*made)(void *ctx, const assay_case *c), void *ctx)
{
    const int n = v->space->n;
    filling l = { v, made, ctx, { 1, 0, 0 }, most };
    int factor[ASSAY_COVER_MOST], number[ASSAY_COVER_MOST];
    v->sets = v->barred = 0;
    v->n_gaps = v->n_lacks = 0;
    for (factor[0] = 0; factor[0] < n; factor[0]++)
        for (factor[1] = factor[0] + 1; factor[1] < n; factor[1]++) {
            if (v->strength == 2)
                fill(&l, 0, factor, number);
            for (factor[2] = factor[1] + 1; v->strength == 3 && factor[2] < n; factor[2]++)
                fill(&l, 0, factor, number);
        }
    count_gaps(v);
}
