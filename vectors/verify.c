/* SPDX-License-Identifier: MIT
 * The reference against the file.  Two computations in double may differ by the rounding of double: where a bound is
 * u * coefficient * kappa with u = 2^-24, 2^-20 of it is coefficient * 2^-44 kappa.  Any other answer is someone's
 * computation and gets the verdicts of compare.h, as a kernel's would. */
#include "../reference/core/compare.h"
#include "../reference/core/dtype.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_class(double a, double b)
{
    return isnan(a) ? isnan(b) : isinf(a) ? a == b : isfinite(b);
}

assay_status assay_vector_solve(assay_vector *v, const assay_contract *k, assay_why *why)
{
    const assay_status s = assay_problem_solve(&v->p, k, why);
    const bool rounded = (k && k->round[0].operand) || v->contract.round[0].operand;
    for (int i = 0; !s && i < v->p.c.op->n_operands; i++) /* a golden of other operands is not in the file */
        for (int64_t j = 0, n = v->golden[i] && !rounded ? assay_tensor_count(&v->p.t[i]) : 0; j < n; j++)
            if ((!v->p.open[i] || !v->p.open[i][j]) && same_class(v->expected[i][j], v->p.value[i][j]))
                v->p.value[i][j] = v->expected[i][j];
    return s;
}

static assay_status differs(const assay_vector *v, const char *name, int64_t at, double file, double ours, double slack,
                            assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s[%lld] is %.17g in the file, the reference has %.17g (slack %.3g)",
                      v->p.c.op->name, name, (long long)at, file, ours, slack);
}

static assay_status verify_golden(const assay_vector *v, int i, const double *bound, assay_why *why)
{
    const int64_t n = assay_tensor_count(&v->p.t[i]);
    for (int64_t j = 0; j < n; j++) {
        const double e = v->expected[i][j], g = v->p.value[i][j];
        const double slack = 0x1p-20 * fabs(bound[j]) + 0x1p-50 * fabs(g) + (v->p.extra[i] ? v->p.extra[i][j] : 0);
        if (v->p.open[i] && v->p.open[i][j])
            continue;
        if (isnan(bound[j]) && g == 0 && isnan(e)) /* silu(-inf): the limit and NaN are both right */
            continue;
        if (!same_class(e, g) || (isfinite(e) && e != g && !(fabs(e - g) <= slack)))
            return differs(v, v->p.c.op->operands[i].name, j, e, g, slack, why);
    }
    return ASSAY_OK;
}

static assay_status verify_goldens(const assay_vector *v, assay_why *why)
{
    static const assay_contract strict;
    const assay_op *op = v->p.c.op;
    double *bound[ASSAY_MAX_OPND] = { NULL };
    bool any = false;
    assay_status s = ASSAY_OK;
    for (int i = 0; i < op->n_operands; i++) {
        any |= v->golden[i];
        if (op->operands[i].access != ASSAY_IN && op->operands[i].verdict == ASSAY_BOUNDED && (v->p.c.present >> i & 1))
            bound[i] = assay_zeros((size_t)assay_tensor_count(&v->p.t[i]), sizeof(double));
    }
    const assay_dense d = assay_problem_dense(&v->p);
    if (any && op->bound)
        op->bound(&d, v->p.plane, &strict, bound);
    for (int i = 0; i < op->n_operands; i++) {
        s = !s && v->golden[i] ? verify_golden(v, i, bound[i], why) : s;
        free(bound[i]);
    }
    return s;
}

/* x[] as the type of t has it. */
static void write_as(const assay_tensor *t, double *x)
{
    assay_tensor as = assay_tensor_dense(t->type, t->layout, t->rank, t->dim);
    as.data = assay_zeros(assay_tensor_bytes(&as) + 64, 1);
    assay_tensor_encode(&as, x);
    assay_tensor_decode(x, &as);
    free(as.data);
}

/* Files of our own hold what our search wrote: to the byte, though another search may be as good. */
static assay_status verify_search(const assay_vector *v, int i, assay_why *why)
{
    const assay_tensor *t = &v->answer[i];
    assay_tensor ours = *t;
    if (!v->source[0] || !t->data || !assay_dtype_of(t->type)->search)
        return ASSAY_OK;
    ours.data = assay_zeros(assay_tensor_bytes(t) + 64, 1);
    assay_tensor_encode(&ours, v->p.value[i]);
    const bool same = !memcmp(ours.data, t->data, assay_tensor_bytes(t));
    free(ours.data);
    return same ? ASSAY_OK
                : assay_fail(why, ASSAY_ERR_FORMAT, "%s: the bytes of our search are others than those of the file",
                             v->p.c.op->operands[i].name);
}

/* Exact results are not judged here: they have been. */
static assay_status verify_answers(const assay_vector *v, assay_why *why)
{
    const assay_op *op = v->p.c.op;
    assay_problem p = v->p; /* a view, but for what is allocated here */
    assay_tensor got[ASSAY_MAX_OPND] = { 0 };
    void *owned[3 * ASSAY_MAX_OPND];
    size_t n_owned = 0;
    assay_finding f;
    assay_status s = ASSAY_OK;
    for (int i = 0; i < op->n_operands; i++) {
        if (op->operands[i].access == ASSAY_IN || !(p.c.present >> i & 1))
            continue;
        const size_t n = (size_t)assay_tensor_count(&p.t[i]);
        got[i] = v->answer[i].data ? v->answer[i] : p.t[i];
        if (!got[i].data)
            owned[n_owned++] = got[i].data = assay_zeros(assay_tensor_bytes(&got[i]) + 64, 1);
        if (v->golden[i] || !v->expected[i]) {
            owned[n_owned++] = p.open[i] = assay_zeros(n, 1);
            memset(p.open[i], 1, n);
        } else if (op->operands[i].verdict == ASSAY_EXACT && got[i].type != p.t[i].type) {
            owned[n_owned++] = p.value[i] = memcpy(assay_zeros(n, sizeof(double)), v->p.value[i], n * sizeof(double));
            write_as(&p.t[i], p.value[i]);
        }
    }
    assay_compare(&p, &v->contract, got, &f);
    if (!f.pass)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: the answer is wrong (%s): %.180s", op->name, assay_by_words(f.by),
                       f.why.text);
    for (int i = 0; !s && i < op->n_operands; i++)
        s = verify_search(v, i, why);
    while (n_owned)
        free(owned[--n_owned]);
    return s;
}

static assay_status verify_planes(const assay_vector *v, assay_why *why)
{
    const assay_op *op = v->p.c.op;
    for (int k = 0; k < op->n_planes; k++) {
        const int64_t n = v->plane[k] ? assay_op_shape(op, op->planes[k].shape, v->p.c.dim, NULL) : 0;
        for (int64_t j = 0; j < n; j++) {
            const double file = (double)v->plane[k][j], ours = v->p.plane[k][j],
                         slack = 0x1p-22 * fabs(ours) + 0x1p-148;
            if (!same_class(file, ours) || (isfinite(file) && !(fabs(file - ours) <= slack)))
                return differs(v, op->planes[k].name, j, file, ours, slack, why);
        }
    }
    return ASSAY_OK;
}

assay_status assay_vector_verify(assay_vector *v, assay_why *why)
{
    if (v->elements && !v->judged)
        return assay_fail(why, ASSAY_ERR_FORMAT, "nothing is judged: all %lld elements are marked so",
                          (long long)v->elements);
    assay_status s = assay_problem_solve(&v->p, &v->contract, why);
    if (!s)
        s = verify_goldens(v, why);
    if (!s)
        s = verify_answers(v, why);
    return s ? s : verify_planes(v, why);
}
