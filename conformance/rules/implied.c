/* SPDX-License-Identifier: MIT
 * A slip whose result lies within the bounds of a case is not caught there: that is computed here, which takes
 * microseconds; what would be caught is run and judged as any kernel is. */
#include "../../reference/core/clock.h"
#include "../judge/placement.h"
#include "implied_parts.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/fused.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include <stdlib.h>
#include <string.h>

enum {
    CONTROLS = 100, /* cases in which the kernel without a slip must pass */
    NO_SUMS = 64,   /* after so many cases in which an op was no sum of its pieces it is none */
};

/* ---- one case ------------------------------------------------------------------------------------------------ */

typedef struct desk { /* a case, with room to spoil it */
    assay_problem *p;
    double *own[ASSAY_MAX_OPND], *before[ASSAY_MAX_OPND], *spare, *was;
    assay_tensor got[ASSAY_MAX_OPND];
    bool ready;
} desk;

static size_t bytes_of(const assay_problem *p, int i)
{
    return (size_t)assay_op_shape(p->c.op, p->c.op->operands[i].shape, p->c.dim, NULL) * sizeof(double);
}

static bool given(const assay_problem *p, int i)
{
    return p->c.present >> i & 1;
}

static const double *input_of(const assay_problem *p, int i)
{
    return p->before[i] ? p->before[i] : p->value[i];
}

static assay_status lay_out(desk *d, assay_why *why)
{
    assay_problem *p = d->p;
    const assay_op *op = p->c.op;
    const assay_status s = assay_problem_solve_given(p, why);
    if (s)
        return s;
    const size_t most = assay_slip_room(op, p->c.dim);
    d->spare = assay_room(most, sizeof(double));
    d->was = assay_room(most, sizeof(double));
    for (size_t k = 0; k < most; k++)
        d->was[k] = 0x7b7b7b7b; /* about what the judge's poison is */
    for (int i = 0; i < op->n_operands; i++) {
        if (!given(p, i))
            continue;
        d->own[i] = assay_room(bytes_of(p, i), 1);
        d->before[i] = p->before[i] ? assay_room(bytes_of(p, i), 1) : NULL;
        d->got[i] = p->t[i];
        d->got[i].data = op->operands[i].access != ASSAY_IN ? assay_zeros(assay_tensor_bytes(&p->t[i]), 1) : NULL;
    }
    d->ready = true;
    return ASSAY_OK;
}

static void clear(desk *d)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        free(d->own[i]);
        free(d->before[i]);
        free(d->got[i].data);
    }
    free(d->spare);
    free(d->was);
}

/* Would the op take what a slip has made of places (indices, counts, positions)?  No kernel sees what it refuses. */
static bool is_case(const desk *d, const assay_slip_call *c)
{
    const assay_problem *p = d->p;
    const assay_op *op = p->c.op;
    const int i = c->slip->operand;
    assay_tensor t[ASSAY_MAX_OPND];
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
    assay_why why;
    memcpy(t, p->t, sizeof t);
    memcpy(params, c->params, sizeof params);
    if (!c->value[i])
        t[i] = (assay_tensor){ 0 };
    else if (given(p, i)) {
        t[i] = assay_tensor_dense(p->t[i].type, 0, p->t[i].rank, p->t[i].dim);
        t[i].data = assay_zeros(assay_tensor_bytes(&t[i]), 1);
        assay_tensor_encode(&t[i], c->value[i]);
    }
    const bool ok = !assay_check(op, &(assay_args){ .operand = t, .dim = p->c.dim, .params = params }, params, &why);
    if (given(p, i) && c->value[i])
        free(t[i].data);
    return ok;
}

