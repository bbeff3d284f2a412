/* SPDX-License-Identifier: MIT
 * The grade of a certificate: the worst that any of its lines permits, and none while a line was not executed. */
#include "certificate.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { A, B, C, F, NOT_APPLICABLE = -1, NOT_EXECUTED = -2 };

static void say(assay_grade_line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(assay_grade_line *l, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(l->says, sizeof l->says, format, ap);
    va_end(ap);
}

static void right(const assay_certificate *c, assay_grade_line *l)
{
    l->permits = !c->cases ? NOT_EXECUTED : assay_certificate_good(c) ? A : F;
    if (l->permits == NOT_EXECUTED)
        say(l, "it took no case");
    else if (l->permits == A)
        say(l, "%lld cases right, nothing touched outside operands, all declared holds", (long long)c->cases);
    else if (c->passed < c->cases)
        say(l, "%lld of %lld cases fail", (long long)(c->cases - c->passed), (long long)c->cases);
    else
        say(l, "breaks what it declares");
}

static void model(const assay_certificate *c, assay_grade_line *l)
{
    const assay_error_model *m = assay_errors_worst(&c->errors);
    if (!assay_errors_asked(c->kernel)) {
        l->permits = NOT_APPLICABLE;
        say(l, "the op is no product of two matrices");
        return;
    }
    l->permits = !m || m->kind == ASSAY_ERRORS_UNKNOWN ? NOT_EXECUTED
                 : m->kind == ASSAY_ERRORS_COMPONENT   ? A
                 : m->kind == ASSAY_ERRORS_NONE        ? F
                                                       : C;
    say(l, "%s", assay_error_name(m ? m->kind : ASSAY_ERRORS_UNKNOWN));
}

/* Where a result is rounded once the bound is reached by whoever is right: what the scalar form uses, too, is no
 * matter. */
static void margin(const assay_certificate *c, assay_grade_line *l)
{
    double used = 0, scalar = 0;
    for (int g = 0; g < c->n_gens; g++) {
        used = fmax(used, c->gen[g].used);
        scalar = fmax(scalar, c->gen[g].scalar_used);
    }
    l->permits = !c->n_gens ? NOT_EXECUTED : used <= fmax(0.5, 1.5 * scalar) ? A : used <= 1 ? B : F;
    if (scalar > 0)
        say(l, "%.2g of the bound used at worst, %.2g by the scalar form", used, scalar);
    else
        say(l, "%.2g of the bound used at worst", used);
}

static void property(const assay_certificate *c, int i, assay_grade_line *l)
{
    const assay_measure *m = &c->property[i];
    const char *reason = assay_measure_reason(m);
    l->about = assay_properties[i].name;
    l->permits = m->differ ? assay_properties[i].permits : m->lost ? NOT_EXECUTED : m->same ? A : NOT_APPLICABLE;
    if (l->permits == NOT_APPLICABLE && !m->not_applicable)
        l->permits = NOT_EXECUTED;
    if (m->differ)
        say(l, "no: %lld of %lld", (long long)m->differ, (long long)(m->same + m->differ));
    else if (m->lost)
        say(l, "%lld calls left no result", (long long)m->lost);
    else
        say(l, "%s", reason ? reason : "yes");
}

void assay_grade_of(const assay_certificate *c, assay_grade *g)
{
    static const struct {
        const char *about;
        void (*judge)(const assay_certificate *c, assay_grade_line *l);
    } first[] = { { "right", right }, { "model of the error", model }, { "margin", margin } };
    *g = (assay_grade){ .letter = 'A' };
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        g->line[g->n].about = first[i].about;
        first[i].judge(c, &g->line[g->n++]);
    }
    for (int i = 0; assay_properties[i].name; i++)
        property(c, i, &g->line[g->n++]);
    int worst = A;
    bool whole = true;
    for (int i = 0; i < g->n; i++) {
        worst = g->line[i].permits > worst ? g->line[i].permits : worst;
        whole &= g->line[i].permits != NOT_EXECUTED;
    }
    g->letter = worst == F ? 'F' : !whole ? 0 : "ABC"[worst];
}

static const char *permits_words(int permits)
{
    static const char *const letters[] = { "A", "B", "C", "F" };
    return permits == NOT_EXECUTED ? "not executed" : permits == NOT_APPLICABLE ? "-" : letters[permits];
}

void assay_grade_print(const assay_grade *g)
{
    if (g->letter)
        printf("  grade %c            the worst that a line permits\n", g->letter);
    else
        printf("  no grade           a line was not executed\n");
    for (int i = 0; i < g->n; i++)
        printf("    %-12s %-34s %s\n", permits_words(g->line[i].permits), g->line[i].about, g->line[i].says);
}

void assay_grade_json(assay_json *j, const assay_grade *g)
{
    const char letter[2] = { g->letter, 0 };
    assay_json_str(j, "grade", g->letter ? letter : NULL);
    assay_json_open(j, "grade_lines", '[');
    for (int i = 0; i < g->n; i++) {
        const int permits = g->line[i].permits;
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "about", g->line[i].about);
        assay_json_str(j, "permits", permits < 0 ? NULL : permits_words(permits));
        assay_json_bool(j, "executed", permits != NOT_EXECUTED);
        assay_json_str(j, "says", g->line[i].says);
        assay_json_close(j);
    }
    assay_json_close(j);
}
