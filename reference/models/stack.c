/* SPDX-License-Identifier: MIT
 * Layers: attention and norms.  The net is in stack_net.c. */
#include "stack.h"
#include "../core/status.h"
#include "assay/params.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIST ASSAY_LIST
#define OF   ASSAY_OF
enum { T = ASSAY_DIM_T, S = ASSAY_DIM_S, C = ASSAY_DIM_C, M = ASSAY_DIM_M, N = ASSAY_DIM_N };

static int64_t value_length(const assay_stack *s)
{
    return s->E ? s->E : s->D;
}

int assay_build_temp(const assay_builder *b, int64_t rows, int64_t width, const char *name, int layer)
{
    const bool source = b->g->pass == ASSAY_PASS_ENCODE; /* names of the two passes differ */
    return assay_graph_value(b->g, ASSAY_VALUE_TEMP, ASSAY_f32, 2, LIST(rows, width), "%s%s.%d",
                             source ? "source." : "", name, layer);
}

int assay_build_product(const assay_builder *b, int x, int w, int bias, int64_t rows, int64_t n, int64_t k,
                        const char *name, int layer)
{
    const int y = assay_build_temp(b, rows, n, name, layer);
    assay_graph_call(b->g, "matmul", "TNK", LIST(rows, n, k), "x w bias y", OF(x, w, bias, y), layer);
    return y;
}

/* A bias if it must be there or is; -1: none. */
static int bias_of(const assay_builder *b, int64_t n, const char *tensor, bool must)
{
    char name[64];
    snprintf(name, sizeof name, "%s.bias", tensor);
    return must || assay_model_has(b->m, name) ? assay_graph_vector(b->g, b->m, 1, LIST(n), "%s", name) : -1;
}

int assay_build_linear(const assay_builder *b, int x, int64_t rows, int64_t n, int64_t k, const char *name, bool must,
                       int layer)
{
    const int w = assay_graph_weight(b->g, b->m, 2, LIST(n, k), "%s.weight", name);
    return assay_build_product(b, x, w, bias_of(b, n, name, must), rows, n, k, name, layer);
}

int assay_build_norm(const assay_builder *b, int x, int64_t rows, const char *name, int layer)
{
    const int64_t d = b->s->d;
    const int w = assay_graph_weight(b->g, b->m, 1, LIST(d), "%s.weight", name);
    const int y = assay_build_temp(b, rows, d, name, layer);
    assay_node *n;
    if (b->s->layer_norm) {
        const int bias = bias_of(b, d, name, b->s->bias & ASSAY_BIAS_NORM);
        n = assay_graph_call(b->g, "layernorm", "RC", LIST(rows, d), "x w bias y", OF(x, w, bias, y), layer);
    } else {
        n = assay_graph_call(b->g, "rmsnorm", "RC", LIST(rows, d), "x w y", OF(x, w, y), layer);
        assay_graph_set(b->g, n, "plus_one", b->s->plus_one);
    }
    assay_graph_set(b->g, n, "eps", b->s->eps);
    return y;
}

int assay_build_add(const assay_builder *b, int x, int y, int64_t rows, int64_t width, const char *name, int layer)
{
    const int z = assay_build_temp(b, rows, width, name, layer);
    assay_graph_call(b->g, "add", "RC", LIST(rows, width), "a b y", OF(x, y, z), layer);
    return z;
}

int assay_build_scaled(const assay_builder *b, int x, int64_t rows, int64_t width, double by, const char *name)
{
    if (by == 1)
        return x;
    const int y = assay_build_temp(b, rows, width, name, -1);
    const int f = assay_graph_value(b->g, ASSAY_VALUE_SAME, ASSAY_f32, 2, LIST(rows, width), "%s.factor", name);
    if (!b->g->status)
        b->g->value[f].fill = by;
    assay_graph_call(b->g, "mul", "RC", LIST(rows, width), "a b y", OF(x, f, y), -1);
    return y;
}

int assay_build_each(const assay_builder *b, int x, int64_t rows, int64_t width, const char *op, int form,
                     const char *name, int layer)
{
    const int y = assay_build_temp(b, rows, width, name, layer);
    assay_node *n = assay_graph_call(b->g, op, "RC", LIST(rows, width), "x y", OF(x, y), layer);
    if (form >= 0)
        assay_graph_set(b->g, n, "form", form);
    return y;
}

int assay_build_lookup(const assay_builder *b, int ids, int64_t rows, int table, int64_t V, int64_t d, const char *name)
{
    const int y = assay_build_temp(b, rows, d, name, -1);
    assay_graph_call(b->g, "embedding", "TVD", LIST(rows, V, d), "ids table y", OF(ids, table, y), -1);
    return y;
}

