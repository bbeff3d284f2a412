/* SPDX-License-Identifier: MIT
 * Running: one parallel region around a whole step; every thread walks over the calls, barriers stand between them. */
#include "../core/clock.h"
#include "../core/case.h"
#include "../core/dtype.h"
#include "../core/status.h"
#include "../core/strangers.h"
#include "../core/tensor.h"
#include "capture.h"
#include "noise.h"
#include "product.h"
#include "session_parts.h"
#include "importance.h"
#include <inttypes.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* n elements (whole blocks) from one type to another, through double. */
static void convert(void *dst, assay_dtype to, const void *src, assay_dtype from, int64_t n)
{
    enum { STEP = 1024 }; /* a multiple of every block */
    const assay_dtype_info *a = assay_dtype_of(from), *b = assay_dtype_of(to);
    double d[STEP];
    for (int64_t at = 0; at < n; at += STEP) {
        const int64_t m = n - at < STEP ? n - at : STEP;
        a->decode(d, (const char *)src + assay_dtype_bytes(from, at), m);
        b->encode((char *)dst + assay_dtype_bytes(to, at), d, m);
    }
}

static assay_dtype real_of(const assay_entry *e, int i)
{
    return e->how == ASSAY_RUN_KERNEL ? e->t[i].type : e->how == ASSAY_RUN_ORACLE ? ASSAY_f64 : ASSAY_f32;
}

static void *buffer_of(const assay_entry *e, int i)
{
    return e->how == ASSAY_RUN_KERNEL ? e->t[i].data : e->dense[i];
}

/* The rows of a table that this step looks up, decoded one behind the other; the ids become their numbers. */
static bool decode_rows(const assay_entry *e, int i)
{
    const assay_op *op = e->node.op;
    const assay_dtype_info *info = assay_dtype_of(e->t[i].type);
    const bool oracle = e->how == ASSAY_RUN_ORACLE;
    int ids = 0;
    while (!(op->operands[ids].flags & ASSAY_INDEX))
        ids++;
    const int64_t width = assay_tensor_count(&e->t[i]) / e->t[i].dim[0], n = assay_tensor_count(&e->t[ids]);
    double *row = malloc((size_t)(width + 1) * sizeof *row), *wide = e->dense[ids];
    float *narrow = e->dense[ids];
    for (int64_t k = 0; row && k < n; k++) {
        const int64_t id = oracle ? (int64_t)wide[k] : (int64_t)narrow[k];
        info->decode(row, (const char *)e->t[i].data + assay_dtype_bytes(e->t[i].type, id * width), width);
        for (int64_t c = 0; c < width; c++)
            if (oracle)
                ((double *)e->dense[i])[k * width + c] = row[c];
            else
                ((float *)e->dense[i])[k * width + c] = (float)row[c];
        if (oracle)
            wide[k] = (double)k;
        else
            narrow[k] = (float)k;
    }
    free(row);
    return row != NULL;
}

/* Before a call, by one thread: operands into the types of the implementation. */
static bool enter(assay_session *s, assay_entry *e)
{
    bool good = true;
    const assay_op *op = e->node.op;
    for (int i = 0; i < op->n_operands; i++) {
        if (e->node.operand[i] < 0 || s->slot[e->node.operand[i]].v.kind == ASSAY_VALUE_WEIGHT)
            continue;
        const assay_slot *x = &s->slot[e->node.operand[i]];
        const int64_t n = assay_tensor_count(&e->t[i]);
        if (e->convert[i] && op->operands[i].access != ASSAY_OUT) {
            const void *src = assay_slot_at(s, e->node.operand[i]);
            if (e->how == ASSAY_RUN_ORACLE && e->round[i] != ASSAY_DTYPE_END) {
                void *codes = malloc((size_t)assay_dtype_bytes(e->round[i], n) + 1);
                good &= codes != NULL;
                if (!codes)
                    continue;
                convert(codes, e->round[i], src, x->store, n);
                convert(buffer_of(e, i), ASSAY_f64, codes, e->round[i], n);
                free(codes);
            } else {
                convert(buffer_of(e, i), real_of(e, i), src, x->store, n);
            }
        }
        if (e->before[i])
            memcpy(e->before[i], e->dense[i],
                   (size_t)n * (e->how == ASSAY_RUN_ORACLE ? sizeof(double) : sizeof(float)));
    }
    for (int i = 0; i < op->n_operands && e->how != ASSAY_RUN_KERNEL; i++)
        if (e->node.operand[i] >= 0 && s->slot[e->node.operand[i]].rows[e->how == ASSAY_RUN_ORACLE] == e->dense[i] &&
            e->dense[i])
            good &= decode_rows(e, i);
    return good;
}

