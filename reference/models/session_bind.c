/* SPDX-License-Identifier: MIT
 * Binding: what each call of the graph is in this step: lengths, operands, packed weights, buffers. */
#include "../core/clock.h"
#include "../core/dtype.h"
#include "../core/memory.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "../core/strangers.h"
#include "../core/tensor.h"
#include "session_parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool same_weights(const assay_pack *p, const assay_entry *e)
{
    if (strcmp(p->packing, e->call.kernel->packing ? e->call.kernel->packing : e->call.kernel->name))
        return false;
    for (int i = 0; i < e->node.op->n_operands; i++)
        if ((e->node.op->operands[i].flags & ASSAY_WEIGHT) && p->weight[i] != e->t[i].data)
            return false;
    return true;
}

/* One packed copy per (weights, packing). */
static assay_status pack(assay_session *s, assay_entry *e, assay_why *why)
{
    for (int i = 0; i < s->n_packs; i++)
        if (same_weights(&s->pack[i], e)) {
            e->call.packed = s->pack[i].data;
            return ASSAY_OK;
        }
    if (s->n_packs == s->packs_room) {
        const int room = 2 * s->packs_room + 64;
        assay_pack *more = realloc(s->pack, (size_t)room * sizeof *more);
        if (!more)
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %d packed weights", room);
        s->pack = more;
        s->packs_room = room;
    }
    assay_status status = assay_memory_need(assay_call_packed_bytes(&e->call), "a packed copy of weights", why);
    if (!status)
        status = assay_call_pack(&e->call, why);
    if (status || !e->call.packed)
        return status;
    assay_pack *p = &s->pack[s->n_packs++];
    *p = (assay_pack){ .packing = e->call.kernel->packing ? e->call.kernel->packing : e->call.kernel->name,
                       .data = e->call.packed,
                       .bytes = e->call.packed_size };
    for (int i = 0; i < e->node.op->n_operands; i++)
        if (e->node.op->operands[i].flags & ASSAY_WEIGHT)
            p->weight[i] = e->t[i].data;
    return ASSAY_OK;
}

/* The weight as f32 (kernels, baseline) or double (oracle): decoded once, kept in the graph. */
static assay_status decode_weight(assay_value *v, bool wide, assay_why *why)
{
    enum { STEP = 1024 }; /* a multiple of every block */
    const assay_dtype_info *info = assay_dtype_of(v->type);
    const int64_t n = assay_tensor_count(&v->weight);
    const size_t bytes = (size_t)n * (wide ? sizeof(double) : sizeof(float));
    if (wide ? v->as_f64 != NULL : v->as_f32 != NULL)
        return ASSAY_OK;
    char what[128];
    snprintf(what, sizeof what, "%s, decoded,", v->name);
    const assay_status status = assay_memory_need(bytes, what, why);
    void *out = status ? NULL : assay_aligned(bytes);
    if (!out)
        return status ? status
                      : assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory to decode %" PRId64 " elements", v->name, n);
    for (int64_t at = 0; at < n; at += STEP) {
        const int64_t m = n - at < STEP ? n - at : STEP;
        const char *codes = (const char *)v->weight.data + assay_dtype_bytes(v->type, at);
        double d[STEP];
        info->decode(wide ? (double *)out + at : d, codes, m);
        for (int64_t i = 0; !wide && i < m; i++)
            ((float *)out)[at + i] = (float)d[i];
    }
    if (wide)
        v->as_f64 = out;
    else
        v->as_f32 = out;
    return ASSAY_OK;
}

/* A decoded copy that took more than half of what is free would crowd out the rest: such a matrix stays as it is. */
static bool too_large(assay_value *v)
{
    enum { SMALL = 1 << 22 };
    const uint64_t n = (uint64_t)assay_tensor_count(&v->weight);
    if (!v->by_rows && !v->as_f32 && n >= SMALL)
        v->by_rows = n * sizeof(float) > assay_memory_free("") / 2;
    return v->by_rows;
}

/* A table that an INDEX operand looks rows up in, and in nothing else: ids become the numbers of these rows. */
static bool looked_up(const assay_op *op, int i)
{
    const char *shape = op->operands[i].shape;
    bool is = false, alone = strlen(shape) == 2;
    for (int k = 0; k < op->n_operands; k++) {
        const assay_operand *o = &op->operands[k];
        is |= (o->flags & ASSAY_INDEX) && o->access == ASSAY_IN && o->index_of == shape[0];
        alone &= k == i || !strchr(o->shape, shape[0]);
    }
    return is && alone;
}

