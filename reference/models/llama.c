/* SPDX-License-Identifier: MIT
 * llama: LLaMA 1, 2, 3, SmolLM2, Mistral as GGUF holds them (x = E[id]; per layer h = RMS x; q, k, v = l h; rope(q, k);
 * x += o(attention); h = RMS x; x += down(silu(gate h) * up h); RMS; logits = l x). Rope pairs are interleaved: the
 * converter permuted the rows of q and k. */
#include "graph.h"
#include "../core/dtype.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "keys.h"
#include "scaling.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct config {
    int64_t d, layers, H, G, D, F, V, rotary, window;
    double eps, base, scale, cap; /* of scores: scale 0: D^-1/2; cap 0: none */
    double magnitude;             /* of cosine and sine; 0: 1 */
    assay_scaling scaling;        /* of rope's frequencies; R and base are set when all is known */
} config;

static assay_status read_config(const assay_gguf *f, config *c, assay_graph *g, assay_why *why)
{
    int64_t context = 0, value_length = 0;
    assay_span arch;
    assay_status s = assay_keys_whole(f, why);
    if (!s)
        s = assay_gguf_text(f, "general.architecture", true, &arch, why);
    if (!s && !assay_span_is(arch, "llama"))
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: general.architecture is '%.*s'; llama is known", f->label,
                          arch.n < 40 ? (int)arch.n : 40, arch.at);
    *c = (config){ .base = 1e4, .eps = 1e-5 };
    const struct {
        const char *key;
        bool required;
        int64_t hi, *out;
    } ints[] = {
        { "llama.embedding_length", true, 1 << 20, &c->d },
        { "llama.block_count", true, 4096, &c->layers },
        { "llama.attention.head_count", true, 4096, &c->H },
        { "llama.attention.head_count_kv", false, 4096, &c->G },
        { "llama.attention.key_length", false, 65536, &c->D },
        { "llama.attention.value_length", false, 65536, &value_length },
        { "llama.feed_forward_length", true, 1 << 24, &c->F },
        { "llama.rope.dimension_count", false, 65536, &c->rotary },
        { "llama.context_length", false, INT32_MAX, &context },
    };
    for (size_t i = 0; i < sizeof ints / sizeof *ints && !s; i++)
        s = assay_gguf_int(f, ints[i].key, ints[i].required, 1, ints[i].hi, ints[i].out, why);
    if (!s)
        s = assay_gguf_real(f, "llama.attention.layer_norm_rms_epsilon", true, 0, 1, &c->eps, why);
    if (!s)
        s = assay_gguf_real(f, "llama.rope.freq_base", false, 1, 1e12, &c->base, why);
    if (!s)
        s = assay_gguf_real(f, "llama.attention.scale", false, 0, 1e6, &c->scale, why);
    if (!s)
        s = assay_gguf_int(f, "llama.attention.sliding_window", false, 0, INT32_MAX, &c->window, why);
    if (!s)
        s = assay_gguf_real(f, "llama.attn_logit_softcapping", false, 0, 1e6, &c->cap, why);
    if (!s)
        s = assay_scaling_read(f, context, &c->scaling, why);
    if (!s)
        s = assay_keys_llama(f, why);
    if (s)
        return s;
    if (!c->G)
        c->G = c->H;
    if (c->H % c->G)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %" PRId64 " heads are no multiple of %" PRId64 " kv heads",
                          f->label, c->H, c->G);
    if (!c->D && c->d % c->H)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: embedding length %" PRId64 " is no multiple of %" PRId64 " heads",
                          f->label, c->d, c->H);
    if (!c->D)
        c->D = c->d / c->H;
    if (!c->rotary)
        c->rotary = c->D;
    if (c->rotary > c->D || c->rotary % 2)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %" PRId64 " rotated of %" PRId64 " dimensions per head", f->label,
                          c->rotary, c->D);
    if (value_length && value_length != c->D)
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: values of %" PRId64 " elements per head beside keys of %" PRId64 " are not known",
                          f->label, value_length, c->D);
    const assay_gguf_tensor *table = assay_gguf_find_tensor(f, "token_embd.weight");
    if (!table || table->t.rank != 2)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor 'token_embd.weight' is missing or no matrix", f->label);
    c->V = table->t.dim[0];
    g->vocab = c->V;
    g->context = context;
    return ASSAY_OK;
}

