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

enum { WHOLE_LOG2 = 40 };
#define WHOLE (INT64_C(1) << WHOLE_LOG2)

/* Are all outputs the same, bit for bit?  Else says where they first differ. */
static bool same_bits(const assay_probe *x, const assay_tensor *other, assay_why *why)
{
    for (int i = 0; i < x->p->c.op->n_operands; i++) {
        const size_t n = x->base[i].data ? assay_tensor_bytes(&x->base[i]) : 0;
        if (!n || (other[i].data && !memcmp(x->base[i].data, other[i].data, n)))
            continue;
        const unsigned char *a = x->base[i].data, *b = other[i].data;
        const assay_dtype_info *ty = assay_dtype_of(x->base[i].type);
        size_t at = 0;
        while (b && a[at] == b[at])
            at++;
        assay_fail(why, ASSAY_OK, "%s differs from element %lld on", x->p->c.op->operands[i].name,
                   (long long)(at / (size_t)ty->bytes * (size_t)ty->block));
        return false;
    }
    return true;
}

static void count(const assay_probe *x, assay_measure *m, bool same, const char *what, const assay_why *why)
{
    if (same) {
        m->same++;
        return;
    }
    if (!m->differ++) {
        assay_case_print(&x->p->c, m->line, sizeof m->line);
        assay_fail(&m->why, ASSAY_OK, "%s: %.180s", what, why->text);
    }
}

/* Runs the case in this manner and compares with the base. */
static void compare(const assay_probe *x, assay_measure *m, const assay_manner *how, const char *what)
{
    assay_tensor out[ASSAY_MAX_OPND];
    assay_finding f;
    assay_why why = { "" };
    const assay_outcome o = assay_judge_once(x->lab, x->p, x->kernel, x->plugin, how, &f, out);
    if (o == ASSAY_NOT_ACCEPTED)
        m->not_applicable = "the kernel refuses it";
    else if (o == ASSAY_FAILED)
        count(x, m, false, what, &f.why);
    else
        count(x, m, same_bits(x, out, &why), what, &why);
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
    const assay_manner again = { ASSAY_PLACE_PLAIN, 1, WHOLE, false, 0xff, 0x00 };
    compare(x, m, &again, "called again, other bytes in its scratch");
}

static void any_partition(const assay_probe *x, assay_measure *m)
{
    for (int64_t grain = 1; cut(x, m) && grain <= 3; grain++) {
        const assay_manner sliced = { ASSAY_PLACE_PLAIN, 1, grain, grain == 2, 0xff, 0xff };
        char what[64];
        snprintf(what, sizeof what, "slices of %d unit%s%s", (int)grain, grain > 1 ? "s" : "",
                 grain == 2 ? ", last first" : "");
        compare(x, m, &sliced, what);
    }
}

static void any_team(const assay_probe *x, assay_measure *m)
{
    for (int threads = 2; cut(x, m) && threads <= 3; threads++) {
        const assay_manner team = { ASSAY_PLACE_PLAIN, threads, 1, false, 0xff, 0xff };
        compare(x, m, &team, threads == 2 ? "two threads" : "three threads");
    }
}

static void any_place(const assay_probe *x, assay_measure *m)
{
    const assay_manner odd = { ASSAY_PLACE_HOSTILE, 1, WHOLE, false, 0xff, 0xff };
    compare(x, m, &odd, "odd addresses and padded rows");
}

static void in_place(const assay_probe *x, assay_measure *m)
{
    const assay_manner over = { ASSAY_PLACE_IN_PLACE, 1, WHOLE, false, 0xff, 0xff };
    if (assay_can_be_in_place(&x->p->c))
        compare(x, m, &over, "output over its input");
    else
        m->not_applicable = "no input has the output's shape and type";
}

/* ---- one row alone and in a batch ----------------------------------------------------------------------------- */

/* The dimension of rows that may be computed one by one: outermost in every output, and in operands that have it. */
static int batch_dim(const assay_case *c)
{
    char letter = 0;
    for (int i = 0; i < c->op->n_operands; i++)
        if (c->op->operands[i].access != ASSAY_IN && (c->present >> i & 1)) {
            if ((letter && c->op->operands[i].shape[0] != letter) || c->op->operands[i].access == ASSAY_INOUT)
                return -1;
            letter = c->op->operands[i].shape[0];
        }
    bool input = false;
    for (int i = 0; letter && i < c->op->n_operands; i++) {
        const assay_operand *o = &c->op->operands[i];
        if (!(c->present >> i & 1))
            continue;
        const char *at = strchr(o->shape, letter);
        if ((at && at != o->shape) || o->index_of == letter || c->layout[i])
            return -1;
        input |= at && o->access == ASSAY_IN && !(c->spread_over[i] >> assay_op_dim(c->op, letter) & 1);
    }
    return input ? assay_op_dim(c->op, letter) : -1;
}

static bool is_row_of(const assay_case *c, int i, int d)
{
    return c->op->operands[i].shape[0] == c->op->dims[d] && !(c->spread_over[i] >> d & 1);
}

