/* SPDX-License-Identifier: MIT
 * Facts are small predicates over a case.  All facts that hold for a failed case are candidates; one that holds for no
 * passed case is a cause, the one that covers most failures first, the plainer of equals; then the same of what is
 * left. Where no single fact covers all that is left, two facts together are tried. */
#include "cause.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/suite.h"
#include "../../reference/core/tensor.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the plainest on. */
typedef enum kind {
    FIELD_IS,
    FIELD_SET,
    FIELD_UNSET,
    GIVEN,
    LEFT_OUT,
    TYPE,
    LAYOUT,
    BROADCAST,
    GENERATOR,
    NO_MULTIPLE,
    OVER,
    UNDER,
    DIM_IS,
    MULTIPLE,
    REST
} kind;

typedef struct fact {
    kind kind;
    int which;     /* field, operand or dimension */
    int64_t value; /* modulus, limit, type, layout */
    int64_t rest;
    const assay_case *like; /* FIELD_IS, GENERATOR: the value that this case has */
} fact;

enum { FACTS = 4096, SHARED = 256 };
static const double by_luck = 0.05; /* so many facts that fit may be expected where none has to do with failing */

typedef struct work {
    assay_caused *all;
    size_t n, failed, passed;
    fact *fact;
    size_t n_facts;
} work;

static size_t field_bytes(const assay_field *f)
{
    return f->kind == ASSAY_KIND_I64 ? 8 : 4;
}

static bool is_set(const assay_case *c, int i)
{
    static const unsigned char zero[8];
    const assay_field *f = &c->op->fields[i];
    return memcmp(c->params + f->offset, zero, field_bytes(f)) != 0;
}

static bool holds(const fact *f, const assay_case *c)
{
    const int w = f->which;
    const bool given = c->present >> w & 1;
    switch (f->kind) {
    case FIELD_IS:
        return !memcmp(c->params + c->op->fields[w].offset, f->like->params + c->op->fields[w].offset,
                       field_bytes(&c->op->fields[w]));
    case FIELD_SET:
        return is_set(c, w);
    case FIELD_UNSET:
        return !is_set(c, w);
    case GIVEN:
        return given;
    case LEFT_OUT:
        return !given;
    case TYPE:
        return given && (int64_t)c->type[w] == f->value;
    case LAYOUT:
        return given && (int64_t)c->layout[w] == f->value;
    case BROADCAST:
        return given && c->spread_over[w];
    case GENERATOR:
        return c->gen == f->like->gen && c->gen_at == f->like->gen_at;
    case NO_MULTIPLE:
        return c->dim[w] % f->value != 0;
    case MULTIPLE:
        return c->dim[w] % f->value == 0;
    case REST:
        return c->dim[w] % f->value == f->rest;
    case OVER:
        return c->dim[w] > f->value;
    case UNDER:
        return c->dim[w] < f->value;
    case DIM_IS:
        return c->dim[w] == f->value;
    }
    return false;
}

static bool same(const fact *a, const fact *b)
{
    return a->kind == b->kind && a->which == b->which && a->value == b->value && a->rest == b->rest &&
           (a->like == b->like || (a->like && b->like && holds(a, b->like)));
}

static void offer(work *w, fact f)
{
    for (size_t i = 0; i < w->n_facts; i++)
        if (same(&w->fact[i], &f))
            return;
    if (w->n_facts < FACTS)
        w->fact[w->n_facts++] = f;
}

/* The lengths next to which no passed case goes. */
static void offer_limits(work *w, int d)
{
    int64_t most = -1, least = INT64_MAX;
    for (size_t i = 0; i < w->n; i++)
        if (!w->all[i].t.failed) {
            most = w->all[i].c.dim[d] > most ? w->all[i].c.dim[d] : most;
            least = w->all[i].c.dim[d] < least ? w->all[i].c.dim[d] : least;
        }
    offer(w, (fact){ OVER, d, most, 0, NULL });
    offer(w, (fact){ UNDER, d, least, 0, NULL });
}

static void offer_case(work *w, const assay_case *c)
{
    const assay_op *op = c->op;
    for (int i = 0; i < op->n_fields; i++) {
        if (is_set(c, i))
            offer(w, (fact){ FIELD_IS, i, 0, 0, c });
        offer(w, (fact){ is_set(c, i) ? FIELD_SET : FIELD_UNSET, i, 0, 0, NULL });
    }
    for (int i = 0; i < op->n_operands; i++) {
        const bool given = c->present >> i & 1;
        if (op->operands[i].flags & ASSAY_OPTIONAL)
            offer(w, (fact){ given ? GIVEN : LEFT_OUT, i, 0, 0, NULL });
        if (given)
            offer(w, (fact){ TYPE, i, (int64_t)c->type[i], 0, NULL });
        if (given && c->layout[i])
            offer(w, (fact){ LAYOUT, i, (int64_t)c->layout[i], 0, NULL });
        if (given && c->spread_over[i])
            offer(w, (fact){ BROADCAST, i, 0, 0, NULL });
    }
    offer(w, (fact){ GENERATOR, 0, 0, 0, c });
    for (int d = 0; op->dims[d]; d++) {
        for (int64_t m = 2; m <= 64; m *= 2) {
            offer(w, (fact){ c->dim[d] % m ? NO_MULTIPLE : MULTIPLE, d, m, 0, NULL });
            if (m <= 16 && c->dim[d] % m)
                offer(w, (fact){ REST, d, m, c->dim[d] % m, NULL });
        }
        offer(w, (fact){ DIM_IS, d, c->dim[d], 0, NULL });
        offer(w, (fact){ OVER, d, c->dim[d] - 1, 0, NULL });
        offer(w, (fact){ UNDER, d, c->dim[d] + 1, 0, NULL });
    }
}

