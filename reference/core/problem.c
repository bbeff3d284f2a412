/* SPDX-License-Identifier: MIT */
#include "problem.h"
#include "contract.h"
#include "dtype.h"
#include "fused.h"
#include "registry.h"
#include "secret.h"
#include "status.h"
#include "tensor.h"
#include "values.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool given(const assay_case *c, int i)
{
    return c->present >> i & 1;
}

/* What an operand holds when no generator speaks for it. */
static void fill_default(const assay_case *c, int i, int64_t n, double *v, assay_rng *r)
{
    const assay_operand *o = &c->op->operands[i];
    if (o->flags & ASSAY_INDEX) {
        const int64_t limit = c->dim[assay_op_dim(c->op, o->index_of)];
        for (int64_t j = 0; j < n; j++)
            v[j] = limit ? (double)assay_rng_below(r, limit) : 0;
    } else if (o->flags & ASSAY_POSITION) {
        int64_t dim[ASSAY_MAX_RANK] = { 1 };
        const size_t rank = strlen(o->shape);
        assay_op_shape(c->op, o->shape, c->dim, dim);
        for (int64_t j = 0; j < n; j++)
            v[j] = (double)(j % dim[rank - 1]);
    } else if (o->flags & ASSAY_MASK) {
        for (int64_t j = 0; j < n; j++) {
            const double u = assay_rng_uniform(r);
            v[j] = u < 0.25 ? -INFINITY : u < 0.5 ? assay_rng_normal(r) : 0;
        }
    } else {
        for (int64_t j = 0; j < n; j++)
            v[j] = assay_rng_normal(r);
    }
}

/* NaN of every sort that a file or a processor may hold, each in turn: of either sign; the usual one, all of its
 * mantissa set, as some GPUs answer (7fffffff: -0 to who rounds it to bf16 as a number), or its last bit alone, which
 * narrower types do not have (infinity to who cuts it off). */
static void vary_nans(const assay_tensor *t, const double *v, int64_t n, assay_rng *r)
{
    const bool wide = t->type == ASSAY_f32;
    const int mantissa = wide ? 23 : t->type == ASSAY_f16 ? 10 : 7;
    const uint32_t sign = UINT32_C(1) << (wide ? 31 : 15), infinity = sign - (UINT32_C(1) << mantissa);
    const uint32_t sort[] = { UINT32_C(1) << (mantissa - 1), (UINT32_C(1) << mantissa) - 1, 1 };
    uint64_t turn = assay_rng_u64(r) >> 1;
    if (t->layout || !(wide || t->type == ASSAY_f16 || t->type == ASSAY_bf16))
        return;
    for (int64_t j = 0; j < n; j++)
        if (isnan(v[j])) {
            const uint32_t code = infinity | sort[turn % 3] | (turn / 3 % 2 ? sign : 0);
            const uint16_t half = (uint16_t)code;
            if (wide)
                memcpy((char *)t->data + 4 * j, &code, sizeof code);
            else
                memcpy((char *)t->data + 2 * j, &half, sizeof half);
            turn++;
        }
}

/* The view under a BROADCAST operand: stride-0 dimensions have length 1 there, or 0 where there is nothing. */
static assay_tensor stored(const assay_tensor *t)
{
    assay_tensor s = *t;
    for (int r = 0; r < s.rank && !s.layout; r++)
        if (s.stride[r] == 0)
            s.dim[r] = s.dim[r] > 0;
    if (s.rank && !s.layout && s.stride[s.rank - 1] == 0)
        s.stride[s.rank - 1] = assay_dtype_of(s.type)->bytes;
    return s;
}

static void fill_operand(assay_problem *p, int i, const assay_suite *suite)
{
    const assay_case *c = &p->c;
    assay_tensor s = stored(&p->t[i]);
    const int64_t n = assay_tensor_count(&s);
    const uint32_t role = ASSAY_INDEX | ASSAY_POSITION | ASSAY_MASK;
    assay_rng r = { assay_secret_seed(c->seed), (uint64_t)i, 0 };
    if (assay_value_raw(c, i, s.data, (size_t)assay_dtype_bytes(s.type, n), &r)) {
        assay_tensor_decode(p->value[i], &p->t[i]);
        return;
    }
    if (suite && suite->raw && suite->raw(c, i, s.data, (size_t)assay_dtype_bytes(s.type, n), &r)) {
        assay_tensor_decode(p->value[i], &p->t[i]);
        return;
    }
    if (assay_dtype_of(s.type)->grid) {
        assay_value_codes(s.type, s.data, (size_t)assay_dtype_bytes(s.type, n), &r);
        assay_tensor_decode(p->value[i], &p->t[i]);
        return;
    }
    if (suite && suite->fill && suite->fill(c, i, n, p->value, &r))
        ;
    else if (c->gen->fill && c->gen->fill(c, i, n, p->value, &r))
        ;
    else if (c->gen->draw && !(c->op->operands[i].flags & role))
        for (int64_t j = 0; j < n; j++)
            p->value[i][j] = c->gen->draw(c, i, j, &r);
    else
        fill_default(c, i, n, p->value[i], &r);
    assay_tensor_encode(&s, p->value[i]);
    vary_nans(&s, p->value[i], n, &r);
    assay_tensor_decode(p->value[i], &p->t[i]);
}

