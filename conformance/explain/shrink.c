/* SPDX-License-Identifier: MIT
 * Greedy: a table of simplifications is gone through again and again, each kept when the kernel still fails, until a
 * whole round changes nothing or the effort is spent. */
#include "shrink.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../certificate/certificate.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct hunt {
    assay_pool *pool;
    const assay_kernel *kernel;
    int plugin, threads;
    assay_case best;
    assay_finding finding;
    int calls;
    time_t until;
    bool changed; /* something was kept in this round */
} hunt;

/* Wrong values are of one sort, whether a case is judged bit for bit or within bounds. */
static assay_by sort_of(assay_by by)
{
    return by == ASSAY_BY_EX || by == ASSAY_BY_DISCRETE ? ASSAY_BY_T1 : by;
}

/* Which placement is simpler: after another call is as plain as the first call. */
static int ease_of(int place)
{
    static const int ease[ASSAY_PLACES] = {
        [ASSAY_PLACE_PLAIN] = 0,   [ASSAY_PLACE_AFTER] = 0,   [ASSAY_PLACE_HOSTILE] = 1, [ASSAY_PLACE_APART] = 1,
        [ASSAY_PLACE_IN_TURN] = 1, [ASSAY_PLACE_AT_ONCE] = 1, [ASSAY_PLACE_FAR] = 1,     [ASSAY_PLACE_IN_PLACE] = 2
    };
    return ease[place];
}

static bool spent(const hunt *h)
{
    return h->calls >= ASSAY_SHRINK_CALLS || time(NULL) > h->until;
}

/* The case as its printed line means it, so that the line reproduces what was judged. */
static bool legal(const assay_case *c, assay_case *again)
{
    char line[ASSAY_CASE_LINE];
    assay_case_print(c, line, sizeof line);
    return assay_case_parse(line, again, NULL) == ASSAY_OK;
}

/* Keeps c if the kernel fails it as it failed the original. */
static bool keep(hunt *h, const assay_case *c)
{
    assay_case parsed;
    assay_problem p;
    assay_finding f;
    if (spent(h) || !legal(c, &parsed))
        return false;
    bool ok = assay_problem_make(&parsed, &p, NULL) == ASSAY_OK;
    const assay_args a = { .operand = p.t, .dim = p.c.dim, .params = p.c.params };
    ok = ok && assay_kernel_takes(p.c.op, h->kernel, &a) &&
         assay_problem_solve(&p, h->kernel->contract, NULL) == ASSAY_OK;
    if (ok) {
        h->calls++;
        assay_outcome out = assay_judge(h->pool, &p, h->kernel, h->plugin, h->threads, &f);
        if (out == ASSAY_PASSED && h->finding.by == ASSAY_BY_PROMISE &&
            !assay_promises(h->pool, &p, h->kernel, h->plugin, &f))
            out = ASSAY_FAILED;
        ok = out == ASSAY_FAILED && sort_of(f.by) == sort_of(h->finding.by) &&
             ease_of(f.place) <= ease_of(h->finding.place);
    }
    assay_problem_free(&p);
    if (!ok)
        return false;
    h->best = parsed;
    h->finding = f;
    h->changed = true;
    return true;
}

/* 1, half, then less by powers of two: what depends on a remainder keeps it. */
static bool shorter(hunt *h, int d, int also)
{
    const int64_t n = h->best.dim[d];
    for (int k = 0; k < 10 && n > 1; k++) {
        const int64_t to = k == 0 ? 1 : k == 1 ? n / 2 : n - (INT64_C(1) << (9 - k));
        assay_case c = h->best;
        if (to < 1 || to >= n || (k && to == 1))
            continue;
        c.dim[d] = to;
        if (also >= 0)
            c.dim[also] = c.dim[also] * to / n > 0 ? c.dim[also] * to / n : 1;
        if (keep(h, &c))
            return true;
    }
    return false;
}

static void dims(hunt *h)
{
    const int n = (int)strlen(h->best.op->dims);
    for (int d = 0; d < n; d++)
        while (shorter(h, d, -1))
            ;
    for (int d = 0; d < n; d++) /* lengths that are tied to each other */
        for (int e = 0; e < n; e++)
            while (e != d && h->best.dim[d] > 1 && h->best.dim[e] > 1 && shorter(h, d, e))
                ;
}

static void operands(hunt *h)
{
    const assay_op *op = h->best.op;
    for (int i = 0; i < op->n_operands; i++) {
        assay_case c = h->best;
        c.present &= ~(1u << i);
        if ((op->operands[i].flags & ASSAY_OPTIONAL) && c.present != h->best.present)
            keep(h, &c);
        c = h->best;
        c.layout[i] = 0;
        if (h->best.layout[i])
            keep(h, &c);
        c = h->best;
        c.spread_over[i] = 0;
        if (h->best.spread_over[i])
            keep(h, &c);
        for (int t = 0; (h->best.present >> i & 1) && t < (int)h->best.type[i]; t++) {
            c = h->best;
            c.type[i] = (assay_dtype)t;
            if (ASSAY_HAS(op->operands[i].types, t) && ASSAY_HAS(h->kernel->types[i], t) && keep(h, &c))
                break;
        }
    }
}

static void params(hunt *h)
{
    const assay_op *op = h->best.op;
    for (int i = 0; i < op->n_fields; i++) {
        assay_case c = h->best;
        memset(c.params + op->fields[i].offset, 0, op->fields[i].kind == ASSAY_KIND_I64 ? 8 : 4);
        if (memcmp(c.params, h->best.params, sizeof c.params))
            keep(h, &c);
    }
}

/* From the simplest values on, up to the generator that stands there. */
static void values(hunt *h)
{
    static const char *const simple[] = { "zero", "equal", "ramp", "ints-narrow", "positive", "gauss" };
    for (size_t s = 0; s < sizeof simple / sizeof *simple && strcmp(simple[s], h->best.gen->name); s++)
        for (size_t g = 0; g < assay_n_gens; g++) {
            assay_case c = h->best;
            c.gen = &assay_gens[g], c.gen_at = 0;
            if (!strcmp(c.gen->name, simple[s]) && keep(h, &c))
                return;
        }
}

static void seeds(hunt *h)
{
    for (uint64_t seed = 1; seed < 5 && seed < h->best.seed; seed++) { /* 0 is not printed: it means the line's own */
        assay_case c = h->best;
        c.seed = seed;
        if (keep(h, &c))
            return;
    }
}

void assay_shrink(assay_pool *pool, const assay_case *c, const assay_kernel *k, int plugin, int threads,
                  const assay_finding *f, assay_shrunk *s)
{
    static void (*const step[])(hunt *) = { operands, dims, params, values, seeds };
    hunt h = { .pool = pool, .kernel = k, .plugin = plugin, .threads = threads, .best = *c, .finding = *f };
    *s = (assay_shrunk){ .line = "" };
    if (f->by == ASSAY_BY_TIMEOUT) /* each try would cost a whole time limit */
        return;
    h.until = time(NULL) + ASSAY_SHRINK_SECONDS;
    bool any = false;
    do {
        h.changed = false;
        for (size_t i = 0; i < sizeof step / sizeof *step; i++)
            step[i](&h);
        any |= h.changed;
    } while (h.changed && !spent(&h));
    if (threads > 1 && h.finding.threads > 1) { /* is a team needed? */
        h.threads = 1;
        keep(&h, &h.best);
    }
    s->calls = h.calls;
    s->finding = h.finding;
    if (any)
        assay_case_print(&h.best, s->line, sizeof s->line);
}
