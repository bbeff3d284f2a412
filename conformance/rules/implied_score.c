/* SPDX-License-Identifier: MIT
 * What became of an op's slips: caught, not observable, out of reach, escaped. */
#include "implied_parts.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "cases.h"
#include "ladder.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static const struct known {
    const char *op, *glob;
    int32_t n;
} escapes[] = {
#define ESCAPES(op, glob, n) { op, "implied-" glob, n },
#include "escapes.def"
#undef ESCAPES
    { NULL, NULL, 0 }
};

of_op *assay_implied_find(const assay_implied *x, const assay_op *op)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->op[i].op == op)
            return &x->op[i];
    return NULL;
}

/* The factor of the space that is this dimension's rung; -1: its length follows from others. */
static int rung_of(const assay_space *s, int d)
{
    for (int f = 0; f < s->n; f++)
        if (s->factor[f].what == ASSAY_RUNG && s->factor[f].of == d)
            return f;
    return -1;
}

/* Is this length, or two of them together, beyond what the op allows or a case may cost?  Asked of the pairs that the
 * cases cover: a rung and another's, or its remainders. */
static bool beyond_cases(const assay_slip *s, assay_level level)
{
    const bool both = assay_slip_is(s, ASSAY_SLIP_BOTH);
    const assay_cases *all = both || assay_slip_is(s, ASSAY_SLIP_BEYOND) ? assay_cases_of(s->op, level) : NULL;
    const int f = all ? rung_of(&all->space, s->axis) : -1, g = both && f >= 0 ? rung_of(&all->space, s->other) : f + 1;
    bool any = f < 0 || assay_suite_of(s->op)->rows_only;
    if (any)
        return false;
    const int r = assay_ladder_rung(s->op->role[s->axis], both, s->n);
    if (both)
        return !assay_cover_has(&all->pairs, f, r, g, assay_ladder_rung(s->op->role[s->other], true, s->m));
    for (int tail = 1; tail < ASSAY_TAILS && assay_ladder_of(s->op->role[s->axis]).tails; tail++)
        any |= assay_cover_has(&all->pairs, f, r, g, tail);
    return !any && assay_ladder_of(s->op->role[s->axis]).tails;
}

/* Why it is none of this op's slips, whatever the cases: as the rule says, or the op's suite ("GLOB: reason"). */
static const char *unseen(const assay_op *op, const assay_slip *slip)
{
    const assay_suite *suite = assay_suite_of(op);
    if (slip->idle)
        return slip->idle;
    for (const char *const *u = suite ? suite->unseen : NULL; u && *u; u++) {
        char glob[128];
        const char *colon = strchr(*u, ':');
        snprintf(glob, sizeof glob, "implied-%.*s", (int)(colon ? colon - *u : 0), *u);
        if (colon && !fnmatch(glob, slip->name, 0))
            return colon + 1 + strspn(colon + 1, " ");
    }
    return NULL;
}

assay_implied *assay_implied_open(assay_level level)
{
    const assay_op *op;
    assay_implied *x = assay_zeros(1, sizeof *x);
    while (assay_op_at(x->n))
        x->n++;
    x->op = assay_zeros(x->n, sizeof *x->op);
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_slip *slip = assay_slips_of(op, &x->op[i].n);
        x->op[i].op = op;
        x->op[i].level = level;
        x->op[i].trial = assay_zeros(x->op[i].n, sizeof *x->op[i].trial);
        for (size_t k = 0; k < x->op[i].n; k++)
            x->op[i].trial[k] = (trial){ .slip = &slip[k], .unseen = unseen(op, &slip[k]) };
    }
    return x;
}

bool assay_implied_has(const assay_implied *x, const assay_op *op)
{
    const of_op *o = x ? assay_implied_find(x, op) : NULL;
    return o && o->n;
}

/* Why it is none of this op's slips; NULL: it is one. */
static const char *idle(const trial *t)
{
    return t->unseen ? t->unseen : t->met ? NULL : t->idle;
}

/* Longer than any case may be, or, where nothing is made by rule, than any row is. */
static bool far(const of_op *o, const trial *t)
{
    const assay_suite *suite = assay_suite_of(o->op);
    const bool length = assay_slip_is(t->slip, ASSAY_SLIP_BEYOND) || assay_slip_is(t->slip, ASSAY_SLIP_BOTH) ||
                        assay_slip_is(t->slip, ASSAY_SLIP_WRAPS) || assay_slip_is(t->slip, ASSAY_SLIP_SHORT);
    return !t->met && length && ((suite && suite->rows_only) || beyond_cases(t->slip, o->level));
}

