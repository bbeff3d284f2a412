/* SPDX-License-Identifier: MIT
 * The properties of a certificate, one function and one row each. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include "certificate.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the bits of a and b first differ, as an element; -1: nowhere.  NaNs are one number: which of two operands' NaNs
 * an instruction passes on is left to the compiler. */
static int64_t differs_at(const assay_tensor *a, const assay_tensor *b)
{
    const assay_dtype_info *ty = assay_dtype_of(a->type);
    const size_t bytes = assay_tensor_bytes(a), unit = (size_t)ty->bytes;
    const unsigned char *p = a->data, *q = b->data;
    for (size_t at = 0; at < bytes; at += unit) {
        if (!memcmp(p + at, q + at, unit))
            continue;
        double x[2] = { 0 };
        if (ty->block == 1 && ty->u > 0) {
            ty->decode(&x[0], p + at, 1);
            ty->decode(&x[1], q + at, 1);
        }
        if (!isnan(x[0]) || !isnan(x[1]))
            return (int64_t)(at / unit) * ty->block;
    }
    return -1;
}

bool assay_same_bits(const assay_op *op, const assay_tensor *a, const assay_tensor *b, assay_why *why)
{
    for (int i = 0; i < op->n_operands; i++) {
        const int64_t at = a[i].data ? differs_at(&a[i], &b[i]) : -1;
        if (at < 0)
            continue;
        assay_fail(why, ASSAY_OK, "%s differs from element %lld on", op->operands[i].name, (long long)at);
        return false;
    }
    return true;
}

bool assay_has_outputs(const assay_tensor *out)
{
    bool any = false;
    for (int i = 0; i < ASSAY_MAX_OPND; i++)
        any |= out[i].data != NULL;
    return any;
}

static void keep_first(const assay_probe *x, assay_measure *m, const char *what, const char *why)
{
    if (m->line[0])
        return;
    assay_case_print(&x->p->c, m->line, sizeof m->line);
    assay_fail(&m->why, ASSAY_OK, "%s: %.180s", what, why);
}

void assay_measure_count(const assay_probe *x, assay_measure *m, bool same, const char *what, const assay_why *why)
{
    if (!same && !m->differ)
        m->line[0] = 0; /* tells more than a call that was lost */
    m->same += same;
    m->differ += !same;
    if (!same)
        keep_first(x, m, what, why->text);
}

void assay_measure_lost(const assay_probe *x, assay_measure *m, const char *what, const assay_finding *f)
{
    char text[240];
    snprintf(text, sizeof text, "%s: %.180s", assay_by_words(f->by), f->why.text);
    keep_first(x, m, what, text);
    m->lost++;
}

/* Runs the case in this manner and compares with the base, whatever the verdict on either would be. */
static void compare(const assay_probe *x, assay_measure *m, const assay_manner *how, const char *what)
{
    assay_tensor out[ASSAY_MAX_OPND];
    assay_finding f;
    assay_why why = { "" };
    if (assay_judge_once(x->pool, x->p, x->kernel, x->plugin, how, &f, out) == ASSAY_NOT_ACCEPTED)
        m->not_applicable = "the kernel refuses it";
    else if (!assay_has_outputs(out))
        assay_measure_lost(x, m, what, &f);
    else
        assay_measure_count(x, m, assay_same_bits(x->p->c.op, x->base, out, &why), what, &why);
    assay_outputs_free(out);
}

static bool cut(const assay_probe *x, assay_measure *m)
{
    if (x->kernel->run || x->plugin >= 0)
        if (!(x->kernel->flags & ASSAY_UNSLICED))
            return true;
    m->not_applicable = "takes only the whole call";
    return false;
}

static void each_run(const assay_probe *x, assay_measure *m)
{
    const assay_manner again = { ASSAY_PLACE_PLAIN, 1, ASSAY_WHOLE, false, 0xff, 0x00, true };
    compare(x, m, &again, "called again, other bytes in its scratch");
}

