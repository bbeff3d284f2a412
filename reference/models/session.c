/* SPDX-License-Identifier: MIT
 * Steps and encodings of a session, and what is read off it. */
#include "session.h"
#include "../core/dtype.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "session_parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int64_t assay_session_length(const assay_session *s, int64_t symbol)
{
    if (symbol >= 0)
        return symbol;
    const int64_t times = (-symbol - 1) / 16 + 1, at[] = { s->T, s->S, s->capacity, s->L, s->M, s->room };
    return times * at[(-symbol - 1) % 16];
}

int64_t assay_session_count(const assay_session *s, const assay_value *v, int first)
{
    int64_t n = 1;
    for (int i = first; i < v->rank; i++)
        n *= assay_session_length(s, v->dim[i]);
    return n;
}

bool assay_is_view(const assay_value *v)
{
    return v->kind == ASSAY_VALUE_TAIL || v->kind == ASSAY_VALUE_ROWS || v->kind == ASSAY_VALUE_AT;
}

void *assay_slot_at(const assay_session *s, int slot)
{
    const assay_slot *x = &s->slot[slot];
    if (!assay_is_view(&x->v))
        return x->data;
    const assay_slot *base = &s->slot[x->v.base];
    const int64_t first = x->v.kind == ASSAY_VALUE_TAIL ? s->T - s->L : x->v.shift + x->v.each * s->row;
    return (char *)base->data + assay_dtype_bytes(base->store, first * assay_session_count(s, &x->v, 1));
}

static void put(const assay_slot *x, int64_t i, int64_t n)
{
    if (x->store == ASSAY_f64)
        ((double *)x->data)[i] = (double)n;
    else if (x->store == ASSAY_i64)
        ((int64_t *)x->data)[i] = n;
    else
        ((int32_t *)x->data)[i] = (int32_t)n;
}

static void put_input(const assay_session *s, const assay_slot *x, const assay_source *in, int64_t past)
{
    const bool places = x->v.kind == ASSAY_VALUE_POS;
    const int64_t first = x->v.dim[0] == ASSAY_DIM_T ? past : 0, n = assay_session_length(s, x->v.dim[0]);
    const int32_t *ids = x->v.kind == ASSAY_VALUE_TYPES ? in->types : in->ids;
    for (int64_t t = 0; t < n; t++) {
        int64_t at = places ? first + t + x->v.shift : ids ? ids[t] : 0;
        if (places && x->v.lost && at == x->v.lost)
            at = s->capacity - 1;
        put(x, t, at);
    }
}

static void put_inputs(assay_session *s, const assay_source *in, int64_t past)
{
    for (int i = 0; i < s->n_slots; i++) {
        const assay_slot *x = &s->slot[i];
        const assay_value_kind kind = x->v.kind;
        if (kind == ASSAY_VALUE_IDS || kind == ASSAY_VALUE_POS || kind == ASSAY_VALUE_TYPES)
            put_input(s, x, in, past);
        for (int64_t k = 0, n = kind == ASSAY_VALUE_FRAMES && in->frames ? assay_session_count(s, &x->v, 0) : 0; k < n;
             k++)
            if (x->store == ASSAY_f64)
                ((double *)x->data)[k] = (double)in->frames[k];
            else
                ((float *)x->data)[k] = in->frames[k];
    }
}

/* Ids, types and positions that rows of a table are looked up by must be rows of it. */
static assay_status check_rows(const assay_session *s, assay_pass which, const assay_source *in, int64_t past,
                               assay_why *why)
{
    for (int i = 0; i < s->n_entries; i++) {
        const assay_node *n = &s->entry[i].node;
        for (int k = 0; n->pass == which && k < n->op->n_operands; k++) {
            const assay_operand *o = &n->op->operands[k];
            const assay_value *v = n->operand[k] < 0 ? NULL : &s->slot[n->operand[k]].v;
            if (!v || !(o->flags & ASSAY_INDEX))
                continue;
            const int64_t rows = n->dim[assay_op_dim(n->op, o->index_of)], last = past + in->T - 1 + v->shift;
            if (v->kind == ASSAY_VALUE_POS && rows >= 0 && last >= rows) /* a table's, not the cache's */
                return assay_fail(why, ASSAY_ERR_ARG,
                                  "position %" PRId64 " is row %" PRId64 ", from 0 on, of a table of %" PRId64 " rows",
                                  past + in->T - 1, last, rows);
            const bool types = v->kind == ASSAY_VALUE_TYPES;
            const int32_t *given = types ? in->types : v->kind == ASSAY_VALUE_IDS ? in->ids : NULL;
            for (int64_t t = 0; given && t < in->T; t++)
                if (given[t] < 0 || given[t] >= rows)
                    return assay_fail(why, ASSAY_ERR_ARG, "%s %" PRId32 " is not in 0 .. %" PRId64,
                                      types ? "type" : "token id", given[t], rows - 1);
        }
    }
    return ASSAY_OK;
}

