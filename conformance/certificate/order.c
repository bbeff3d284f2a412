/* SPDX-License-Identifier: MIT
 * Calls of a kernel with chosen terms.  One problem serves for all calls of a shape: two terms change between them. */
#include "order.h"
#include "../../reference/bound.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/rng.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKS = 32, TRIES = 8, HEADROOM = 2 };

typedef struct bench { /* a shape, ready for calls */
    assay_pool *pool;
    const assay_kernel *k;
    int plugin, carrier, out;
    assay_order *o;
    assay_problem p;
    int64_t *at;  /* [n]: element of the carrier that is a term, in its first row */
    int64_t *row; /* [n_rows]: what is added to that in each row of terms */
    int64_t n_rows, n_out;
    double *y;
    double unit, big; /* the terms: 1, and M */
    double gain;      /* the output for one term */
} bench;

static bool given(const assay_problem *p, int i)
{
    return p->c.present >> i & 1;
}

/* ---- terms ----------------------------------------------------------------------------------------------------------
 */

/* The type in which operand i is seen by the kernel's arithmetic. */
static assay_dtype seen_type(const bench *b, int i)
{
    const assay_contract *c = b->k->contract;
    for (size_t r = 0; c && r < ASSAY_COUNT_OF(c->round) && c->round[r].operand; r++)
        if (!strcmp(c->round[r].operand, b->p.c.op->operands[i].name))
            return c->round[r].to;
    return b->p.t[i].type;
}

/* Strides, in elements, of a dense operand. */
static int64_t stride_of(const assay_case *c, const char *shape, const char *at)
{
    int64_t n = 1;
    for (const char *p = at + 1; at && p > shape && *p; p++)
        n *= c->dim[assay_op_dim(c->op, *p)];
    return n;
}

/* Of the offsets over all letters of a shape that `along` holds, or does not, but for the letter `first`: index 0. */
static int64_t *offsets(const assay_case *c, const char *shape, const char *along, bool in, char first, int64_t *n)
{
    int64_t total = 1;
    for (const char *p = shape; *p; p++)
        if ((strchr(along, *p) != NULL) == in && *p != first)
            total *= c->dim[assay_op_dim(c->op, *p)];
    int64_t *to = assay_zeros((size_t)total, sizeof *to);
    for (int64_t k = 0; k < total; k++) {
        int64_t rest = k;
        for (const char *p = shape + strlen(shape); p-- > shape;) {
            const int64_t len = c->dim[assay_op_dim(c->op, *p)];
            if ((strchr(along, *p) != NULL) != in || *p == first)
                continue;
            to[k] += rest % len * stride_of(c, shape, p);
            rest /= len;
        }
    }
    *n = total;
    return to;
}

static void set_term(bench *b, int i, double v)
{
    for (int64_t r = 0; r < b->n_rows; r++)
        b->p.value[b->carrier][b->at[i] + b->row[r]] = v;
}

/* What the arithmetic makes of v at each term of a block that is 0 elsewhere. */
static double written(const bench *b, double v)
{
    const assay_dtype_info *ty = assay_dtype_of(seen_type(b, b->carrier));
    double *x = assay_zeros((size_t)ty->block, sizeof *x);
    void *code = assay_zeros(1, (size_t)ty->bytes);
    for (int k = 0; k < (b->o->block > 1 ? 1 : ty->block); k++)
        x[k] = v;
    ty->encode(code, x, ty->block);
    ty->decode(x, code, ty->block);
    v = x[0];
    free(x);
    free(code);
    return v;
}

/* A unit, and an M that swallows all terms in an accumulator of so many bits; false: the carrier's type has none. */
static bool choose(bench *b, int bits)
{
    const double by = ldexp(1, bits + HEADROOM + (int)ceil(log2((double)b->o->tree.n)));
    for (int e = 0; e >= -40; e -= 4) {
        const double unit = ldexp(assay_dtype_of(seen_type(b, b->carrier))->block > 1 ? 127 : 1, e);
        if (written(b, unit) == unit && written(b, unit * by) == unit * by && written(b, -unit * by) == -unit * by) {
            b->unit = unit;
            b->big = unit * by;
            return true;
        }
    }
    return assay_fail(&b->o->tree.why, ASSAY_OK, "1 and M = 2^%d cannot both be written in %s", (int)log2(by),
                      assay_dtype_of(seen_type(b, b->carrier))->name),
           false;
}

/* ---- what the others hold
 * -------------------------------------------------------------------------------------------- */

static bool role(const assay_operand *o)
{
    return (o->flags & (ASSAY_INDEX | ASSAY_COUNT | ASSAY_POSITION | ASSAY_MASK)) != 0;
}

/* Fills operand i with v: at the first index of `only`, or everywhere (0); sparse: where terms are, so that minima of
 * blocks are 0.  What its type makes of v; NaN: different numbers. */
