/* SPDX-License-Identifier: MIT
 * A slip whose result lies within the bounds of a case is not caught there: that is computed here, which takes
 * microseconds; what would be caught is run and judged as any kernel is. */
#include "implied.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/fused.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONTROLS = 100 }; /* cases in which the kernel without a slip must pass */

typedef struct trial {
    const assay_slip *slip;
    bool caught, met, ran; /* met: a case in which it differs */
    const char *idle;      /* why it was none in the last case in which it did not differ */
    int runs;
    double field; /* FIELD_BEFORE: of the case in which it ran last */
} trial;

typedef struct of_op {
    const assay_op *op;
    trial *trial;
    size_t n;
    assay_implied_score put; /* by another process */
    double seconds;
    size_t caught; /* when it was last asked whether all is settled */
    bool settled;
} of_op;

struct assay_implied {
    of_op *op;
    size_t n;
};

static const struct known {
    const char *op, *glob;
    int32_t n;
} escapes[] = {
#define ESCAPES(op, glob, n) { op, "implied-" glob, n },
#include "escapes.def"
#undef ESCAPES
    { NULL, NULL, 0 }
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
    const assay_status s = assay_problem_solve(p, NULL, why);
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
    if (assay_slip_is(s, ASSAY_SLIP_RIGHT))
        return p->c.seed % 4 == 0 && t->runs++ < CONTROLS;
    if (assay_slip_is(s, ASSAY_SLIP_LAYOUT))
        return p->t[s->operand].layout != 0;
    if (assay_slip_is(s, ASSAY_SLIP_STATE))
        return assay_place_applies(p, &s->kernel, ASSAY_PLACE_AFTER) && assay_slip_room(op, p->c.dim) < 4096;
    if (assay_slip_is(s, ASSAY_SLIP_NEIGHBOUR)) {
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
static bool reaches(const trial *t, const assay_problem *p)
{
    const assay_slip *s = t->slip;
    const int64_t *dim = p->c.dim;
    if (assay_slip_is(s, ASSAY_SLIP_BEYOND) || assay_slip_is(s, ASSAY_SLIP_BOTH))
        return dim[s->axis] > s->n && (s->other < 0 || dim[s->other] > s->m);
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
    if (!spoilt(d, t, &c))
        return false;
    t->met = true;
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (d->got[i].data)
            assay_tensor_encode(&d->got[i], c.value[i]);
    assay_compare(p, NULL, d->got, &f);
    return !f.pass;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static of_op *find(const assay_implied *x, const assay_op *op)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->op[i].op == op)
            return &x->op[i];
    return NULL;
}

assay_status assay_implied_problem(assay_implied *x, assay_lab *lab, assay_problem *p, assay_why *why)
{
    of_op *o = find(x, p->c.op);
    const double begin = seconds();
    assay_status s = ASSAY_OK;
    desk d = { .p = p };
    for (size_t i = 0; o && !s && i < o->n; i++) {
        trial *t = &o->trial[i];
        assay_finding f;
        if (t->caught || t->slip->idle || !reaches(t, p))
            continue;
        s = d.ready ? ASSAY_OK : lay_out(&d, why);
        if (!s && would_be_caught(&d, t))
            t->caught = assay_judge(lab, p, &t->slip->kernel, -1, 2, &f) == ASSAY_FAILED;
    }
    clear(&d);
    if (o)
        o->seconds += seconds() - begin;
    return s;
}

/* ---- all of an op -------------------------------------------------------------------------------------------- */

assay_implied *assay_implied_open(void)
{
    const assay_op *op;
    assay_implied *x = assay_zeros(1, sizeof *x);
    while (assay_op_at(x->n))
        x->n++;
    x->op = assay_zeros(x->n, sizeof *x->op);
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_slip *slip = assay_slips_of(op, &x->op[i].n);
        x->op[i].op = op;
        x->op[i].trial = assay_zeros(x->op[i].n, sizeof *x->op[i].trial);
        for (size_t k = 0; k < x->op[i].n; k++)
            x->op[i].trial[k].slip = &slip[k];
    }
    return x;
}

bool assay_implied_has(const assay_implied *x, const assay_op *op)
{
    const of_op *o = x ? find(x, op) : NULL;
    return o && o->n;
}

/* Why it is none of this op's slips; NULL: it is one.  The op's own reasons stand in its suite: "GLOB: reason". */
static const char *idle(const of_op *o, const trial *t)
{
    const assay_suite *suite = assay_suite_of(o->op);
    if (t->slip->idle)
        return t->slip->idle;
    for (const char *const *u = suite ? suite->unseen : NULL; u && *u; u++) {
        char glob[128];
        const char *colon = strchr(*u, ':');
        snprintf(glob, sizeof glob, "implied-%.*s", (int)(colon ? colon - *u : 0), *u);
        if (colon && !fnmatch(glob, t->slip->name, 0))
            return colon + 1 + strspn(colon + 1, " ");
    }
    return t->met ? NULL : t->idle;
}

