/* SPDX-License-Identifier: MIT */
#include "fuse.h"
#include "../core/registry.h"
#include <string.h>

enum { UNBOUND = -2, TEMPS = 8 };

typedef struct match {
    assay_node fused;
    int temp[TEMPS];
    bool dim[ASSAY_MAX_DIMS]; /* set */
} match;

static bool bind(int *place, int value)
{
    if (*place == UNBOUND)
        *place = value;
    return *place == value;
}

/* The lengths of a part are those of the fused op with the same letter. */
static bool bind_dims(match *m, const assay_part *part, const assay_node *n)
{
    for (int d = 0; part->dims[d]; d++) {
        const int at = (int)(strchr(m->fused.op->dims, part->dims[d]) - m->fused.op->dims);
        if (m->dim[at] && m->fused.dim[at] != n->dim[d])
            return false;
        m->fused.dim[at] = n->dim[d];
        m->dim[at] = true;
    }
    return true;
}

/* swapped: a sum's two terms change places, which changes no bit. */
static bool bind_operands(match *m, const assay_part *part, const assay_node *n, bool swapped)
{
    for (int k = 0; k < n->op->n_operands; k++) {
        const int from = part->operand[k], value = n->operand[swapped && k < 2 ? 1 - k : k];
        if (from < 0 ? value >= 0
                     : !bind(from >= ASSAY_MAX_OPND ? &m->temp[from - ASSAY_MAX_OPND] : &m->fused.operand[from], value))
            return false;
    }
    return true;
}

static bool bind_part(match *m, const assay_part *part, const assay_node *n)
{
    if (strcmp(n->op->name, part->op) || !bind_dims(m, part, n))
        return false;
    const match before = *m;
    if (bind_operands(m, part, n, false))
        return true;
    *m = before;
    return !strcmp(part->op, "add") && bind_operands(m, part, n, true);
}

static size_t size_of(const assay_field *f)
{
    return f->kind == ASSAY_KIND_I64 ? sizeof(int64_t) : sizeof(int32_t);
}

/* Parameters of the fused op by the names that its parts have; right if they give the parts theirs again. */
static bool bind_params(match *m, const assay_node *run)
{
    const assay_op *op = m->fused.op;
    for (int f = 0; f < op->n_fields; f++)
        for (int p = 0; p < op->n_parts; p++)
            for (int k = 0; k < run[p].op->n_fields; k++)
                if (!strcmp(run[p].op->fields[k].name, op->fields[f].name) &&
                    run[p].op->fields[k].kind == op->fields[f].kind)
                    memcpy(m->fused.params + op->fields[f].offset, run[p].params + run[p].op->fields[k].offset,
                           size_of(&op->fields[f]));
    for (int p = 0; p < op->n_parts; p++) {
        _Alignas(16) unsigned char part[ASSAY_MAX_PARAMS] = { 0 };
        if (op->parts[p].params)
            op->parts[p].params(m->fused.params, part);
        if (memcmp(part, run[p].params, sizeof part))
            return false;
    }
    return true;
}

/* Is a value used by nobody but the calls begin .. end - 1? */
static bool inside(const assay_graph *g, const assay_node *node, int n, int value, int begin, int end)
{
    if (value < 0 || value == g->logits || value == g->hidden || g->value[value].kind != ASSAY_VALUE_TEMP)
        return false;
    for (int i = 0; i < n; i++)
        for (int k = 0; (i < begin || i >= end) && k < node[i].op->n_operands; k++)
            if (node[i].operand[k] == value)
                return false;
    for (int v = 0; v < g->n_values; v++)
        if ((g->value[v].kind == ASSAY_VALUE_TAIL || g->value[v].kind == ASSAY_VALUE_ROWS) && g->value[v].base == value)
            return false;
    return true;
}

/* The calls from i on as one of op. */
static bool matches(const assay_graph *g, const assay_op *op, const assay_node *node, int n, int i, match *m)
{
    if (op->n_parts < 2 || i + op->n_parts > n || op->n_temps > TEMPS)
        return false;
    *m = (match){ .fused = { .op = op, .layer = node[i].layer, .pass = node[i].pass } };
    for (int k = 0; k < ASSAY_MAX_OPND; k++)
        m->fused.operand[k] = k < op->n_operands ? UNBOUND : -1;
    for (int t = 0; t < TEMPS; t++)
        m->temp[t] = UNBOUND;
    for (int p = 0; p < op->n_parts; p++)
        if (node[i + p].pass != node[i].pass || !bind_part(m, &op->parts[p], &node[i + p]))
            return false;
    for (int k = 0; k < op->n_operands; k++)
        if (m->fused.operand[k] == UNBOUND)
            return false;
    for (int t = 0; t < op->n_temps; t++)
        if (!inside(g, node, n, m->temp[t], i, i + op->n_parts))
            return false;
    return bind_params(m, node + i);
}

int assay_graph_fuse(const assay_graph *g, assay_node *node, int n, assay_fuse_taken *taken, void *ctx)
{
    for (int i = 0; i < n; i++) {
        const assay_op *op;
        match m;
        for (size_t k = 0; (op = assay_op_at(k)) != NULL; k++)
            if (matches(g, op, node, n, i, &m) && taken(ctx, &m.fused))
                break;
        if (!op)
            continue;
        node[i] = m.fused;
        n -= op->n_parts - 1;
        memmove(&node[i + 1], &node[i + op->n_parts], (size_t)(n - i - 1) * sizeof *node);
    }
    return n;
}
