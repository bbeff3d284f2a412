/* SPDX-License-Identifier: MIT
 * Wrong models: one edit of the graph each, of a kind that people have shipped.  Which are possible depends on what the
 * graph has: nothing turns in GPT-2, nothing is masked in BERT, an LSTM has no attention. */
#include "../../reference/core/dtype.h"
#include "assay/params.h"
#include "models.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static assay_node *find(assay_graph *g, const char *op, int nth)
{
    for (int i = 0; i < g->n_nodes; i++)
        if (!strcmp(g->node[i].op->name, op) && nth-- == 0)
            return &g->node[i];
    return NULL;
}

/* The place of an operand in a call, and the value that stands there (-1: none). */
static int *at(assay_node *n, const char *name)
{
    int i = 0;
    while (strcmp(n->op->operands[i].name, name))
        i++;
    return &n->operand[i];
}

static bool set_all(assay_graph *g, const char *op, const char *field, double x)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++)
        if (!strcmp(g->node[i].op->name, op)) {
            assay_graph_set(g, &g->node[i], field, x);
            any = true;
        }
    return any;
}

/* Another input of positions, of the kind of an old one. */
static int positions(assay_graph *g, int like, int64_t shift, int64_t lost)
{
    const int pos = assay_graph_value(g, ASSAY_VALUE_POS, ASSAY_i32, 1, g->value[like].dim, "other positions");
    g->value[pos].shift = shift + g->value[like].shift;
    g->value[pos].lost = lost;
    return pos;
}

/* Queries turned by the next position, keys by their own (turning both changes nothing); queries that stand one further
 * on in ALiBi's and T5's tables; tokens with the positions of those behind them. */
static bool next_position(assay_graph *g)
{
    bool any = false;
    int pos = -1;
    for (int i = 0; i < g->n_nodes; i++) {
        assay_node *n = &g->node[i];
        const char *op = n->op->name;
        int *place = NULL;
        if (!strcmp(op, "rope") && !strncmp(strstr(g->value[*at(n, "y")].name, "rope_") + 5, "q", 1))
            place = at(n, "pos");
        else if (!strcmp(op, "t5_bias"))
            place = at(n, "qpos");
        else if (!strcmp(op, "sinusoid"))
            place = at(n, "pos");
        else if (!strcmp(op, "embedding") && g->value[*at(n, "ids")].kind == ASSAY_VALUE_POS)
            place = at(n, "ids");
        if (!place || (pos >= 0 && g->value[*place].dim[0] != g->value[pos].dim[0]))
            continue;
        if (!strcmp(op, "embedding") && g->value[*place].shift + LONGEST >= n->dim[1])
            return false; /* its table has no further row */
        if (pos < 0)
            pos = positions(g, *place, 1, 0);
        *place = pos;
        any = true;
    }
    return any;
}

/* Layer 1 reads the keys of kv head 1 as those of head 0 and the other way round: rows of its matrix change places. */
static bool swapped_heads(assay_graph *g)
{
    const int w = assay_graph_find(g, "blk.1.attn_k.weight");
    const assay_node *c = find(g, "cache", 2);
    if (w < 0 || !c || c->dim[2] < 2)
        return false;
    assay_value *v = &g->value[w];
    const int64_t D = c->dim[3], row = assay_dtype_bytes(v->type, v->dim[1]), head = D * row, all = v->dim[0] * row;
    char *copy = malloc((size_t)all);
    if (!copy)
        return false;
    memcpy(copy, v->weight.data, (size_t)all);
    memcpy(copy, (char *)v->weight.data + head, (size_t)head);
    memcpy(copy + head, v->weight.data, (size_t)head);
    v->weight.data = copy; /* freed by the caller of the fault, see main.c */
    return true;
}

/* Ten times what it is, and no less than 1e-4. */
static bool other_eps(assay_graph *g)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++) {
        assay_node *n = &g->node[i];
        const bool rms = !strcmp(n->op->name, "rmsnorm");
        if (!rms && strcmp(n->op->name, "layernorm"))
            continue;
        const float eps =
            rms ? ((const assay_rmsnorm_params *)n->params)->eps : ((const assay_layernorm_params *)n->params)->eps;
        assay_graph_set(g, n, "eps", fmax(10 * (double)eps, 1e-4));
        any = true;
    }
    return any;
}

/* The key of position 9 of the first layer is never written. */
static bool stale_row(assay_graph *g)
{
    assay_node *n = find(g, "cache", 0);
    if (n)
        *at(n, "pos") = positions(g, *at(n, "pos"), 0, 9);
    return n != NULL;
}

static bool other_pairs(assay_graph *g)
{
    const assay_node *n = find(g, "rope", 0);
    return n && set_all(g, "rope", "mode", !((const assay_rope_params *)n->params)->mode);
}

/* Keys that lie ahead are seen where they must not be, or are hidden from an encoder. */
static bool other_mask(assay_graph *g)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++) {
        assay_node *n = &g->node[i];
        if (strcmp(n->op->name, "attention"))
            continue;
        const bool causal = ((const assay_attention_params *)n->params)->causal;
        if (g->steps && !causal)
            continue; /* an encoder before a decoder, and what a decoder sees of it */
        assay_graph_set(g, n, "causal", !causal);
        any = true;
    }
    return any;
}

