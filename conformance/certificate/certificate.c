/* SPDX-License-Identifier: MIT */
#include "certificate.h"
#include "../../reference/core/contract.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include "assay_build.h"
#include "../results/output.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const assay_manner plain = { ASSAY_PLACE_PLAIN, 1, ASSAY_WHOLE, false, 0xff, 0xff };

static bool rounds(const assay_kernel *k)
{
    return k->contract && k->contract->round[0].operand;
}

/* 1: another kernel of the op makes the same of it, 0: another result, -1: it does not take the case. *used: of its
 * bound. */
static int like(const assay_probe *x, const assay_kernel *other, double *used)
{
    assay_tensor out[ASSAY_MAX_OPND] = { { 0 } };
    assay_finding f;
    const assay_args a = { .operand = x->p->t, .dim = x->p->c.dim, .params = x->p->c.params };
    if (other->isa & ~assay_cpu() || rounds(other) || rounds(x->kernel) || !assay_kernel_takes(x->p->c.op, other, &a))
        return -1;
    const bool ran =
        assay_judge_once(x->pool, x->p, other, -1, &plain, &f, out) != ASSAY_NOT_ACCEPTED && assay_has_outputs(out);
    const int same = ran ? assay_same_bits(x->p->c.op, x->base, out, NULL) : -1;
    *used = fmax(*used, ran ? f.used : 0);
    assay_outputs_free(out);
    return same;
}

static void compare_siblings(const assay_probe *x, assay_certificate *c)
{
    const assay_kernel *k;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++) {
        if (k == x->kernel || strcmp(k->op, x->kernel->op) || !k->run)
            continue;
        double used = 0;
        const int same = like(x, k, &used);
        int s = 0;
        while (s < c->n_siblings && c->sibling[s].kernel != k)
            s++;
        if (same < 0 || s == ASSAY_CERTIFICATE_SIBLINGS)
            continue;
        c->n_siblings = s == c->n_siblings ? s + 1 : c->n_siblings;
        c->sibling[s].kernel = k;
        *(same ? &c->sibling[s].same : &c->sibling[s].differ) += 1;
    }
}

static void by_generator(const assay_probe *x, assay_certificate *c, const assay_finding *f)
{
    const assay_kernel *scalar = assay_kernel_find(x->kernel->op, "scalar");
    int g = 0;
    while (g < c->n_gens && strcmp(c->gen[g].gen->name, x->p->c.gen->name) != 0)
        g++;
    if (g == ASSAY_CERTIFICATE_GENS)
        return;
    c->n_gens = g == c->n_gens ? g + 1 : c->n_gens;
    c->gen[g].gen = x->p->c.gen;
    c->gen[g].cases++;
    c->gen[g].exact += scalar && like(x, scalar, &c->gen[g].scalar_used) == 1;
    c->gen[g].used = fmax(c->gen[g].used, f->used);
}

assay_status assay_certify(assay_pool *pool, assay_problem *p, assay_certificate *c, assay_why *why)
{
    const assay_args a = { .operand = p->t, .dim = p->c.dim, .params = p->c.params };
    assay_probe x = { .pool = pool, .p = p, .kernel = c->kernel, .plugin = c->plugin };
    assay_finding f;
    if (strcmp(c->kernel->op, p->c.op->name) || !assay_kernel_takes(p->c.op, c->kernel, &a))
        return ASSAY_OK;
    const assay_status s = assay_problem_solve(p, c->kernel->contract, why);
    if (s)
        return s;
    const assay_outcome o = assay_judge_once(pool, p, c->kernel, c->plugin, &plain, &f, x.base);
    c->cases += o != ASSAY_NOT_ACCEPTED;
    c->refused += o == ASSAY_NOT_ACCEPTED;
    c->passed += o == ASSAY_PASSED;
    c->note = c->noted ? c->note : f.note;
    c->noted += f.note.text[0] != 0;
    if (o != ASSAY_NOT_ACCEPTED && assay_has_outputs(x.base)) {
        for (int i = 0; assay_properties[i].name; i++)
            assay_properties[i].measure(&x, &c->property[i]);
        by_generator(&x, c, &f);
        compare_siblings(&x, c);
        assay_quality_add(&x, c->quality);
    }
    assay_outputs_free(x.base);
    return ASSAY_OK;
}

