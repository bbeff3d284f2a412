/* SPDX-License-Identifier: MIT
 * AWQ and SmoothQuant on a file: the matrices that share an input, and the scales of its columns. */
#include "requant_groups.h"
#include "../core/dtype.h"
#include "../core/status.h"
#include "../quantize/methods.h"
#include "requant.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Names within a layer, as GGUF and as Hugging Face have them.  A matrix makes an input where it is multiplied into it
 * element by element, or copied: its rows are the input's columns. */
static const struct row {
    const char *maker, *user[ASSAY_GROUP_USERS];
    bool matrix;
} table[] = {
    { "attn_norm.weight", { "attn_q.weight", "attn_k.weight", "attn_v.weight" }, false },
    { "ffn_norm.weight", { "ffn_gate.weight", "ffn_up.weight" }, false },
    { "attn_v.weight", { "attn_output.weight" }, true },
    { "ffn_up.weight", { "ffn_down.weight" }, true },
    { "input_layernorm.weight",
      { "self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight" },
      false },
    { "post_attention_layernorm.weight", { "mlp.gate_proj.weight", "mlp.up_proj.weight" }, false },
    { "self_attn.v_proj.weight", { "self_attn.o_proj.weight" }, true },
    { "mlp.up_proj.weight", { "mlp.down_proj.weight" }, true },
};

static int find(const assay_requant *r, assay_span prefix, const char *rest)
{
    const size_t n = strlen(rest);
    for (size_t i = 0; i < r->n_tensors; i++) {
        const assay_span name = r->tensor[i].name;
        if (name.n == prefix.n + n && !memcmp(name.at, prefix.at, prefix.n) && !memcmp(name.at + prefix.n, rest, n))
            return (int)i;
    }
    return -1;
}

/* Other families have these names, too, and use them otherwise: factors of 1 + w, norms behind, parallel layers. */
static assay_status known_family(const assay_requant *r, assay_why *why)
{
    static const char *const families[] = { "llama", "mistral", "qwen2", "qwen3" };
    char type[64] = "";
    assay_span arch = { "", 0 };
    if (r->gguf.n_tensors) {
        const assay_status s = assay_gguf_text(&r->gguf, "general.architecture", true, &arch, why);
        if (s)
            return s;
        snprintf(type, sizeof type, "%.*s", (int)(arch.n < 60 ? arch.n : 60), arch.at);
    } else {
        const assay_status s = assay_packed_model_type(r->in, type, sizeof type, why);
        if (s)
            return s;
    }
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (!strcmp(type, families[i]))
            return ASSAY_OK;
    return assay_fail(why, ASSAY_UNSUPPORTED,
                      "%s: which norm makes which matrix's input is known of llama, mistral, qwen2 and qwen3; %s "
                      "says '%.60s'",
                      r->in, r->gguf.n_tensors ? "general.architecture" : "config.json's model_type", type);
}

/* Floats of this rank that can be written anew; columns 0: any number. */
static bool floats(const assay_requant_tensor *t, int rank, int64_t columns)
{
    const assay_dtype_info *from = assay_dtype_of(t->from);
    return (from->u > 0 || from->block > 1) && t->rank == rank && (!columns || t->width == columns);
}

static assay_status odd(const assay_requant *r, const assay_requant_tensor *t, const char *want, int64_t n,
                        assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_SHAPE,
                      "%s: tensor '%.*s' is %s of rank %d with rows of %" PRId64 "; its name asks for %s of %" PRId64,
                      r->in, (int)(t->name.n < 80 ? t->name.n : 80), t->name.at, assay_requant_from(t), t->rank,
                      t->width, want, n);
}