static void any_partition(const assay_probe *x, assay_measure *m)
{
    for (int64_t grain = 1; cut(x, m) && grain <= 3; grain++) {
        const assay_manner sliced = { ASSAY_PLACE_PLAIN, 1, grain, grain == 2, 0xff, 0xff, true };
        char what[64];
        snprintf(what, sizeof what, "slices of %d unit%s%s", (int)grain, grain > 1 ? "s" : "",
                 grain == 2 ? ", last first" : "");
        compare(x, m, &sliced, what);
    }
}

static void any_team(const assay_probe *x, assay_measure *m)
{
    for (int threads = 2; cut(x, m) && threads <= 3; threads++) {
        const assay_manner team = { ASSAY_PLACE_PLAIN, threads, 1, false, 0xff, 0xff, true };
        compare(x, m, &team, threads == 2 ? "two threads" : "three threads");
    }
}

static void any_place(const assay_probe *x, assay_measure *m)
{
    const assay_manner odd = { ASSAY_PLACE_HOSTILE, 1, ASSAY_WHOLE, false, 0xff, 0xff, true };
    compare(x, m, &odd, "odd addresses and padded rows");
}

static void in_place(const assay_probe *x, assay_measure *m)
{
    const assay_manner over = { ASSAY_PLACE_IN_PLACE, 1, ASSAY_WHOLE, false, 0xff, 0xff, true };
    if (assay_can_be_in_place(&x->p->c))
        compare(x, m, &over, "output over its input");
    else
        m->not_applicable = "no input has the output's shape and type";
}

/* ---- classes of numbers ----------------------------------------------------------------------------------------- */

typedef struct element {
    double want, got;
    assay_dtype type;
} element;
/* 1: the element speaks for the property, -1: against it, 0: it has no say */
static void each_element(const assay_probe *x, assay_measure *m, int (*speaks)(element), const char *what)
{
    int64_t wrong = 0, right = 0;
    bool numbers = false;
    for (int i = 0; i < x->p->c.op->n_operands; i++) {
        if (!x->base[i].data || x->p->c.op->operands[i].verdict == ASSAY_DISCRETE)
            continue;
        numbers |= assay_dtype_of(x->base[i].type)->u > 0;
        const int64_t n = assay_tensor_count(&x->base[i]);
        double *got = assay_zeros((size_t)n, sizeof *got);
        assay_tensor_decode(got, &x->base[i]);
        for (int64_t k = 0; k < n; k++) {
            const int s = speaks((element){ x->p->value[i][k], got[k], x->base[i].type });
            right += s > 0;
            wrong += s < 0;
        }
        free(got);
    }
    if (right || wrong)
        assay_measure_count(x, m, !wrong, what, &(assay_why){ "see the case" });
    m->not_applicable = numbers ? NULL : "no output is of floating-point numbers";
}

static int nan_kept(element e)
{
    return isnan(e.want) ? (isnan(e.got) ? 1 : -1) : 0;
}
/* Between a type's smallest numbers, twice that, and its smallest normal one. */
static int tiny_kept(element e)
{
    const bool half = e.type == ASSAY_f16;
    const double least = half ? 0x1p-23 : e.type == ASSAY_bf16 ? 0x1p-132 : 0x1p-148;
    if ((e.type != ASSAY_f32 && e.type != ASSAY_bf16 && !half) || !(fabs(e.want) > least) ||
        !(fabs(e.want) < (half ? 0x1p-14 : 0x1p-126)))
        return 0;
    return e.got != 0 ? 1 : -1;
}
static void keeps_nan(const assay_probe *x, assay_measure *m)
{
    each_element(x, m, nan_kept, "a number for NaN");
}
static void keeps_tiny(const assay_probe *x, assay_measure *m)
{
    each_element(x, m, tiny_kept, "0 for a subnormal");
}