/* One pass over T tokens from past on. */
static assay_status pass(assay_session *s, assay_pass which, const assay_source *in, int64_t L, bool run,
                         assay_why *why)
{
    s->T = in->T; /* put_inputs counts by them; again (session_bind) compares with before */
    const int64_t past = which == ASSAY_PASS_ENCODE ? 0 : s->past;
    s->L = L;
    s->S = past + in->T;
    if (run)
        put_inputs(s, in, past);
    const assay_status status = assay_session_bind(s, which, in->T, L, why);
    return status || !run ? status : assay_session_run(s, why);
}

static assay_status step(assay_session *s, const int32_t *ids, int64_t T, int64_t L, bool run, assay_why *why)
{
    if (T < 1 || T > s->tokens || L < 0 || L > T || L > s->rows)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "a step of %" PRId64 " tokens with %" PRId64 " rows of logits (at most %" PRId64 ", %" PRId64
                          ")",
                          T, L, s->tokens, s->rows);
    if (s->past + T > s->capacity)
        return assay_fail(why, ASSAY_ERR_ARG, "position %" PRId64 " is beyond the capacity of %" PRId64,
                          s->past + T - 1, s->capacity);
    if (s->g->encodes && run && s->M == 0)
        return assay_fail(why, ASSAY_ERR_ARG, "a step before anything was encoded");
    const assay_source all = { .ids = ids, .T = T };
    assay_status status = run ? check_rows(s, ASSAY_PASS_STEP, &all, s->past, why) : ASSAY_OK;
    const int64_t each = s->g->serial ? 1 : T;
    const assay_slot *logits = &s->slot[s->g->logits];
    const size_t row = (size_t)assay_dtype_bytes(logits->store, s->g->width);
    for (int64_t t = 0; t < T && !status; t += run ? each : T) {
        const int64_t rows = t + each <= T - L ? 0 : each < L ? each : L, kept = t - (T - L);
        status = pass(s, ASSAY_PASS_STEP, &(assay_source){ .ids = ids ? ids + t : NULL, .T = each }, rows, run, why);
        if (!status && run)
            s->past += each;
        if (!status && run && s->g->serial && rows && kept >= 0)
            memcpy(s->serial + (size_t)kept * row, logits->data, row);
    }
    if (!status && run && s->g->serial)
        memcpy(logits->data, s->serial, (size_t)L * row);
    return status;
}

/* The states of a serial graph, as at first. */
static void forget(const assay_session *s)
{
    for (int i = 0; i < s->n_slots; i++)
        if (s->slot[i].v.kind == ASSAY_VALUE_STATE)
            memset(s->slot[i].data, 0,
                   (size_t)assay_dtype_bytes(s->slot[i].store, assay_session_count(s, &s->slot[i].v, 0)));
}

/* What is serial in an encoder, over the rows that the pass before it left. */
static assay_status in_turn(assay_session *s, assay_pass which, assay_why *why)
{
    assay_status status = ASSAY_OK;
    for (int64_t k = 0; k < s->M && !status; k++) {
        s->row = which == ASSAY_PASS_FORTH ? k : s->M - 1 - k;
        status = assay_session_bind(s, which, s->M, s->M, why);
        if (!status)
            status = assay_session_run(s, why);
    }
    s->row = 0;
    return status;
}

assay_status assay_session_encode(assay_session *s, const assay_source *x, assay_why *why)
{
    if (!s->g->encodes || x->T < 1 || x->T > s->room)
        return assay_fail(why, ASSAY_ERR_ARG, "an encoding of %" PRId64 " rows (at most %" PRId64 ")", x->T, s->room);
    const int64_t always = s->g->hidden < 0 ? -1 : s->slot[s->g->hidden].v.dim[0]; /* of an image */
    if (always >= 0 && x->T != always)
        return assay_fail(why, ASSAY_ERR_ARG, "an encoding of %" PRId64 " rows, where the model has %" PRId64, x->T,
                          always);
    assay_status status = check_rows(s, ASSAY_PASS_ENCODE, x, 0, why);
    s->M = x->T;
    s->past = 0;
    if (s->g->serial)
        forget(s);
    if (!status)
        status = pass(s, ASSAY_PASS_ENCODE, x, x->T, true, why);
    for (assay_pass p = ASSAY_PASS_FORTH; s->g->serial && p <= ASSAY_PASS_BACK && !status; p++)
        status = in_turn(s, p, why);
    if (status)
        s->M = 0;
    return status;
}