static assay_status allocate(assay_problem *p, assay_why *why)
{
    const assay_op *op = p->c.op;
    for (int i = 0; i < op->n_operands; i++) {
        if (!given(&p->c, i))
            continue;
        const size_t n = (size_t)assay_tensor_count(&p->t[i]);
        p->value[i] = calloc(n + 1, sizeof(double));
        if (op->operands[i].access != ASSAY_OUT)
            p->t[i].data = calloc(assay_tensor_bytes(&p->t[i]) + 64, 1);
        if (op->operands[i].access == ASSAY_INOUT)
            p->before[i] = calloc(n + 1, sizeof(double));
        const assay_block_parts *parts = assay_block_parts_of(p->t[i].type);
        const bool minima = op->operands[i].access == ASSAY_IN && parts && parts->minimum >= 0;
        if (minima)
            p->minimum[i] = calloc(n + 1, sizeof(double));
        if (!p->value[i] || (op->operands[i].access != ASSAY_OUT && !p->t[i].data) || (minima && !p->minimum[i]) ||
            (op->operands[i].access == ASSAY_INOUT && !p->before[i]))
            return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu values of %s", op->name, n,
                              op->operands[i].name);
    }
    for (int k = 0; k < op->n_planes; k++) {
        p->plane[k] = calloc((size_t)assay_op_shape(op, op->planes[k].shape, p->c.dim, NULL) + 1, sizeof(double));
        if (!p->plane[k])
            return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for its plane %s", op->name, op->planes[k].shape);
    }
    return ASSAY_OK;
}

assay_status assay_problem_make(const assay_case *c, assay_problem *p, assay_why *why)
{
    memset(p, 0, sizeof *p);
    p->c = *c;
    p->tag = c->gen->tag;
    assay_case_tensors(c, p->t);
    const assay_status s = allocate(p, why);
    if (s)
        return s;
    const assay_suite *suite = assay_suite_of(c->op);
    p->own_gen = suite && suite->n_gens && c->gen >= suite->gens && c->gen < suite->gens + suite->n_gens;
    for (int i = 0; i < c->op->n_operands; i++)
        if (given(c, i) && c->op->operands[i].access != ASSAY_OUT)
            fill_operand(p, i, suite);
    return assay_check(c->op, &(assay_args){ .operand = p->t, .dim = p->c.dim, .params = p->c.params }, p->c.params,
                       why);
}

assay_status assay_problem_load(const assay_case *c, const void *const *data, const size_t *bytes, assay_problem *p,
                                assay_why *why)
{
    memset(p, 0, sizeof *p);
    p->c = *c;
    p->tag = c->gen->tag;
    p->own_gen = true;
    assay_case_tensors(c, p->t);
    for (int i = 0; i < c->op->n_operands; i++) {
        const assay_operand *o = &c->op->operands[i];
        const size_t need = assay_tensor_bytes(&p->t[i]);
        if (given(c, i) && o->access != ASSAY_OUT && bytes[i] != need)
            return assay_fail(why, ASSAY_ERR_SHAPE, "%s: %s has %zu bytes, its shape and type need %zu", c->op->name,
                              o->name, bytes[i], need);
    }
    const assay_status s = allocate(p, why);
    if (s)
        return s;
    for (int i = 0; i < c->op->n_operands; i++)
        if (given(c, i) && c->op->operands[i].access != ASSAY_OUT) {
            memcpy(p->t[i].data, data[i], bytes[i]);
            assay_tensor_decode(p->value[i], &p->t[i]);
        }
    return assay_check(c->op, &(assay_args){ .operand = p->t, .dim = p->c.dim, .params = p->c.params }, p->c.params,
                       why);
}

assay_dense assay_problem_dense(const assay_problem *p)
{
    return (assay_dense){ (void *const *)p->value,    (void *const *)p->before, p->c.dim, p->c.params, p->c.type,
                          p->tag == ASSAY_TAG_RANDOM, (void *const *)p->minimum };
}

