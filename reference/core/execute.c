/* SPDX-License-Identifier: MIT */
#include "execute.h"
#include "case.h"
#include "clock.h"
#include "dtype.h"
#include "fused.h"
#include "status.h"
#include "tensor.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>

void *assay_aligned(size_t bytes)
{
    return aligned_alloc(64, (bytes + 64) / 64 * 64);
}

/* n areas of so many bytes.  A size that no memory has (a kernel may say anything) is refused before it wraps. */
static void *get(const assay_call *c, const char *what, size_t bytes, int n, size_t *step)
{
    *step = bytes;
    if (bytes > PTRDIFF_MAX / 64 / (size_t)n)
        return NULL;
    return c->alloc ? c->alloc(what, bytes, n, step) : assay_aligned(bytes * (size_t)n);
}

static void put_back(const assay_call *c, void *p)
{
    if (p && c->release)
        c->release(p);
    else
        free(p);
}

/* What the kernel's functions see, beyond what each asks for. */
static assay_args args_of(const assay_call *c)
{
    assay_args a = c->args;
    a.variant = c->kernel->variant;
    return a;
}

static uint32_t phases_of(const assay_call *c, const assay_args *a)
{
    return c->kernel->phases ? c->kernel->phases(a) : 1;
}

static int64_t units_of(const assay_call *c, const assay_args *a)
{
    if (c->kernel->units)
        return c->kernel->units(a);
    const int d = assay_op_dim(c->op, c->op->split);
    return d < 0 ? 1 : c->args.dim[d];
}

static int64_t elements(const assay_call *c, int i)
{
    return c->args.operand[i].rank || !c->op->operands[i].shape[0] ? assay_tensor_count(&c->args.operand[i]) : 0;
}

/* ---- the scalar baseline: operands as dense float ------------------------------------------------------- */

/* False: an integer among them that no float holds (a position beyond 2^24), so that the baseline cannot serve. */
static bool decode_float(const assay_tensor *t, float *out)
{
    const bool whole = t->type == ASSAY_i32 || t->type == ASSAY_i64;
    const int64_t n = assay_tensor_count(t);
    bool held = true;
    double *d = assay_room((size_t)n, sizeof *d);
    assay_tensor_decode(d, t);
    for (int64_t i = 0; i < n; i++) {
        out[i] = (float)d[i];
        held = held && !(whole && (double)out[i] != d[i]);
    }
    free(d);
    return held;
}

/* before: NULL, or what the reference found (assay_tensor_encode_changed) */
static void encode_float(const assay_tensor *t, const float *in, const float *before)
{
    const size_t n = (size_t)assay_tensor_count(t);
    double *d = assay_room(2 * n, sizeof *d);
    for (size_t i = 0; i < n; i++) {
        d[i] = (double)in[i];
        d[n + i] = before ? (double)before[i] : 0;
    }
    assay_tensor_encode_changed(t, d, before ? d + n : NULL);
    free(d);
}

static assay_status scalar_prepare(assay_call *c, assay_why *why)
{
    for (int i = 0; i < c->op->n_operands; i++) {
        if (!c->args.operand[i].data)
            continue;
        const size_t n = (size_t)elements(c, i) + 1;
        c->dense[i] = calloc(n, sizeof(float));
        if (c->op->operands[i].access == ASSAY_INOUT)
            c->dense_before[i] = calloc(n, sizeof(float));
        if (!c->dense[i] || (c->op->operands[i].access == ASSAY_INOUT && !c->dense_before[i]))
            return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu floats of %s", c->op->name, n,
                              c->op->operands[i].name);
        if (c->op->operands[i].flags & ASSAY_WEIGHT) /* decoded beforehand, outside any timing */
            decode_float(&c->args.operand[i], c->dense[i]);
    }
    return ASSAY_OK;
}

static assay_status scalar_run(assay_call *c)
{
    for (int i = 0; i < c->op->n_operands; i++) {
        const assay_operand *o = &c->op->operands[i];
        if (!c->dense[i] || (o->flags & ASSAY_WEIGHT) || o->access == ASSAY_OUT)
            continue;
        if (!decode_float(&c->args.operand[i], c->dense[i]))
            return ASSAY_UNSUPPORTED;
        if (c->dense_before[i])
            memcpy(c->dense_before[i], c->dense[i], (size_t)elements(c, i) * sizeof(float));
    }
    const assay_dense d = { c->dense, c->dense_before, c->args.dim, c->args.params };
    const assay_status s = assay_reference(c->op, &d, sizeof(float), NULL);
    for (int i = 0; !s && i < c->op->n_operands; i++)
        if (c->dense[i] && c->op->operands[i].access != ASSAY_IN)
            encode_float(&c->args.operand[i], c->dense[i], c->dense_before[i]);
    return s;
}

