/* SPDX-License-Identifier: MIT
 * A safetensors file with its matrices in AWQ's or GPTQ's layout: those whose inputs are known; all else as it was. */
#include "../core/dtype.h"
#include "../core/json.h"
#include "../core/plain.h"
#include "../core/status.h"
#include "../quantize/methods.h"
#include "requant.h"
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 4 };
static const char *const tails[PARTS] = { "qweight", "qzeros", "scales", "g_idx" };

typedef struct output { /* what is written; made: names and data that are freed */
    assay_st_tensor *t;
    size_t n;
    bool *made;
} output;

typedef struct codes {
    uint8_t *code, *zero;
    double *scale;
    int32_t *group_of;
} codes;

static void put(output *o, char *name, const void *data, bool made, assay_dtype type, int rank, const int64_t *dim)
{
    assay_st_tensor *t = &o->t[o->n];
    *t = (assay_st_tensor){ .name = name, .type = assay_st_type_of(type), .rank = rank, .data = data };
    t->bytes = (uint64_t)t->type->bytes;
    for (int i = 0; i < rank; i++)
        t->dim[i] = dim[i], t->bytes *= (uint64_t)dim[i];
    o->made[o->n++] = made;
}

static char *text_of(assay_span s)
{
    char *text = assay_room(s.n + 1, 1);
    memcpy(text, s.at, s.n);
    text[s.n] = 0;
    return text;
}

static assay_status code_gptq(const assay_requant *r, const assay_packed *p, double *w, const double *h, codes *c,
                              assay_why *why)
{
    double margin;
    const assay_gptq m = {
        .grid = { .rule = ASSAY_GRID_GPTQ, .bits = p->bits, .sym = r->how.sym, .f16 = true, .mse = r->how.mse },
        .group = p->group,
        .damping = r->how.damping,
        .act_order = r->how.act_order,
        .fixed = r->how.fixed,
        .threads = r->threads,
        .pulse = &r->pulse
    };
    return assay_gptq_run(&m, w, h, p->out, p->in, c->code, c->zero, c->scale, c->group_of, &margin, why);
}

/* Ranges as far as they go, or as far as is best; not of what becomes scores. */
static void code_awq(const assay_requant *r, const assay_packed *p, const char *name, double *w, const double *x,
                     int64_t tokens, codes *c)
{
    const assay_grid grid = { .rule = ASSAY_GRID_AWQ, .bits = p->bits, .sym = r->how.sym, .f16 = true };
    const bool score = !fnmatch("*[._][qk]_proj.weight", name, 0) || !fnmatch("*attn_[qk].weight", name, 0);
    if (r->how.clip && !score) {
        double *most = assay_room((size_t)(p->out * p->groups), sizeof *most);
        const assay_awq m = { .grid = grid,
                              .group = p->group,
                              .rows = p->out,
                              .in = p->in,
                              .tokens = tokens,
                              .w = w,
                              .x = x,
                              .threads = r->threads,
                              .pulse = &r->pulse };
        assay_awq_clip(&m, most, NULL, NULL);
        for (int64_t i = 0; i < p->out * p->in; i++) {
            const double limit = most[i / p->in * p->groups + i % p->in / p->group];
            w[i] = fmax(fmin(w[i], limit), -limit);
        }
        free(most);
    }
    for (int64_t o = 0; o < p->out; o++)
        for (int64_t g = 0; g < p->groups; g++) {
            const double *part = w + o * p->in + g * p->group;
            const int64_t n = p->in - g * p->group < p->group ? p->in - g * p->group : p->group;
            const assay_step s = assay_grid_fit(&grid, part, n);
            c->zero[g * p->out + o] = (uint8_t)s.zero, c->scale[g * p->out + o] = s.scale;
            for (int64_t k = 0; k < n; k++)
                c->code[o * p->in + g * p->group + k] = (uint8_t)assay_grid_code(&grid, s, part[k]);
        }
}

