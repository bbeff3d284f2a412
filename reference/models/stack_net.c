/* SPDX-License-Identifier: MIT
 * The feed-forward net of a layer: with a gate or without, or a choice of experts. */
#include "../core/registry.h"
#include "decoder.h"
#include "assay/params.h"
#include "stack.h"
#include <string.h>

#define LIST ASSAY_LIST
#define OF   ASSAY_OF
enum { T = ASSAY_DIM_T };

static const struct {
    const char *op; /* of gate and up (glu, swiglu), or of up alone */
    int form;       /* -1: the op has none */
    bool gated;
} nets[] = {
    [ASSAY_NET_SWIGLU] = { "swiglu", -1, true },
    [ASSAY_NET_GEGLU] = { "glu", ASSAY_GLU_GELU, true },
    [ASSAY_NET_GEGLU_TANH] = { "glu", ASSAY_GLU_GELU_TANH, true },
    [ASSAY_NET_REGLU] = { "glu", ASSAY_GLU_RELU, true },
    [ASSAY_NET_CLAMPED] = { "glu", ASSAY_GLU_CLAMPED, true },
    [ASSAY_NET_GELU] = { "gelu", ASSAY_GELU_ERF, false },
    [ASSAY_NET_GELU_TANH] = { "gelu", ASSAY_GELU_TANH, false },
    [ASSAY_NET_GELU_QUICK] = { "gelu", ASSAY_GELU_QUICK, false },
    [ASSAY_NET_RELU] = { "activation", ASSAY_ACTIVATION_RELU, false },
    [ASSAY_NET_SILU] = { "silu", -1, false },
};

int assay_build_activation(const assay_builder *b, int x, int64_t rows, int64_t width, assay_net net, const char *name,
                           int layer)
{
    return assay_build_each(b, x, rows, width, nets[net].op, nets[net].form, name, layer);
}

/* transformers' activations.py. */
assay_status assay_activation_read(assay_model *m, const char *key, assay_net *out, assay_why *why)
{
    static const struct {
        const char *name;
        assay_net net;
    } known[] = {
        { "gelu", ASSAY_NET_GELU },
        { "gelu_new", ASSAY_NET_GELU_TANH },
        { "gelu_pytorch_tanh", ASSAY_NET_GELU_TANH },
        { "gelu_fast", ASSAY_NET_GELU_TANH },
        { "quick_gelu", ASSAY_NET_GELU_QUICK },
        { "relu", ASSAY_NET_RELU },
        { "silu", ASSAY_NET_SILU },
        { "swish", ASSAY_NET_SILU },
    };
    assay_span is = { NULL, 0 };
    const assay_status s = assay_model_text(m, key, &is, why);
    if (s || !is.at)
        return s;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (assay_span_is(is, known[i].name)) {
            *out = known[i].net;
            return ASSAY_OK;
        }
    return assay_activation_unknown(m, is, "gelu, gelu_new, quick_gelu, relu or silu", why);
}

/* f(gate) up, of values of some rows. */
static int gated(const assay_builder *b, int gate, int up, int64_t rows, int64_t F, int i)
{
    const assay_stack *s = b->s;
    const int y = assay_build_temp(b, rows, F, "gated", i);
    assay_node *n = assay_graph_call(b->g, nets[s->net].op, "RC", LIST(rows, F), "gate up y", OF(gate, up, y), i);
    if (nets[s->net].form >= 0)
        assay_graph_set(b->g, n, "form", nets[s->net].form);
    if (s->net == ASSAY_NET_CLAMPED)
        assay_graph_set(b->g, n, "limit", s->limit);
    return y;
}

/* gate and up of tensors what_gate and what_up, or of one with the rows of both, the gate's first. */
static int gate_up(const assay_builder *b, int h, int64_t F, const char *suffix, int i)
{
    const assay_stack *s = b->s;
    const int64_t d = s->d;
    char name[2][64];
    snprintf(name[0], 64, "%s.%d.ffn_gate%s", s->prefix, i, suffix);
    snprintf(name[1], 64, "%s.%d.ffn_up%s", s->prefix, i, suffix);
    char tensor[80], bias[80];
    snprintf(tensor, sizeof tensor, "%s.weight", name[0]);
    snprintf(bias, sizeof bias, "%s.bias", name[0]);
    int w[2], y[2];
    const bool both = b->m->blank ? s->one_up && !*suffix : !assay_model_has(b->m, tensor);
    if (both) {
        const int all = assay_graph_weight(b->g, b->m, 2, LIST(2 * F, d), "%s.weight", name[1]);
        for (int k = 0; k < 2; k++)
            w[k] = assay_graph_part(b->g, all, k * F, F, "%s.part.weight", name[k]);
    } else {
        for (int k = 0; k < 2; k++)
            w[k] = assay_graph_weight(b->g, b->m, 2, LIST(F, d), "%s.weight", name[k]);
    }
    const bool biased = s->bias & ASSAY_BIAS_NET || assay_model_has(b->m, bias);
    const bool same = !b->g->status && b->g->value[w[0]].type == b->g->value[w[1]].type;
    if (s->net == ASSAY_NET_SWIGLU && !biased && same && assay_op_find("gate_up")) {
        const int a = assay_build_temp(b, T, F, "gate_up", i);
        assay_graph_call(b->g, "gate_up", "TNK", LIST(T, F, d), "x gate up y", OF(h, w[0], w[1], a), i);
        return a;
    }
    for (int k = 0; k < 2; k++) {
        const int v = biased ? assay_graph_vector(b->g, b->m, 1, LIST(F), "%s.bias", name[k]) : -1;
        y[k] = assay_build_product(b, h, w[k], v, T, F, d, k ? "up" : "gate", i);
    }
    return gated(b, y[0], y[1], T, F, i);
}