/* After a call, by one thread: results into the values' types; a cache keeps only what its element type can hold. */
static bool leave(assay_session *s, assay_entry *e)
{
    bool good = true;
    const assay_op *op = e->node.op;
    for (int i = 0; i < op->n_operands; i++) {
        if (e->node.operand[i] < 0 || op->operands[i].access == ASSAY_IN)
            continue;
        const assay_slot *x = &s->slot[e->node.operand[i]];
        const int64_t n = assay_tensor_count(&e->t[i]);
        void *at = assay_slot_at(s, e->node.operand[i]);
        if (e->convert[i])
            convert(at, x->store, buffer_of(e, i), real_of(e, i), n);
        if (x->v.kind == ASSAY_VALUE_STATE && x->v.type != ASSAY_f32 && x->store == ASSAY_f64 &&
            e->how != ASSAY_RUN_KERNEL) { /* f32 is what all values have: only a narrower cache is a choice */
            void *codes = malloc((size_t)assay_dtype_bytes(x->v.type, n) + 1);
            good &= codes != NULL;
            if (!codes)
                continue;
            convert(codes, x->v.type, at, ASSAY_f64, n);
            convert(at, ASSAY_f64, codes, x->v.type, n);
            free(codes);
        }
        if (s->noisy && x->v.type == ASSAY_f32 && x->store == ASSAY_f64)
            assay_noise_rows(at, n, s->seed, s->calls++);
    }
    return good;
}

/* May the call be cut along this letter?  Outputs must have it in front (lengths of 1 aside), and so must every operand
 * that has it; an input must be one of them, for else a row is what its number says (unfold's patches). */
static bool cuts(const assay_entry *e, char letter)
{
    const assay_op *op = e->node.op;
    bool given = false;
    for (int i = 0; i < op->n_operands; i++) {
        const char *shape = op->operands[i].shape, *at = e->node.operand[i] < 0 ? NULL : strchr(shape, letter);
        if (e->node.operand[i] >= 0 && op->operands[i].access != ASSAY_IN && !at)
            return false;
        given |= at && op->operands[i].access != ASSAY_OUT;
        for (const char *c = shape; at && c < at; c++)
            if (e->dim[assay_op_dim(op, *c)] != 1)
                return false;
    }
    return given;
}

/* The baseline's matmul over rows n0 .. n1 of a weight that is not kept decoded: the same sums, a few rows at a time.
 */
static bool scalar_rows(const assay_entry *e, int64_t n0, int64_t n1)
{
    enum { ROWS = 16 };
    const int64_t T = e->dim[0], N = e->dim[1], K = e->dim[2], bytes = assay_dtype_bytes(e->t[1].type, K);
    const float *bias = e->dense[2];
    double *row = malloc((size_t)(K + 1) * sizeof *row);
    float *w = malloc((size_t)(ROWS * K + 1) * sizeof *w), *y = malloc((size_t)(ROWS * T + 1) * sizeof *y);
    const bool good = row && w && y;
    for (int64_t n = n0; good && n < n1; n += ROWS) {
        const int64_t m = n1 - n < ROWS ? n1 - n : ROWS, dim[ASSAY_MAX_DIMS] = { T, m, K };
        for (int64_t i = 0; i < m; i++) {
            assay_dtype_of(e->t[1].type)->decode(row, (const char *)e->t[1].data + (n + i) * bytes, K);
            for (int64_t k = 0; k < K; k++)
                w[i * K + k] = (float)row[k];
        }
        void *operand[ASSAY_MAX_OPND] = { e->dense[0], w, (void *)(uintptr_t)(bias ? bias + n : NULL), y };
        void *before[ASSAY_MAX_OPND] = { NULL };
        const assay_dense d = { operand, before, dim, e->params };
        e->node.op->scalar(&d);
        for (int64_t t = 0; t < T; t++)
            for (int64_t i = 0; i < m; i++)
                ((float *)e->dense[3])[t * N + n + i] = y[t * m + i];
    }
    free(row);
    free(w);
    free(y);
    return good;
}