/* ---- words ----------------------------------------------------------------------------------------------------- */

static const char *has(const fact *f, const assay_op *op, char *text, size_t n)
{
    static const char *const with[] = { [GIVEN] = "%s given",
                                        [LEFT_OUT] = "no %s",
                                        [BROADCAST] = "%s broadcast",
                                        [FIELD_SET] = "%s not 0",
                                        [FIELD_UNSET] = "%s=0" };
    const char *name = f->kind <= FIELD_UNSET ? op->fields[f->which].name
                       : f->kind <= BROADCAST ? op->operands[f->which].name
                                              : NULL;
    const char letter = f->kind > GENERATOR ? op->dims[f->which] : 0;
    const long long v = f->value;
    switch (f->kind) {
    case FIELD_IS: {
        char key[48], line[ASSAY_CASE_LINE];
        snprintf(key, sizeof key, " %s=", name);
        assay_case_print(f->like, line, sizeof line);
        const char *at = strstr(line, key);
        snprintf(text, n, "%.*s", at ? (int)strcspn(at + 1, " ") : 0, at ? at + 1 : "");
        break;
    }
    case TYPE:
        snprintf(text, n, "%s=%s", name, assay_dtype_of((assay_dtype)v)->name);
        break;
    case LAYOUT:
        snprintf(text, n, "%s in %s", name, assay_layout_of((uint32_t)v)->name);
        break;
    case GENERATOR:
        snprintf(text, n, "gen=");
        assay_gen_print(f->like, text + 4, n - 4);
        break;
    case NO_MULTIPLE:
        snprintf(text, n, v == 2 ? "%c odd" : "%c no multiple of %lld", letter, v);
        break;
    case MULTIPLE:
        snprintf(text, n, v == 2 ? "%c even" : "%c a multiple of %lld", letter, v);
        break;
    case REST:
        snprintf(text, n, "%c mod %lld = %lld", letter, v, (long long)f->rest);
        break;
    case OVER:
        snprintf(text, n, "%c > %lld", letter, v);
        break;
    case UNDER:
        snprintf(text, n, "%c < %lld", letter, v);
        break;
    case DIM_IS:
        snprintf(text, n, "%c=%lld", letter, v);
        break;
    default:
        snprintf(text, n, with[f->kind], name);
    }
    return text;
}

/* Places where the rows of an operand lie apart from each other. */
static bool is_spread(int place)
{
    return place == ASSAY_PLACE_HOSTILE || place == ASSAY_PLACE_IN_PLACE || place >= ASSAY_PLACE_FAR;
}

/* Marks the cases of a group and says in what way they fail, where that is one way and not the plainest. */
static void tell(work *w, const fact *f, const fact *g, size_t covered, size_t pass, char *text)
{
    char one[80], two[80] = "";
    enum { SPREAD = ASSAY_PLACES }; /* several places, in all of which rows do not follow each other */
    int by = -1, place = -1, any = -1;
    bool mixed = false;
    for (size_t i = 0; i < w->n; i++) {
        assay_caused *x = &w->all[i];
        if (!x->t.failed)
            continue;
        mixed |= any >= 0 && any != x->t.by;
        any = x->t.by;
        if (x->told || !holds(f, &x->c) || (g && !holds(g, &x->c)))
            continue;
        by = by < 0 || by == x->t.by ? x->t.by : ASSAY_BY_NONE;
        place = place < 0 || place == x->t.place            ? x->t.place
                : is_spread(place) && is_spread(x->t.place) ? SPREAD
                                                            : ASSAY_PLACE_PLAIN;
        x->told = true;
    }
    const assay_op *op = w->all[0].c.op;
    if (g)
        has(g, op, two, sizeof two);
    const bool odd = place != ASSAY_PLACE_PLAIN && place != ASSAY_PLACE_AFTER;
    int at =
        covered == 2 && w->failed == 2
            ? snprintf(text, ASSAY_CAUSE_TEXT, "both")
            : snprintf(text, ASSAY_CAUSE_TEXT, covered == w->failed ? "all %zu" : "%zu of the %zu", covered, w->failed);
    at += snprintf(text + at, ASSAY_CAUSE_TEXT - (size_t)at, " cases that fail have %s%s%s,",
                   has(f, op, one, sizeof one), g ? " and " : "", two);
    at += pass
              ? snprintf(text + at, ASSAY_CAUSE_TEXT - (size_t)at, " as have %zu of the %zu that pass", pass, w->passed)
              : snprintf(text + at, ASSAY_CAUSE_TEXT - (size_t)at, " none of the %zu that pass", w->passed);
    if (mixed && by > ASSAY_BY_NONE)
        at += snprintf(text + at, ASSAY_CAUSE_TEXT - (size_t)at, "; all by %s", assay_by_words((assay_by)by));
    if (odd)
        snprintf(text + at, ASSAY_CAUSE_TEXT - (size_t)at, "; all with %s%s",
                 place == SPREAD ? "rows that do not follow each other" : "operands ",
                 place == SPREAD ? "" : assay_place_name(place));
}