static double fill(bench *b, int i, double v, char only, bool sparse)
{
    const char *shape = b->p.c.op->operands[i].shape, cut[] = { only, 0 };
    const int64_t count = assay_tensor_count(&b->p.t[i]), len = b->p.t[i].rank ? b->p.t[i].dim[b->p.t[i].rank - 1] : 1;
    double *value = b->p.value[i], *got = assay_zeros((size_t)count, sizeof *got), first = 0;
    int64_t n, *where = offsets(&b->p.c, shape, cut, false, only, &n);
    memset(value, 0, (size_t)count * sizeof *value);
    for (int64_t k = 0; k < n; k++)
        if (!sparse || b->at[where[k] % len / b->o->block] % len == where[k] % len)
            value[where[k]] = v;
    assay_tensor_encode(&b->p.t[i], value);
    assay_tensor_decode(got, &b->p.t[i]);
    for (int64_t k = 0; k < n; k++)
        if (value[where[k]] != 0) {
            first = first != 0 ? first : got[where[k]];
            first = got[where[k]] == first ? first : (double)NAN;
        }
    free(got);
    free(where);
    return first;
}

/* Can so many units of this size be added in f32 without a rounding? */
static bool counts(const bench *b, double unit)
{
    int e;
    const double m = frexp(unit, &e) * ldexp(1, 24 - (int)ceil(log2((double)b->o->tree.n)));
    return unit != 0 && m == nearbyint(m);
}

/* Operand i holds its number, or a multiple that its blocks can hold without rounding. */
static bool hold(bench *b, int i)
{
    /* The largest codes of a block; the largest scales of super-blocks times those. */
    static const double times[] = { 1, 15, 31, 45, 93, 113, 127, 945, 1953, 4064 };
    const assay_operand *o = &b->p.c.op->operands[i];
    const assay_sum_rule *rule = b->o->rule;
    assay_sum_fix fix = { o->name, 1, 0, false };
    for (int f = 0; f < 3 && rule->fix[f].operand; f++)
        fix = !strcmp(rule->fix[f].operand, o->name) ? rule->fix[f] : fix;
    const double value = fix.gains ? ldexp(fix.value, -ilogb(b->unit)) : fix.value;
    const bool blocks = assay_dtype_of(b->p.t[i].type)->block > 1;
    const bool apart = b->o->block > 1 && strchr(rule->along, o->shape[strlen(o->shape) - 1]) && !fix.only;
    for (int sparse = apart; sparse >= 0; sparse--)
        for (size_t k = 0; k < (blocks ? ASSAY_COUNT_OF(times) : 1); k++) {
            const double made = fill(b, i, value * times[k], fix.only, sparse);
            if (value == 0)
                return made == 0;
            if (!counts(b, made * b->unit))
                continue;
            b->gain *= made;
            return true;
        }
    return false;
}

/* ---- calls ----------------------------------------------------------------------------------------------------------
 */

static bool call(bench *b)
{
    const assay_manner plain = { ASSAY_PLACE_PLAIN, 1, INT64_C(1) << 40, false, 0xff, 0xff, true };
    assay_tensor out[ASSAY_MAX_OPND];
    assay_finding f;
    assay_tensor_encode(&b->p.t[b->carrier], b->p.value[b->carrier]);
    const assay_outcome o = assay_judge_once(b->pool, &b->p, b->k, b->plugin, &plain, &f, out);
    const bool ran = o == ASSAY_PASSED && out[b->out].data;
    if (ran)
        assay_tensor_decode(b->y, &out[b->out]);
    else
        assay_fail(&b->o->tree.why, ASSAY_OK, "%s",
                   o == ASSAY_NOT_ACCEPTED ? "the kernel refuses it"
                   : f.why.text[0]         ? f.why.text
                                           : "the call did not return");
    assay_outputs_free(out);
    return ran;
}

/* Terms that survived; i, j: where M and -M stand, or -1. */
static double read_count(const bench *b, int i, int j)
{
    const assay_case *c = &b->p.c;
    const double n = (double)b->o->tree.n, y = b->y[0];
    int k = 0;
    switch (b->o->rule->reading) {
    case ASSAY_READ_MEAN:
        return y * n / b->gain;
    case ASSAY_READ_ODDS:
        return log(y / (1 - y)) / assay_field_value(&c->op->fields[0], c->params) / b->gain;
    case ASSAY_READ_CENTRED:
        while (k == i || k == j)
            k++;
        return i < 0 ? n : n * (1 - b->y[b->at[k]] / b->y[b->at[i]] * (b->big / b->unit));
    case ASSAY_READ_FIRST:
        return y / b->gain / (i == 0 ? b->big : j == 0 ? -b->big : b->unit);
    default:
        return y / b->gain;
    }
}