/* Sums and products of two numbers have one right answer as ops, that of f32.  Between oracles a value keeps what
 * double has of it: so a whole model is as exact as its parts. */
static bool run_wide(const assay_entry *e, int thread, int threads)
{
    const char *const op = e->node.op->name;
    const bool sum = !strcmp(op, "add"), product = !strcmp(op, "mul");
    const double *a = e->dense[0], *b = e->dense[1];
    double *y = e->dense[2];
    const int64_t n = e->dim[0] * e->dim[1];
    for (int64_t i = n * thread / threads; (sum || product) && i < n * (thread + 1) / threads; i++)
        y[i] = sum ? a[i] + b[i] : a[i] * b[i];
    return sum || product;
}

/* One thread's share of a call by a reference. */
static bool run_reference(const assay_entry *e, int thread, int threads, bool product)
{
    const assay_op *op = e->node.op;
    const bool oracle = e->how == ASSAY_RUN_ORACLE;
    const size_t real = oracle ? sizeof(double) : sizeof(float);
    int64_t dim[ASSAY_MAX_DIMS];
    void *operand[ASSAY_MAX_OPND] = { NULL }, *before[ASSAY_MAX_OPND] = { NULL };
    if (product) { /* a matmul is cut along N instead: each thread decodes its own rows */
        const int64_t N = e->dim[1], begin = N * thread / threads, end = N * (thread + 1) / threads;
        return oracle
                   ? assay_product(e->dense[0], &e->t[1], e->dense[2], e->dense[3], e->dim[0], N, e->dim[2], begin, end)
                   : scalar_rows(e, begin, end);
    }
    if (oracle && run_wide(e, thread, threads))
        return true;
    const char letters[] = { 'T', 'R', op->split };
    int cut = -1;
    for (size_t k = 0; k < sizeof letters && cut < 0; k++)
        if (assay_op_dim(op, letters[k]) >= 0 && e->dim[assay_op_dim(op, letters[k])] > 1 && cuts(e, letters[k]))
            cut = assay_op_dim(op, letters[k]);
    memcpy(dim, e->dim, sizeof dim);
    if (cut < 0 && thread > 0)
        return true;
    const int64_t n = cut < 0 ? 0 : dim[cut], begin = cut < 0 ? 0 : n * thread / threads,
                  end = cut < 0 ? 0 : n * (thread + 1) / threads;
    if (cut >= 0 && begin == end)
        return true;
    if (cut >= 0)
        dim[cut] = end - begin;
    for (int i = 0; i < op->n_operands; i++) {
        if (!e->dense[i])
            continue;
        int64_t skip = 0;
        if (cut >= 0 && strchr(op->operands[i].shape, op->dims[cut]))
            skip = begin * (assay_tensor_count(&e->t[i]) / n);
        operand[i] = (char *)e->dense[i] + (size_t)skip * real;
        before[i] = e->before[i] ? (char *)e->before[i] + (size_t)skip * real : NULL;
    }
    const assay_dense d = { operand, before, dim, e->params };
    (oracle ? op->oracle : op->scalar)(&d);
    return true;
}

typedef struct outcome {
    int status, entry; /* entry: of the call that was not OK */
    bool lost;         /* its ids name no matrices */
} outcome;

/* Do ids that a call before computed name what is there?  A gate names no expert (-1) where its numbers are not finite.
 * All threads find the same. */
