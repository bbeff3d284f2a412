/* SPDX-License-Identifier: MIT
 * Making a session: room for every value, an entry for every call, runs of calls that are fused. */
#include "session.h"
#include "../core/dtype.h"
#include "../core/memory.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "fuse.h"
#include "session_parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool uses_oracle(const assay_impl *impl)
{
    bool oracle = impl->how == ASSAY_RUN_ORACLE;
    for (int i = 0; i < impl->n_swaps; i++)
        oracle |= impl->swap[i].how == ASSAY_RUN_ORACLE;
    return oracle;
}

/* Room for every value at the largest step. */
static assay_status make_slots(assay_session *s, assay_why *why)
{
    double all = 0;
    for (int i = 0; i < s->n_slots; i++)
        if (s->slot[i].v.kind != ASSAY_VALUE_WEIGHT && !assay_is_view(&s->slot[i].v))
            all += (double)assay_dtype_bytes(s->wide ? ASSAY_f64 : s->slot[i].v.type,
                                             assay_session_count(s, &s->slot[i].v, 0));
    const assay_status fits = assay_memory_need(all < 0x1p63 ? (uint64_t)all : INT64_MAX, "a run of this length", why);
    if (fits)
        return fits;
    for (int i = 0; i < s->n_slots; i++) {
        assay_slot *x = &s->slot[i];
        x->store = s->wide && x->v.kind != ASSAY_VALUE_WEIGHT ? ASSAY_f64 : x->v.type;
        if (x->v.kind == ASSAY_VALUE_WEIGHT) {
            x->data = x->v.weight.data;
        } else if (!assay_is_view(&x->v)) {
            const int64_t n = assay_session_count(s, &x->v, 0), bytes = assay_dtype_bytes(x->store, n);
            x->data = assay_aligned((size_t)bytes);
            x->owned = true;
            if (!x->data)
                return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRId64 " bytes", x->v.name, bytes);
            memset(x->data, 0, (size_t)bytes);
            for (int64_t k = 0; x->v.kind == ASSAY_VALUE_SAME && k < n; k++)
                if (x->store == ASSAY_f64)
                    ((double *)x->data)[k] = x->v.fill;
                else
                    ((float *)x->data)[k] = (float)x->v.fill;
        }
    }
    return ASSAY_OK;
}

/* The parts of a fused call become entries behind it, its temporaries slots. */
static void add_parts(assay_session *s, int at)
{
    const assay_op *op = s->entry[at].node.op;
    const int first_temp = s->n_slots;
    s->entry[at].first = s->n_entries;
    s->entry[at].parts = op->n_parts;
    for (int i = 0; i < op->n_temps; i++) {
        assay_slot *x = &s->slot[s->n_slots++];
        *x = (assay_slot){ .v = { .kind = ASSAY_VALUE_TEMP, .type = ASSAY_f32 } };
        snprintf(x->v.name, sizeof x->v.name, "%s.%d.temp%d", op->name, s->entry[at].node.layer, i);
        for (const char *c = op->temps[i]; *c; c++)
            x->v.dim[x->v.rank++] = s->entry[at].node.dim[strchr(op->dims, *c) - op->dims];
    }
    for (int p = 0; p < op->n_parts; p++) {
        const assay_part *part = &op->parts[p];
        assay_entry *e = &s->entry[s->n_entries++];
        *e = (assay_entry){
            .node = { .op = assay_op_find(part->op), .layer = s->entry[at].node.layer, .pass = s->entry[at].node.pass },
            .parent = at
        };
        for (int d = 0; part->dims[d]; d++)
            e->node.dim[d] = s->entry[at].node.dim[strchr(op->dims, part->dims[d]) - op->dims];
        for (int i = 0; i < ASSAY_MAX_OPND; i++) {
            const int from = i < e->node.op->n_operands ? part->operand[i] : ASSAY_LEFT_OUT;
            e->node.operand[i] = from < 0                 ? -1
                                 : from >= ASSAY_MAX_OPND ? first_temp + from - ASSAY_MAX_OPND
                                                          : s->entry[at].node.operand[from];
        }
        if (part->params)
            part->params(s->entry[at].node.params, e->node.params);
    }
}