/* Where the operand's elements come from, in the types that the implementation wants; conversions are noted. */
static assay_status place(assay_session *s, assay_entry *e, int i, bool weights_f32, assay_why *why)
{
    const assay_op *op = e->node.op;
    assay_slot *x = &s->slot[e->node.operand[i]];
    const bool reference = e->how != ASSAY_RUN_KERNEL, oracle = e->how == ASSAY_RUN_ORACLE;
    const size_t real = oracle ? sizeof(double) : sizeof(float);
    const int64_t n = assay_tensor_count(&e->t[i]);
    e->convert[i] = false;
    e->dense[i] = e->before[i] = NULL;
    if (x->v.kind == ASSAY_VALUE_WEIGHT && reference && looked_up(op, i)) {
        const int64_t width = n / e->t[i].dim[0];
        void **rows = &x->rows[oracle];
        if (!*rows)
            *rows = malloc((size_t)((s->tokens > s->room ? s->tokens : s->room) * width) * real + 1);
        e->dense[i] = *rows;
        e->t[i].data = x->data;
        return *rows ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for its rows", x->v.name);
    }
    if (x->v.kind == ASSAY_VALUE_WEIGHT) {
        assay_value *v = &s->g->value[e->node.operand[i]];
        const bool matrix = reference && !strcmp(op->name, "matmul") && i == 1;
        const bool as_it_is = !reference && !weights_f32, f32 = !oracle && x->v.type == ASSAY_f32;
        e->t[i].data = x->data;
        if (f32)
            e->dense[i] = x->data;
        if (as_it_is || f32 || (matrix && (oracle ? !v->as_f64 : too_large(v)))) /* decoded row by row as it goes */
            return ASSAY_OK;
        const assay_status status = decode_weight(v, oracle, why);
        e->dense[i] = oracle ? (void *)v->as_f64 : (void *)v->as_f32;
        if (!reference)
            e->t[i].data = v->as_f32;
        return status;
    }
    const assay_dtype want = reference ? (oracle ? ASSAY_f64 : ASSAY_f32) : e->t[i].type;
    e->convert[i] = x->store != want || (oracle && e->round[i] != ASSAY_DTYPE_END) ||
                    (reference && (op->operands[i].flags & ASSAY_INDEX)); /* its numbers are changed: decode_rows */
    const size_t bytes = reference ? (size_t)n * real : assay_tensor_bytes(&e->t[i]);
    if (e->convert[i] && bytes > s->operand[i].need)
        s->operand[i].need = bytes;
    if (reference && op->operands[i].access == ASSAY_INOUT && bytes > s->before[i].need)
        s->before[i].need = bytes;
    return ASSAY_OK;
}

static assay_status bind_call(assay_session *s, assay_entry *e, bool weights_f32, assay_why *why)
{
    const assay_op *op = e->node.op;
    assay_call *c = &e->call;
    assay_status status = ASSAY_OK;
    assay_session_view(s, e, weights_f32, e->t);
    for (int i = 0; i < op->n_operands && !status; i++)
        if (e->node.operand[i] >= 0)
            status = place(s, e, i, weights_f32, why);
    if (status || e->how != ASSAY_RUN_KERNEL)
        return status;
    c->op = op;
    c->threads = s->threads;
    c->args = (assay_args){ .operand = e->t, .dim = e->dim, .params = e->params, .variant = c->kernel->variant };
    assay_stranger_enters(c->kernel);
    if (!e->kept) {
        c->packed = NULL;
        c->packed_size = 0;
    }
    if (c->kernel->packed_bytes && !e->kept) {
        const double begin = assay_seconds();
        status = pack(s, e, why);
        s->pack_seconds += assay_seconds() - begin;
    }
    if (status)
        return status;
    assay_args a = c->args;
    a.packed = c->packed;
    const uint32_t phases = c->kernel->phases ? c->kernel->phases(&a) : 1;
    c->shared_bytes = c->scratch_bytes = 0;
    for (a.phase = 0; a.phase < phases; a.phase++) {
        const size_t shared = c->kernel->shared ? c->kernel->shared(&a) : 0;
        const size_t scratch = c->kernel->scratch ? (c->kernel->scratch(&a) + 63) / 64 * 64 : 0;
        c->shared_bytes = shared > c->shared_bytes ? shared : c->shared_bytes;
        c->scratch_bytes = scratch > c->scratch_bytes ? scratch : c->scratch_bytes;
    }
    assay_stranger_enters(NULL);
    if (c->shared_bytes > s->shared.need)
        s->shared.need = c->shared_bytes;
    if (c->scratch_bytes * (size_t)s->threads > s->scratch.need)
        s->scratch.need = c->scratch_bytes * (size_t)s->threads;
    return ASSAY_OK;
}

