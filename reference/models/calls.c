/* SPDX-License-Identifier: MIT */
#include "calls.h"
#include "../core/dtype.h"
#include "../core/registry.h"
#include "../core/tensor.h"
#include "capture.h"
#include "load.h"
#include "model_parts.h"
#include "onnx_calls.h"
#include "session_parts.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 512, USUAL = 512 }; /* tokens of a step of assay run; of a prompt when nobody says */

typedef struct listing {
    assay_calls *c;
    assay_session *s;
    assay_loaded l;
} listing;

static void add(listing *x, const assay_entry *e, int64_t times)
{
    const assay_op *op = e->node.op;
    assay_tensor t[ASSAY_MAX_OPND];
    assay_case call;
    assay_model_call m = { .op = op };
    assay_session_view(x->s, e, e->call.kernel && e->weights_f32, t);
    assay_session_case(x->s, e, t, &call);
    assay_case_print(&call, m.line, sizeof m.line);
    char *inputs = strstr(m.line, " gen=");
    if (inputs)
        *inputs = 0;
    const assay_args a = { .operand = t, .dim = e->dim, .params = e->params };
    m.flops = op->flops ? op->flops(&a) : 0;
    m.bytes = op->bytes ? op->bytes(&a) : assay_operand_bytes(op, t, true, true);
    snprintf(m.kernel, sizeof m.kernel, "%s", e->call.kernel ? e->call.kernel->name : "scalar");
    assay_calls_add(x->c, &m, times);
}

/* A pass over T tokens behind past others, made so many times. */
static assay_status pass(listing *x, assay_pass which, int64_t past, int64_t T, int64_t L, int64_t times,
                         assay_why *why)
{
    x->s->past = past;
    const assay_status s = assay_session_decide(x->s, which, T, L, why);
    for (int i = 0; i < x->s->n_entries && !s; i++)
        if (x->s->entry[i].active)
            add(x, &x->s->entry[i], times);
    return s;
}

static void begin(listing *x, const char *what, int64_t n, int64_t tokens)
{
    assay_calls_phase *p = &x->c->phase[x->c->n_phases++];
    *p = (assay_calls_phase){ .tokens = tokens };
    snprintf(p->name, sizeof p->name, "%s%" PRId64, what, n);
}

static assay_status encode(listing *x, assay_why *why)
{
    const int64_t M = x->s->M = x->c->prompt;
    begin(x, "encode", M, M);
    assay_status s = pass(x, ASSAY_PASS_ENCODE, 0, M, M, 1, why);
    for (assay_pass p = ASSAY_PASS_FORTH; x->l.graph.serial && p <= ASSAY_PASS_BACK && !s; p++)
        s = pass(x, p, 0, M, M, M, why);
    return s;
}

/* Logits are asked of the last token alone. */
static assay_status prompt(listing *x, assay_why *why)
{
    const int64_t n = x->c->prompt;
    assay_status s = ASSAY_OK;
    begin(x, "prompt", n, n);
    if (x->l.graph.serial) {
        s = n > 1 ? pass(x, ASSAY_PASS_STEP, n - 1, 1, 0, n - 1, why) : ASSAY_OK;
        return s ? s : pass(x, ASSAY_PASS_STEP, n - 1, 1, 1, 1, why);
    }
    for (int64_t at = 0; at < n && !s; at += STEP)
        s = pass(x, ASSAY_PASS_STEP, at, n - at < STEP ? n - at : STEP, at + STEP >= n, 1, why);
    return s;
}

/* How many rows a pass can have: by the model's context and by tables that positions are looked up in; 0: no end. */
static int64_t most(const assay_graph *g, assay_pass pass)
{
    int64_t n = pass == ASSAY_PASS_STEP ? g->context : 0;
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; g->node[i].pass == pass && k < g->node[i].op->n_operands; k++) {
            const assay_operand *o = &g->node[i].op->operands[k];
            const assay_value *v = g->node[i].operand[k] < 0 ? NULL : &g->value[g->node[i].operand[k]];
            if (!v || !(o->flags & ASSAY_INDEX) || v->kind != ASSAY_VALUE_POS || v->dim[0] != ASSAY_DIM_T)
                continue;
            const int64_t rows = g->node[i].dim[assay_op_dim(g->node[i].op, o->index_of)];
            if (rows > v->shift && (!n || rows - v->shift < n))
                n = rows - v->shift;
        }
    return n;
}

static bool reads_numbers(const assay_graph *g)
{
    for (int i = 0; i < g->n_values; i++)
        if (g->value[i].kind == ASSAY_VALUE_FRAMES)
            return true;
    return false;
}