/* The results of the slip, AT_INPUT or AT_OUTPUT, into c.  False: they are those of the right kernel, or none. */
static bool spoilt(desk *d, trial *t, assay_slip_call *c)
{
    assay_problem *p = d->p;
    const assay_op *op = p->c.op;
    const assay_slip *s = t->slip;
    const bool at_input = s->kind->at == ASSAY_AT_INPUT;
    for (int i = 0; i < op->n_operands; i++) {
        const bool output = op->operands[i].access != ASSAY_IN, mine = given(p, i) && (output || i == s->operand);
        c->value[i] = mine ? d->own[i] : p->value[i];
        if (mine)
            memcpy(d->own[i], at_input && p->before[i] ? p->before[i] : p->value[i], bytes_of(p, i));
    }
    if (s->operand >= 0 && p->before[s->operand])
        memcpy(d->was, p->before[s->operand], bytes_of(p, s->operand));
    const double *const was = s->operand >= 0 ? c->value[s->operand] : NULL;
    assay_slip_spoil(c, s->kind->at);
    bool same = !memcmp(c->params, p->c.params, op->params_size);
    for (int i = 0; same && i < op->n_operands; i++) {
        const bool output = op->operands[i].access != ASSAY_IN;
        if (i == s->operand && c->value[i] != was)
            same = false;
        else if (given(p, i) && (i == s->operand || (!at_input && output)))
            same = !memcmp(c->value[i], at_input ? input_of(p, i) : p->value[i], bytes_of(p, i));
    }
    if (same) {
        t->idle = c->idle ? c->idle : t->idle;
        return false;
    }
    if (!at_input)
        return true;
    if (s->operand >= 0 && (c->value[s->operand] != was || p->t[s->operand].type == ASSAY_i32) && !is_case(d, c)) {
        t->idle = "the op refuses what it would compute";
        return false;
    }
    for (int i = 0; i < op->n_operands; i++) {
        if (!given(p, i) || op->operands[i].access == ASSAY_IN || !c->value[i])
            continue;
        if (d->before[i])
            memcpy(d->before[i], c->value[i], bytes_of(p, i));
        else
            memset(c->value[i], 0, bytes_of(p, i));
    }
    const assay_dense a = { (void *const *)c->value, (void *const *)d->before, p->c.dim, c->params, NULL, false };
    return !assay_reference(op, &a, sizeof(double), NULL);
}

/* AT_CALL: can the runner's call show it?  Which cases these are is known from their lengths and places alone. */
static bool shows(const desk *d, trial *t)
{
    const assay_problem *p = d->p;
    const assay_slip *s = t->slip;
    const assay_op *op = p->c.op;
    const bool at_once = assay_place_applies(p, &s->kernel, ASSAY_PLACE_AT_ONCE); /* a state is not for two threads */
    const int split = op->split ? assay_op_dim(op, op->split) : -1;
    if (s->operand >= 0 && (!given(p, s->operand) || !bytes_of(p, s->operand)))
        return false;
    if (assay_slip_is(s, ASSAY_SLIP_DENSE)) {
        bool rows = false;
        for (int r = 0; r + 1 < p->t[s->operand].rank; r++)
            rows |= p->t[s->operand].dim[r] > 1;
        return rows && !p->t[s->operand].layout;
    }
    if (assay_slip_is(s, ASSAY_SLIP_NEAR))
        return assay_place_applies(p, &s->kernel, ASSAY_PLACE_FAR) && assay_has_parts(p, s->operand);
    if (assay_slip_is(s, ASSAY_SLIP_RIGHT))
        return p->c.seed % 4 == 0 && t->runs++ < CONTROLS;
    if (assay_slip_is(s, ASSAY_SLIP_LAYOUT))
        return p->t[s->operand].layout != 0;
    if (assay_slip_is(s, ASSAY_SLIP_STATE))
        return assay_place_applies(p, &s->kernel, ASSAY_PLACE_AFTER) && assay_slip_room(op, p->c.dim) < 4096;
    if (assay_slip_in_units(s)) {
        bool blocks = false;
        for (int i = 0; i < op->n_operands; i++)
            blocks |= given(p, i) && op->operands[i].access != ASSAY_IN &&
                      (p->t[i].layout || (assay_dtype_of(p->t[i].type)->block > 1 && p->t[i].rank &&
                                          op->operands[i].shape[p->t[i].rank - 1] == op->split));
        return !blocks && p->c.dim[split] >= 3 && p->c.dim[split] <= 64 &&
               assay_place_applies(p, &s->kernel, ASSAY_PLACE_APART);
    }
    if (assay_slip_is(s, ASSAY_SLIP_FIELD_BEFORE)) {
        assay_slip_call c = { .slip = s, .t = p->t, .dim = p->c.dim };
        memcpy(c.params, p->c.params, sizeof c.params);
        const double v = assay_slip_field(&c);
        const bool differs = !at_once && (!t->ran || v != t->field);
        t->field = differs ? v : t->field;
        t->ran |= differs;
        return differs;
    }
    return true;
}