static int32_t allowed(const of_op *o, const struct known *k)
{
    int32_t n = 0;
    for (size_t i = 0; i < o->n; i++)
        n += !o->trial[i].caught && !idle(o, &o->trial[i]) && !fnmatch(k->glob, o->trial[i].slip->name, 0);
    return n < k->n ? n : k->n;
}

assay_implied_score assay_implied_of(const assay_implied *x, const assay_op *op)
{
    const of_op *o = find(x, op);
    assay_implied_score s = o->put;
    s.seconds += o->seconds;
    for (size_t i = 0; i < o->n; i++) {
        const bool right = assay_slip_is(o->trial[i].slip, ASSAY_SLIP_RIGHT);
        s.flagged += right && o->trial[i].caught;
        if (right)
            continue;
        s.made++;
        s.caught += o->trial[i].caught;
        s.idle += !o->trial[i].caught && idle(o, &o->trial[i]);
        s.escaped += !o->trial[i].caught && !idle(o, &o->trial[i]);
    }
    for (size_t k = 0; escapes[k].op; k++)
        s.allowed += strcmp(escapes[k].op, op->name) ? 0 : allowed(o, &escapes[k]);
    return s;
}

bool assay_implied_settled(assay_implied *x, const assay_op *op)
{
    of_op *o = find(x, op);
    size_t caught = 0;
    for (size_t i = 0; i < o->n; i++)
        caught += o->trial[i].caught;
    if (caught != o->caught) {
        const assay_implied_score s = assay_implied_of(x, op);
        o->caught = caught;
        o->settled = s.escaped <= s.allowed;
    }
    return o->settled;
}

void assay_implied_put(assay_implied *x, const assay_op *op, const assay_implied_score *s)
{
    of_op *o = find(x, op);
    o->put = *s;
    o->n = 0;
}

/* What is known to escape, and no longer does: the list may shrink. */
static void print_fewer(const of_op *o)
{
    for (const struct known *k = escapes; k->op; k++) {
        const int32_t n = strcmp(k->op, o->op->name) ? k->n : allowed(o, k);
        if (n < k->n)
            printf("    escapes.def: of %s/%s %d escape, no longer %d\n", k->op, k->glob, n, k->n);
    }
}

static void print_each(const of_op *o)
{
    print_fewer(o);
    for (size_t i = 0; i < o->n; i++) {
        const trial *t = &o->trial[i];
        const char *why = idle(o, t);
        const bool right = assay_slip_is(t->slip, ASSAY_SLIP_RIGHT);
        if (right && t->caught)
            printf("    FLAGGED  %s/%s: the wrapper itself is judged wrong\n", o->op->name, t->slip->name);
        if (right)
            continue;
        if (!t->caught && why)
            printf("    not observable  %s/%s: %s\n", o->op->name, t->slip->name, why);
        else if (!t->caught)
            printf("    ESCAPED  %s/%s (%s): %s\n", o->op->name, t->slip->name, t->slip->kind->sentence,
                   t->met ? "its results are within the bounds of every case" : "no case in which it would differ");
    }
}

assay_implied_score assay_implied_all(const assay_implied *x)
{
    assay_implied_score sum = { 0 };
    for (size_t i = 0; i < x->n; i++) {
        const assay_implied_score s = assay_implied_of(x, x->op[i].op);
        sum.made += s.made, sum.caught += s.caught, sum.idle += s.idle, sum.escaped += s.escaped;
        sum.flagged += s.flagged, sum.allowed += s.allowed, sum.seconds += s.seconds;
    }
    return sum;
}

void assay_implied_print(const assay_implied *x, bool all)
{
    for (size_t i = 0; i < x->n; i++) {
        const assay_implied_score s = assay_implied_of(x, x->op[i].op);
        if (!s.made && !s.flagged)
            continue;
        printf("  implied faults of %-13s %5d made, %5d caught, %4d not observable, %4d escaped, %d of these known; "
               "%.1f s%s\n",
               x->op[i].op->name, s.made, s.caught, s.idle, s.escaped, s.allowed, s.seconds,
               s.flagged ? "; FLAGGED: the kernel without a slip" : "");
        if (all)
            print_each(&x->op[i]);
    }
}

void assay_implied_free(assay_implied *x)
{
    for (size_t i = 0; x && i < x->n; i++)
        free(x->op[i].trial);
    if (x)
        free(x->op);
    free(x);
}