#define LIST(...) ((const int64_t[]){ __VA_ARGS__ })
#define OF(...)   ((const int[]){ __VA_ARGS__ })
enum { T = ASSAY_DIM_T, S = ASSAY_DIM_S, C = ASSAY_DIM_C, L = ASSAY_DIM_L };

/* ggml's divisors of the frequencies (LLaMA 3.1), in double; NULL: there are none, or the graph has failed. */
static double *divisors(assay_graph *g, const assay_gguf *f, int64_t n)
{
    static const char name[] = "rope_freqs.weight";
    if (!assay_gguf_find_tensor(f, name))
        return NULL;
    const int i = assay_graph_weight(g, f, 1, LIST(n), name);
    if (g->status)
        return NULL;
    const assay_tensor *t = &g->value[i].weight;
    if (t->type != ASSAY_f32) {
        g->status = assay_fail(&g->why, ASSAY_UNSUPPORTED, "%s: tensor '%s' is %s; f32 is known", f->label, name,
                               assay_dtype_of(t->type)->name);
        return NULL;
    }
    double *d = malloc((size_t)n * sizeof *d);
    if (!d)
        g->status = assay_fail(&g->why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRId64 " divisors", f->label, n);
    for (int64_t r = 0; d && r < n; r++)
        d[r] = (double)((const float *)t->data)[r];
    return d;
}

/* The frequencies of a model that has not the op's own: a value; -1: it has. */
static int frequencies(assay_graph *g, const assay_gguf *file, config *c)
{
    const int64_t n = c->rotary / 2;
    assay_scaling r = c->scaling;
    assay_scaled by = { 1, 1 };
    double *divisor = divisors(g, file, n), *f = malloc((size_t)n * sizeof *f);
    float *narrow = malloc((size_t)n * sizeof *narrow);
    r.R = c->rotary, r.base = c->base, r.divisor = divisor;
    if (!g->status && (!f || !narrow))
        g->status = assay_fail(&g->why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRId64 " frequencies", file->label, n);
    assay_why why = { "" };
    const assay_status bad = g->status ? g->status : assay_scaling_fill(&r, f, &by, &why);
    if (bad && !g->status)
        g->status = assay_fail(&g->why, ASSAY_ERR_FORMAT, "%s: %s", file->label, why.text);
    for (int64_t i = 0; !g->status && i < n; i++)
        narrow[i] = (float)f[i];
    const bool own = !divisor && (r.kind == ASSAY_SCALING_NONE || r.factor == 1);
    c->magnitude = by.m;
    free(divisor);
    free(f);
    if (!g->status && !own)
        return assay_graph_constant(g, narrow, n, "rope.frequencies");
    free(narrow);
    return -1;
}

typedef struct builder {
    assay_graph *g;
    const assay_gguf *f;
    const config *c;
    assay_dtype kv;
    int ids, pos, inv_freq;
} builder;

static int temp(const builder *b, int64_t rows, int64_t width, const char *name, int layer)
{
    return assay_graph_value(b->g, ASSAY_VALUE_TEMP, ASSAY_f32, 2, LIST(rows, width), "%s.%d", name, layer);
}

