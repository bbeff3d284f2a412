/* SPDX-License-Identifier: MIT */
#include "second.h"
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "rules/space.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double most = 0x1p13; /* elements of the operands, and flops / 16 */

bool assay_second_affords(const assay_case *c)
{
    return assay_case_price(c, most) <= most;
}

typedef struct outputs {
    double *of[ASSAY_MAX_OPND], *bound[ASSAY_MAX_OPND]; /* NULL: no output, or not there */
} outputs;

static bool is_given_output(const assay_problem *p, int i)
{
    return (p->c.present >> i & 1) && p->c.op->operands[i].access != ASSAY_IN;
}

/* NaN and infinities of their kind; finite numbers apart by at most b. */
static bool alike(double x, double y, double b)
{
    return isnan(x) || isnan(y) ? isnan(x) && isnan(y) : x == y || fabs(x - y) <= b;
}

static bool compare(const assay_problem *p, const outputs *o, assay_why *why)
{
    const assay_op *op = p->c.op;
    for (int i = 0; i < op->n_operands; i++)
        for (int64_t k = 0, n = o->of[i] ? assay_tensor_count(&p->t[i]) : 0; k < n; k++) {
            const double b = o->bound[i] ? fabs(o->bound[i][k]) : 0, first = p->value[i][k], second = o->of[i][k];
            if (alike(first, second, b) || (isnan(b) && (isnan(first) || isnan(second))))
                continue;
            char line[ASSAY_CASE_LINE];
            assay_case_print(&p->c, line, sizeof line);
            assay_fail(why, ASSAY_ERR_ARG, "%s: %s[%lld] is %.17g, by its second derivation %.17g, at most %.3g apart",
                       line, op->operands[i].name, (long long)k, first, second, b);
            return false;
        }
    return true;
}

bool assay_second_agrees(assay_problem *p, assay_second second, assay_why *why)
{
    static const assay_contract in_double = { .acc = ASSAY_f64 };
    const assay_op *op = p->c.op;
    double *operand[ASSAY_MAX_OPND];
    outputs o = { { NULL }, { NULL } };
    if (assay_problem_solve(p, NULL, why))
        return false;
    for (int i = 0; i < op->n_operands; i++) {
        const size_t n = (size_t)(is_given_output(p, i) ? assay_tensor_count(&p->t[i]) : 0);
        operand[i] = p->value[i];
        if (!is_given_output(p, i))
            continue;
        operand[i] = o.of[i] = assay_zeros(n + 1, sizeof(double));
        if (op->bound && op->operands[i].verdict == ASSAY_BOUNDED)
            o.bound[i] = assay_zeros(n + 1, sizeof(double));
    }
    assay_dense d = assay_problem_dense(p);
    if (op->bound)
        op->bound(&d, p->plane, &in_double, o.bound);
    d.operand = (void *const *)operand;
    d.type = NULL;
    second(&d);
    const bool same = compare(p, &o, why);
    for (int i = 0; i < op->n_operands; i++) {
        free(o.of[i]);
        free(o.bound[i]);
    }
    return same;
}