/* ---- the page ------------------------------------------------------------------------------------------------- */

static const char *answer(const assay_measure *m)
{
    return m->differ ? "no" : m->lost ? "not known" : m->same ? "yes" : "not applicable";
}
const char *assay_measure_reason(const assay_measure *m)
{
    return m->same + m->differ + m->lost ? NULL : m->not_applicable ? m->not_applicable : "no case asks for it";
}
static bool promised(const assay_certificate *c, int i)
{
    return (c->kernel->flags & assay_properties[i].flag) != 0;
}

bool assay_certificate_good(const assay_certificate *c)
{
    bool good = c->cases > 0 && c->passed == c->cases && assay_orders_good(&c->orders);
    for (int i = 0; assay_properties[i].name; i++)
        good &= !(promised(c, i) && c->property[i].differ + c->property[i].lost);
    return good;
}

static const char *declared(const assay_kernel *k, char *text, size_t n)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = { { ASSAY_INPLACE, "in place" },
                  { ASSAY_BITEXACT, "bit-exact among its like" },
                  { ASSAY_DETERMINISTIC, "deterministic" },
                  { ASSAY_BATCH_INVARIANT, "batch-invariant" },
                  { ASSAY_UNSLICED, "whole calls only" },
                  { ASSAY_OWN_THREADS, "own threads" },
                  { ASSAY_CLEAN_UPPER, "upper halves of vector registers clean" } };
    size_t at = 0;
    snprintf(text, n, "nothing");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if ((k->flags & flags[i].flag) && at < n)
            at += (size_t)snprintf(text + at, n - at, "%s%s", at ? ", " : "", flags[i].name);
    return text;
}

void assay_certificate_print(const assay_certificate *c)
{
    char text[256];
    const assay_kernel *k = c->kernel;
    printf("%s/%s", k->op, k->name);
    for (size_t n = strlen(k->op) + strlen(k->name) + 1; n < 46; n++)
        putchar(' ');
    printf("assay %s, %s\n", ASSAY_VERSION, ASSAY_TARGET);
    printf("  contract   %s\n", assay_contract_text(k->contract, text, sizeof text));
    printf("  declares   %s\n", declared(k, text, sizeof text));
    printf("  judged     %lld cases, %lld passed; %lld refused\n", (long long)c->cases, (long long)c->passed,
           (long long)c->refused);
    if (c->noted)
        printf("  note       %s (%lld of %lld cases)\n", c->note.text, (long long)c->noted, (long long)c->cases);
    for (int i = 0; assay_properties[i].name; i++) {
        const assay_measure *m = &c->property[i];
        printf("  %-34s %-15s", assay_properties[i].name, answer(m));
        const char *broken = promised(c, i) ? ": BREAKS WHAT IT DECLARES" : "";
        if (assay_measure_reason(m))
            printf(" (%s)\n", assay_measure_reason(m));
        else if (m->differ)
            printf(" %lld of %lld comparisons differ%s\n", (long long)m->differ, (long long)(m->same + m->differ),
                   broken);
        else if (m->lost)
            printf(" %lld calls left no result to compare, %lld comparisons%s\n", (long long)m->lost,
                   (long long)m->same, broken);
        else
            printf(" %lld comparisons%s\n", (long long)m->same, promised(c, i) ? ", as declared" : "");
        if (m->line[0])
            printf("      %s\n      %s\n", m->why.text, m->line);
    }
    for (int i = 0; i < c->n_siblings; i++)
        printf("  same bits as %-21s %-15s %lld of %lld cases\n", c->sibling[i].kernel->name,
               c->sibling[i].differ ? "no" : "yes", (long long)c->sibling[i].same,
               (long long)(c->sibling[i].same + c->sibling[i].differ));
    if (!c->n_siblings)
        printf("  same bits as its siblings          not applicable  (%s)\n",
               rounds(k) ? "it rounds an operand itself" : "no other kernel of the op runs here");
    assay_quality_print(c->quality);
    assay_errors_print(k, &c->errors);
    assay_orders_print(k, &c->orders);
    printf("  by generator           cases  worst of bound  bits of the scalar form\n");
    for (int i = 0; i < c->n_gens; i++)
        printf("    %-20s %5lld  %14.3f  %s%lld\n", c->gen[i].gen->name, (long long)c->gen[i].cases, c->gen[i].used,
               rounds(k) || !k->run                 ? "- of "
               : c->gen[i].exact == c->gen[i].cases ? "all "
                                                    : "",
               (long long)(rounds(k) || !k->run ? c->gen[i].cases : c->gen[i].exact));
    assay_grade g;
    assay_grade_of(c, &g);
    assay_grade_print(&g);
    if (assay_certificate_good(c))
        printf("  holds what it declares\n");
    else
        printf("  %s/%s FAILS\n", c->kernel->op, c->kernel->name);
}