/* y = x W^T for a weight blk.<layer>.<name>.weight of N rows; a bias if the file has one. */
static int linear(const builder *b, int x, int64_t N, int64_t K, const char *name, int layer)
{
    char bias_name[64];
    const int w = assay_graph_weight(b->g, b->f, 2, LIST(N, K), "blk.%d.%s.weight", layer, name);
    snprintf(bias_name, sizeof bias_name, "blk.%d.%s.bias", layer, name);
    const int bias =
        assay_gguf_find_tensor(b->f, bias_name) ? assay_graph_weight(b->g, b->f, 1, LIST(N), "%s", bias_name) : -1;
    const int y = temp(b, T, N, name, layer);
    assay_graph_call(b->g, "matmul", "TNK", LIST(T, N, K), "x w bias y", OF(x, w, bias, y), layer);
    return y;
}

static int norm(const builder *b, int x, int64_t rows, const char *name, int layer)
{
    const int64_t d = b->c->d;
    const int w = layer < 0 ? assay_graph_weight(b->g, b->f, 1, LIST(d), "%s.weight", name)
                            : assay_graph_weight(b->g, b->f, 1, LIST(d), "blk.%d.%s.weight", layer, name);
    const int y = temp(b, rows, d, name, layer);
    assay_node *n = assay_graph_call(b->g, "rmsnorm", "RC", LIST(rows, d), "x w y", OF(x, w, y), layer);
    assay_graph_set(b->g, n, "eps", b->c->eps);
    return y;
}

static int rope(const builder *b, int x, int64_t heads, const char *name, int layer)
{
    const config *c = b->c;
    const int y = temp(b, T, heads * c->D, name, layer);
    assay_node *n = assay_graph_call(b->g, "rope", "THDFSP", LIST(T, heads, c->D, c->rotary / 2, 1, 1),
                                     "x pos inv_freq y", OF(x, b->pos, b->inv_freq, y), layer);
    assay_graph_set(b->g, n, "n_dims", (double)c->rotary);
    assay_graph_set(b->g, n, "base", c->base);
    assay_graph_set(b->g, n, "magnitude", c->magnitude);
    return y;
}

static int append(const builder *b, int x, const char *name, int layer)
{
    const config *c = b->c;
    const int cache = assay_graph_value(b->g, ASSAY_VALUE_STATE, b->kv, 3, LIST(C, c->G, c->D), "%s.%d", name, layer);
    assay_graph_call(b->g, "cache", "TSGD", LIST(T, C, c->G, c->D), "x pos cache", OF(x, b->pos, cache), layer);
    return cache;
}

static int add(const builder *b, int x, int y, const char *name, int layer)
{
    const int z = temp(b, T, b->c->d, name, layer);
    assay_graph_call(b->g, "add", "RC", LIST(T, b->c->d), "a b y", OF(x, y, z), layer);
    return z;
}

static int layer_of(const builder *b, int x, int i)
{
    const config *c = b->c;
    const int h = norm(b, x, T, "attn_norm", i);
    const int q = linear(b, h, c->H * c->D, c->d, "attn_q", i);
    const int k = linear(b, h, c->G * c->D, c->d, "attn_k", i);
    const int v = linear(b, h, c->G * c->D, c->d, "attn_v", i);
    const int keys = append(b, rope(b, k, c->G, "rope_k", i), "cache_k", i);
    const int values = append(b, v, "cache_v", i);
    const int turned = rope(b, q, c->H, "rope_q", i);
    const int o = temp(b, T, c->H * c->D, "attention", i);
    assay_node *n = assay_graph_call(b->g, "attention", "BTSHGDEPXY", LIST(1, T, S, c->H, c->G, c->D, c->D, 1, 1, 1),
                                     "q k v qpos o", OF(turned, keys, values, b->pos, o), i);
    assay_graph_set(b->g, n, "causal", 1);
    assay_graph_set(b->g, n, "scale", c->scale);
    assay_graph_set(b->g, n, "softcap", c->cap);
    assay_graph_set(b->g, n, "window", (double)c->window);
    x = add(b, x, linear(b, o, c->d, c->H * c->D, "attn_output", i), "attn_add", i);
    const int m = norm(b, x, T, "ffn_norm", i);
    const int gate = assay_graph_weight(b->g, b->f, 2, LIST(c->F, c->d), "blk.%d.ffn_gate.weight", i);
    const int up = assay_graph_weight(b->g, b->f, 2, LIST(c->F, c->d), "blk.%d.ffn_up.weight", i);
    const int a = temp(b, T, c->F, "gate_up", i);
    if (assay_op_find("gate_up")) {
        assay_graph_call(b->g, "gate_up", "TNK", LIST(T, c->F, c->d), "x gate up y", OF(m, gate, up, a), i);
    } else { /* a build without the fused op: its list of calls */
        const int g = temp(b, T, c->F, "gate", i), u = temp(b, T, c->F, "up", i);
        assay_graph_call(b->g, "matmul", "TNK", LIST(T, c->F, c->d), "x w y", OF(m, gate, g), i);
        assay_graph_call(b->g, "matmul", "TNK", LIST(T, c->F, c->d), "x w y", OF(m, up, u), i);
        assay_graph_call(b->g, "swiglu", "RC", LIST(T, c->F), "gate up y", OF(g, u, a), i);
    }
    return add(b, x, linear(b, a, c->d, c->F, "ffn_down", i), "ffn_add", i);
}