static void see_differences(bench *b)
{
    for (int64_t k = 1; b->o->differs < 0 && b->o->rule->reading != ASSAY_READ_CENTRED && k < b->n_out; k++)
        if (b->y[k] != b->y[0])
            b->o->differs = k;
}

static int64_t survivors(void *ctx, int i, int j)
{
    bench *b = ctx;
    if (i >= 0)
        set_term(b, i, b->big), set_term(b, j, -b->big);
    const bool ran = call(b);
    if (i >= 0)
        set_term(b, i, b->unit), set_term(b, j, b->unit);
    const double left = ran ? read_count(b, i, j) : -1;
    see_differences(b);
    return fabs(left - nearbyint(left)) < 0.2 ? (int64_t)nearbyint(left) : -1;
}

/* ---- inside a block
 * --------------------------------------------------------------------------------------------------- */

/* Are sums inside a block, of numbers that all but cancel, right to the last bits?  The kernel multiplies them by two
 * scales and rounds thrice; who adds rounded products errs by units of the largest. */
static void try_blocks(bench *b)
{
    const int K = b->o->block;
    double *x = b->p.value[b->carrier];
    int w = -1;
    for (int i = 0; i < b->p.c.op->n_operands; i++)
        if (i != b->carrier && given(&b->p, i) && (b->p.c.op->operands[i].flags & ASSAY_WEIGHT) && w < 0)
            w = i;
    assay_rng r = { 1, 2, 0 };
    if (w < 0 || b->o->rule->reading != ASSAY_READ_PLAIN)
        return;
    for (int64_t k = 0, n = assay_tensor_count(&b->p.t[w]); k < n; k++)
        b->p.value[w][k] = assay_rng_normal(&r);
    assay_tensor_encode(&b->p.t[w], b->p.value[w]);
    assay_tensor_decode(b->p.value[w], &b->p.t[w]);
    b->o->exact = true;
    for (int draw = 0; draw < 4000 && b->o->exact_tries < TRIES; draw++) {
        double sum = 0, size = 0;
        memset(x, 0, (size_t)assay_tensor_count(&b->p.t[b->carrier]) * sizeof *x);
        for (int k = 0; k < K; k++) {
            x[k] = k == draw % K ? 127 : (double)assay_rng_below(&r, 255) - 127;
            sum += x[k] * b->p.value[w][k];
            size += fabs(x[k] * b->p.value[w][k]);
        }
        if (fabs(sum) > size / 400 || sum == 0)
            continue;
        if (!call(b))
            return;
        b->o->exact &= fabs(b->y[0] - sum) <= 4 * 0x1p-24 * fabs(sum);
        b->o->exact_tries++;
    }
}

/* ---- a shape --------------------------------------------------------------------------------------------------------
 */

/* Where the terms stand: of blocks one each, at its first element or, `spread`, at another in each block in turn. */
static void place(bench *b, bool spread)
{
    const char *shape = b->p.c.op->operands[b->carrier].shape;
    assay_order *o = b->o;
    int64_t *terms = offsets(&b->p.c, shape, o->rule->along, true, 0, &o->terms);
    const assay_dtype_info *ty = assay_dtype_of(seen_type(b, b->carrier));
    o->block = ty->block > 1 && strchr(o->rule->along, shape[strlen(shape) - 1]) ? ty->block : 1;
    o->tree.n = (int)(o->terms / o->block);
    free(b->at);
    b->at = assay_zeros((size_t)o->tree.n, sizeof *b->at);
    for (int i = 0; i < o->tree.n; i++)
        b->at[i] = terms[(int64_t)i * o->block + (spread ? i * 4 % o->block : 0)];
    free(terms);
}

/* Every operand holds its numbers, and a call of terms that are all 1 counts them. */
static bool prepare(bench *b)
{
    const assay_op *op = b->p.c.op;
    assay_why *why = &b->o->tree.why;
    b->gain = 1;
    for (int i = 0; i < op->n_operands; i++)
        if (i != b->carrier && given(&b->p, i) && op->operands[i].access != ASSAY_OUT && !role(&op->operands[i]))
            if (assay_dtype_of(b->p.t[i].type)->grid || !hold(b, i))
                return assay_fail(why, ASSAY_OK, "%s cannot hold one number throughout in %s", op->operands[i].name,
                                  assay_dtype_of(b->p.t[i].type)->name),
                       false;
    b->gain *= b->unit;
    memset(b->p.value[b->carrier], 0, (size_t)assay_tensor_count(&b->p.t[b->carrier]) * sizeof(double));
    for (int i = 0; i < b->o->tree.n; i++)
        set_term(b, i, b->unit);
    b->o->differs = -1;
    if (survivors(b, -1, -1) == b->o->tree.n)
        return true;
    if (!why->text[0])
        assay_fail(why, ASSAY_OK, "%d times 1 is not %d", b->o->tree.n, b->o->tree.n);
    return false;
}