/* ---- kernels -------------------------------------------------------------------------------------------- */

assay_status assay_call_prepare(assay_call *c, assay_why *why)
{
    if (c->threads < 1)
        c->threads = 1;
    if (!c->kernel->run)
        return scalar_prepare(c, why);
    assay_args a = args_of(c);
    a.packed = c->packed;
    const uint32_t phases = phases_of(c, &a);
    for (a.phase = 0; a.phase < phases; a.phase++) {
        const size_t sh = c->kernel->shared ? c->kernel->shared(&a) : 0,
                     sc = c->kernel->scratch ? c->kernel->scratch(&a) : 0;
        c->shared_bytes = sh > c->shared_bytes ? sh : c->shared_bytes;
        c->scratch_bytes = sc > c->scratch_bytes ? sc : c->scratch_bytes;
    }
    size_t step = 0;
    if (c->scratch_bytes <= PTRDIFF_MAX && !c->alloc)
        c->scratch_bytes = (c->scratch_bytes + 63) / 64 * 64;
    if (c->shared_bytes)
        c->shared = get(c, "shared", c->shared_bytes, 1, &step);
    if (c->scratch_bytes)
        c->scratch = get(c, "scratch", c->scratch_bytes, c->threads, &c->scratch_step);
    if ((c->shared_bytes && !c->shared) || (c->scratch_bytes && !c->scratch))
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s/%s: no memory for %zu shared and %d x %zu scratch bytes",
                          c->op->name, c->kernel->name, c->shared_bytes, c->threads, c->scratch_bytes);
    return ASSAY_OK;
}

/* What packing may see: weights, and the dimensions that they name; all else is absent, 0. */
typedef struct weights {
    assay_args a;
    assay_tensor t[ASSAY_MAX_OPND];
    int64_t dim[ASSAY_MAX_DIMS];
} weights;

static const assay_args *weights_of(const assay_call *c, weights *w)
{
    *w = (weights){ .a = args_of(c) };
    for (int i = 0; i < c->op->n_operands; i++) {
        w->t[i].type = c->args.operand[i].type;
        if (!(c->op->operands[i].flags & ASSAY_WEIGHT))
            continue;
        w->t[i] = c->args.operand[i];
        for (const char *s = c->op->operands[i].shape; *s; s++)
            w->dim[strchr(c->op->dims, *s) - c->op->dims] = c->args.dim[strchr(c->op->dims, *s) - c->op->dims];
    }
    w->a.operand = w->t;
    w->a.dim = w->dim;
    return &w->a;
}

size_t assay_call_packed_bytes(const assay_call *c)
{
    weights w;
    return c->kernel->packed_bytes ? c->kernel->packed_bytes(weights_of(c, &w)) : 0;
}

assay_status assay_call_pack(assay_call *c, assay_why *why)
{
    c->packed_size = assay_call_packed_bytes(c);
    if (!c->packed_size || !c->kernel->pack)
        return ASSAY_OK;
    size_t step;
    c->packed = get(c, "packed", c->packed_size, 1, &step);
    if (!c->packed)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s/%s: no memory for %zu packed bytes", c->op->name, c->kernel->name,
                          c->packed_size);
    weights w;
    c->kernel->pack(weights_of(c, &w), c->packed);
    return ASSAY_OK;
}

/* A phase's units in n slices: `ends` of `grain` units at either end, wider ones between them. */
typedef struct slicing {
    int64_t units, grain, ends, n;
} slicing;
enum { ENDS = 512, WIDER = 64 };

/* A slice costs a call.  Where somebody asked for slices of a few units and there are tens of thousands of them, what
 * small ones show they show at both ends. */
static slicing slices_of(int64_t units, int64_t grain, bool asked)
{
    const int64_t n = (units + grain - 1) / grain, between = n - 2 * ENDS;
    if (!asked || between <= WIDER)
        return (slicing){ units, grain, n, n };
    return (slicing){ units, grain, ENDS, 2 * ENDS + (units - 2 * ENDS * grain + WIDER * grain - 1) / (WIDER * grain) };
}

static int64_t start_of(const slicing *s, int64_t at)
{
    if (at <= s->ends)
        return at < s->n ? at * s->grain : s->units;
    if (at < s->n - s->ends)
        return (s->ends + (at - s->ends) * WIDER) * s->grain;
    return s->units - (s->n - at) * s->grain;
}

