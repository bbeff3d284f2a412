/* SPDX-License-Identifier: MIT
 * Running: one parallel region around a whole step; every thread walks over the calls, barriers stand between them. */
#include "../core/case.h"
#include "../core/dtype.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "product.h"
#include "session_parts.h"
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

/* Rows of a table that this step looks up, decoded into their places. */
static void decode_rows(const assay_entry *e, int i)
{
    const assay_op *op = e->node.op;
    const assay_dtype_info *info = assay_dtype_of(e->t[i].type);
    int ids = 0;
    while (!(op->operands[ids].flags & ASSAY_INDEX))
        ids++;
    const int64_t width = assay_tensor_count(&e->t[i]) / e->t[i].dim[0], n = assay_tensor_count(&e->t[ids]);
    double *row = malloc((size_t)(width + 1) * sizeof *row);
    for (int64_t k = 0; row && k < n; k++) {
        const int64_t id =
            e->how == ASSAY_RUN_ORACLE ? (int64_t)((double *)e->dense[ids])[k] : (int64_t)((float *)e->dense[ids])[k];
        info->decode(row, (const char *)e->t[i].data + assay_dtype_bytes(e->t[i].type, id * width), width);
        for (int64_t c = 0; c < width; c++)
            if (e->how == ASSAY_RUN_ORACLE)
                ((double *)e->dense[i])[id * width + c] = row[c];
            else
                ((float *)e->dense[i])[id * width + c] = (float)row[c];
    }
    free(row);
}

/* Before a call, by one thread: operands into the types of the implementation. */
static void enter(assay_session *s, assay_entry *e)
{
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
            decode_rows(e, i);
}

/* After a call, by one thread: results into the values' types; a cache keeps only what its element type can hold. */
static void leave(assay_session *s, assay_entry *e)
{
    const assay_op *op = e->node.op;
    for (int i = 0; i < op->n_operands; i++) {
        if (e->node.operand[i] < 0 || op->operands[i].access == ASSAY_IN)
            continue;
        const assay_slot *x = &s->slot[e->node.operand[i]];
        const int64_t n = assay_tensor_count(&e->t[i]);
        void *at = assay_slot_at(s, e->node.operand[i]);
        if (e->convert[i])
            convert(at, x->store, buffer_of(e, i), real_of(e, i), n);
        if (x->v.kind == ASSAY_VALUE_STATE && x->store == ASSAY_f64 && e->how != ASSAY_RUN_KERNEL) {
            void *codes = malloc((size_t)assay_dtype_bytes(x->v.type, n) + 1);
            if (!codes)
                continue;
            convert(codes, x->v.type, at, ASSAY_f64, n);
            convert(at, ASSAY_f64, codes, x->v.type, n);
            free(codes);
        }
    }
}

/* May the call be cut along this letter?  Outputs must have it in front (lengths of 1 aside), and so must every operand
 * that has it. */
static bool cuts(const assay_entry *e, char letter)
{
    const assay_op *op = e->node.op;
    for (int i = 0; i < op->n_operands; i++) {
        const char *shape = op->operands[i].shape, *at = e->node.operand[i] < 0 ? NULL : strchr(shape, letter);
        if (e->node.operand[i] >= 0 && op->operands[i].access != ASSAY_IN && !at)
            return false;
        for (const char *c = shape; at && c < at; c++)
            if (e->dim[assay_op_dim(op, *c)] != 1)
                return false;
    }
    return true;
}

/* One thread's share of a call by a reference. */
static void run_reference(const assay_entry *e, int thread, int threads, bool product)
{
    const assay_op *op = e->node.op;
    const bool oracle = e->how == ASSAY_RUN_ORACLE;
    const size_t real = oracle ? sizeof(double) : sizeof(float);
    int64_t dim[ASSAY_MAX_DIMS];
    void *operand[ASSAY_MAX_OPND] = { NULL }, *before[ASSAY_MAX_OPND] = { NULL };
    if (product) { /* the oracle's matmul is cut along N instead: each thread decodes its own rows */
        const int64_t N = e->dim[1];
        assay_product(e->dense[0], &e->t[1], e->dense[2], e->dense[3], e->dim[0], N, e->dim[2], N * thread / threads,
                      N * (thread + 1) / threads);
        return;
    }
    const char letters[] = { 'T', 'R', op->split };
    int cut = -1;
    for (size_t k = 0; k < sizeof letters && cut < 0; k++)
        if (assay_op_dim(op, letters[k]) >= 0 && e->dim[assay_op_dim(op, letters[k])] > 1 && cuts(e, letters[k]))
            cut = assay_op_dim(op, letters[k]);
    memcpy(dim, e->dim, sizeof dim);
    if (cut < 0 && thread > 0)
        return;
    const int64_t n = cut < 0 ? 0 : dim[cut], begin = cut < 0 ? 0 : n * thread / threads,
                  end = cut < 0 ? 0 : n * (thread + 1) / threads;
    if (cut >= 0 && begin == end)
        return;
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
}

static void run_entry(assay_session *s, assay_entry *e, int thread, int threads, int *status)
{
    const double begin = thread == 0 ? assay_seconds() : 0;
    bool outside = e->how != ASSAY_RUN_KERNEL; /* something to do before and after */
    for (int i = 0; i < e->node.op->n_operands; i++)
        outside |= e->convert[i];
    if (outside) {
        if (thread == 0)
            enter(s, e);
#pragma omp barrier
    }
    if (e->how == ASSAY_RUN_KERNEL) {
        const assay_status mine = assay_call_run_team(&e->call, thread, threads);
        if (mine) {
#pragma omp atomic write
            *status = (int)mine;
        }
    } else {
        const bool matmul = e->how == ASSAY_RUN_ORACLE && !strcmp(e->node.op->name, "matmul");
        run_reference(e, thread, threads, matmul && s->slot[e->node.operand[1]].v.kind == ASSAY_VALUE_WEIGHT);
#pragma omp barrier
    }
    if (outside) {
        if (thread == 0)
            leave(s, e);
#pragma omp barrier
    }
    if (thread == 0)
        e->seconds += assay_seconds() - begin;
}

assay_status assay_session_run(assay_session *s, assay_why *why)
{
    int status = 0;
#pragma omp parallel num_threads(s->threads)
    for (int i = 0; i < s->n_entries; i++)
        if (s->entry[i].active)
            run_entry(s, &s->entry[i], omp_get_thread_num(), omp_get_num_threads(), &status);
    return status ? assay_fail(why, (assay_status)status, "a kernel refused a call that it had accepted: %s",
                               assay_status_name((assay_status)status))
                  : ASSAY_OK;
}
