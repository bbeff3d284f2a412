/* SPDX-License-Identifier: MIT
 * A problem as the pages of the bounds see it, dimensions, fields, inputs and the contract by their names there, and
 * what their formulas make of it. */
#include "bounds_page.h"
#include "../../../reference/core/contract.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/tensor.h"
#include "assay_build.h"
#include "formula.h"
#include "unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *bounds_page(const char *op)
{
    char path[512];
    snprintf(path, sizeof path, op ? "%s/reference/ops/%s.bound.md" : "%s/docs/bounds.md", ASSAY_SOURCE_DIR, op);
    FILE *f = fopen(path, "r");
    if (!f && op)
        return NULL;
    ck_assert_msg(f != NULL, "%s cannot be read", path);
    enum { ROOM = 1 << 20 };
    char *text = calloc(1, ROOM);
    const size_t n = text ? fread(text, 1, ROOM - 1, f) : 0;
    fclose(f);
    ck_assert_msg(n > 0 && n < ROOM - 1, "%s is empty, or longer than %d bytes", path, ROOM);
    return text;
}

char *bounds_block(const char *text, const char *kind, const char *name)
{
    char mark[64];
    snprintf(mark, sizeof mark, "```%s %s\n", kind, name);
    const char *from = strstr(text, mark), *to = from ? strstr(from + strlen(mark), "\n```") : NULL;
    return to ? strndup(from + strlen(mark), (size_t)(to + 1 - from) - strlen(mark)) : NULL;
}

/* ---- contracts of every kind ----------------------------------------------------------------------------------- */

const assay_contract bounds_contract[] = {
    { 0 },
    { .h = { ASSAY_DEPTH_LANES, 8, 0 }, .erfc = 1, .one_pass_var = 1 },
    { .ftz = 1, .e_erf = 5.5f },
    { .e_exp = 6.5f, .e_log = 3, .e_tanh = 3, .e_erf = 3, .e_sin = 5, .e_rsqrt = 3, .e_div = 1 },
    { .split_min = 1, .one_pass_var = 1, .h = { ASSAY_DEPTH_BLOCKED, 0, 5 } },
    { .acc = ASSAY_bf16, .p_round = ASSAY_bf16 },
    { .p_round = ASSAY_f16, .h = { ASSAY_DEPTH_PAIRWISE, 0, 2 } },
    { .acc = ASSAY_f16, .e_tanh = 9 },
    { .acc = ASSAY_f64, .h = { ASSAY_DEPTH_BLOCKED, 0, 2 } },
    { .acc = ASSAY_f64, .ftz = 1, .e_tanh = 4.5f },
    { .acc = ASSAY_f16, .ftz = 1, .split_min = 1, .p_round = ASSAY_f16 },
    { .acc = ASSAY_bf16, .ftz = 1, .one_pass_var = 1, .h = { ASSAY_DEPTH_LANES, 4, 0 } },
};
_Static_assert(sizeof bounds_contract == BOUNDS_CONTRACTS * sizeof *bounds_contract, "as many as the header says");

static void set(formula *f, const char *name, double v)
{
    formula_set(f, name, 0, NULL, &v);
}

/* The page's names: acc_f16, exp_within (0: not said), by_lanes, ftz; a count by its own name whatever the depth. */
static void set_contract(formula *f, const assay_contract *k)
{
    static const struct {
        const char *name;
        assay_dtype type;
    } types[] = { { "f16", ASSAY_f16 }, { "bf16", ASSAY_bf16 }, { "f64", ASSAY_f64 } };
    char name[32];
    float e;
    int32_t count;
    assay_dtype type;
    for (const assay_contract_field *m = assay_contract_fields; m < assay_contract_fields + ASSAY_CONTRACT_FIELDS;
         m++) {
        const char *at = (const char *)k + m->offset;
        switch (m->kind) {
        case ASSAY_CONTRACT_TYPE:
            memcpy(&type, at, sizeof type);
            for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
                snprintf(name, sizeof name, "%.*s_%s", (int)strcspn(m->name, "_"), m->name, types[i].name);
                set(f, name, type == types[i].type);
            }
            break;
        case ASSAY_CONTRACT_COUNT:
            memcpy(&count, at, sizeof count);
            snprintf(name, sizeof name, "by_%s", m->name);
            set(f, name, k->h.kind == m->depth);
            set(f, m->name, count);
            break;
        case ASSAY_CONTRACT_WITHIN:
            memcpy(&e, at, sizeof e);
            snprintf(name, sizeof name, "%s_within", m->name + strlen("e_"));
            set(f, name, (double)e);
            break;
        default:
            set(f, m->name, assay_contract_value(m, k));
        }
    }
}