/* ---- search ---------------------------------------------------------------------------------------------------- */

/* Failures not yet told that have both facts; pass: passed cases that do. */
static size_t covers(const work *w, const fact *f, const fact *g, size_t *pass)
{
    size_t n = 0;
    *pass = 0;
    for (size_t i = 0; i < w->n; i++)
        if (holds(f, &w->all[i].c) && (!g || holds(g, &w->all[i].c))) {
            *pass += !w->all[i].t.failed;
            n += w->all[i].t.failed && !w->all[i].told;
        }
    return n;
}

static size_t left(const work *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++)
        n += w->all[i].t.failed && !w->all[i].told;
    return n;
}

static bool shared(const work *w, const fact *f)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->all[i].t.failed && !w->all[i].told && !holds(f, &w->all[i].c))
            return false;
    return true;
}

static double log_choose(size_t n, size_t k)
{
    return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

/* The probability that a fact which holds for n of the failures left and for pass passed cases is no rarer among the
 * passed ones by luck alone: where few pass, many facts are lacking there. */
static double luck(const work *w, size_t rest, size_t n, size_t pass)
{
    const double all = log_choose(rest + w->passed, n + pass);
    double sum = 0;
    for (size_t k = 0; k <= pass; k++)
        if (n + pass - k <= rest)
            sum += exp(log_choose(w->passed, k) + log_choose(rest, n + pass - k) - all);
    return sum;
}

/* Two facts that all have who are left. */
static bool find_pair(const work *w, const fact **f, const fact **g)
{
    const fact *have[SHARED];
    const size_t rest = left(w);
    size_t n = 0, pass;
    int best = 2 * REST + 1;
    if (luck(w, rest, rest, 0) * (double)w->n_facts * (double)w->n_facts / 2 > by_luck)
        return false;
    for (size_t i = 0; i < w->n_facts && n < SHARED; i++)
        if (shared(w, &w->fact[i]))
            have[n++] = &w->fact[i];
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if ((int)(have[i]->kind + have[k]->kind) < best && covers(w, have[i], have[k], &pass) && !pass) {
                best = (int)(have[i]->kind + have[k]->kind);
                *f = have[i], *g = have[k];
            }
    return best <= 2 * REST;
}

/* soft: up to a quarter of the passed cases may have it, if four times as many failures do: a kernel may be right there
 * by luck, on zeros say. */
static const fact *find_one(const work *w, bool soft, size_t *most, size_t *passing)
{
    const fact *best = NULL;
    const size_t rest = left(w);
    size_t pass;
    *most = 1;
    for (size_t i = 0; i < w->n_facts; i++) {
        const size_t n = covers(w, &w->fact[i], NULL, &pass);
        if (soft ? 4 * pass > w->passed || 4 * pass > n : pass > 0)
            continue;
        if (luck(w, rest, n, pass) * (double)w->n_facts > by_luck)
            continue;
        if (n > *most || (best && n == *most && w->fact[i].kind < best->kind))
            best = &w->fact[i], *most = n, *passing = pass;
    }
    return best;
}

int assay_causes(assay_caused *all, size_t n, char text[ASSAY_CAUSES][ASSAY_CAUSE_TEXT])
{
    work w = { .all = all, .n = n, .fact = calloc(FACTS, sizeof(fact)) };
    int said = 0;
    for (size_t i = 0; i < n; i++) {
        w.failed += all[i].t.failed;
        w.passed += !all[i].t.failed;
        all[i].told = false;
    }
    if (!w.fact || w.failed < 2 || !w.passed) {
        free(w.fact);
        return 0;
    }
    for (int d = 0; all[0].c.op->dims[d]; d++)
        offer_limits(&w, d);
    for (size_t i = 0; i < n; i++)
        if (all[i].t.failed)
            offer_case(&w, &all[i].c);
    for (size_t rest; said < ASSAY_CAUSES && (rest = left(&w)) > 1; said++) {
        size_t most, many, pass = 0;
        const fact *f = find_one(&w, false, &most, &pass), *g = NULL, *h;
        if ((!f || most < rest) && find_pair(&w, &f, &g))
            most = rest;
        if (most < rest && (h = find_one(&w, true, &many, &pass)) && (many == rest || many >= 2 * most))
            f = h, most = many;
        else
            pass = 0;
        if (!f || 4 * most < rest) /* of many facts some always fit a few cases */
            break;
        tell(&w, f, g, most, pass, text[said]);
    }
    free(w.fact);
    return said;
}