/* The frequencies of a turn that has not the op's own: a value; -1: it has. */
static int frequencies(assay_builder *b, int k)
{
    const assay_turn *t = &b->s->turn[k];
    const int64_t n = t->rotary / 2;
    assay_scaling r = t->scaling;
    assay_scaled by = { 1, 1 };
    assay_why why = { "" };
    r.R = t->rotary, r.base = t->base, r.divisor = t->divisor;
    b->magnitude[k] = 1;
    if (b->g->status || !n)
        return -1;
    double *f = malloc((size_t)n * sizeof *f);
    float *narrow = malloc((size_t)n * sizeof *narrow);
    if (!f || !narrow)
        assay_graph_fail(b->g, ASSAY_ERR_NOMEM, "%s: no memory for %" PRId64 " frequencies", b->m->label, n);
    else if (assay_scaling_fill(&r, f, &by, &why))
        assay_graph_fail(b->g, ASSAY_ERR_FORMAT, "%s: %s", b->m->label, why.text);
    for (int64_t i = 0; !b->g->status && i < n; i++)
        narrow[i] = (float)f[i];
    const bool own = !t->divisor && (r.kind == ASSAY_SCALING_NONE || r.factor == 1);
    b->magnitude[k] = by.m;
    free(f);
    if (!b->g->status && !own)
        return assay_graph_constant(b->g, narrow, n, k ? "rope.frequencies.local" : "rope.frequencies");
    free(narrow);
    return -1;
}

void assay_stack_slopes(assay_stack *s)
{
    int64_t n = 1;
    while (2 * n <= s->H)
        n *= 2;
    s->slopes = assay_room((size_t)s->H, sizeof *s->slopes);
    for (int64_t h = 0; h < s->H; h++)
        s->slopes[h] = exp2(h < n ? -8 * (double)(h + 1) / (double)n : -4 * (double)(2 * (h - n) + 1) / (double)n);
}

assay_builder assay_stack_begin(assay_graph *g, assay_model *m, const assay_stack *s, assay_dtype kv)
{
    const bool encodes = g->pass == ASSAY_PASS_ENCODE;
    assay_builder b = { .g = g, .m = m, .s = s, .kv = kv, .key_pos = -1, .slopes = -1, .relative = -1 };
    b.ids = assay_graph_value(g, ASSAY_VALUE_IDS, ASSAY_i32, 1, LIST(T), encodes ? "source" : "ids");
    b.pos = assay_graph_value(g, ASSAY_VALUE_POS, ASSAY_i32, 1, LIST(T), encodes ? "source.pos" : "pos");
    for (int k = 0; k < 2; k++)
        b.inv_freq[k] = frequencies(&b, k);
    if (s->slopes) {
        float *slope = malloc((size_t)s->H * sizeof *slope);
        for (int64_t h = 0; slope && h < s->H; h++)
            slope[h] = (float)s->slopes[h];
        b.slopes = assay_graph_constant(g, slope, s->H, "slopes");
    }
    if (s->buckets) {
        b.key_pos = encodes ? b.pos : assay_graph_value(g, ASSAY_VALUE_POS, ASSAY_i32, 1, LIST(C), "key_pos");
        const int table = assay_graph_weight(g, m, 2, LIST(s->buckets, s->H), "%s.0.attn_rel_b.weight", s->prefix);
        const int64_t keys = encodes ? T : S;
        b.relative =
            assay_graph_value(g, ASSAY_VALUE_TEMP, ASSAY_f32, 3, LIST(s->H, T, keys), "%s.relative", s->prefix);
        assay_node *n = assay_graph_call(g, "t5_bias", "HTSN", LIST(s->H, T, keys, s->buckets), "table qpos kpos bias",
                                         OF(table, b.pos, b.key_pos, b.relative), -1);
        assay_graph_set(g, n, "causal", s->causal);
        assay_graph_set(g, n, "max_distance", (double)s->distance);
    }
    return b;
}

static char *name_of(const assay_builder *b, int layer, const char *what, char out[64])
{
    snprintf(out, 64, "%s.%d.%s", b->s->prefix, layer, what);
    return out;
}

static int layer_linear(const assay_builder *b, int x, int64_t n, int64_t k, const char *what, unsigned bias, int i)
{
    char name[64];
    return assay_build_linear(b, x, T, n, k, name_of(b, i, what, name), b->s->bias & bias, i);
}

static int layer_norm(const assay_builder *b, int x, const char *what, int i)
{
    char name[64];
    return assay_build_norm(b, x, T, name_of(b, i, what, name), i);
}