/* Rounds operand i as the kernel says it does, innermost rows padded with zeros to whole blocks.  True: a value
 * changed. */
static bool round_operand(assay_problem *p, int i, const assay_round *r)
{
    const assay_dtype_info *ty = assay_dtype_of(r->to);
    const int64_t n = assay_tensor_count(&p->t[i]), len = p->t[i].rank ? p->t[i].dim[p->t[i].rank - 1] : 1;
    const int64_t padded = (len + ty->block - 1) / ty->block * ty->block;
    bool changed = false;
    if (!n)
        return changed;
    double *row = calloc((size_t)padded, sizeof *row);
    void *code = calloc((size_t)(padded / ty->block), (size_t)ty->bytes);
    for (int64_t at = 0; row && code && at < n; at += len) {
        memcpy(row, p->value[i] + at, (size_t)len * sizeof *row);
        ty->encode(code, row, padded);
        p->inf_scale |= assay_block_inf(r->to, code, (size_t)(padded / ty->block) * (size_t)ty->bytes);
        ty->decode(row, code, padded);
        for (int64_t k = 0; k < len; k++)
            changed |= p->value[i][at + k] != row[k];
        memcpy(p->value[i] + at, row, (size_t)len * sizeof *row);
        memset(row, 0, (size_t)padded * sizeof *row);
    }
    free(row);
    free(code);
    return changed;
}

/* An EXACT tag of a common generator holds where the inputs are integers, also after rounding. */
static bool is_exact(const assay_problem *p)
{
    const assay_op *op = p->c.op;
    const assay_suite *s = assay_suite_of(op);
    if (p->tag != ASSAY_TAG_EXACT)
        return false;
    if (p->own_gen)
        return true;
    bool listed = false;
    for (const char *const *name = s ? s->exact : NULL; name && *name; name++)
        listed |= !strcmp(*name, p->c.gen->name);
    for (int i = 0; listed && i < op->n_operands; i++)
        if (given(&p->c, i) && op->operands[i].access != ASSAY_OUT) {
            const double *v = op->operands[i].access == ASSAY_INOUT ? p->before[i] : p->value[i];
            for (int64_t j = 0, n = assay_tensor_count(&p->t[i]); listed && j < n; j++)
                listed = v[j] == nearbyint(v[j]);
        }
    return listed;
}

assay_status assay_problem_solve(assay_problem *p, const assay_contract *k, assay_why *why)
{
    static uint64_t solved;
    const assay_op *op = p->c.op;
    bool changed = false;
    p->solved = ++solved;
    p->rounded = !assay_contract_rounds_alike(k, NULL);
    p->inf_scale = false;
    for (int i = 0; i < op->n_operands; i++) {
        if (!given(&p->c, i))
            continue;
        if (op->operands[i].access != ASSAY_OUT)
            p->inf_scale |= assay_block_inf(p->t[i].type, p->t[i].data, assay_tensor_bytes(&p->t[i]));
        const size_t bytes = (size_t)assay_tensor_count(&p->t[i]) * sizeof(double);
        if (p->minimum[i])
            assay_block_minima(p->t[i].type, p->minimum[i], p->t[i].data, assay_tensor_count(&p->t[i]));
        if (op->operands[i].access == ASSAY_OUT)
            memset(p->value[i], 0, bytes);
        else
            assay_tensor_decode(p->value[i], &p->t[i]);
        for (size_t r = 0; k && r < ASSAY_COUNT_OF(k->round) && k->round[r].operand; r++)
            if (!strcmp(k->round[r].operand, op->operands[i].name))
                changed |= round_operand(p, i, &k->round[r]);
        if (p->before[i])
            memcpy(p->before[i], p->value[i], bytes);
    }
    p->exact = is_exact(p) && (!changed || !p->own_gen); /* a suite vouches for its values, not for rounded ones */
    const assay_dense d = assay_problem_dense(p);
    const assay_status s = assay_reference(op, &d, sizeof(double), why);
    if (!s && op->kappa)
        op->kappa(&d, p->plane);
    return s;
}

assay_status assay_problem_solve_given(assay_problem *p, assay_why *why)
{
    return p->solved && !p->rounded ? ASSAY_OK : assay_problem_solve(p, NULL, why);
}

void assay_problem_free(assay_problem *p)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        free(p->value[i]);
        free(p->before[i]);
        free(p->minimum[i]);
        free(p->extra[i]);
        free(p->open[i]);
        free(p->t[i].data);
    }
    for (int k = 0; k < ASSAY_MAX_PLANES; k++)
        free(p->plane[k]);
    memset(p, 0, sizeof *p);
}