static bool reveal(bench *b, bool spread)
{
    assay_order *o = b->o;
    assay_why narrow;
    place(b, spread);
    o->f64 = false;
    if (!choose(b, 24) || !prepare(b) || !assay_sum_reveal(&o->tree, o->tree.n, survivors, b, CHECKS))
        return false;
    if (o->tree.n < 3 || !assay_sum_exact(&o->tree))
        return true;
    assay_sum_free(&o->tree);
    assay_fail(&narrow, ASSAY_OK, "compensated, or wider than f32: no term is swallowed");
    o->f64 = true;
    if (choose(b, 53) && prepare(b) && assay_sum_reveal(&o->tree, o->tree.n, survivors, b, CHECKS) &&
        !assay_sum_exact(&o->tree))
        return true;
    assay_sum_free(&o->tree);
    o->tree.why = narrow;
    return false;
}

/* A tree of terms at one place of each block shows how long its chain is, one of terms at other places the lanes. */
static void reveal_all(bench *b)
{
    assay_order *o = b->o;
    if (!reveal(b, true))
        return;
    o->longest = assay_sum_longest(&o->tree);
    if (o->block == 1)
        return;
    const assay_sum_tree lanes = o->tree;
    if (reveal(b, false)) {
        o->same = o->tree;
        o->longest = assay_sum_longest(&o->same) > o->longest ? assay_sum_longest(&o->same) : o->longest;
        if (assay_sum_same(&o->same, &lanes))
            assay_sum_free(&o->same);
    }
    o->tree = lanes;
    try_blocks(b);
}

/* False: the kernel does not take the case. */
static bool open_bench(bench *b)
{
    const assay_op *op = b->o->c.op;
    b->o->differs = -1;
    b->out = -1;
    for (int i = op->n_operands; i-- > 0;)
        if (op->operands[i].access == ASSAY_OUT && !(op->operands[i].flags & ASSAY_OPTIONAL))
            b->out = i;
    b->carrier = -1;
    for (int i = 2; i-- > 0;) {
        const int at = b->o->rule->carrier[i] ? assay_op_operand(op, b->o->rule->carrier[i]) : -1;
        if (at >= 0 && (b->o->c.present >> at & 1))
            b->carrier = at;
    }
    assay_tensor t[ASSAY_MAX_OPND];
    assay_case_tensors(&b->o->c, t);
    const assay_args a = { .operand = t, .dim = b->o->c.dim, .params = b->o->c.params };
    return b->carrier >= 0 && b->out >= 0 && assay_kernel_takes(op, b->k, &a);
}

typedef struct desk {
    assay_pool *pool;
    const assay_kernel *k;
    int plugin;
    const assay_sum_rule *rule;
    assay_orders *to;
} desk;

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    static const assay_contract strict = { .size = sizeof strict };
    desk *d = ctx;
    assay_order o = { .rule = d->rule };
    bench b = { .pool = d->pool, .k = d->k, .plugin = d->plugin, .o = &o };
    assay_status s = assay_case_parse(line, &o.c, why);
    if (s || !open_bench(&b))
        return s;
    s = assay_problem_make(&o.c, &b.p, why);
    if (!s) {
        o.c = b.p.c;
        b.row = offsets(&o.c, o.c.op->operands[b.carrier].shape, d->rule->along, false, d->rule->first, &b.n_rows);
        b.n_out = assay_tensor_count(&b.p.t[b.out]);
        b.y = assay_zeros((size_t)b.n_out, sizeof *b.y);
        reveal_all(&b);
        o.declared = (int)bound_depth(d->k->contract ? d->k->contract : &strict, (double)o.terms);
        d->to->all = assay_grown(d->to->all, d->to->n, sizeof o);
        d->to->all[d->to->n++] = o;
    }
    free(b.at);
    free(b.row);
    free(b.y);
    assay_problem_free(&b.p);
    return s;
}

void assay_orders_measure(assay_pool *pool, const assay_kernel *k, int plugin, assay_orders *o)
{
    for (const assay_sum_rule *rule = assay_sum_rules; rule->op; rule++) {
        desk d = { pool, k, plugin, rule, o };
        assay_why why = { "" };
        for (int i = 0; !strcmp(rule->op, k->op) && i < 3 && rule->cases[i]; i++)
            if (assay_case_expand(assay_op_find(rule->op), rule->cases[i], visit, &d, &why))
                fprintf(stderr, "assay check: the order of the sum: %s\n", why.text);
    }
}

void assay_orders_free(assay_orders *o)
{
    for (size_t i = 0; i < o->n; i++)
        assay_sum_free(&o->all[i].tree), assay_sum_free(&o->all[i].same);
    free(o->all);
    *o = (assay_orders){ NULL, 0 };
}