/* Whose numbers are scaled are those that the names promise, and none of them stays as it is. */
static assay_status check(const assay_requant *r, const assay_requant_group *g, bool matrix, bool *kept, assay_why *why)
{
    const assay_requant_tensor *maker = &r->tensor[g->maker], *bias = g->bias < 0 ? NULL : &r->tensor[g->bias];
    const int64_t in = r->tensor[g->user[0]].width, made = matrix ? maker->rows : maker->width;
    *kept = maker->kept || (bias && bias->kept);
    for (int k = 0; k < g->users; k++) {
        const assay_requant_tensor *t = &r->tensor[g->user[k]];
        *kept |= t->kept;
        if (!floats(t, 2, in))
            return odd(r, t, "a matrix of floats with rows", in, why);
    }
    if (!floats(maker, 1 + matrix, 0))
        return odd(r, maker, matrix ? "a matrix of floats with rows" : "a vector of floats", maker->width, why);
    if (bias && !floats(bias, 1, made))
        return odd(r, bias, "a vector of floats", made, why);
    return ASSAY_OK;
}

static assay_status take(assay_requant *r, const struct row *row, assay_span prefix, assay_why *why)
{
    bool kept;
    char bias[64];
    assay_requant_group g = { .maker = find(r, prefix, row->maker) };
    snprintf(bias, sizeof bias, "%.*sbias", (int)(strlen(row->maker) - strlen("weight")), row->maker);
    g.bias = find(r, prefix, bias);
    for (int k = 0; k < ASSAY_GROUP_USERS && row->user[k]; k++) {
        const int i = find(r, prefix, row->user[k]);
        if (i < 0)
            continue;
        g.user[g.users++] = i;
        g.x = g.x ? g.x : r->change[i].x;
    }
    const assay_requant_tensor *maker = g.maker < 0 ? NULL : &r->tensor[g.maker], *user = &r->tensor[g.user[0]];
    if (!maker || (r->how.method == ASSAY_METHOD_SMOOTH && row->matrix))
        return ASSAY_OK;
    const assay_status s = check(r, &g, row->matrix, &kept, why);
    if (s)
        return s;
    r->n_groups++;
    const int64_t columns = row->matrix ? maker->rows : maker->width;
    if (!g.x || kept || columns != user->width) /* grouped heads share rows of v */
        return ASSAY_OK;
    for (int k = 0; k < g.users; k++)
        r->change[g.user[k]].x = g.x;
    r->group = assay_grown(r->group, (size_t)r->n_scaled, sizeof *r->group);
    r->group[r->n_scaled++] = g;
    for (int k = 0; k < g.users; k++)
        r->searched += r->tensor[g.user[k]].rows * user->width;
    return ASSAY_OK;
}

assay_status assay_groups_make(assay_requant *r, assay_why *why)
{
    assay_status s = known_family(r, why);
    for (size_t k = 0; k < sizeof table / sizeof *table && !s; k++) /* norms of all layers first */
        for (size_t i = 0; i < r->n_tensors && !s; i++) {
            const assay_span name = r->tensor[i].name;
            const char *user = table[k].user[0];
            const size_t n = strlen(user);
            if (name.n > n && name.at[name.n - n - 1] == '.' && !memcmp(name.at + name.n - n, user, n))
                s = take(r, &table[k], (assay_span){ name.at, name.n - n }, why);
        }
    if (!s && !r->n_scaled)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: no norm or matrix makes an input that %s tells of (%d do by their names)", r->in,
                          r->how.activations, r->n_groups);
    return s;
}

/* ---- scales ---- */

typedef struct stack { /* the rows of the users of a group, one under the other */
    const assay_requant *r;
    const assay_requant_group *g;
} stack;

/* Into each user's own element type. */
static void through(void *ctx, double *w, int64_t rows, int64_t n, int64_t row)
{
    const stack *s = ctx;
    unsigned char *bytes = assay_room((size_t)n, sizeof(double));
    for (int64_t i = 0; i < rows; i++, row++) {
        int64_t end = 0;
        int k = -1;
        while (row >= end)
            end += s->r->tensor[s->g->user[++k]].rows;
        const assay_dtype_info *d = assay_dtype_of(s->r->tensor[s->g->user[k]].to);
        d->encode(bytes, w + i * n, n);
        d->decode(w + i * n, bytes, n);
    }
    free(bytes);
}

static void multiply(double **at, const double *s, int64_t n)
{
    if (!*at) {
        *at = assay_room((size_t)n, sizeof **at);
        memcpy(*at, s, (size_t)n * sizeof **at);
        return;
    }
    for (int64_t k = 0; k < n; k++)
        (*at)[k] *= s[k];
}