/* Long enough in both dimensions, before anything is copied. */
static bool reaches(const trial *t, const int64_t *dim)
{
    const assay_slip *s = t->slip;
    if (assay_slip_is(s, ASSAY_SLIP_BEYOND) || assay_slip_is(s, ASSAY_SLIP_BOTH))
        return dim[s->axis] > s->n && (s->other < 0 || dim[s->other] > s->m);
    if (assay_slip_is(s, ASSAY_SLIP_SUMMED))
        return t->runs < NO_SUMS && dim[assay_op_dim(s->op, s->op->operands[s->operand].shape[s->axis])] > 1;
    if (assay_slip_is(s, ASSAY_SLIP_WRAPS) || assay_slip_is(s, ASSAY_SLIP_SHORT))
        return dim[assay_op_dim(s->op, s->op->operands[s->operand].shape[s->axis])] > s->n;
    return true;
}

static bool would_be_caught(desk *d, trial *t)
{
    assay_problem *p = d->p;
    assay_slip_call c = { .slip = t->slip, .t = p->t, .dim = p->c.dim, .was = d->was, .spare = d->spare };
    assay_finding f;
    memcpy(c.params, p->c.params, sizeof c.params);
    if (t->slip->kind->at == ASSAY_AT_CALL)
        return shows(d, t) ? t->met = true : false;
    if (!spoilt(d, t, &c)) {
        t->runs += assay_slip_is(t->slip, ASSAY_SLIP_SUMMED) && c.idle;
        return false;
    }
    t->met = true;
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (d->got[i].data)
            assay_tensor_encode(&d->got[i], c.value[i]);
    assay_compare(p, NULL, d->got, &f);
    return !f.pass;
}

/* Wrong wherever t is, and maybe elsewhere: no case that shows t could hide it. */
static bool contains(const assay_slip *s, const assay_slip *t)
{
    const bool alone = assay_slip_is(s, ASSAY_SLIP_BEYOND) || assay_slip_is(s, ASSAY_SLIP_BOTH);
    const bool first = (s->axis == t->axis && s->n <= t->n) || (s->axis == t->other && s->n <= t->m);
    return alone && first && (s->other < 0 || (s->other == t->other && s->m <= t->m));
}

/* What is caught where it is wrong beyond a length is caught with it where it is wrong beyond less. */
static void spread(of_op *o, const trial *t)
{
    if (assay_slip_is(t->slip, ASSAY_SLIP_BEYOND) || assay_slip_is(t->slip, ASSAY_SLIP_BOTH))
        for (size_t i = 0; i < o->n; i++)
            o->trial[i].caught |= contains(o->trial[i].slip, t->slip);
}

/* Slips by values show in what has such values; for others a length, or what is given, says enough. */
static bool may_show(const trial *t, const assay_case *c)
{
    const assay_slip *s = t->slip;
    const int kind = (int)(s->kind - assay_slip_kinds);
    const bool there = s->operand < 0 || (c->present >> s->operand & 1) != (kind == ASSAY_SLIP_MADE_UP);
    const bool odd = kind >= ASSAY_SLIP_NAN && kind <= ASSAY_SLIP_OUT_UNSIGNED;
    if (kind == ASSAY_SLIP_RIGHT)
        return c->seed % 4 == 0 && t->runs < CONTROLS;
    if (t->unseen || (t->idle && !t->met) || !there || !reaches(t, c->dim))
        return false;
    return kind == ASSAY_SLIP_SKIPS ? c->gen->tag == ASSAY_TAG_CLASS : !odd || c->gen->tag >= ASSAY_TAG_ADVERSARIAL;
}

bool assay_implied_seeks(const assay_implied *x, const assay_case *c)
{
    const of_op *o = assay_implied_find(x, c->op);
    bool any = false;
    for (size_t i = 0; o && !any && i < o->n; i++)
        any = !o->trial[i].caught && !o->trial[i].slip->idle && may_show(&o->trial[i], c);
    return any;
}

assay_status assay_implied_problem(assay_implied *x, assay_pool *pool, assay_problem *p, assay_why *why)
{
    of_op *o = assay_implied_find(x, p->c.op);
    const double begin = assay_seconds();
    assay_status s = ASSAY_OK;
    desk d = { .p = p };
    for (size_t i = 0; o && !s && i < o->n; i++) {
        trial *t = &o->trial[i];
        assay_finding f;
        if (t->caught || t->slip->idle || !reaches(t, p->c.dim))
            continue;
        s = d.ready ? ASSAY_OK : lay_out(&d, why);
        if (!s && would_be_caught(&d, t))
            t->caught = assay_judge(pool, p, &t->slip->kernel, -1, 2, &f) == ASSAY_FAILED;
        if (t->caught)
            spread(o, t);
    }
    clear(&d);
    if (o)
        o->seconds += assay_seconds() - begin;
    return s;
}