/* Would the session compute this fused call by a kernel, in its longest step?  Not if it names one of the parts. */
static bool is_taken(void *ctx, const assay_node *fused)
{
    const assay_session *s = ctx;
    const assay_op *op = fused->op;
    assay_entry e = { .node = *fused };
    assay_why ignored;
    bool f32;
    if (assay_session_wants_parts(&s->impl, op))
        return false;
    for (int d = 0; op->dims[d]; d++)
        e.dim[d] = assay_session_length(s, fused->dim[d]);
    memcpy(e.params, fused->params, sizeof e.params);
    assay_session_view(s, &e, false, e.t);
    const assay_args a = { .operand = e.t, .dim = e.dim, .params = e.params };
    return !assay_check(op, &a, e.params, &ignored) && assay_session_choose(s, &s->impl, &e, &f32) && !f32;
}

static assay_status add_entries(assay_session *s, const assay_node *node, int n, assay_why *why)
{
    int entries = 0;
    for (int i = 0; i < n; i++) {
        entries += 1 + node[i].op->n_parts;
        for (int p = 0; p < node[i].op->n_parts; p++)
            if (!assay_op_find(node[i].op->parts[p].op))
                return assay_fail(why, ASSAY_ERR_ARG, "op %s has a part %s, which this build does not hold",
                                  node[i].op->name, node[i].op->parts[p].op);
    }
    s->entry = aligned_alloc(64, ((size_t)entries * sizeof *s->entry + 63) / 64 * 64);
    if (!s->entry)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a graph of %d calls", entries);
    for (int i = 0; i < n; i++) {
        const int at = s->n_entries++;
        s->entry[at] = (assay_entry){ .node = node[i], .parent = -1 };
        if (node[i].op->n_parts)
            add_parts(s, at);
    }
    return ASSAY_OK;
}

static assay_status make_entries(assay_session *s, assay_why *why)
{
    const assay_graph *g = s->g;
    int slots = g->n_values + g->n_nodes; /* a fused call has fewer temporaries than calls */
    for (int i = 0; i < g->n_nodes; i++)
        slots += g->node[i].op->n_temps;
    assay_node *node = aligned_alloc(16, (size_t)(g->n_nodes + 1) * sizeof *node);
    s->slot = calloc((size_t)slots, sizeof *s->slot);
    if (!s->slot || !node) {
        free(node);
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a graph of %d calls", g->n_nodes);
    }
    memcpy(node, g->node, (size_t)g->n_nodes * sizeof *node);
    for (; s->n_slots < g->n_values; s->n_slots++)
        s->slot[s->n_slots].v = g->value[s->n_slots];
    const assay_status status = add_entries(s, node, assay_graph_fuse(g, node, g->n_nodes, is_taken, s), why);
    free(node);
    return status;
}

/* values: with room for them, or only to ask what would be called. */
static assay_status make(assay_graph *g, const assay_impl *impl, int64_t tokens, int64_t logits, int64_t capacity,
                         int64_t room, int threads, bool values, assay_session **out, assay_why *why)
{
    assay_session *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a session");
    s->g = g;
    s->impl = *impl;
    s->wide = uses_oracle(impl);
    s->threads = threads > 1 ? threads : 1;
    s->tokens = tokens;
    s->T = tokens > room ? tokens : room; /* of both passes */
    s->rows = s->L = logits;
    s->capacity = s->S = capacity;
    s->room = s->M = room;
    assay_status status = make_entries(s, why);
    if (!status && values)
        status = make_slots(s, why);
    if (!status && values && g->serial && !(s->serial = malloc((size_t)(logits * g->width) * sizeof(double) + 1)))
        status = assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a session");
    s->T = s->L = s->S = s->M = 0;
    if (status)
        assay_session_free(s);
    else
        *out = s;
    return status;
}

assay_status assay_session_make(assay_graph *g, const assay_impl *impl, int64_t tokens, int64_t logits,
                                int64_t capacity, int64_t room, int threads, assay_session **out, assay_why *why)
{
    return make(g, impl, tokens, logits, capacity, room, threads, true, out, why);
}

assay_status assay_session_plan(assay_graph *g, const assay_impl *impl, int64_t tokens, int64_t capacity, int64_t room,
                                assay_session **out, assay_why *why)
{
    return make(g, impl, tokens, 1, capacity, room, 1, false, out, why);
}

void assay_session_free(assay_session *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->n_slots; i++) {
        assay_slot *x = &s->slot[i];
        if (x->owned)
            free(x->data);
        free(x->rows[0]);
        free(x->rows[1]);
    }
    for (int i = 0; i < s->n_packs; i++)
        free(s->pack[i].data);
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        free(s->operand[i].data);
        free(s->before[i].data);
    }
    free(s->shared.data);
    free(s->scratch.data);
    free(s->serial);
    free(s->slot);
    free(s->entry);
    free(s->pack);
    free(s);
}