/* The slices of one phase that fall to one thread: round robin, so that any slice may run before or after any other. */
static assay_status run_slices(const assay_call *c, assay_args *a, int thread, int threads)
{
    const int64_t units = units_of(c, a);
    const bool whole = (c->kernel->flags & ASSAY_UNSLICED) != 0;
    const int64_t parts = c->grain < 0 ? -c->grain : 4 * threads;
    const int64_t asked = a->phase % 2 && c->grain < 64 ? 4 * c->grain : c->grain; /* no phase's slices are another's */
    const int64_t grain = whole ? units : asked > 0 ? asked : (units + parts - 1) / parts;
    const slicing s = slices_of(units, grain > 0 ? grain : 1, c->grain > 0);
    assay_status status = ASSAY_OK;
    for (int64_t i = thread; !status && i < s.n; i += threads) {
        const int64_t at = c->reverse ? s.n - 1 - i : i;
        a->begin = start_of(&s, at);
        a->end = start_of(&s, at + 1);
        status = c->kernel->run(a);
    }
    return status;
}

/* The middle units, or the others: a third, the last but one, the second, or one half-way. */
static assay_status run_share(const assay_call *c, assay_args *a)
{
    const int64_t units = units_of(c, a), third = (units + 2) / 3;
    const int64_t begin[ASSAY_BORDERS] = { third, units - 2, 1, units / 2 }, length = c->border ? 1 : third;
    const int64_t from = begin[c->border] < 0 ? 0 : begin[c->border];
    const int64_t lo = from < units ? from : units, hi = lo + length < units ? lo + length : units;
    const int64_t end[] = { 0, lo, hi, units };
    assay_status status = ASSAY_OK;
    for (int i = 0; !status && i < 3; i++) {
        a->begin = end[i];
        a->end = end[i + 1];
        if (a->begin < a->end && (i == 1) == (c->share == ASSAY_MIDDLE_UNITS))
            status = c->kernel->run(a);
    }
    return status;
}

static assay_args args_of_worker(const assay_call *c, int thread)
{
    assay_args a = args_of(c);
    a.shared = c->shared;
    a.packed = c->packed;
    a.scratch = c->scratch
                    ? (char *)c->scratch + (size_t)thread * (c->scratch_step ? c->scratch_step : c->scratch_bytes)
                    : NULL;
    return a;
}

bool assay_call_step(const assay_call *c, assay_walk *w)
{
    if (!w->begun) {
        w->a = args_of_worker(c, 0);
        w->phases = phases_of(c, &w->a);
        w->a.phase = UINT32_MAX; /* before the first, of which nothing is left */
        w->a.end = w->units;
        w->begun = true;
    }
    while (w->a.end >= w->units) {
        if (w->status || w->a.phase + 1 == w->phases)
            return false;
        w->a.phase++;
        if (c->wipe && w->a.scratch)
            c->wipe(w->a.scratch, c->scratch_bytes);
        w->a.end = 0;
        w->units = units_of(c, &w->a);
    }
    w->a.begin = w->a.end;
    w->a.end = c->kernel->flags & ASSAY_UNSLICED ? w->units : w->a.begin + 1;
    w->status = c->kernel->run(&w->a);
    if (w->status)
        w->a.end = w->units;
    return true;
}

assay_status assay_call_run_team(assay_call *c, int thread, int threads)
{
    assay_status s = ASSAY_OK;
    if (!c->kernel->run) {
        if (thread == 0 && c->share != ASSAY_MIDDLE_UNITS) /* it cannot be cut */
            s = scalar_run(c);
    } else {
        assay_args a = args_of_worker(c, thread);
        const uint32_t phases = phases_of(c, &a);
        for (a.phase = 0; a.phase < phases; a.phase++) {
            if (c->wipe && a.scratch)
                c->wipe(a.scratch, c->scratch_bytes);
            const double begin = c->busy ? assay_seconds() : 0;
            const assay_status mine =
                c->share && a.phase + 1 == phases ? run_share(c, &a) : run_slices(c, &a, thread, threads);
            if (c->busy)
                c->busy[thread * ASSAY_BUSY_STEP] += assay_seconds() - begin;
            s = s ? s : mine;
            if (threads > 1 && a.phase + 1 < phases) {
#pragma omp barrier
            }
        }
    }
    return s;
}

assay_status assay_call_run(assay_call *c)
{
    if (c->threads <= 1)
        return assay_call_run_team(c, 0, 1);
    int status = ASSAY_OK;
#pragma omp parallel num_threads(c->threads)
    {
        const assay_status s = assay_call_run_team(c, omp_get_thread_num(), omp_get_num_threads());
        if (s) {
#pragma omp atomic write
            status = (int)s;
        }
    }
    return (assay_status)status;
}

void assay_call_free(assay_call *c)
{
    put_back(c, c->shared);
    put_back(c, c->scratch);
    put_back(c, c->packed);
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        free(c->dense[i]);
        free(c->dense_before[i]);
    }
    c->shared = c->scratch = c->packed = NULL;
    memset(c->dense, 0, sizeof c->dense);
    memset(c->dense_before, 0, sizeof c->dense_before);
}
