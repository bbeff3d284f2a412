/* SPDX-License-Identifier: MIT */
#include "words.h"
#include "../judge/placement.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void assay_say_add(assay_say *w, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(w->text + w->at, sizeof w->text - w->at, format, ap);
    va_end(ap);
    w->at += n > 0 ? (size_t)n : 0;
    w->at = w->at < sizeof w->text ? w->at : sizeof w->text - 1;
}

bool assay_accounts(const assay_scene *s, int64_t i, double v)
{
    const bool whole = s->p->t[s->operand].type == ASSAY_i32; /* ids and counts: -1 is not nearly 0 */
    const double slack =
        whole ? 0x1p-40 * fabs(s->got[i]) : fmax((s->hi[i] - s->lo[i]) / 2, fabs(s->got[i] - s->want[i]) / 50);
    return isfinite(v) && fabs(s->got[i] - v) <= slack;
}

/* Nearly all of it, or most of it said as such. */
static bool find_how(const assay_scene *s, assay_say *w)
{
    static const assay_how *const tables[] = { assay_hows_value, assay_hows_input, assay_hows_index, assay_hows_number,
                                               assay_hows_scale };
    assay_say most = { "", 0 };
    double best = 0.75;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const assay_how *how = tables[t]; *how; how++) {
            assay_say say = { "", 0 };
            const double share = (*how)(s, &say);
            if (share >= 0.95) {
                assay_say_add(w, "%s", say.text);
                return true;
            }
            if (share > best)
                best = share, most = say;
        }
    if (most.at)
        assay_say_add(w, "mostly %s", most.text);
    return most.at > 0;
}

/* Every element within its bound, and yet: T2. */
static void together(const assay_scene *s, assay_say *w)
{
    double sum = 0, size = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (isfinite(s->got[i]) && isfinite(s->want[i])) {
            const double e = s->got[i] - s->want[i];
            sum += s->want[i] < 0 ? -e : e;
            size += fabs(e);
        }
    assay_say_add(w, "no element by itself; the errors together are larger than legal rounding makes them%s",
                  sum < -size / 2  ? ", most of them toward zero"
                  : sum > size / 2 ? ", most of them away from zero"
                                   : "");
}

bool assay_words(const assay_scene *s, assay_say *w)
{
    assay_say where = { "", 0 }, how = { "", 0 };
    *w = (assay_say){ "", 0 };
    if (!s->n_wrong)
        return together(s, w), true;
    const bool placed = assay_words_where(s, &where), known = find_how(s, &how);
    if (!placed)
        assay_say_add(&where, "%lld of %lld elements", (long long)s->n_wrong, (long long)s->n);
    if (!known && (!placed || s->n_wrong < 3 || s->n_wrong == s->n))
        return false; /* a place alone says something only where it is a pattern */
    assay_say_add(w, known ? "%s: %s" : "wrong: %s", where.text, how.text);
    return true;
}

bool assay_explain(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin, const assay_finding *f,
                   bool table, char *text, size_t n)
{
    assay_tensor out[ASSAY_MAX_OPND];
    assay_finding again;
    assay_scene s = { 0 };
    assay_say w = { "", 0 };
    bool found = false;
    const char *of = ""; /* the output that the words are about, where there are several */
    if (n)
        text[0] = 0;
    if (table && f->threads)
        printf("  %s/%s: %s: operands %s, %d thread%s\n", k->op, k->name, assay_by_words(f->by),
               assay_place_name(f->place), f->threads, f->threads > 1 ? "s, in slices from last to first" : "");
    if (f->by >= ASSAY_BY_MEMORY)
        return false; /* that finding is in words already */
    const assay_manner m = assay_manner_of(p, (assay_place)f->place, f->threads);
    if (assay_judge_once(pool, p, k, plugin, &m, &again, out) == ASSAY_PASSED) {
        found = true;
        assay_say_add(&w, "right when called again: not the same result twice");
    } else {
        /* what several outputs say together has no operand: the first that is not as the reference has it */
        bool open = false;
        int outputs = 0;
        for (int i = 0; i < p->c.op->n_operands; i++)
            outputs += p->c.op->operands[i].access != ASSAY_IN && out[i].data;
        for (int i = 0; i < p->c.op->n_operands && !s.n_wrong; i++) {
            if (f->operand >= 0 ? i != f->operand : p->c.op->operands[i].access == ASSAY_IN || !out[i].data)
                continue;
            assay_scene_close(&s);
            open = assay_scene_open(p, k->contract, out, i, assay_poison_of(m.poison, &p->c.op->operands[i]), &s);
        }
        if (open && (f->operand >= 0 || s.n_wrong)) {
            found = assay_words(&s, &w);
            of = outputs > 1 ? p->c.op->operands[s.operand].name : "";
            if (table)
                assay_scene_print(&s);
        }
        assay_scene_close(&s);
    }
    assay_outputs_free(out);
    snprintf(text, n, "%s%s%s", w.at ? of : "", w.at && *of ? ": " : "", w.text);
    return found;
}
