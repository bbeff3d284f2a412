/* SPDX-License-Identifier: MIT */
#include "cases.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "ladder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_OPS = 256,
    CHEAP = 32, /* most sets have a case for this part of the price; for the others it is doubled until they have */
    TYPES_SHARE = 4, /* joint cases of each type pay this part of what that of the first types does */
    DENSE = 8 /* in joint cases an element weighs so much: 32 times the price are for products of large matrices, whose
                 elements are few, not for as many elements */
};

/* What a case may cost (assay_case_price; joint: or alone; work: as bench measures it), and how many cases are made at
 * the most for pairs and for triples. */
static const struct {
    double price, joint, work;
    int64_t pairs, triples;
} at_level[] = {
    [ASSAY_QUICK] = { 0x1p18, 0x1p23, 0x1p20, 10000, 0 },
    [ASSAY_FULL] = { 0x1p20, 0x1p25, 0x1p25, 10000, 20000 },
    [ASSAY_EXHAUSTIVE] = { 0x1p22, 0x1p27, 0x1p27, 100000, 100000 },
};

typedef struct making {
    assay_cases *to;
    assay_case *c; /* of the rows */
    size_t n;
} making;

static void keep(void *ctx, const assay_case *c)
{
    assay_cases *to = ctx;
    char line[ASSAY_CASE_LINE];
    assay_case_print(c, line, sizeof line);
    to->line = assay_grown(to->line, to->n, sizeof *to->line);
    if (!(to->line[to->n++] = strdup(line)))
        abort();
}

static assay_status row(const char *line, void *ctx, assay_why *why)
{
    making *m = ctx;
    assay_cases *to = m->to;
    m->c = assay_grown(m->c, m->n, sizeof *m->c);
    const assay_status s = assay_case_parse(line, &m->c[m->n++], why);
    to->line = assay_grown(to->line, to->n, sizeof *to->line);
    if (!s && !(to->line[to->n++] = strdup(line)))
        abort();
    return s;
}

/* ---- alike, joint, even, alone ----------------------------------------------------------------------------------- */

/* Lengths that are large for what the dimension means, the innermost the largest. */
static int joint_rung(const assay_op *op, int d, int from_last)
{
    static const int64_t want[] = { 1024, 256, 128, 64, 16, 0 };
    const assay_ladder l = assay_ladder_of(op->role[d]);
    int at = 0;
    for (int i = 0; i < l.n && l.tails; i++)
        if (l.rung[i] <= want[from_last < 5 ? from_last : 5] && !assay_ladder_apart(op->role[d], l.rung[i]))
            at = i;
    return at;
}

static int gen_named(const assay_space *s, const char *name)
{
    const assay_factor *a = &s->factor[s->n - 1]; /* generators are the last factor */
    int at = 0;
    for (int g = 0; g < a->n; g++)
        at = strcmp(s->gen[g].gen->name, name) == 0 ? g : at;
    return at;
}

/* Everything usual, lengths of 3 to 7, or large ones; optional operands are left out. */
static void usual(const assay_space *s, int *choice, bool *free, bool joint)
{
    const int n_dims = (int)strlen(s->op->dims);
    for (int f = 0; f < s->n; f++) {
        const assay_factor *a = &s->factor[f];
        free[f] = joint;
        choice[f] = a->what == ASSAY_TAIL            ? 3 + a->of % 5
                    : a->what == ASSAY_RUNG && joint ? joint_rung(s->op, a->of, n_dims - 1 - a->of)
                                                     : 0;
    }
    choice[s->n - 1] = gen_named(s, "gauss");
}

static bool has_line(const assay_cases *to, const char *line)
{
    bool has = false;
    for (size_t i = 0; !has && i < to->n; i++)
        has = !strcmp(to->line[i], line);
    return has;
}

/* The first type of each operand comes to the same case as that of any other: it is kept once. */
static void add_seed(assay_cases *to, const int *choice, const bool *free, double price, double weight)
{
    assay_space s = to->space;
    assay_case c;
    assay_why why;
    char line[ASSAY_CASE_LINE];
    s.price = price;
    s.weight = weight;
    if (assay_space_case(&s, choice, free, &c, &why) != ASSAY_MADE)
        return;
    assay_case_print(&c, line, sizeof line);
    if (has_line(to, line))
        return;
    assay_cover_add(&to->pairs, &c);
    keep(to, &c);
}

