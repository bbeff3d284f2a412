/* SPDX-License-Identifier: MIT
 * Wrong models: one edit of the graph each.  All must fail. */
#include "../../reference/core/dtype.h"
#include "models.h"
#include <stdlib.h>
#include <string.h>

static assay_node *find(assay_graph *g, const char *op, int nth)
{
    for (int i = 0; i < g->n_nodes; i++)
        if (!strcmp(g->node[i].op->name, op) && nth-- == 0)
            return &g->node[i];
    return NULL;
}

static int operand(const assay_node *n, const char *name)
{
    int i = 0;
    while (strcmp(n->op->operands[i].name, name))
        i++;
    return i;
}

/* Another input of positions, for some calls only. */
static int positions(assay_graph *g, const char *name)
{
    const int64_t dim[] = { ASSAY_DIM_T };
    return assay_graph_value(g, ASSAY_VALUE_POS, ASSAY_i32, 1, dim, "%s", name);
}

/* Queries turned by the next position, keys by their own (turning both changes nothing). */
static void next_position(assay_graph *g)
{
    const int pos = positions(g, "pos+1");
    g->value[pos].shift = 1;
    for (int i = 0; i < g->n_nodes; i++)
        if (!strcmp(g->node[i].op->name, "rope")) {
            const int y = g->node[i].operand[operand(&g->node[i], "y")];
            if (!strncmp(g->value[y].name, "rope_q", 6))
                g->node[i].operand[operand(&g->node[i], "pos")] = pos;
        }
}

/* Layer 1 reads the keys of kv head 1 as those of head 0 and the other way round: rows of attn_k change places. */
static void swapped_heads(assay_graph *g)
{
    const int w = assay_graph_find(g, "blk.1.attn_k.weight");
    assay_value *v = &g->value[w];
    const assay_node *c = find(g, "cache", 2);
    const int64_t D = c->dim[3], row = assay_dtype_bytes(v->type, v->dim[1]), head = D * row, all = v->dim[0] * row;
    char *copy = malloc((size_t)all);
    if (!copy)
        return;
    memcpy(copy, v->weight.data, (size_t)all);
    memcpy(copy, (char *)v->weight.data + head, (size_t)head);
    memcpy(copy + head, v->weight.data, (size_t)head);
    v->weight.data = copy; /* freed by the caller of the fault, see main.c */
}

static void other_eps(assay_graph *g)
{
    for (int i = 0; i < g->n_nodes; i++)
        if (!strcmp(g->node[i].op->name, "rmsnorm"))
            assay_graph_set(g, &g->node[i], "eps", 1e-6);
}

/* The key of position 9 of the first layer is never written. */
static void stale_row(assay_graph *g)
{
    const int pos = positions(g, "pos lost");
    g->value[pos].lost = 9;
    assay_node *n = find(g, "cache", 0);
    n->operand[operand(n, "pos")] = pos;
}

static void half_split(assay_graph *g)
{
    for (int i = 0; i < g->n_nodes; i++)
        if (!strcmp(g->node[i].op->name, "rope"))
            assay_graph_set(g, &g->node[i], "mode", 1);
}

const model_fault model_faults[] = {
    { "queries one position on", next_position },
    { "kv heads swapped in one layer", swapped_heads },
    { "eps 1e-6 for 1e-5", other_eps },
    { "a stale row in the cache of one layer", stale_row },
    { "half-split for interleaved rope", half_split },
};
const size_t n_model_faults = sizeof model_faults / sizeof *model_faults;
