/* SPDX-License-Identifier: MIT
 * The model of a kernel's errors in words: what it is, and what it means for who uses the kernel. */
#include "errors.h"
#include "../../reference/core/contract.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include <stdio.h>
#include <string.h>

static const char *const names[ASSAY_ERROR_KINDS] = {
    [ASSAY_ERRORS_UNKNOWN] = "not measured", [ASSAY_ERRORS_COMPONENT] = "component-wise",
    [ASSAY_ERRORS_ROUNDED] = "rounded",      [ASSAY_ERRORS_NORM] = "norm-wise",
    [ASSAY_ERRORS_FIXED] = "fixed point",    [ASSAY_ERRORS_NONE] = "none of those known",
};

const char *assay_error_name(assay_error_kind kind)
{
    return names[kind];
}

const assay_error_model *assay_errors_worst(const assay_errors *e)
{
    const assay_error_model *worst = e->n ? &e->all[0] : NULL;
    for (size_t i = 1; i < e->n && worst->kind != ASSAY_ERRORS_UNKNOWN; i++)
        if (e->all[i].kind > worst->kind || e->all[i].kind == ASSAY_ERRORS_UNKNOWN)
            worst = &e->all[i];
    return worst;
}

/* The factors are the first two inputs that are given. */
static int factor(const assay_case *c, int f)
{
    int i = 0;
    for (int seen = -1; i < c->op->n_operands; i++)
        if ((c->present >> i & 1) && c->op->operands[i].access != ASSAY_OUT && ++seen == f)
            break;
    return i;
}

static const char *factors(const assay_error_model *m, char *text, size_t n)
{
    const char *first = m->c.op->operands[factor(&m->c, 0)].name, *second = m->c.op->operands[factor(&m->c, 1)].name;
    snprintf(text, n, "%s%s%s", m->of[0] ? first : "", m->of[0] && m->of[1] ? " and " : "", m->of[1] ? second : "");
    return text;
}

static const char *known_as(const assay_error_model *m)
{
    return m->bits == 8 && !m->narrow   ? ", as of bf16"
           : m->bits == 11 && m->narrow ? ", as of f16"
           : m->bits == 11              ? ", as of tf32"
                                        : "";
}

static const char *unit_of(const assay_error_model *m, char *text, size_t n)
{
    if (m->within > 0)
        snprintf(text, n, "in its block of %d", (int)m->within);
    else
        snprintf(text, n, "%s", m->within < 0 ? "in the whole matrix" : "in its row");
    return text;
}

/* What it is, and what follows for who multiplies with it. */
static void describe(const assay_error_model *m, char *what, char *means, size_t n)
{
    char of[64], unit[48];
    what[0] = means[0] = 0;
    switch (m->kind) {
    case ASSAY_ERRORS_COMPONENT:
        snprintf(what, n, "component-wise, within %.2g u sum|x w|", m->component);
        snprintf(means, n, "an element has its digits whatever else stands in its row, its column or the matrix");
        break;
    case ASSAY_ERRORS_ROUNDED:
        snprintf(what, n, "rounded to %d bits%s: %s%s%s", m->bits, known_as(m), factors(m, of, sizeof of),
                 m->sums ? " or their sums" : "", m->narrow ? "; none above 65504, few digits below 2^-14" : "");
        snprintf(means, n, "each number keeps %d bits whatever stands beside it%s", m->bits,
                 m->narrow ? "" : "; small ones lose no more than large ones");
        break;
    case ASSAY_ERRORS_NORM:
        snprintf(what, n, "norm-wise as Strassen's, within %.2g u K max|x| max|w|; %.2g u sum|x w|", m->norm,
                 m->component);
        snprintf(means, n, "small results beside large rows or columns are noise: scale rows alike before the product");
        break;
    case ASSAY_ERRORS_FIXED:
        snprintf(what, n, "fixed point of %d bits of the largest %s: %s", m->bits, unit_of(m, unit, sizeof unit),
                 factors(m, of, sizeof of));
        snprintf(means, n, "one large number costs all others %s their digits, and those below 2^-%d of it are lost",
                 unit_of(m, unit, sizeof unit), m->bits);
        break;
    case ASSAY_ERRORS_NONE:
        snprintf(what, n, "none of those known: wrong by more than rounding");
        break;
    default:
        snprintf(what, n, "not measured: %s", m->why.text);
    }
}

static const char *types_of(const assay_error_model *m, char *text, size_t n)
{
    const int x = factor(&m->c, 0), w = factor(&m->c, 1);
    snprintf(text, n, "%s=%s %s=%s", m->c.op->operands[x].name, assay_dtype_of(m->c.type[x])->name,
             m->c.op->operands[w].name, assay_dtype_of(m->c.type[w])->name);
    return text;
}