static bool escapes_all(const of_op *o, const trial *t)
{
    return !t->caught && !idle(t) && !far(o, t);
}

static int32_t allowed(const of_op *o, const struct known *k)
{
    int32_t n = 0;
    for (size_t i = 0; i < o->n; i++)
        n += escapes_all(o, &o->trial[i]) && !fnmatch(k->glob, o->trial[i].slip->name, 0);
    return n < k->n ? n : k->n;
}

assay_implied_score assay_implied_of(const assay_implied *x, const assay_op *op)
{
    const of_op *o = assay_implied_find(x, op);
    assay_implied_score s = o->put;
    s.seconds += o->seconds;
    for (size_t i = 0; i < o->n; i++) {
        const trial *t = &o->trial[i];
        const bool right = assay_slip_is(t->slip, ASSAY_SLIP_RIGHT);
        s.flagged += right && t->caught;
        if (right)
            continue;
        s.made++;
        s.caught += t->caught;
        s.idle += !t->caught && idle(t);
        s.far += !t->caught && !idle(t) && far(o, t);
        s.escaped += escapes_all(o, t);
    }
    for (size_t k = 0; escapes[k].op; k++)
        s.allowed += strcmp(escapes[k].op, op->name) ? 0 : allowed(o, &escapes[k]);
    return s;
}

bool assay_implied_settled(assay_implied *x, const assay_op *op)
{
    of_op *o = assay_implied_find(x, op);
    size_t caught = 0;
    for (size_t i = 0; i < o->n; i++)
        caught += o->trial[i].caught;
    if (caught != o->caught) {
        const assay_implied_score s = assay_implied_of(x, op);
        o->caught = caught;
        o->settled = s.escaped <= s.allowed;
    }
    return o->settled;
}

void assay_implied_put(assay_implied *x, const assay_op *op, const assay_implied_score *s)
{
    of_op *o = assay_implied_find(x, op);
    o->put = *s;
    o->n = 0;
}

/* What is known to escape, and no longer does: the list may shrink. */
static void print_fewer(const of_op *o)
{
    for (const struct known *k = escapes; k->op; k++) {
        const int32_t n = strcmp(k->op, o->op->name) ? k->n : allowed(o, k);
        if (n < k->n)
            printf("    escapes.def: of %s/%s %d escape, no longer %d\n", k->op, k->glob, n, k->n);
    }
}

static void print_each(const of_op *o)
{
    print_fewer(o);
    for (size_t i = 0; i < o->n; i++) {
        const trial *t = &o->trial[i];
        const char *why = idle(t);
        const bool right = assay_slip_is(t->slip, ASSAY_SLIP_RIGHT);
        if (right && t->caught)
            printf("    FLAGGED  %s/%s: the wrapper itself is judged wrong\n", o->op->name, t->slip->name);
        if (right)
            continue;
        if (!t->caught && why)
            printf("    not observable  %s/%s: %s\n", o->op->name, t->slip->name, why);
        else if (escapes_all(o, t))
            printf("    ESCAPED  %s/%s (%s): %s\n", o->op->name, t->slip->name, t->slip->kind->sentence,
                   t->met ? "its results are within the bounds of every case" : "no case in which it would differ");
    }
}

assay_implied_score assay_implied_all(const assay_implied *x)
{
    assay_implied_score sum = { 0 };
    for (size_t i = 0; i < x->n; i++) {
        const assay_implied_score s = assay_implied_of(x, x->op[i].op);
        sum.made += s.made, sum.caught += s.caught, sum.idle += s.idle, sum.far += s.far, sum.escaped += s.escaped;
        sum.flagged += s.flagged, sum.allowed += s.allowed, sum.seconds += s.seconds;
    }
    return sum;
}

void assay_implied_print(const assay_implied *x, bool all)
{
    for (size_t i = 0; i < x->n; i++) {
        const assay_implied_score s = assay_implied_of(x, x->op[i].op);
        if (!s.made && !s.flagged)
            continue;
        printf("  implied faults of %-13s %5d made, %5d caught, %4d not observable, %4d out of reach, %4d escaped, "
               "%d of these known; "
               "%.1f s%s\n",
               x->op[i].op->name, s.made, s.caught, s.idle, s.far, s.escaped, s.allowed, s.seconds,
               s.flagged ? "; FLAGGED: the kernel without a slip" : "");
        if (all)
            print_each(&x->op[i]);
    }
}

void assay_implied_free(assay_implied *x)
{
    for (size_t i = 0; x && i < x->n; i++)
        free(x->op[i].trial);
    if (x)
        free(x->op);
    free(x);
}