/* ---- a problem as the page sees it: dimensions, fields, inputs -------------------------------------------------- */

static double field_of(const assay_field *d, const void *params)
{
    const char *at = (const char *)params + d->offset;
    int64_t i64;
    int32_t i32;
    float f32;
    switch (d->kind) {
    case ASSAY_KIND_I64:
        return memcpy(&i64, at, sizeof i64), (double)i64;
    case ASSAY_KIND_F32:
        return memcpy(&f32, at, sizeof f32), (double)f32;
    default:
        return memcpy(&i32, at, sizeof i32), (double)i32;
    }
}

static void set_problem(formula *f, const assay_problem *p)
{
    const assay_op *op = p->c.op;
    for (int d = 0; op->dims[d]; d++)
        set(f, (const char[]){ op->dims[d], 0 }, (double)p->c.dim[d]);
    for (int i = 0; i < op->n_fields; i++)
        set(f, op->fields[i].name, field_of(&op->fields[i], p->c.params));
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].access != ASSAY_OUT && (p->c.present >> i & 1))
            formula_set(f, op->operands[i].name, p->t[i].rank, p->t[i].dim, p->before[i] ? p->before[i] : p->value[i]);
    for (int i = 0; i < op->n_operands; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s_min", op->operands[i].name);
        if (p->minimum[i])
            formula_set(f, name, p->t[i].rank, p->t[i].dim, p->minimum[i]);
    }
}

static int output(const assay_op *op)
{
    int i = 0;
    while (op->operands[i].access == ASSAY_IN)
        i++;
    return i;
}

static bool close_to(double ours, wide page_says, wide slack)
{
    const wide off = (wide)ours - page_says;
    return (wide)ours == page_says || (off <= slack && -off <= slack) || (isnan(ours) && page_says != page_says);
}

verdict bounds_compare(const assay_problem *p, const assay_contract *k, const char *shared, const char *text)
{
    const assay_op *op = p->c.op;
    const int out = output(op);
    const bool bounded = op->operands[out].verdict == ASSAY_BOUNDED;
    const int64_t n = assay_tensor_count(&p->t[out]);
    double *bound[ASSAY_MAX_OPND] = { NULL };
    verdict v = { true, 0, "" };
    formula *f = formula_open();
    set(f, "inf", INFINITY);
    set_contract(f, k);
    set_problem(f, p);
    bound[out] = calloc((size_t)n + 1, sizeof(double));
    const assay_dense d = assay_problem_dense(p);
    if (bounded)
        op->bound(&d, (double *const *)p->plane, k, bound);
    const char *wrong = formula_run(f, shared);
    wrong = wrong ? wrong : formula_run(f, text);
    int64_t ng, nb = n;
    const wide *g = formula_get(f, "g", &ng), *B = bounded ? formula_get(f, "bound", &nb) : NULL;
    if (wrong || !g || ng != n || (bounded && (!B || nb != n))) {
        v.same = false;
        snprintf(v.why, sizeof v.why, "%s", wrong ? wrong : "no g or bound of the output's shape");
    }
    for (int64_t i = 0; v.same && i < n; i++) {
        const double ours = p->value[out][i];
        const wide size = bounded && isfinite(ours) ? B[i] < 0 ? -B[i] : B[i] : 0;
        const wide within = size * 0 == 0 ? size * 1e-6 + 0x1p-1070 : 0;     /* to an infinite bound nothing is close */
        if (k == bounds_contract && !close_to(ours, g[i], size * 0x1p-24)) { /* B of the strict contract */
            v.same = false;
            snprintf(v.why, sizeof v.why, "g[%lld] is %.17g, the page says %.17g", (long long)i, ours, (double)g[i]);
        } else if (bounded && isfinite(ours) && !close_to(bound[out][i], B[i], within)) {
            v.same = false;
            snprintf(v.why, sizeof v.why, "B[%lld] is %.17g, the page says %.17g", (long long)i, bound[out][i],
                     (double)B[i]);
        }
        v.compared++;
    }
    free(bound[out]);
    formula_close(f);
    return v;
}