/* What the product loses: by these codes, and by plain rounding on the same grid. */
static void judge(const assay_requant *r, const assay_packed *p, const codes *c, const double *was, const double *x,
                  assay_requant_change *change)
{
    const assay_grid grid = { .rule = r->how.method == ASSAY_METHOD_GPTQ ? ASSAY_GRID_GPTQ : ASSAY_GRID_AWQ,
                              .bits = p->bits,
                              .sym = r->how.sym,
                              .f16 = true };
    const int64_t tokens = change->x->dim[0];
    double *y = assay_room((size_t)(p->out * p->in), sizeof *y);
    memcpy(y, was, (size_t)(p->out * p->in) * sizeof *y);
    for (int64_t i = 0; change->columns && i < p->out * p->in; i++)
        y[i] /= change->columns[i % p->in];
    assay_grid_round(&grid, y, p->out, p->in, p->group);
    if (change->columns)
        assay_fold_columns(y, p->out, p->in, change->columns);
    change->plain = assay_product_loss(y, was, x, tokens, p->out, p->in, r->threads, &r->pulse);
    for (int64_t i = 0; i < p->out * p->in; i++) {
        const int64_t g = c->group_of ? c->group_of[i % p->in] : i % p->in / p->group, at = g * p->out + i / p->in;
        y[i] = assay_grid_value((assay_step){ c->scale[at], c->zero[at] }, c->code[i]);
    }
    change->loss = assay_product_loss(y, was, x, tokens, p->out, p->in, r->threads, &r->pulse);
    change->size = assay_product_loss(was, NULL, x, tokens, p->out, p->in, r->threads, &r->pulse);
    free(y);
}

static void put_parts(output *o, const char *name, const assay_packed *p, int32_t *group_of)
{
    const bool by_o = p->layout == ASSAY_PACKED_GEMV;
    const int64_t rows = by_o ? p->out : p->groups, zero = (int64_t)assay_packed_zero_words(p);
    const int64_t weight = (int64_t)assay_packed_weight_words(p), scale = (int64_t)assay_packed_scale_count(p);
    const int64_t across = p->layout == ASSAY_PACKED_GEMM ? p->in : p->out; /* gptq: words down, outputs across */
    const bool gptq = assay_packed_is_gptq(p->layout);
    const int64_t dim[PARTS][2] = { { gptq ? weight / across : across, gptq ? across : weight / across },
                                    { rows, zero / rows },
                                    { rows, scale / rows },
                                    { p->in, 1 } };
    const void *data[PARTS] = { p->qweight, p->qzeros, p->scales, group_of };
    for (int i = 0; i < PARTS && data[i]; i++) {
        char *text = assay_room(strlen(name) + 16, 1); /* PREFIX.weight -> PREFIX.qweight */
        sprintf(text, "%.*s%s", (int)(strlen(name) - strlen("weight")), name, tails[i]);
        put(o, text, data[i], true, i == 2 ? ASSAY_f16 : ASSAY_i32, i == 3 ? 1 : 2, dim[i]);
    }
}

static assay_status pack(assay_requant *r, const assay_requant_tensor *t, const char *name, output *o, assay_why *why)
{
    assay_requant_change *change = &r->change[t - r->tensor];
    assay_packed p = { .layout = r->how.layout,
                       .bits = (int)r->how.bits,
                       .in = t->width,
                       .out = t->rows,
                       .group = r->how.group < 0 ? t->width : r->how.group,
                       .scale_type = ASSAY_f16 };
    assay_status s = assay_packed_size(&p, name, why);
    double *x = s ? NULL : assay_method_inputs(r, t, why);
    if (!x)
        return s ? s : ASSAY_ERR_FORMAT;
    const size_t all = (size_t)(p.out * p.in), groups = (size_t)(p.out * p.groups);
    double *w = assay_method_weights(r, t), *was = assay_room(all, sizeof *was);
    codes c = { assay_room(all, 1), assay_room(groups, 1), assay_room(groups, sizeof *c.scale), NULL };
    memcpy(was, w, all * sizeof *was);
    s = assay_method_finite(r, t, w, assay_packed_name(p.layout), why);
    if (s) {
        /* nothing is coded */
    } else if (r->how.method == ASSAY_METHOD_GPTQ) {
        double *h = assay_room((size_t)(p.in * p.in), sizeof *h);
        c.group_of = assay_room((size_t)p.in, sizeof *c.group_of);
        assay_gram(x, change->x->dim[0], p.in, h, r->threads, &r->pulse);
        s = code_gptq(r, &p, w, h, &c, why);
        free(h);
    } else {
        code_awq(r, &p, name, w, x, change->x->dim[0], &c);
    }
    if (!s)
        judge(r, &p, &c, was, x, change);
    if (!assay_goes_on(&r->pulse))
        s = assay_requant_stopped(r, why);
    p.qweight = assay_zeros(assay_packed_weight_words(&p), 4);
    p.qzeros = assay_zeros(assay_packed_zero_words(&p), 4);
    p.scales = assay_zeros(assay_packed_scale_count(&p), 2);
    if (!s)
        s = assay_packed_encode(&p, c.code, c.zero, c.scale, name, why);
    for (size_t i = 0; i < groups && !s; i++)
        if (!isfinite(c.scale[i]))
            s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: a group's scale is %g: no f16", name, c.scale[i]);
    put_parts(o, name, &p, c.group_of); /* and are freed, whatever became of them */
    free(c.code);
    free(c.zero);
    free(c.scale);
    free(x);
    free(w);
    free(was);
    return s;
}

