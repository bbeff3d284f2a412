/* SPDX-License-Identifier: MIT
 * Wrong recurrent nets: gates that are others' or in another file's order, states that are not carried, biases of one
 * matrix alone, GRUs with the other meaning of z, and an encoder that never turns round. */
#include "assay/params.h"
#include "models.h"
#include <string.h>

static bool is(const assay_node *n, const char *op)
{
    return !strcmp(n->op->name, op);
}

bool serial_functions(assay_graph *g)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++)
        if (g->serial && is(&g->node[i], "activation")) {
            const int form = ((const assay_activation_params *)g->node[i].params)->form;
            assay_graph_set(g, &g->node[i], "form",
                            form == ASSAY_ACTIVATION_TANH ? ASSAY_ACTIVATION_SIGMOID : ASSAY_ACTIVATION_TANH);
            any = true;
        }
    return any;
}

/* Of two gates in one value each is read as the other: i and f, r and z. */
bool serial_order(assay_graph *g)
{
    bool any = false;
    for (int i = 0; i < g->n_values; i++) {
        assay_value *v = &g->value[i];
        if (!g->serial || v->kind != ASSAY_VALUE_ROWS || v->dim[0] != 1 || g->value[v->base].dim[0] != 2)
            continue;
        v->shift = 1 - v->shift;
        any = true;
    }
    return any;
}

/* Calls of an op read a state that nobody writes, and that stays 0, in place of each state of one row. */
static bool forgotten(assay_graph *g, const char *op)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; g->serial && is(&g->node[i], op) && k < g->node[i].op->n_operands; k++) {
            const int x = g->node[i].operand[k];
            if (x < 0 || g->node[i].op->operands[k].access != ASSAY_IN || g->value[x].kind != ASSAY_VALUE_STATE ||
                g->value[x].dim[0] != 1)
                continue;
            const assay_value v = g->value[x];
            const int none = assay_graph_value(g, v.kind, v.type, v.rank, v.dim, "no state");
            g->node[i].operand[k] = none;
            any = true;
        }
    return any;
}

bool serial_products(assay_graph *g)
{
    return forgotten(g, "matmul");
}

bool serial_sums(assay_graph *g)
{
    return forgotten(g, "mul");
}

/* Of products with a state; those with what comes in keep theirs. */
bool serial_biases(assay_graph *g)
{
    enum { X, W, BIAS };
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++) {
        assay_node *n = &g->node[i];
        if (!g->serial || !is(n, "matmul") || n->layer < 0 || n->operand[BIAS] < 0 ||
            strncmp(g->value[n->operand[X]].name, "h.", 2) || strstr(g->value[n->operand[W]].name, ".ih."))
            continue;
        n->operand[BIAS] = -1;
        any = true;
    }
    return any;
}

/* z says how much is kept, not how much is new. */
bool serial_mixture(assay_graph *g)
{
    enum { A, B, Y };
    assay_node *kept = NULL;
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++) {
        assay_node *n = &g->node[i];
        if (!g->serial || !is(n, "mul") || n->layer >= 0)
            continue;
        const char *name = g->value[n->operand[Y]].name;
        kept = strncmp(name, "kept.", 5) ? kept : n;
        if (!kept || strncmp(name, "taken.", 6))
            continue;
        const int rest = kept->operand[A];
        kept->operand[A] = n->operand[A], n->operand[A] = rest;
        any = true;
    }
    return any;
}

bool serial_ways(assay_graph *g)
{
    bool any = false;
    for (int i = 0; i < g->n_nodes; i++)
        if (g->node[i].pass == ASSAY_PASS_BACK) {
            g->node[i].pass = ASSAY_PASS_FORTH;
            any = true;
        }
    return any;
}