static assay_status decide(assay_session *s, assay_entry *e, assay_why *why)
{
    const assay_op *op = e->node.op;
    const assay_kernel *before = s->again ? e->call.kernel : NULL;
    e->kept = false;
    e->active = e->node.pass == s->pass && (e->parent < 0 || !s->entry[e->parent].active);
    for (int d = 0; op->dims[d]; d++) {
        e->dim[d] = assay_session_length(s, e->node.dim[d]);
        e->active &= e->dim[d] > 0;
    }
    if (!e->active)
        return ASSAY_OK;
    memcpy(e->params, e->node.params, sizeof e->params);
    assay_session_view(s, e, false, e->t);
    const assay_args a = { .operand = e->t, .dim = e->dim, .params = e->params };
    const assay_status status = assay_check(op, &a, e->params, why);
    if (status)
        return status;
    e->how = assay_session_how(&s->impl, op->name);
    e->asked = assay_session_wants_plugin(&s->impl, op->name);
    if (s->impl.single && e->parent >= 0 && assay_session_fuses(s, s->impl.single, &s->entry[e->parent]))
        e->how = s->impl.how;
    e->call.kernel = NULL;
    if (op->n_parts && ((s->again && e->apart) || assay_session_wants_parts(&s->impl, op))) {
        e->active = false;
        return ASSAY_OK;
    }
    if (e->how != ASSAY_RUN_SCALAR && e->how != ASSAY_RUN_ORACLE) {
        e->kept = before && assay_session_takes(s, e, before, e->weights_f32);
        e->call.kernel = e->kept ? before : assay_session_choose(s, &s->impl, e, &e->weights_f32);
        e->how = e->call.kernel ? ASSAY_RUN_KERNEL : ASSAY_RUN_SCALAR;
    }
    e->apart = e->how == ASSAY_RUN_SCALAR && op->n_parts;
    if (e->apart) {
        e->active = false;
        return ASSAY_OK;
    }
    if (!op->n_parts)
        assay_session_rounds(s, e);
    return ASSAY_OK;
}

static assay_status fill_buffer(assay_buffer *b, assay_why *why)
{
    if (b->need <= b->bytes)
        return ASSAY_OK;
    free(b->data);
    b->data = NULL;
    b->bytes = 0;
    const assay_status status = assay_memory_need(b->need, "a step's scratch", why);
    if (status)
        return status;
    b->data = assay_aligned(b->need);
    b->bytes = b->data ? b->need : 0;
    return b->data ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu bytes of scratch", b->need);
}

/* Pointers, now that every buffer has its size. */
static void point(assay_session *s, assay_entry *e)
{
    for (int i = 0; i < e->node.op->n_operands; i++) {
        const int slot = e->node.operand[i];
        if (slot < 0 || s->slot[slot].v.kind == ASSAY_VALUE_WEIGHT)
            continue;
        void *at = e->convert[i] ? s->operand[i].data : assay_slot_at(s, slot);
        if (e->how == ASSAY_RUN_KERNEL) {
            e->t[i].data = at;
        } else {
            e->dense[i] = at;
            e->before[i] = e->node.op->operands[i].access == ASSAY_INOUT ? s->before[i].data : NULL;
        }
    }
    e->call.shared = s->shared.data;
    e->call.scratch = s->scratch.data;
}

assay_status assay_session_decide(assay_session *s, assay_pass pass, int64_t T, int64_t L, assay_why *why)
{
    assay_status status = ASSAY_OK;
    s->again = s->bound == T && s->pass == pass;
    s->pass = pass;
    s->T = s->bound = T;
    s->L = L;
    s->S = (pass == ASSAY_PASS_ENCODE ? 0 : s->past) + T;
    for (int i = 0; i < s->n_entries && !status; i++) /* parts stand behind their fused call */
        status = decide(s, &s->entry[i], why);
    return status;
}

assay_status assay_session_bind(assay_session *s, assay_pass pass, int64_t T, int64_t L, assay_why *why)
{
    assay_status status = assay_session_decide(s, pass, T, L, why);
    for (int i = 0; i < s->n_entries && !status; i++)
        if (s->entry[i].active)
            status = bind_call(s, &s->entry[i], s->entry[i].call.kernel && s->entry[i].weights_f32, why);
    for (int i = 0; i < ASSAY_MAX_OPND && !status; i++) {
        status = fill_buffer(&s->operand[i], why);
        if (!status)
            status = fill_buffer(&s->before[i], why);
    }
    if (!status)
        status = fill_buffer(&s->shared, why);
    if (!status)
        status = fill_buffer(&s->scratch, why);
    for (int i = 0; i < s->n_entries && !status; i++)
        if (s->entry[i].active)
            point(s, &s->entry[i]);
    return status;
}