static void largest(const double *w, int64_t rows, int64_t n, double *most)
{
    memset(most, 0, (size_t)n * sizeof *most);
    for (int64_t i = 0; i < rows * n; i++)
        most[i % n] = fmax(most[i % n], fabs(w[i]));
}

static void awq(assay_requant *r, const assay_requant_group *g, const double *w, const double *x, int64_t rows,
                int64_t in, double *s)
{
    stack to = { r, g };
    const int64_t tokens = g->x->dim[0];
    assay_awq m = { .group = r->how.packs && r->how.group > 0 ? r->how.group : in,
                    .rows = rows,
                    .in = in,
                    .tokens = tokens,
                    .w = w,
                    .x = x,
                    .duo = r->how.duo,
                    .threads = r->threads,
                    .pulse = &r->pulse };
    m.grid = (assay_grid){ .rule = ASSAY_GRID_AWQ, .bits = (int)r->how.bits, .sym = r->how.sym, .f16 = true };
    if (!r->how.packs)
        m.round = through, m.round_ctx = &to;
    assay_awq_search(&m, s);
    const double size = assay_product_loss(w, NULL, x, tokens, rows, in, r->threads, &r->pulse);
    for (int k = 0; k < g->users; k++) {
        assay_requant_change *c = &r->change[g->user[k]];
        c->power = m.best / (double)ASSAY_AWQ_POWERS;
        c->loss = m.loss[m.best], c->plain = m.loss[0], c->size = size; /* of all users together */
    }
}

static assay_status scale(assay_requant *r, const assay_requant_group *g, assay_why *why)
{
    const assay_requant_tensor *first = &r->tensor[g->user[0]];
    const int64_t in = first->width;
    int64_t rows = 0;
    double *x = assay_method_inputs(r, first, why);
    if (!x)
        return ASSAY_ERR_FORMAT;
    for (int k = 0; k < g->users; k++)
        rows += r->tensor[g->user[k]].rows;
    double *w = assay_room((size_t)(rows * in), sizeof *w), *s = assay_room((size_t)in * 3, sizeof *s);
    rows = 0;
    assay_status status = ASSAY_OK;
    for (int k = 0; k < g->users && !status; k++) {
        const assay_requant_tensor *t = &r->tensor[g->user[k]];
        double *part = assay_method_weights(r, t);
        status = assay_method_finite(
            r, t, part, r->how.packs ? assay_packed_name(r->how.layout) : assay_dtype_of(t->to)->name, why);
        memcpy(w + rows * in, part, (size_t)(t->rows * in) * sizeof *w);
        rows += t->rows;
        free(part);
    }
    if (status) {
        free(x);
        free(w);
        free(s);
        return status;
    }
    if (r->how.method == ASSAY_METHOD_AWQ) {
        awq(r, g, w, x, rows, in, s);
    } else {
        largest(x, g->x->dim[0], in, s + in);
        largest(w, rows, in, s + 2 * in);
        assay_smooth_scales(s + in, s + 2 * in, in, r->how.alpha, s);
    }
    for (int k = 0; k < g->users; k++)
        multiply(&r->change[g->user[k]].columns, s, in);
    multiply(&r->change[g->maker].rows, s, in);
    if (g->bias >= 0)
        multiply(&r->change[g->bias].rows, s, in);
    free(x);
    free(w);
    free(s);
    return ASSAY_OK;
}

assay_status assay_method_search(assay_requant *r, assay_why *why)
{
    assay_status s = ASSAY_OK;
    int64_t done = 0;
    for (int i = 0; i < r->n_scaled && !s; i++) {
        s = scale(r, &r->group[i], why);
        for (int k = 0; k < r->group[i].users; k++)
            done += r->tensor[r->group[i].user[k]].rows * r->tensor[r->group[i].user[k]].width;
        if (!s && (!assay_goes_on(&r->pulse) || (r->step && !r->step(r->ctx, done, "scales"))))
            s = assay_requant_stopped(r, why);
    }
    return s;
}