/* Row r of the case as a case of its own; false: the op itself has another golden for it (it counts rows). */
static bool row_alone(const assay_problem *p, const assay_contract *k, int d, int64_t r, assay_problem *row)
{
    const void *data[ASSAY_MAX_OPND] = { NULL };
    size_t bytes[ASSAY_MAX_OPND] = { 0 };
    assay_case c = p->c;
    c.dim[d] = 1;
    for (int i = 0; i < c.op->n_operands; i++) {
        bytes[i] = assay_tensor_bytes(&p->t[i]);
        if (!p->t[i].data || !is_row_of(&p->c, i, d)) {
            data[i] = p->t[i].data;
            continue;
        }
        bytes[i] /= (size_t)p->c.dim[d];
        data[i] = (const char *)p->t[i].data + (size_t)r * bytes[i];
    }
    if (assay_problem_load(&c, data, bytes, row, NULL) || assay_problem_solve(row, k, NULL))
        return false;
    for (int i = 0; i < c.op->n_operands; i++) {
        const size_t n = row->value[i] ? (size_t)assay_tensor_count(&row->t[i]) : 0;
        if (c.op->operands[i].access != ASSAY_IN && n &&
            memcmp(row->value[i], p->value[i] + (size_t)r * n, n * sizeof(double)))
            return false;
    }
    return true;
}

static void in_a_batch(const assay_probe *x, assay_measure *m)
{
    const int d = batch_dim(&x->p->c);
    const int64_t rows = d < 0 ? 0 : x->p->c.dim[d];
    if (rows < 2) {
        m->not_applicable = d < 0 ? "the op has no dimension of independent rows" : m->not_applicable;
        return;
    }
    const int64_t at[] = { 0, rows / 2, rows - 1 };
    for (int k = rows == 2; k < 3; k++) {
        assay_problem row;
        assay_probe y = *x;
        assay_tensor out[ASSAY_MAX_OPND] = { { 0 } };
        assay_finding f;
        assay_why why = { "" };
        const assay_manner plain = { ASSAY_PLACE_PLAIN, 1, WHOLE, false, 0xff, 0xff };
        if (!row_alone(x->p, x->kernel->contract, d, at[k], &row))
            m->not_applicable = "the op's own result for a row depends on its number";
        else if (assay_judge_once(x->lab, &row, x->kernel, x->plugin, &plain, &f, out) == ASSAY_NOT_ACCEPTED)
            m->not_applicable = "the kernel refuses a single row";
        else {
            for (int i = 0; i < x->p->c.op->n_operands; i++) {
                y.base[i] = out[i];
                if (out[i].data && x->base[i].data)
                    y.base[i].data = (char *)x->base[i].data + (size_t)at[k] * assay_tensor_bytes(&out[i]);
            }
            char what[64];
            snprintf(what, sizeof what, "row %c=%lld alone", x->p->c.op->dims[d], (long long)at[k]);
            count(x, m, same_bits(&y, out, &why), what, &why);
        }
        assay_outputs_free(out);
        assay_problem_free(&row);
    }
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
    for (int i = 0; i < x->p->c.op->n_operands; i++) {
        if (!x->base[i].data || x->p->c.op->operands[i].verdict == ASSAY_DISCRETE)
            continue;
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
        count(x, m, !wrong, what, &(assay_why){ "see the case" });
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

/* Rows of an additive mask that are all -inf: the golden is a row of zeros there. */
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
    for (int i = 0; (x->p->c.present >> mask & 1) && i < op->n_operands; i++) {
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
                count(x, m, kept, "a masked row", &(assay_why){ "is not all 0" });
        }
        free(got);
    }
}

const assay_property assay_properties[] = {
    { "same bits in every run", ASSAY_DETERMINISTIC, each_run },
    { "same bits for every partition", ASSAY_DETERMINISTIC, any_partition },
    { "same bits for every team", ASSAY_DETERMINISTIC, any_team },
    { "same bits wherever operands lie", 0, any_place },
    { "a row alone as in a batch", ASSAY_BATCH_INVARIANT, in_a_batch },
    { "output over its input", ASSAY_INPLACE, in_place },
    { "NaN is passed on", 0, keeps_nan },
    { "a fully masked row is 0", 0, masked_zero },
    { "subnormal results are kept", 0, keeps_tiny },
    { NULL, 0, NULL },
};
_Static_assert(sizeof assay_properties / sizeof *assay_properties - 1 <= ASSAY_PROPERTIES, "room for every property");

bool assay_promises(assay_lab *lab, const assay_problem *p, const assay_kernel *k, int plugin, assay_finding *f)
{
    assay_probe x = { .lab = lab, .p = p, .kernel = k, .plugin = plugin };
    const assay_manner plain = { ASSAY_PLACE_PLAIN, 1, WHOLE, false, 0xff, 0xff };
    assay_finding first;
    bool ok = true;
    if (!(k->flags & (ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT)))
        return true; /* in place is judged anyway */
    if (assay_judge_once(lab, p, k, plugin, &plain, &first, x.base) == ASSAY_PASSED)
        for (const assay_property *q = assay_properties; ok && q->name; q++) {
            assay_measure m = { .same = 0 };
            if (!(k->flags & q->flag))
                continue;
            q->measure(&x, &m);
            ok = !m.differ;
            if (!ok) {
                *f = (assay_finding){ .by = ASSAY_BY_PROMISE, .operand = -1, .index = -1, .threads = 1 };
                assay_fail(&f->why, ASSAY_OK, "declares \"%s\"; %.190s", q->name, m.why.text);
            }
        }
    assay_outputs_free(x.base);
    return ok;
}