/* Heads of q or k: normed each, then turned. */
static int turned(const assay_builder *b, int x, int64_t heads, const char *which, int i)
{
    const assay_stack *s = b->s;
    const int k = s->local[i] && !s->one_turn;
    const assay_turn *t = &s->turn[k];
    char name[32];
    if (s->head_norm) {
        const int64_t rows = ASSAY_DIM_TIMES(heads, T);
        const int w = assay_graph_weight(b->g, b->m, 1, LIST(s->D), "%s.%d.attn_%s_norm.weight", s->prefix, i, which);
        snprintf(name, sizeof name, "norm_%s", which);
        const int y = assay_build_temp(b, T, heads * s->D, name, i);
        assay_node *n = assay_graph_call(b->g, "rmsnorm", "RC", LIST(rows, s->D), "x w y", OF(x, w, y), i);
        assay_graph_set(b->g, n, "eps", s->eps);
        assay_graph_set(b->g, n, "plus_one", s->plus_one);
        x = y;
    }
    if (!t->rotary)
        return x;
    snprintf(name, sizeof name, "rope_%s", which);
    const int y = assay_build_temp(b, T, heads * s->D, name, i);
    assay_node *n = assay_graph_call(b->g, "rope", "THDFSP", LIST(T, heads, s->D, t->rotary / 2, 1, 1),
                                     "x pos inv_freq y", OF(x, b->pos, b->inv_freq[k], y), i);
    assay_graph_set(b->g, n, "mode", s->half);
    assay_graph_set(b->g, n, "n_dims", (double)t->rotary);
    assay_graph_set(b->g, n, "base", t->base);
    assay_graph_set(b->g, n, "magnitude", b->magnitude[k]);
    return y;
}

/* In a step keys and values go to a cache; an encoder has them all at once. */
static int kept(const assay_builder *b, int x, int64_t width, const char *name, int i)
{
    const assay_stack *s = b->s;
    if (b->g->pass == ASSAY_PASS_ENCODE)
        return x;
    const int cache = assay_graph_value(b->g, ASSAY_VALUE_STATE, b->kv, 3, LIST(C, s->G, width), "%s.%d", name, i);
    assay_graph_call(b->g, "cache", "TSGD", LIST(T, C, s->G, width), "x pos cache", OF(x, b->pos, cache), i);
    return cache;
}

static int attend(const assay_builder *b, int q, int k, int v, int64_t keys, bool cross, int i)
{
    const assay_stack *s = b->s;
    const int64_t E = value_length(s);
    const double scale = s->scale > 0 ? s->scale : 1 / sqrt((double)s->D);
    const int o = assay_build_temp(b, T, s->H * E, cross ? "cross" : "attention", i);
    const int sinks =
        s->sinks ? assay_graph_vector(b->g, b->m, 1, LIST(s->H), "%s.%d.attn_sinks.weight", s->prefix, i) : -1;
    assay_node *n = assay_graph_call(
        b->g, "attention", "BTSHGDEPXY", LIST(1, T, keys, s->H, s->G, s->D, E, 1, 1, 1),
        "q k v mask slopes sinks qpos o",
        OF(q, k, v, cross ? -1 : b->relative, cross ? -1 : b->slopes, sinks, cross ? -1 : b->pos, o), i);
    assay_graph_set(b->g, n, "causal", s->causal && !cross);
    assay_graph_set(b->g, n, "scale", s->by_layer ? scale / (i + 1) : s->scale);
    assay_graph_set(b->g, n, "softcap", s->cap);
    if (!cross && s->local[i])
        assay_graph_set(b->g, n, "window", (double)s->window);
    return o;
}

/* q, k and v of h: three matrices, or one with the rows of all. */
static void project(const assay_builder *b, int h, int out[3], int i)
{
    static const char *const names[] = { "attn_q", "attn_k", "attn_v" };
    const assay_stack *s = b->s;
    const int64_t rows[] = { s->H * s->D, s->G * s->D, s->G * value_length(s) }, all = rows[0] + rows[1] + rows[2];
    char name[64];
    const bool there = assay_model_has(b->m, strcat(name_of(b, i, "attn_qkv", name), ".weight"));
    const bool one = b->m->blank ? s->one_qkv : there;
    int w = -1, bias = -1;
    if (one) {
        w = assay_graph_weight(b->g, b->m, 2, LIST(all, s->d), "%s", name);
        bias = bias_of(b, all, name_of(b, i, "attn_qkv", name), s->bias & ASSAY_BIAS_Q);
    }
    for (int64_t k = 0, at = 0; k < 3; at += rows[k++]) {
        if (!one) {
            out[k] = layer_linear(b, h, rows[k], s->d, names[k], ASSAY_BIAS_Q << k, i);
            continue;
        }
        const int part = assay_graph_part(b->g, w, at, rows[k], "%s.%d.%s.weight", s->prefix, i, names[k]);
        const int its =
            bias < 0 ? -1 : assay_graph_part(b->g, bias, at, rows[k], "%s.%d.%s.bias", s->prefix, i, names[k]);
        out[k] = assay_build_product(b, h, part, its, T, rows[k], s->d, names[k], i);
    }
}