/* What was asked for, or what is usual, as far as the model goes. */
static assay_status lengths(listing *x, const assay_calls_asked *a, assay_why *why)
{
    const assay_graph *g = &x->l.graph;
    assay_calls *c = x->c;
    const int64_t always = g->hidden < 0 ? -1 : g->value[g->hidden].dim[0]; /* rows of an image */
    const int64_t rows = always >= 0 ? always : most(g, g->encodes ? ASSAY_PASS_ENCODE : ASSAY_PASS_STEP);
    const int64_t end = g->steps ? most(g, ASSAY_PASS_STEP) : 0;
    const int64_t usual = always >= 0 || (rows && (rows < USUAL || reads_numbers(g))) ? rows : USUAL;
    c->prompt = a->prompt                     ? a->prompt
                : g->encodes || usual != rows ? usual
                                              : usual - (usual > 1); /* room for one more */
    if ((rows && c->prompt > rows) || (always >= 0 && c->prompt != always))
        return assay_fail(why, ASSAY_ERR_ARG, "%s: a prompt of %" PRId64 ", where the model takes %s%" PRId64,
                          x->l.model.label, c->prompt, always >= 0 ? "" : "at most ", rows);
    c->context = a->context ? a->context : end && c->prompt >= end ? end - 1 : c->prompt;
    if (g->steps && end && c->context >= end)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "%s: a token behind %" PRId64 " others exceeds the model's context of %" PRId64,
                          x->l.model.label, c->context, end);
    if (!g->steps && a->context)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: family %s decodes no tokens: --context says nothing",
                          x->l.model.label, g->family);
    return ASSAY_OK;
}

/* The last part of a path, without its end and what a split file adds; of a folder's weights, the folder's. */
static void name_of(const assay_model *m, const char *path, char name[64])
{
    char *real = realpath(m->hf ? m->folder : path, NULL);
    const char *last = real ? real : path, *slash = strrchr(last, '/');
    last = slash ? slash + 1 : last;
    size_t n = strlen(last);
    if (!m->hf && n > 5 && !strcmp(last + n - 5, ".gguf"))
        n -= 5;
    int parts = 0; /* -00001-of-00003 */
    if (n > 15 && sscanf(last + n - 15, "-%*5d-of-%*5d%n", &parts) == 0 && parts == 15)
        n -= 15;
    n = n < 48 ? n : 48;
    for (size_t i = 0; i < n; i++)
        name[i] = (char)(isalnum((unsigned char)last[i]) || strchr("._-+", last[i]) ? last[i] : '_');
    name[n] = 0;
    free(real);
}

static assay_status implementation(const assay_calls_asked *a, assay_impl *impl, assay_why *why)
{
    const assay_isa *tier = a->isa ? assay_isa_find(a->isa) : NULL;
    if (a->isa && !tier)
        return assay_fail(why, ASSAY_ERR_ARG, "--isa %.40s: no such tier (assay list isa)", a->isa);
    const uint64_t bits = assay_cpu() & (tier ? tier->bits : UINT64_MAX);
    const assay_status s = assay_impl_parse(a->impl ? a->impl : "best", bits, impl, why);
    for (int i = 0; i < a->n_apart && !s && impl->n_swaps < ASSAY_MAX_SWAPS; i++) {
        assay_swap *w = &impl->swap[impl->n_swaps++];
        *w = (assay_swap){ .how = ASSAY_RUN_BEST };
        snprintf(w->op, sizeof w->op, "%s", a->apart[i]);
    }
    return s;
}

assay_status assay_calls_list(const assay_calls_asked *a, assay_calls *c, assay_why *why)
{
    listing x = { .c = c };
    assay_impl impl;
    assay_dtype kv = ASSAY_f32;
    *c = (assay_calls){ 0 };
    const size_t end = strlen(a->model);
    if (end > 5 && !strcmp(a->model + end - 5, ".onnx"))
        return assay_onnx_calls(a, c, why);
    if (a->n_lengths)
        return assay_fail(why, ASSAY_ERR_ARG, "--dim %.80s: %.200s is no ONNX file: --prompt and --context are meant",
                          a->length[0], a->model);
    if (a->kv && (!assay_dtype_find(a->kv, &kv) || (kv != ASSAY_f32 && kv != ASSAY_f16 && kv != ASSAY_q8_0)))
        return assay_fail(why, ASSAY_ERR_ARG, "--kv %.40s: f32, f16 and q8_0 are known", a->kv);
    assay_status s = implementation(a, &impl, why);
    if (!s)
        s = assay_load(a->model, kv, 0, ASSAY_WANTS_SHAPES, &x.l, why);
    if (!s)
        s = lengths(&x, a, why);
    const assay_graph *g = &x.l.graph;
    const int64_t room = g->encodes ? c->prompt : 0, first = g->encodes ? 1 : c->prompt;
    const int64_t capacity = first > c->context + 1 ? first : c->context + 1;
    if (!s)
        s = assay_loaded_reach(&x.l, kv, capacity, why);
    if (!s)
        s = assay_session_plan(&x.l.graph, &impl, first < STEP ? first : STEP, capacity, room, &x.s, why);
    if (!s && g->encodes)
        s = encode(&x, why);
    else if (!s)
        s = prompt(&x, why);
    if (!s && g->steps) {
        begin(&x, "decode", c->context, 1);
        s = pass(&x, ASSAY_PASS_STEP, c->context, 1, 1, 1, why);
    }
    if (!s) {
        snprintf(c->family, sizeof c->family, "%s", g->family);
        name_of(&x.l.model, a->model, c->name);
        c->parameters = g->parameters;
        c->tier = assay_impl_tier(&impl);
        c->kv = assay_dtype_of(kv)->name;
    }
    assay_session_free(x.s);
    assay_loaded_free(&x.l);
    return s;
}