assay_status assay_session_warm(assay_session *s, int64_t T, assay_why *why)
{
    const int64_t M = s->M;
    assay_status status = ASSAY_OK;
    if (s->g->encodes && !M) {
        s->M = s->room;
        status = pass(s, ASSAY_PASS_ENCODE, &(assay_source){ .T = s->room }, s->room, false, why);
    }
    if (!status)
        status = step(s, NULL, T, s->rows < T ? s->rows : T, false, why);
    s->M = M;
    return status;
}

assay_status assay_session_step(assay_session *s, const int32_t *ids, int64_t T, int64_t L, assay_why *why)
{
    return step(s, ids, T, L, true, why);
}

int64_t assay_session_past(const assay_session *s)
{
    return s->past;
}

void assay_session_watch(assay_session *s, struct assay_importance *w)
{
    s->watch = w;
}

void assay_session_capture(assay_session *s, struct assay_capture *w)
{
    s->capture = w;
}

void assay_session_noise(assay_session *s, uint64_t seed)
{
    s->noisy = true;
    s->seed = seed;
    s->calls = 0;
}

assay_status assay_session_rewind(assay_session *s, int64_t past, assay_why *why)
{
    if (s->g->serial && past != s->past && (past || s->g->encodes))
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "family %s: the state behind %" PRId64 " tokens cannot go back to that behind %" PRId64,
                          s->g->family, s->past, past);
    if (s->g->serial && past != s->past)
        forget(s);
    s->past = past;
    return ASSAY_OK;
}

assay_tensor assay_session_logits_row(const assay_session *s, int64_t row)
{
    const assay_slot *x = &s->slot[s->g->logits];
    const int64_t dim[] = { 1, s->g->width };
    assay_tensor t = assay_tensor_dense(x->store, 0, 2, dim);
    t.data = (char *)x->data + assay_dtype_bytes(x->store, row * s->g->width);
    return t;
}

void assay_session_hidden(const assay_session *s, int64_t row, double *out)
{
    const assay_slot *x = &s->slot[s->g->hidden];
    const int64_t d = x->v.dim[1], dim[] = { 1, d };
    assay_tensor t = assay_tensor_dense(x->store, 0, 2, dim);
    t.data = (char *)assay_slot_at(s, s->g->hidden) + assay_dtype_bytes(x->store, row * d);
    assay_tensor_decode(out, &t);
}

void assay_session_logits(const assay_session *s, int64_t row, double *out)
{
    const assay_tensor t = assay_session_logits_row(s, row);
    assay_tensor_decode(out, &t);
}

static const char *label(const assay_entry *e)
{
    return e->how == ASSAY_RUN_ORACLE ? "oracle" : e->how == ASSAY_RUN_SCALAR ? "scalar" : e->call.kernel->name;
}

static int by_time(const void *a, const void *b)
{
    const assay_share *x = a, *y = b;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

int assay_session_shares(const assay_session *s, assay_share *out, int room)
{
    int n = 0;
    for (int i = 0; i < s->n_entries; i++) {
        const assay_entry *e = &s->entry[i];
        if (!e->active)
            continue;
        int k = 0;
        while (k < n && (strcmp(out[k].op, e->node.op->name) || strcmp(out[k].kernel, label(e))))
            k++;
        if (k == room)
            continue;
        if (k == n)
            out[n++] = (assay_share){ e->node.op->name, label(e), 0, 0 };
        out[k].calls++;
        out[k].seconds += e->seconds;
    }
    qsort(out, (size_t)n, sizeof *out, by_time);
    return n;
}

void assay_session_reset_times(assay_session *s)
{
    for (int i = 0; i < s->n_entries; i++)
        s->entry[i].seconds = 0;
}

size_t assay_session_packed_bytes(const assay_session *s)
{
    size_t n = 0;
    for (int i = 0; i < s->g->n_values; i++)
        n += s->g->value[i].as_f32 ? (size_t)assay_tensor_count(&s->g->value[i].weight) * sizeof(float) : 0;
    for (int i = 0; i < s->n_packs; i++)
        n += s->pack[i].bytes;
    return n;
}

double assay_session_pack_seconds(const assay_session *s)
{
    return s->pack_seconds;
}
