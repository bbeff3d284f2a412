/* SPDX-License-Identifier: MIT */
#include "second.h"
#include "../reference/core/dtype.h"
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

static const assay_contract in_double = { .acc = ASSAY_f64 };

/* Answers of a discrete op that differ are both right if each of them can be reached in double. */
static bool both_reachable(const assay_problem *p, const outputs *o)
{
    const assay_op *op = p->c.op;
    const assay_dense d = assay_problem_dense(p);
    void *first[ASSAY_MAX_OPND], *second[ASSAY_MAX_OPND];
    bool discrete = false;
    for (int i = 0; i < op->n_operands; i++) {
        first[i] = p->value[i], second[i] = o->of[i];
        discrete |= op->operands[i].verdict == ASSAY_DISCRETE;
    }
    return discrete && op->verify && op->verify(&d, first, &in_double, NULL) &&
           op->verify(&d, second, &in_double, NULL);
}

static bool compare(const assay_problem *p, const outputs *o, assay_why *why)
{
    const assay_op *op = p->c.op;
    for (int i = 0; i < op->n_operands; i++)
        for (int64_t k = 0, n = o->of[i] ? assay_tensor_count(&p->t[i]) : 0; k < n; k++) {
            const double first = p->value[i][k], second = o->of[i][k], own = 0x1p-53 * fabs(second); /* its rounding */
            const double b = o->bound[i] ? fabs(o->bound[i][k]) + (isfinite(own) ? own : 0) : 0;
            if (alike(first, second, b) || (isnan(b) && (isnan(first) || isnan(second))) || both_reachable(p, o))
                continue;
            char line[ASSAY_CASE_LINE];
            assay_case_print(&p->c, line, sizeof line);
            assay_fail(why, ASSAY_ERR_ARG, "%s: %s[%lld] is %.17g, by its second derivation %.17g, at most %.3g apart",
                       line, op->operands[i].name, (long long)k, first, second, b);
            return false;
        }
    return true;
}

enum { LONGEST = 300 }; /* block: elements and bytes */

static bool has_form(assay_dtype t)
{
    return (assay_dtype_of(t)->u > 0 && t != ASSAY_f32 && t != ASSAY_f64) || assay_dtype_of(t)->block > 1;
}

static bool differ(const assay_problem *p, int i, int64_t block, const char *what, int at, const double is[2],
                   assay_why *why)
{
    char line[ASSAY_CASE_LINE];
    assay_case_print(&p->c, line, sizeof line);
    assay_fail(why, ASSAY_ERR_ARG, "%s: %s %d of block %lld of %s is %.17g, by the second derivation of %s %.17g", line,
               what, at, (long long)block, p->c.op->operands[i].name, is[0], assay_dtype_of(p->t[i].type)->name, is[1]);
    return false;
}

/* Every block of operand i, as it lies in memory; what stood behind its values stays.  Of zeros only numbers have a
 * sign. */
static bool read_alike(const assay_problem *p, int i, assay_why *why)
{
    static const double behind = 0x1.23456789abcdep-300;
    const assay_dtype_info *ty = assay_dtype_of(p->t[i].type);
    const unsigned char *data = p->t[i].data;
    double x[LONGEST + 1];
    for (int64_t k = 0, n = (int64_t)assay_tensor_bytes(&p->t[i]) / ty->bytes; k < n; k++, data += ty->bytes) {
        x[ty->block] = behind;
        ty->decode(x, data, ty->block);
        for (int j = 0; j <= ty->block; j++) {
            const double y = j < ty->block ? assay_second_read(p->t[i].type, data, j) : behind;
            if (!alike(x[j], y, 0) || (ty->block == 1 && !isnan(y) && !signbit(x[j]) != !signbit(y)))
                return differ(p, i, k, "number", j, (const double[]){ x[j], y }, why);
        }
    }
    return true;
}

static bool written_alike(const assay_problem *p, int i, assay_why *why)
{
    const assay_dtype_info *ty = assay_dtype_of(p->t[i].type);
    unsigned char first[LONGEST], second[LONGEST];
    for (int64_t k = 0, n = assay_tensor_count(&p->t[i]) / ty->block; k < n; k++) {
        ty->encode(first, p->value[i] + k * ty->block, ty->block);
        if (!assay_second_write(p->t[i].type, p->value[i] + k * ty->block, second))
            return true;
        for (int j = 0; j < ty->bytes; j++)
            if (first[j] != second[j])
                return differ(p, i, k, "byte", j, (const double[]){ first[j], second[j] }, why);
    }
    return true;
}

static bool formats_agree(const assay_problem *p, assay_why *why)
{
    bool same = true;
    for (int i = 0; same && i < p->c.op->n_operands; i++) {
        if (!(p->c.present >> i & 1) || !has_form(p->t[i].type))
            continue;
        if (p->t[i].data)
            same = read_alike(p, i, why);
        if (same && is_given_output(p, i) && p->c.op->operands[i].verdict == ASSAY_EXACT)
            same = written_alike(p, i, why);
    }
    return same;
}

bool assay_second_agrees(assay_problem *p, assay_second second, assay_why *why)
{
    const assay_op *op = p->c.op;
    double *operand[ASSAY_MAX_OPND];
    outputs o = { { NULL }, { NULL } };
    if (assay_problem_solve_given(p, why))
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
    const bool same = formats_agree(p, why) && compare(p, &o, why);
    for (int i = 0; i < op->n_operands; i++) {
        free(o.of[i]);
        free(o.bound[i]);
    }
    return same;
}
