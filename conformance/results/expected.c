/* SPDX-License-Identifier: MIT */
#include "expected.h"
#include "../select.h"
#include "terminal.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SINCE, KERNEL, VERDICTS, CASE, REASON, KNOWN_FIELDS };
enum { CLAIMER, CLAIM, CLAIM_FIELDS };

static bool is_date(const char *s)
{
    int year, month, day, end = 0;
    return strlen(s) == 10 && sscanf(s, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && end == 10 && month >= 1 &&
           month <= 12 && day >= 1 && day <= 31;
}

/* "T1 class", "any", "some memory" */
static bool read_verdicts(const char *text, assay_count *n)
{
    char words[ASSAY_STATED_LINE], *rest;
    snprintf(words, sizeof words, "%s", text);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        uint32_t bit = !strcmp(word, "any") ? UINT32_MAX : 0;
        for (int b = ASSAY_BY_CLASS; b < ASSAY_BY_UNEXPECTED; b++)
            bit |= strcmp(assay_by_name((assay_by)b), word) ? 0 : UINT32_C(1) << b;
        if (!bit && strcmp(word, "some") != 0)
            return false;
        n->some |= !bit;
        n->by |= bit;
    }
    return n->by != 0;
}

static assay_status read_known(assay_expected *x, const char *path, assay_why *why)
{
    assay_status s = assay_stated_read(&x->known, "--known", path, KNOWN_FIELDS,
                                       "DATE | KERNEL | VERDICTS | CASE | REASON", CASE, why);
    x->of_known = assay_zeros(x->known.n + 1, sizeof *x->of_known);
    for (size_t i = 0; !s && i < x->known.n; i++) {
        const assay_stated *e = &x->known.line[i];
        if (!is_date(e->field[SINCE]))
            s = assay_stated_wrong(&x->known, e, why, "a date is needed, such as 2026-12-01", e->field[SINCE]);
        else if (!read_verdicts(e->field[VERDICTS], &x->of_known[i]))
            s = assay_stated_wrong(
                &x->known, e, why,
                "verdicts as a failure names them (T1, class, memory, crash, ...), or any, are needed",
                e->field[VERDICTS]);
    }
    return s;
}

static assay_status read_claims(assay_expected *x, const char *path, assay_why *why)
{
    const assay_status s = assay_stated_read(&x->claims, "--claims", path, CLAIM_FIELDS, "KERNEL | CASE", CLAIM, why);
    x->of_claim = assay_zeros(x->claims.n + 1, sizeof *x->of_claim);
    return s;
}

assay_status assay_expected_read(assay_expected *x, const char *known, const char *claims, assay_why *why)
{
    const assay_status s = known ? read_known(x, known, why) : ASSAY_OK;
    return s || !claims ? s : read_claims(x, claims, why);
}

void assay_expected_free(assay_expected *x)
{
    assay_stated_free(&x->known);
    assay_stated_free(&x->claims);
    free(x->of_known);
    free(x->of_claim);
    *x = (assay_expected){ 0 };
}

static bool claims(const assay_stated *s, const assay_kernel *k, const assay_case *c)
{
    return assay_kernel_matches(s->field[CLAIMER], k->name) && assay_stated_means(s, s->field[CLAIM], c);
}

static assay_outcome known_outcome(assay_expected *x, size_t i, assay_outcome o, assay_finding *f)
{
    const assay_stated *e = &x->known.line[i];
    if (o == ASSAY_FAILED) {
        x->of_known[i].known++;
        assay_fail(&f->known, ASSAY_OK, "%s: %.200s", e->field[SINCE], e->field[REASON]);
        return ASSAY_FAILED_AS_KNOWN;
    }
    f->pass = false, f->by = ASSAY_BY_UNEXPECTED, f->operand = -1, f->index = -1;
    assay_fail(&f->why, ASSAY_OK,
               "it passes, but line %d of %.80s expects a failure (%s: %.60s): remove that line, or say which cases "
               "fail",
               e->number, x->known.path, e->field[SINCE], e->field[REASON]);
    return ASSAY_FAILED;
}

assay_outcome assay_expected_outcome(assay_expected *x, const assay_kernel *k, const assay_case *c, assay_outcome o,
                                     assay_finding *f)
{
    for (size_t i = 0; x && i < x->claims.n; i++)
        if (claims(&x->claims.line[i], k, c))
            *(o == ASSAY_NOT_ACCEPTED ? &x->of_claim[i].refused : &x->of_claim[i].ran) += 1;
    for (size_t i = 0; x && o != ASSAY_NOT_ACCEPTED && i < x->known.n; i++) {
        const assay_stated *e = &x->known.line[i];
        const bool by = o == ASSAY_PASSED || x->of_known[i].by >> f->by & 1;
        if (!by || !assay_kernel_matches(e->field[KERNEL], k->name) || !assay_stated_means(e, e->field[CASE], c))
            continue;
        x->of_known[i].ran++;
        if (o == ASSAY_FAILED || !x->of_known[i].some) /* a pass that one line allows another may not */
            return known_outcome(x, i, o, f);
    }
    return o;
}