static int self_attention(const assay_builder *b, int h, int i)
{
    const assay_stack *s = b->s;
    int p[3];
    project(b, h, p, i);
    const int k = kept(b, turned(b, p[1], s->G, "k", i), s->D, "cache_k", i);
    const int v = kept(b, p[2], value_length(s), "cache_v", i);
    const int64_t keys = b->g->pass == ASSAY_PASS_ENCODE ? T : S;
    const int o = attend(b, turned(b, p[0], s->H, "q", i), k, v, keys, false, i);
    return layer_linear(b, o, s->d, s->H * value_length(s), s->short_o ? "attn_o" : "attn_output", ASSAY_BIAS_O, i);
}

static int cross_attention(const assay_builder *b, int h, int i)
{
    const assay_stack *s = b->s;
    char name[32];
    const int q = layer_linear(b, h, s->H * s->D, s->d, "cross_attn_q", ASSAY_BIAS_Q, i);
    snprintf(name, sizeof name, "memory_k.%d", i);
    const int k = assay_graph_find(b->g, name);
    name[7] = 'v';
    const int o = attend(b, q, k, assay_graph_find(b->g, name), M, true, i);
    return layer_linear(b, o, s->d, s->H * value_length(s), s->short_o ? "cross_attn_o" : "cross_attn_output",
                        ASSAY_BIAS_O, i);
}

void assay_stack_memory(const assay_stack *decoder, assay_graph *g, assay_model *m, int rows, int64_t width)
{
    const assay_stack *s = decoder;
    const assay_builder b = { .g = g, .m = m, .s = s };
    for (int i = 0; i < s->layers && !g->status; i++)
        for (int v = 0; v < 2; v++) {
            const int64_t n = v ? value_length(s) : s->D;
            char name[64];
            name_of(&b, i, v ? "cross_attn_v" : "cross_attn_k", name);
            const int w = assay_graph_weight(g, m, 2, LIST(s->G * n, width), "%s.weight", name);
            const int bias = bias_of(&b, s->G * n, name, s->bias & (v ? ASSAY_BIAS_V : ASSAY_BIAS_K));
            const int y = assay_graph_value(g, ASSAY_VALUE_STATE, ASSAY_f32, 3, LIST(N, s->G, n), "memory_%c.%d",
                                            v ? 'v' : 'k', i);
            assay_graph_call(g, "matmul", "TNK", LIST(T, s->G * n, width), "x w bias y", OF(rows, w, bias, y), i);
        }
}

/* One sublayer on x, with the norms where the stack has them. */
static int sublayer(const assay_builder *b, int x, int (*f)(const assay_builder *, int, int), const char *before,
                    const char *after, const char *around, int i)
{
    const assay_place place = b->s->place;
    char name[64];
    snprintf(name, sizeof name, "%s_add", before);
    const int h = place == ASSAY_NORM_AFTER ? x : layer_norm(b, x, before, i);
    int y = f(b, h, i);
    if (place == ASSAY_NORM_AROUND)
        y = layer_norm(b, y, around, i);
    y = assay_build_add(b, b->s->from_norm ? h : x, y, T, b->s->d, name, i);
    return place == ASSAY_NORM_AFTER ? layer_norm(b, y, after, i) : y;
}

static int layer_of(const assay_builder *b, int x, int i)
{
    const assay_stack *s = b->s;
    const char *const first = s->attention_norm ? s->attention_norm : "attn_norm";
    const char *const second = s->net_norm ? s->net_norm : "ffn_norm";
    if (s->place == ASSAY_NORM_PARALLEL || s->place == ASSAY_NORM_BESIDE) {
        const int h = layer_norm(b, x, first, i);
        const int own = s->place == ASSAY_NORM_BESIDE ? layer_norm(b, x, second, i) : h;
        const int both = assay_build_add(b, self_attention(b, h, i), assay_build_net(b, own, i), T, s->d, "both", i);
        return assay_build_add(b, x, both, T, s->d, "parallel_add", i);
    }
    x = sublayer(b, x, self_attention, first, "attn_output_norm", "post_attention_norm", i);
    if (s->cross)
        x = sublayer(b, x, cross_attention, "cross_attn_norm", "cross_attn_output_norm", "", i);
    return sublayer(b, x, assay_build_net, second, "layer_output_norm", "post_ffw_norm", i);
}

int assay_stack_layers(assay_builder *b, int x)
{
    for (int i = 0; i < b->s->layers && !b->g->status; i++)
        x = layer_of(b, x, i);
    return x;
}