static int dense(const assay_builder *b, int h, int64_t F, const char *suffix, int i)
{
    const assay_stack *s = b->s;
    const bool must = s->bias & ASSAY_BIAS_NET;
    char name[64];
    int a;
    if (nets[s->net].gated) {
        a = gate_up(b, h, F, suffix, i);
    } else {
        snprintf(name, sizeof name, "%s.%d.ffn_up%s", s->prefix, i, suffix);
        a = assay_build_linear(b, h, T, F, s->d, name, must, i);
        a = assay_build_activation(b, a, T, F, s->net, "activation", i);
    }
    snprintf(name, sizeof name, "%s.%d.ffn_down%s", s->prefix, i, suffix);
    return assay_build_linear(b, a, T, s->d, F, name, must, i);
}

/* Products with each token's own experts: x (rows, K) times W (X, N, K) by ids (rows, A). */
static int by_expert(const assay_builder *b, int x, int ids, int64_t rows, int64_t A, int64_t n, int64_t k,
                     const char *what, int i)
{
    const assay_stack *s = b->s;
    char bias[64];
    const int w =
        assay_graph_weight(b->g, b->m, 3, LIST(s->experts, n, k), "%s.%d.ffn_%s_exps.weight", s->prefix, i, what);
    snprintf(bias, sizeof bias, "%s.%d.ffn_%s_exps.bias", s->prefix, i, what);
    const int v = s->bias & ASSAY_BIAS_NET || assay_model_has(b->m, bias)
                      ? assay_graph_vector(b->g, b->m, 2, LIST(s->experts, n), "%s", bias)
                      : -1;
    const int y = assay_build_temp(b, T, s->chosen * n, what, i);
    assay_graph_call(b->g, "matmul_id", "TAXNK", LIST(rows, A, s->experts, n, k), "x w ids bias y", OF(x, w, ids, v, y),
                     i);
    return y;
}

static int choice(const assay_builder *b, int h, int i)
{
    const assay_stack *s = b->s;
    const int64_t X = s->experts, K = s->chosen, F = s->expert_F, d = s->d, TK = ASSAY_DIM_TIMES(K, T);
    char name[64];
    snprintf(name, sizeof name, "%s.%d.ffn_gate_inp", s->prefix, i);
    const int z = assay_build_linear(b, h, T, X, d, name, s->bias & ASSAY_BIAS_NET, i);
    const int ids = assay_graph_value(b->g, ASSAY_VALUE_TEMP, ASSAY_i32, 2, LIST(T, K), "experts.%d", i);
    const int weights = assay_build_temp(b, T, K, "weights", i);
    assay_node *n = assay_graph_call(b->g, "moe_gate", "TXK", LIST(T, X, K), "z ids weights", OF(z, ids, weights), i);
    assay_graph_set(b->g, n, "score", s->gate);
    assay_graph_set(b->g, n, "norm", s->gate_sums);
    const int gate = by_expert(b, h, ids, T, K, F, d, "gate", i), up = by_expert(b, h, ids, T, K, F, d, "up", i);
    const int a = gated(b, gate, up, TK, F, i);
    const int terms = by_expert(b, a, ids, TK, 1, d, F, "down", i);
    int shared = -1, weighs = -1;
    if (s->shared_F)
        shared = dense(b, h, s->shared_F, "_shexp", i);
    if (s->shared_gate) {
        const int w = assay_graph_weight(b->g, b->m, 1, LIST(d), "%s.%d.ffn_gate_inp_shexp.weight", s->prefix, i);
        weighs = assay_build_product(b, h, w, -1, T, 1, d, "shared_gate", i);
    }
    const int y = assay_build_temp(b, T, d, "combined", i);
    assay_graph_call(b->g, "moe_combine", "TKD", LIST(T, K, d), "w x shared gate y",
                     OF(weights, terms, shared, weighs, y), i);
    return y;
}

int assay_build_net(const assay_builder *b, int h, int i)
{
    return b->s->experts && !b->s->plain[i] ? choice(b, h, i) : dense(b, h, b->s->F, "", i);
}