static bool named(const assay_session *s, const assay_entry *e)
{
    const assay_op *op = e->node.op;
    bool good = true;
    for (int i = 0; i < op->n_operands; i++) {
        const assay_slot *x = e->node.operand[i] < 0 ? NULL : &s->slot[e->node.operand[i]];
        if (!x || !(op->operands[i].flags & ASSAY_INDEX) || x->v.kind != ASSAY_VALUE_TEMP)
            continue;
        const int64_t n = assay_tensor_count(&e->t[i]), rows = e->dim[assay_op_dim(op, op->operands[i].index_of)];
        const void *at = assay_slot_at(s, e->node.operand[i]);
        for (int64_t k = 0; k < n; k++) {
            const double id = x->store == ASSAY_f64 ? ((const double *)at)[k] : ((const int32_t *)at)[k];
            good &= id >= 0 && id < (double)rows;
        }
    }
    return good;
}

static void note(outcome *o, const assay_session *s, const assay_entry *e, assay_status mine)
{
    if (mine) {
#pragma omp critical
        *o = (outcome){ (int)mine, (int)(e - s->entry), o->lost };
    }
}

static void run_entry(assay_session *s, assay_entry *e, int thread, int threads, outcome *out)
{
    const double begin = thread == 0 ? assay_seconds() : 0;
    bool outside = e->how != ASSAY_RUN_KERNEL; /* something to do before and after */
    for (int i = 0; i < e->node.op->n_operands; i++)
        outside |= e->convert[i];
    if (!named(s, e)) {
        if (thread == 0)
            note(out, s, e, ASSAY_ERR_PARAM), out->lost = true;
        return;
    }
    if (s->watch && thread == 0) /* the others only read what it reads */
        assay_importance_add(s->watch, s, e);
    if (outside) {
        if (thread == 0)
            note(out, s, e, enter(s, e) ? ASSAY_OK : ASSAY_ERR_NOMEM);
#pragma omp barrier
    }
    if (s->capture) { /* before the others write what is updated in place */
        if (thread == 0)
            assay_capture_add(s->capture, s, e);
#pragma omp barrier
    }
    if (e->how == ASSAY_RUN_KERNEL) {
        assay_stranger_enters(e->call.kernel);
        note(out, s, e, assay_call_run_team(&e->call, thread, threads));
    } else {
        const bool rows = !e->dense[1] && !strcmp(e->node.op->name, "matmul"); /* its weight is not decoded */
        note(out, s, e, run_reference(e, thread, threads, rows) ? ASSAY_OK : ASSAY_ERR_NOMEM);
    }
#pragma omp barrier
    if (outside) {
        if (thread == 0)
            note(out, s, e, leave(s, e) ? ASSAY_OK : ASSAY_ERR_NOMEM);
#pragma omp barrier
    }
    if (thread == 0) {
        e->seconds += assay_seconds() - begin;
        assay_stranger_enters(NULL);
        assay_stranger_count(e->node.op->name, e->how == ASSAY_RUN_KERNEL ? e->call.kernel : NULL, e->asked);
    }
}

assay_status assay_session_run(assay_session *s, assay_why *why)
{
    outcome out = { 0 };
    if (s->capture)
        s->capture->steps++, s->capture->kept = 0;
#pragma omp parallel num_threads(s->threads)
    for (int i = 0; i < s->n_entries; i++)
        if (s->entry[i].active)
            run_entry(s, &s->entry[i], omp_get_thread_num(), omp_get_num_threads(), &out);
    if (out.status == ASSAY_ERR_NOMEM)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a step");
    const assay_entry *e = &s->entry[out.entry];
    if (out.lost)
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "layer %" PRId32 ": a token has fewer experts than it needs: numbers before the choice are "
                          "not finite",
                          e->node.layer);
    return out.status
               ? assay_fail(why, (assay_status)out.status, "kernel %.80s of %s refused a call that it had accepted: %s",
                            e->how == ASSAY_RUN_KERNEL ? e->call.kernel->name : "scalar", e->node.op->name,
                            assay_status_name((assay_status)out.status))
               : ASSAY_OK;
}