/* Rows of an additive mask that are all -inf: the golden is a row of zeros there.  Values at the ends of another
 * operand make such rows, too: not asked. */
static void masked_zero(const assay_probe *x, assay_measure *m)
{
    const assay_op *op = x->p->c.op;
    int mask = -1;
    for (int i = 0; i < op->n_operands; i++)
        mask = (op->operands[i].flags & ASSAY_MASK) ? i : mask;
    if (mask < 0) {
        m->not_applicable = "the op has no mask";
        return;
    }
    const bool asks = (x->p->c.present >> mask & 1) && (!x->p->c.gen_at || x->p->c.gen_at - 1 == mask);
    for (int i = 0; asks && i < op->n_operands; i++) {
        const int64_t len = x->base[i].data && x->base[i].rank ? x->base[i].dim[x->base[i].rank - 1] : 0;
        const int64_t n = len ? assay_tensor_count(&x->base[i]) : 0;
        double *got = assay_zeros((size_t)n, sizeof *got);
        if (n)
            assay_tensor_decode(got, &x->base[i]);
        for (int64_t row = 0; row * len < n; row++) {
            bool zero = true, kept = true;
            for (int64_t c = row * len; c < row * len + len; c++)
                zero &= x->p->value[i][c] == 0, kept &= got[c] == 0;
            if (zero)
                assay_measure_count(x, m, kept, "a masked row", &(assay_why){ "is not all 0" });
        }
        free(got);
    }
}

const assay_property assay_properties[] = {
    { "same bits in every run", ASSAY_DETERMINISTIC, each_run, 2 },
    { "same bits for every partition", ASSAY_DETERMINISTIC, any_partition, 1 },
    { "same bits for every team", ASSAY_DETERMINISTIC, any_team, 1 },
    { "same bits wherever operands lie", 0, any_place, 1 },
    { "a row alone as in a batch", ASSAY_BATCH_INVARIANT, assay_measure_batch, 1 },
    { "output over its input", ASSAY_INPLACE, in_place, 0 },
    { "NaN is passed on", 0, keeps_nan, 2 },
    { "a fully masked row is 0", 0, masked_zero, 2 },
    { "subnormal results are kept", 0, keeps_tiny, 1 },
    { NULL, 0, NULL, 0 },
};
_Static_assert(sizeof assay_properties / sizeof *assay_properties - 1 <= ASSAY_PROPERTIES, "room for every property");

/* Determinism has three rows, each of several calls: a case asks for one of them, by its seed. */
static bool asks_for(const assay_kernel *k, const assay_property *q, const assay_problem *p)
{
    const uint64_t nth = (uint64_t)(q - assay_properties);
    return (k->flags & q->flag) && (q->flag != ASSAY_DETERMINISTIC || p->c.seed / 8 % 3 == nth % 3);
}

bool assay_promises(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin, assay_finding *f)
{
    assay_probe x = { .pool = pool, .p = p, .kernel = k, .plugin = plugin };
    const assay_manner plain = { ASSAY_PLACE_PLAIN, 1, ASSAY_WHOLE, false, 0xff, 0xff };
    assay_finding first;
    bool ok = true;
    if (!(k->flags & (ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT)))
        return true; /* in place is judged anyway */
    if (assay_judge_once(pool, p, k, plugin, &plain, &first, x.base) == ASSAY_PASSED)
        for (const assay_property *q = assay_properties; ok && q->name; q++) {
            assay_measure m = { .same = 0 };
            if (!asks_for(k, q, p))
                continue;
            q->measure(&x, &m);
            ok = !m.differ && !m.lost;
            if (!ok) {
                *f = (assay_finding){ .by = ASSAY_BY_PROMISE, .operand = -1, .index = -1, .threads = 1 };
                assay_fail(&f->why, ASSAY_OK, "declares \"%s\"; %.190s", q->name, m.why.text);
            }
        }
    assay_outputs_free(x.base);
    return ok;
}
