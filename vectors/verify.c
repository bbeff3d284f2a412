/* SPDX-License-Identifier: MIT
 * The reference against the file.  Two computations in double may differ by the rounding of double: where a bound is
 * u * coefficient * kappa with u = 2^-24, 2^-20 of it is coefficient * 2^-44 kappa. */
#include "../reference/core/dtype.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const assay_contract strict;

assay_status assay_vector_solve(assay_vector *v, const assay_contract *k, assay_why *why)
{
    const assay_status s = assay_problem_solve(&v->p, k, why);
    for (int i = 0; !s && i < v->p.c.op->n_operands; i++) /* a golden of rounded operands is not in the file */
        if (v->expected[i] && v->golden[i] && !(k && k->round[0].operand))
            memcpy(v->p.value[i], v->expected[i], (size_t)assay_tensor_count(&v->p.t[i]) * sizeof(double));
    return s;
}

static bool same_class(double a, double b)
{
    return isnan(a) ? isnan(b) : isinf(a) ? a == b : isfinite(b);
}

static assay_status differs(const assay_vector *v, const char *name, int64_t at, double file, double ours, double slack,
                            assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s[%lld] is %.17g in the file, the reference has %.17g (slack %.3g)",
                      v->p.c.op->name, name, (long long)at, file, ours, slack);
}

static assay_status verify_bounded(const assay_vector *v, int i, const double *bound, assay_why *why)
{
    const assay_operand *o = &v->p.c.op->operands[i];
    const int64_t n = assay_tensor_count(&v->p.t[i]);
    for (int64_t j = 0; j < n; j++) {
        const double e = v->expected[i][j], g = v->p.value[i][j];
        /* not in double: a computation of someone's in f32, like a kernel's */
        double slack = v->golden[i] ? 0x1p-20 * bound[j] + 0x1p-50 * fabs(g) : bound[j] + 0x1p-24 * fabs(g);
        if (v->p.extra[i])
            slack += v->p.extra[i][j];
        if (!same_class(e, g) || (isfinite(e) && !(fabs(e - g) <= slack)))
            return differs(v, o->name, j, e, g, slack, why);
    }
    return ASSAY_OK;
}

/* One right answer: the reference's, written in the output's type, against the file's bytes. */
static assay_status verify_exact(const assay_vector *v, int i, assay_why *why)
{
    const assay_operand *o = &v->p.c.op->operands[i];
    const int64_t n = assay_tensor_count(&v->p.t[i]);
    assay_tensor t = v->p.t[i];
    const size_t bytes = assay_tensor_bytes(&t);
    double *ours = calloc((size_t)n + 1, sizeof *ours);
    assay_status s = ASSAY_OK;
    t.data = calloc(bytes + 64, 1);
    if (!ours || !t.data)
        s = assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %lld values", o->name, (long long)n);
    else {
        assay_tensor_encode(&t, v->p.value[i]);
        assay_tensor_decode(ours, &t);
    }
    for (int64_t j = 0; !s && j < n; j++) {
        const double e = v->expected[i][j], g = ours[j];
        if (!same_class(e, g) || (!isnan(e) && e != g) ||
            (!isnan(e) && !(o->flags & ASSAY_ANY_ZERO) && !signbit(e) != !signbit(g)))
            s = differs(v, o->name, j, e, g, 0, why);
    }
    if (!s && v->raw[i] && assay_dtype_of(t.type)->block > 1 && memcmp(v->raw[i], t.data, bytes))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: the blocks' values agree, their bytes do not", o->name);
    free(ours);
    free(t.data);
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
    const assay_op *op = v->p.c.op;
    double *bound[ASSAY_MAX_OPND] = { NULL };
    bool discrete = false, bounded = false;
    assay_status s = assay_problem_solve(&v->p, NULL, why);
    if (s)
        return s;
    for (int i = 0; i < op->n_operands; i++)
        if (v->expected[i] && op->operands[i].verdict == ASSAY_BOUNDED) {
            bound[i] = calloc((size_t)assay_tensor_count(&v->p.t[i]) + 1, sizeof(double));
            bounded = true;
        }
    const assay_dense d = assay_problem_dense(&v->p);
    if (bounded && op->bound)
        op->bound(&d, v->p.plane, &strict, bound);
    for (int i = 0; !s && i < op->n_operands; i++) {
        if (v->expected[i] && op->operands[i].verdict == ASSAY_DISCRETE)
            discrete = true;
        else if (v->expected[i])
            s = bound[i] ? verify_bounded(v, i, bound[i], why) : verify_exact(v, i, why);
        free(bound[i]);
        bound[i] = NULL;
    }
    for (int i = 0; i < op->n_operands; i++)
        free(bound[i]);
    if (!s && discrete && !op->verify(&d, (void *const *)v->expected, &strict, why))
        s = ASSAY_ERR_FORMAT;
    return s ? s : verify_planes(v, why);
}