void assay_expected_other(assay_expected *x, const assay_kernel *k, const assay_case *c)
{
    for (size_t i = 0; x && i < x->claims.n; i++)
        x->of_claim[i].other_types += claims(&x->claims.line[i], k, c);
}

/* Which kernels of this run a line is about. */
static void look(const assay_stated *s, const char *kernel, assay_count *n, const assay_ledger *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->entry[i].kernel->op, s->op->name) && assay_kernel_matches(kernel, l->entry[i].kernel->name)) {
            n->there = true;
            n->on_cpu |= l->entry[i].on_cpu;
        }
}

static const char *absent(const assay_count *n)
{
    return !n->there    ? "no kernel of this name is in this run"
           : !n->on_cpu ? "its kernel is not on this CPU"
                        : "no run of it was such a case";
}

static void settle_known(assay_expected *x, size_t i, assay_ledger *l)
{
    const assay_stated *e = &x->known.line[i];
    assay_count *n = &x->of_known[i];
    const int64_t passed = n->ran - n->known;
    look(e, e->field[KERNEL], n, l);
    const bool gone = n->some && passed && !n->known && !assay_ledger_shard(l), bad = gone || (passed && !n->some);
    printf("  %s%s%s line %d of %s: %s, %s: ", assay_paint(bad ? ASSAY_RED : ASSAY_YELLOW),
           bad      ? "FAIL "
           : n->ran ? "known"
                    : "unmet",
           assay_paint(ASSAY_PLAIN_TEXT), e->number, x->known.path, e->field[KERNEL], e->field[CASE]);
    if (n->ran)
        printf("%" PRId64 " of %" PRId64 " run%s failed as known%s", n->known, n->ran, assay_s(n->ran),
               gone ? ": remove that line" : "");
    else
        printf("%s", absent(n));
    printf(" (%s: %s)\n", e->field[SINCE], e->field[REASON]);
    if (gone)
        assay_ledger_unmet(l, "%.80s, line %d: none of %" PRId64 " run%s of %.60s, %.80s failed: remove that line",
                           x->known.path, e->number, n->ran, assay_s(n->ran), e->field[KERNEL], e->field[CASE]);
}

static void settle_claim(assay_expected *x, size_t i, assay_ledger *l)
{
    const assay_stated *e = &x->claims.line[i];
    assay_count *n = &x->of_claim[i];
    char why[120];
    if (n->ran || (l->filter && l->filter->op && strcmp(l->filter->op, e->op->name) != 0))
        return;
    look(e, e->field[CLAIMER], n, l);
    if (n->refused + n->other_types)
        snprintf(why, sizeof why,
                 "it took none of %" PRId64 " such case%s, %" PRId64 " of them of types that are not its",
                 n->refused + n->other_types, assay_s(n->refused + n->other_types), n->other_types);
    else
        snprintf(why, sizeof why, "%s", absent(n));
    printf("  %sFAIL %s line %d of %s: %s, %s: claimed and not run: %s\n", assay_paint(ASSAY_RED),
           assay_paint(ASSAY_PLAIN_TEXT), e->number, x->claims.path, e->field[CLAIMER], e->field[CLAIM], why);
    assay_ledger_unmet(l, "%.60s, line %d: %.60s, %.60s: claimed and not run: %s", x->claims.path, e->number,
                       e->field[CLAIMER], e->field[CLAIM], why);
}

/* A kernel that no line of the claims names: nobody asked for it. */
static void say_unclaimed(const assay_expected *x, const assay_ledger *l)
{
    for (size_t i = 0; x->claims.n && i < l->n; i++) {
        const assay_kernel *k = l->entry[i].kernel;
        bool any = false;
        for (size_t m = 0; m < x->claims.n && !any; m++)
            any = !strcmp(x->claims.line[m].op->name, k->op) &&
                  assay_kernel_matches(x->claims.line[m].field[CLAIMER], k->name);
        if (!any)
            printf("  note: %s does not claim %s/%s\n", x->claims.path, k->op, k->name);
    }
}

void assay_expected_settle(assay_expected *x, assay_ledger *l)
{
    for (size_t i = 0; i < x->known.n; i++)
        settle_known(x, i, l);
    for (size_t i = 0; i < x->claims.n; i++)
        settle_claim(x, i, l);
    say_unclaimed(x, l);
}