/* A tensor that no call uses (experts) would change the answer in silence. */
static void refuse_unused(assay_graph *g, const assay_gguf *f)
{
    const assay_gguf_tensor *unused = NULL;
    size_t n = 0;
    for (size_t i = 0; i < f->n_tensors && !g->status; i++) {
        char name[sizeof g->value->name];
        snprintf(name, sizeof name, "%.*s", (int)f->tensor[i].name.n, f->tensor[i].name.at);
        if (assay_graph_find(g, name) >= 0)
            continue;
        unused = unused ? unused : &f->tensor[i];
        n++;
    }
    if (unused)
        g->status =
            assay_fail(&g->why, ASSAY_UNSUPPORTED, "%s: tensor '%.*s' is no part of the llama graph (%zu such tensors)",
                       f->label, unused->name.n < 64 ? (int)unused->name.n : 64, unused->name.at, n);
}

assay_status assay_llama_graph(const assay_gguf *file, assay_dtype kv, assay_graph *g, assay_why *why)
{
    config c;
    *g = (assay_graph){ .family = "llama" };
    const assay_status s = read_config(file, &c, g, why);
    if (s)
        return s;
    builder b = { g, file, &c, kv, 0, 0, frequencies(g, file, &c) };
    b.ids = assay_graph_value(g, ASSAY_VALUE_IDS, ASSAY_i32, 1, LIST(T), "ids");
    b.pos = assay_graph_value(g, ASSAY_VALUE_POS, ASSAY_i32, 1, LIST(T), "pos");
    const int table = assay_graph_weight(g, file, 2, LIST(c.V, c.d), "token_embd.weight");
    int x = temp(&b, T, c.d, "embedding", -1);
    assay_graph_call(g, "embedding", "TVD", LIST(T, c.V, c.d), "ids table y", OF(b.ids, table, x), -1);
    for (int i = 0; i < c.layers && !g->status; i++)
        x = layer_of(&b, x, i);
    x = norm(&b, assay_graph_tail(g, x), L, "output_norm", -1);
    const bool untied = assay_gguf_find_tensor(file, "output.weight") != NULL;
    const int head = assay_graph_weight(g, file, 2, LIST(c.V, c.d), untied ? "output.weight" : "token_embd.weight");
    g->logits = temp(&b, L, c.V, "logits", -1);
    assay_graph_call(g, "matmul", "TNK", LIST(L, c.V, c.d), "x w y", OF(x, head, g->logits), -1);
    refuse_unused(g, file);
    if (g->status) {
        const assay_status failed = g->status;
        if (why)
            *why = g->why;
        assay_graph_free(g);
        return failed;
    }
    return ASSAY_OK;
}