static bool alike(const assay_error_model *a, const assay_error_model *b)
{
    return a->kind == b->kind && a->bits == b->bits && a->narrow == b->narrow && a->sums == b->sums &&
           a->within == b->within && !memcmp(a->of, b->of, sizeof a->of) && !strcmp(a->why.text, b->why.text);
}

/* The worst of those like the i-th; NULL: it was said of an earlier one. */
static const assay_error_model *group_of(const assay_errors *e, size_t i)
{
    const assay_error_model *worst = &e->all[i];
    for (size_t k = 0; k < e->n; k++) {
        if (!alike(&e->all[i], &e->all[k]))
            continue;
        if (k < i)
            return NULL;
        worst = e->all[k].component > worst->component ? &e->all[k] : worst;
    }
    return worst;
}

void assay_errors_print(const assay_kernel *k, const assay_errors *e)
{
    char what[320], means[320], types[128];
    if (!assay_errors_asked(k))
        printf("  model of the error                 not applicable  (the op is no product of two matrices)\n");
    else if (!e->n)
        printf("  model of the error                 not measured: it takes none of the shapes and types tried\n");
    for (size_t i = 0; i < e->n; i++) {
        const assay_error_model *m = group_of(e, i);
        if (!m)
            continue;
        describe(m, what, means, sizeof what);
        printf("  model of the error                 %s\n", what);
        if (means[0])
            printf("      %s\n", means);
        if (k->contract && k->contract->round[0].operand)
            printf("      of %s as rounded to %s, which it declares\n", k->contract->round[0].operand,
                   assay_dtype_of(k->contract->round[0].to)->name);
        size_t at = (size_t)printf("      at %s", types_of(m, types, sizeof types));
        for (size_t other = i; other < e->n; other++)
            if (&e->all[other] != m && alike(&e->all[other], m)) {
                const char *text = strrchr(types_of(&e->all[other], types, sizeof types), ' ');
                at = at > 100 ? (size_t)printf(";\n        %s", text ? text : types)
                              : at + (size_t)printf(";%s", text ? text : types);
            }
        putchar('\n');
    }
}

void assay_errors_json(assay_json *j, const assay_kernel *k, const assay_errors *e)
{
    char what[320], means[320], types[128], of[64];
    const assay_error_model *worst = assay_errors_worst(e);
    assay_json_str(j, "error_model",
                   !assay_errors_asked(k) ? NULL : assay_error_name(worst ? worst->kind : ASSAY_ERRORS_UNKNOWN));
    assay_json_open(j, "errors", '[');
    for (size_t i = 0; i < e->n; i++) {
        const assay_error_model *m = &e->all[i];
        describe(m, what, means, sizeof what);
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "types", types_of(m, types, sizeof types));
        assay_json_str(j, "model", assay_error_name(m->kind));
        assay_json_str(j, "words", what);
        assay_json_str(j, "means", means[0] ? means : NULL);
        if (m->bits) {
            assay_json_int(j, "bits", m->bits);
            assay_json_str(j, "of", factors(m, of, sizeof of));
        }
        if (m->kind == ASSAY_ERRORS_FIXED)
            assay_json_str(j, "largest", unit_of(m, of, sizeof of));
        if (m->kind != ASSAY_ERRORS_UNKNOWN) {
            assay_json_num(j, "component_u", m->component);
            assay_json_num(j, "norm_u", m->norm);
        }
        assay_json_close(j);
    }
    assay_json_close(j);
}

bool assay_errors_explain(assay_pool *pool, const assay_case *c, const assay_kernel *k, int plugin, char *text,
                          size_t n)
{
    assay_errors e = { NULL, 0 };
    assay_errors_like(pool, c, k, plugin, &e);
    const assay_error_model *m = assay_errors_worst(&e);
    char unit[48];
    text[0] = 0;
    if (m && m->kind == ASSAY_ERRORS_NORM)
        snprintf(text, n, "the error is norm-wise (as Strassen's), not component-wise");
    else if (m && m->kind == ASSAY_ERRORS_ROUNDED)
        snprintf(text, n, "the error is that of %s rounded to %d bits%s", m->sums ? "sums" : "factors", m->bits,
                 known_as(m));
    else if (m && m->kind == ASSAY_ERRORS_FIXED)
        snprintf(text, n, "the error is that of a fixed point of %d bits of the largest %s, not component-wise",
                 m->bits, unit_of(m, unit, sizeof unit));
    assay_errors_free(&e);
    return text[0] != 0;
}