static void json_one(assay_json *j, const assay_certificate *c)
{
    char text[256];
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "op", c->kernel->op);
    assay_json_str(j, "kernel", c->kernel->name);
    assay_json_str(j, "contract", assay_contract_text(c->kernel->contract, text, sizeof text));
    assay_json_str(j, "declares", declared(c->kernel, text, sizeof text));
    assay_json_int(j, "cases", c->cases);
    assay_json_int(j, "passed", c->passed);
    assay_json_int(j, "refused", c->refused);
    assay_json_bool(j, "good", assay_certificate_good(c));
    assay_grade g;
    assay_grade_of(c, &g);
    assay_grade_json(j, &g);
    assay_json_str(j, "note", c->noted ? c->note.text : NULL);
    assay_json_int(j, "noted", c->noted);
    assay_json_open(j, "properties", '[');
    for (int i = 0; assay_properties[i].name; i++) {
        const assay_measure *m = &c->property[i];
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "property", assay_properties[i].name);
        assay_json_str(j, "answer", answer(m));
        assay_json_str(j, "reason", assay_measure_reason(m));
        assay_json_bool(j, "declared", promised(c, i));
        assay_json_int(j, "same", m->same);
        assay_json_int(j, "differ", m->differ);
        assay_json_int(j, "lost", m->lost);
        assay_json_str(j, "first", m->line[0] ? m->why.text : NULL);
        assay_json_str(j, "case", m->line[0] ? m->line : NULL);
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_open(j, "siblings", '[');
    for (int i = 0; i < c->n_siblings; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "kernel", c->sibling[i].kernel->name);
        assay_json_int(j, "same", c->sibling[i].same);
        assay_json_int(j, "differ", c->sibling[i].differ);
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_quality_json(j, c->quality);
    assay_errors_json(j, c->kernel, &c->errors);
    assay_orders_json(j, c->kernel, &c->orders);
    assay_json_open(j, "generators", '[');
    for (int i = 0; i < c->n_gens; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "generator", c->gen[i].gen->name);
        assay_json_int(j, "cases", c->gen[i].cases);
        assay_json_int(j, "as_scalar", c->gen[i].exact);
        assay_json_num(j, "worst", c->gen[i].used);
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_close(j);
}

assay_status assay_certificate_json(const assay_certificate *c, size_t n, const char *path, assay_why *why)
{
    assay_json j = { 0 };
    assay_document_open(&j, "certificate");
    assay_json_open(&j, "kernels", '[');
    for (size_t i = 0; i < n; i++)
        json_one(&j, &c[i]);
    assay_json_close(&j);
    return assay_document_write(&j, path, why);
}