/* Choice n of every factor of types that has a type of this name. */
static void all_of_type(const assay_space *s, const char *type, int *choice)
{
    char name[64];
    for (int f = 0; f < s->n; f++)
        for (int n = 0; s->factor[f].what == ASSAY_TYPE && n < s->factor[f].n; n++) {
            assay_space_name(s, f, n, name, sizeof name);
            if (!strcmp(strchr(name, '=') + 1, type))
                choice[f] = n;
        }
}

/* Lengths that all tiles divide: 8 rows, 32 of all else, or a block; 4 groups. */
static void even(const assay_space *s, int *choice, bool *free)
{
    usual(s, choice, free, true);
    for (int f = 0; f < s->n; f++) {
        const assay_factor *a = &s->factor[f];
        if (a->what != ASSAY_RUNG && a->what != ASSAY_TAIL)
            continue;
        const assay_role role = s->op->role[a->of];
        const bool many = !assay_ladder_of(role).tails, rows = role == ASSAY_ROLE_ROWS, few = role == ASSAY_ROLE_FEW;
        if (a->what == ASSAY_TAIL)
            choice[f] = rows ? 8 : few ? 2 : 0;
        else
            choice[f] = assay_ladder_rung(role, false, many ? 3 : rows || few ? 1 : 32);
    }
}

/* Such a case, and one more for each type of each operand: what takes whole tiles alone is often another path. */
static void add_even(assay_cases *to, double price)
{
    const assay_space *s = &to->space;
    int choice[ASSAY_MAX_FACTORS];
    bool free[ASSAY_MAX_FACTORS];
    even(s, choice, free);
    add_seed(to, choice, free, price, 1);
    for (int f = 0; f < s->n; f++)
        for (int n = 1; s->factor[f].what == ASSAY_TYPE && n < s->factor[f].n; n++) {
            even(s, choice, free);
            choice[f] = n;
            add_seed(to, choice, free, price, 1);
        }
}

/* The dimension of this factor at its highest rung, beyond 2^16, the others 1; but 3 where one is summed over, merged
 * or searched, or all results would be alike, and of rows, for the first is where a kernel looks without any stride.
 * whole: every operand is given; and of a mean of so many parts what is lost shows in numbers of one sign alone. */
static void add_alone(assay_cases *to, int factor, bool whole, double price)
{
    const assay_space *s = &to->space;
    const assay_ladder l = assay_ladder_of(s->op->role[s->factor[factor].of]);
    const int at = l.n - 1;
    int choice[ASSAY_MAX_FACTORS];
    bool free[ASSAY_MAX_FACTORS];
    usual(s, choice, free, false);
    for (int f = 0; f < s->n; f++) {
        const int role = s->op->role[s->factor[f].of];
        const bool joined = role == ASSAY_ROLE_SUM || role == ASSAY_ROLE_KEYS || role == ASSAY_ROLE_PARTS;
        if (s->factor[f].what == ASSAY_TAIL)
            choice[f] = joined || role == ASSAY_ROLE_ROWS ? 3 : 1;
        else if (s->factor[f].what == ASSAY_GIVEN)
            choice[f] = whole && s->op->operands[s->factor[f].of].flags & ASSAY_OPTIONAL;
    }
    choice[factor] = at;
    if (whole && s->op->role[s->factor[factor].of] == ASSAY_ROLE_PARTS)
        choice[s->n - 1] = gen_named(s, "positive");
    if (l.rung[at] >= ASSAY_LONE)
        add_seed(to, choice, free, price, 1);
}