static bool other_scale(assay_graph *g)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++) {
        assay_node *n = &g->node[i];
        const assay_attention_params *p = (const assay_attention_params *)n->params;
        if (strcmp(n->op->name, "attention") || n->dim[5] == 1) /* of one element none is wrong */
            continue;
        const double D = (double)n->dim[5], usual = p->scale > 0 ? (double)p->scale : 1 / sqrt(D);
        assay_graph_set(g, n, "scale",
                        p->scale > 0 && fabs(usual * sqrt(D) - 1) > 1e-3 ? 1 / sqrt(D) : usual / sqrt(D));
        any = true;
    }
    return any;
}

/* The first norm of the second layer takes what stands behind the sum of the layer before, not what is in it: x is
 * taken as it is. */
static bool no_norm(assay_graph *g)
{
    assay_node *first = NULL;
    for (int i = 0; i < g->n_nodes && !first; i++)
        if (g->node[i].layer == 1 &&
            (!strcmp(g->node[i].op->name, "rmsnorm") || !strcmp(g->node[i].op->name, "layernorm")))
            first = &g->node[i];
    if (!first)
        return false;
    const int x = *at(first, "x"), y = *at(first, "y");
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->node[i].op->n_operands; k++)
            if (g->node[i].op->operands[k].access == ASSAY_IN && g->node[i].operand[k] == y)
                g->node[i].operand[k] = x;
    return true;
}

static bool one_key_more(assay_graph *g)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++) {
        const assay_attention_params *p = (const assay_attention_params *)g->node[i].params;
        if (strcmp(g->node[i].op->name, "attention") || !p->window)
            continue;
        assay_graph_set(g, &g->node[i], "window", p->window + 1);
        any = true;
    }
    return any;
}

/* Takes an operand of attention away. */
static bool without(assay_graph *g, const char *op, const char *name)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++)
        if (!strcmp(g->node[i].op->name, op) && *at(&g->node[i], name) >= 0) {
            *at(&g->node[i], name) = -1;
            any = true;
        }
    return any;
}

static bool no_sinks(assay_graph *g)
{
    return without(g, "attention", "sinks");
}

static bool no_slopes(assay_graph *g)
{
    return without(g, "attention", "slopes");
}

static bool no_relative(assay_graph *g)
{
    return without(g, "attention", "mask");
}

static bool no_bias(assay_graph *g)
{
    return without(g, "matmul", "bias");
}

static bool no_cap(assay_graph *g)
{
    const assay_node *n = find(g, "attention", 0);
    return n && ((const assay_attention_params *)n->params)->softcap > 0 && set_all(g, "attention", "softcap", 0);
}

/* Weights of experts that sum to 1 where they do not, and the other way round. */
static bool other_sum(assay_graph *g)
{
    const assay_node *n = find(g, "moe_gate", 0);
    const assay_moe_gate_params *p = n ? (const assay_moe_gate_params *)n->params : NULL;
    return p && p->score != ASSAY_GATE_CHOSEN && set_all(g, "moe_gate", "norm", !p->norm);
}

/* What is multiplied by a number is not. */
static bool no_factor(assay_graph *g)
{
    bool any = false;
    for (int i = 0; i < g->n_values; i++)
        if (g->value[i].kind == ASSAY_VALUE_SAME && g->value[i].type == ASSAY_f32 && g->value[i].fill != 1) {
            g->value[i].fill = 1;
            any = true;
        }
    return any;
}

static bool other_gelu(assay_graph *g)
{
    const assay_node *n = find(g, "gelu", 0);
    return n && set_all(g, "gelu", "form", ((const assay_gelu_params *)n->params)->form == ASSAY_GELU_ERF);
}

const model_fault model_faults[] = {
    { "queries one position on", next_position },
    { "kv heads swapped in one layer", swapped_heads },
    { "another eps", other_eps },
    { "a stale row in the cache of one layer", stale_row },
    { "pairs of rope in the other layout", other_pairs },
    { "the other mask", other_mask },
    { "another scale of scores", other_scale },
    { "a norm left out", no_norm },
    { "a window of one key more", one_key_more },
    { "no sinks", no_sinks },
    { "no slopes", no_slopes },
    { "no biases by distance", no_relative },
    { "no biases of products", no_bias },
    { "scores without a cap", no_cap },
    { "weights of experts of another sum", other_sum },
    { "a factor left out", no_factor },
    { "the other GELU", other_gelu },
    { "other gates", serial_functions },
    { "two gates exchanged", serial_order },
    { "a state that products do not see", serial_products },
    { "a state that sums do not see", serial_sums },
    { "no biases of states", serial_biases },
    { "kept and taken exchanged", serial_mixture },
    { "both ways forth", serial_ways },
};
const size_t n_model_faults = sizeof model_faults / sizeof *model_faults;