static char *config_of(const assay_requant *r)
{
    const bool gptq = assay_packed_is_gptq(r->how.layout);
    assay_json j = { 0 };
    assay_json_open(&j, NULL, '{');
    assay_json_str(&j, "quant_method", gptq ? "gptq" : "awq");
    assay_json_int(&j, "bits", r->how.bits);
    assay_json_int(&j, "group_size", r->how.group);
    assay_json_str(&j, gptq ? "checkpoint_format" : "version", assay_packed_name(r->how.layout));
    assay_json_bool(&j, gptq ? "sym" : "zero_point", gptq ? r->how.sym : true);
    if (gptq)
        assay_json_bool(&j, "desc_act", r->how.act_order);
    assay_json_close(&j);
    return j.text;
}

/* A tensor as it was, or, scaled, in f32. */
static assay_status keep(const assay_requant *r, const assay_requant_tensor *t, char *name, output *o, assay_why *why)
{
    const int64_t n = t->rows * t->width;
    if (!assay_method_changes(r, t) || r->how.method == ASSAY_METHOD_GPTQ) {
        put(o, name, t->data, false, t->from, t->rank, t->dim);
        return ASSAY_OK;
    }
    double *w = assay_method_weights(r, t);
    float *narrow = assay_room((size_t)n, sizeof *narrow);
    for (int64_t i = 0; i < n; i++)
        w[i] = narrow[i] = (float)w[i];
    put(o, name, narrow, true, ASSAY_f32, t->rank, t->dim);
    const assay_status s = assay_method_finite(r, t, w, "f32", why);
    free(w);
    return s;
}

/* PREFIX.scales may have been a tensor of the model's own. */
static assay_status distinct(const assay_requant *r, const output *o, assay_why *why)
{
    for (size_t i = 0; i < o->n; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(o->t[i].name, o->t[k].name))
                return assay_fail(why, ASSAY_UNSUPPORTED,
                                  "%s: it has a tensor '%.80s' of its own, which the layout needs for a matrix", r->in,
                                  o->t[i].name);
    return ASSAY_OK;
}

assay_status assay_method_pack(assay_requant *r, assay_why *why)
{
    output o = { assay_zeros(r->n_tensors * PARTS, sizeof *o.t), 0, NULL };
    o.made = assay_zeros(r->n_tensors * PARTS, sizeof *o.made);
    int64_t done = r->searched;
    assay_status s = assay_method_search(r, why);
    for (size_t i = 0; i < r->n_tensors && !s; i++) {
        const assay_requant_tensor *t = &r->tensor[i];
        char *name = text_of(t->name);
        if (r->change[i].x && strlen(name) > 7 && !strcmp(name + strlen(name) - 7, ".weight")) {
            s = pack(r, t, name, &o, why);
            free(name);
        } else {
            s = keep(r, t, name, &o, why);
        }
        done += t->rows * t->width;
        if (!s && r->step && !r->step(r->ctx, done, "packing"))
            s = assay_requant_stopped(r, why);
    }
    char *config = config_of(r);
    const size_t n_meta = r->st.n_meta + 1;
    assay_st_pair *meta = assay_zeros(n_meta, sizeof *meta);
    size_t n = 0;
    for (size_t i = 0; i < r->st.n_meta; i++)
        if (strcmp(r->st.meta[i].key, "quantization_config") != 0)
            meta[n++] = r->st.meta[i];
    meta[n++] = (assay_st_pair){ "quantization_config", config };
    if (!s)
        s = distinct(r, &o, why);
    if (!s)
        s = assay_safetensors_write(r->out, o.t, o.n, meta, n, why);
    for (size_t i = 0; i < o.n; i++) {
        free((void *)(uintptr_t)o.t[i].name);
        if (o.made[i])
            free((void *)(uintptr_t)o.t[i].data);
    }
    free(config);
    free(meta);
    free(o.t);
    free(o.made);
    return s;
}