static void add_seeds(assay_cases *to, assay_level level)
{
    const assay_space *s = &to->space;
    int choice[ASSAY_MAX_FACTORS];
    bool free[ASSAY_MAX_FACTORS];
    usual(s, choice, free, true);
    add_seed(to, choice, free, at_level[level].joint, DENSE);
    for (int f = 0; f < s->n; f++)
        if (s->factor[f].what == ASSAY_RUNG)
            add_alone(to, f, false, at_level[level].joint);
    for (int f = 0; f < s->n; f++)
        for (int n = 0; s->factor[f].what == ASSAY_TYPE && n < s->factor[f].n; n++) {
            char name[64];
            assay_space_name(s, f, n, name, sizeof name);
            usual(s, choice, free, false);
            all_of_type(s, strchr(name, '=') + 1, choice);
            add_seed(to, choice, free, s->price, 1);
            usual(s, choice, free, true);
            choice[f] = n;
            add_seed(to, choice, free, at_level[level].joint / TYPES_SHARE, DENSE);
        }
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

/* Each set at the least price that it can be had for; beside lengths of few models with lengths of 1 only where there
 * is nothing else. */
static void fill(assay_cases *to, assay_cover *v, double price, int64_t most)
{
    const size_t had = to->n;
    to->space.price = price / CHEAP;
    assay_cover_fill(v, most, keep, to);
    while (to->space.price < price) {
        to->space.price *= 2;
        assay_cover_retry(v, most - (int64_t)(to->n - had), keep, to);
    }
    v->humble = true;
    assay_cover_retry(v, most - (int64_t)(to->n - had), keep, to);
}

static void add_triples(assay_cases *to, assay_level level)
{
    if (!assay_cover_init(&to->triples, &to->space, 3, true))
        abort();
    to->triples.pairs = &to->pairs;
    for (size_t i = 0; i < to->n; i++) {
        assay_case c;
        if (!assay_case_parse(to->line[i], &c, NULL))
            assay_cover_add(&to->triples, &c);
    }
    fill(to, &to->triples, at_level[level].price, at_level[level].triples);
}

/* ---- what bench measures ----------------------------------------------------------------------------------------- */

bool assay_cases_have_work(assay_level level, const assay_case *c)
{
    return assay_case_price(c, at_level[level].work) <= at_level[level].work;
}

typedef struct working {
    assay_cases *to;
    assay_level level;
} working;

/* w=* may name a type whose blocks do not fit: bench leaves it out, too. */
static assay_status work(const char *line, void *ctx, assay_why *why)
{
    const working *w = ctx;
    assay_case c;
    (void)why;
    if (assay_case_parse(line, &c, NULL) || !assay_cases_have_work(w->level, &c))
        return ASSAY_OK;
    char mine[ASSAY_CASE_LINE];
    assay_case_print(&c, mine, sizeof mine);
    if (!has_line(w->to, mine))
        keep(w->to, &c);
    return ASSAY_OK;
}

static void add_work(assay_cases *to, assay_level level)
{
    const assay_workload *workload;
    working w = { to, level };
    for (size_t i = 0; (workload = assay_workload_of(to->space.op, i)); i++)
        assay_case_expand(to->space.op, workload->line, work, &w, NULL);
}

/* The rows of a level, and the space that they belong to; m->c is the caller's to free. */
static void read_rows(const assay_op *op, assay_level level, making *m)
{
    const assay_suite *suite = assay_suite_of(op);
    assay_why why = { "" };
    for (size_t i = 0; i < suite->n_rows; i++)
        if (suite->rows[i].level <= level && assay_case_expand(op, suite->rows[i].pattern, row, m, &why)) {
            fprintf(stderr, "assay: a case of %s: %s: %s\n", op->name, suite->rows[i].pattern, why.text);
            exit(2);
        }
    m->to->n_rows = m->to->n;
    assay_space_init(&m->to->space, op, at_level[level].price, m->c, m->n);
}

void assay_cases_space(const assay_op *op, assay_level level, assay_space *s)
{
    assay_cases rows = { .n = 0 };
    making m = { &rows, NULL, 0 };
    read_rows(op, level, &m);
    *s = rows.space;
    for (size_t i = 0; i < rows.n; i++)
        free(rows.line[i]);
    free(rows.line);
    free(m.c);
}

static assay_cases *make(const assay_op *op, assay_level level)
{
    assay_cases *to = calloc(1, sizeof *to);
    making m = { to, NULL, 0 };
    if (!to)
        abort();
    read_rows(op, level, &m);
    if (!assay_cover_init(&to->pairs, &to->space, 2, !at_level[level].triples))
        abort();
    for (size_t i = 0; i < m.n; i++)
        assay_cover_add(&to->pairs, &m.c[i]);
    free(m.c);
    if (assay_suite_of(op)->rows_only)
        return to;
    add_seeds(to, level);
    fill(to, &to->pairs, at_level[level].price, at_level[level].pairs);
    for (int f = 0; f < to->space.n; f++)
        if (to->space.factor[f].what == ASSAY_RUNG)
            add_alone(to, f, true, at_level[level].joint);
    add_even(to, at_level[level].joint / TYPES_SHARE);
    assay_cover_retry(&to->pairs, 0, keep, to); /* makes none, and counts what these have had */
    if (at_level[level].triples)
        add_triples(to, level);
    add_work(to, level);
    return to;
}

const assay_cases *assay_cases_of(const assay_op *op, assay_level level)
{
    static struct {
        const assay_op *op;
        assay_cases *made[ASSAY_EXHAUSTIVE + 1];
    } kept[MOST_OPS];
    size_t i = 0;
    if (!assay_suite_of(op))
        return NULL;
    while (i < MOST_OPS && kept[i].op && kept[i].op != op)
        i++;
    if (i == MOST_OPS)
        abort();
    kept[i].op = op;
    if (!kept[i].made[level])
        kept[i].made[level] = make(op, level);
    return kept[i].made[level];
}

assay_status assay_cases_visit_made(const assay_op *op, assay_level level, bool last_first, assay_case_visit visit,
                                    void *ctx, assay_why *why)
{
    const assay_cases *all = assay_cases_of(op, level);
    assay_status s = ASSAY_OK;
    for (size_t i = all ? all->n_rows : 0; all && !s && i < all->n; i++)
        s = visit(all->line[last_first ? all->n - 1 - (i - all->n_rows) : i], ctx, why);
    return s;
}

assay_status assay_cases_visit(const assay_op *op, assay_level level, bool rows_only, assay_case_visit visit, void *ctx,
                               assay_why *why)
{
    const assay_suite *suite = assay_suite_of(op);
    assay_status s = ASSAY_OK;
    for (size_t i = 0; !s && i < suite->n_rows; i++)
        if (suite->rows[i].level <= level)
            s = assay_case_expand(op, suite->rows[i].pattern, visit, ctx, why);
    return s || rows_only ? s : assay_cases_visit_made(op, level, false, visit, ctx, why);
}

/* ---- what is covered --------------------------------------------------------------------------------------------- */

static void print_gaps(const assay_space *s, const assay_cover *v)
{
    for (size_t i = 0; i < v->n_gaps; i++) {
        const assay_gap *g = &v->gap[i];
        if (!g->n)
            continue;
        for (int k = 0; k < v->strength; k++) {
            char one[64];
            assay_space_name(s, g->factor[k], g->choice[k], one, sizeof one);
            printf("%s%s", k ? " with " : "    ", one);
        }
        printf(": %s%.200s", g->why_not == ASSAY_MADE ? "no legal case keeps them" : "", g->why.text);
        printf(g->n > 1 ? " (and %lld like it)\n" : "\n", (long long)g->n - 1);
    }
}

static void print_cover(const assay_space *s, const char *what, const assay_cover *v, bool all)
{
    if (!v->done)
        return;
    printf("  %s of choices: %lld covered of %lld; refused by the op %lld, beyond this level's price %lld\n", what,
           (long long)v->covered, (long long)v->sets, (long long)v->refused, (long long)v->dear);
    if (all)
        print_gaps(s, v);
}

void assay_cases_print(const assay_cases *c, bool all)
{
    printf("%s: %zu cases of its own rows, %zu by rule\n", c->space.op->name, c->n_rows, c->n - c->n_rows);
    if (assay_suite_of(c->space.op)->rows_only)
        return;
    print_cover(&c->space, "pairs", &c->pairs, all);
    print_cover(&c->space, "triples", &c->triples, all);
}
