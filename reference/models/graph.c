/* SPDX-License-Identifier: MIT */
#include "graph.h"
#include "../core/dtype.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool grow(assay_graph *g, void **list, int n, int *room, size_t size)
{
    if (g->status)
        return false;
    if (n < *room)
        return true;
    const int more = 2 * *room + 64;
    void *p = realloc(*list, (size_t)more * size);
    if (!p) {
        g->status = assay_fail(&g->why, ASSAY_ERR_NOMEM, "no memory for a graph of %d parts", more);
        return false;
    }
    *list = p;
    *room = more;
    return true;
}

static int add_value(assay_graph *g, const assay_value *v)
{
    void *list = g->value;
    if (!grow(g, &list, g->n_values, &g->values_room, sizeof *g->value))
        return 0;
    g->value = list;
    g->value[g->n_values] = *v;
    return g->n_values++;
}

static void set_name(assay_value *v, const char *format, va_list args)
{
    vsnprintf(v->name, sizeof v->name, format, args);
}

int assay_graph_value(assay_graph *g, assay_value_kind kind, assay_dtype type, int rank, const int64_t *dim,
                      const char *format, ...)
{
    assay_value v = { .kind = kind, .type = type, .rank = rank };
    va_list args;
    va_start(args, format);
    set_name(&v, format, args);
    va_end(args);
    memcpy(v.dim, dim, (size_t)rank * sizeof *dim);
    return add_value(g, &v);
}

int assay_graph_constant(assay_graph *g, float *data, int64_t n, const char *name)
{
    assay_value v = { .kind = ASSAY_VALUE_WEIGHT, .type = ASSAY_f32, .rank = 1, .dim = { n }, .as_f32 = data };
    if (!g->status && !data)
        g->status = assay_fail(&g->why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRId64 " numbers", name, n);
    snprintf(v.name, sizeof v.name, "%s", name);
    v.weight = assay_tensor_dense(ASSAY_f32, 0, 1, &n);
    v.weight.data = data;
    const int before = g->n_values, i = add_value(g, &v);
    if (g->n_values == before)
        free(data);
    return i;
}

int assay_graph_matrix(assay_graph *g, double *data, int64_t rows, int64_t width, const char *name)
{
    const int64_t n = rows * width;
    float *narrow = data ? malloc((size_t)n * sizeof *narrow + 1) : NULL;
    assay_value v = { .kind = ASSAY_VALUE_WEIGHT, .type = ASSAY_f32, .rank = 2, .dim = { rows, width } };
    v.as_f64 = data, v.as_f32 = narrow;
    for (int64_t i = 0; narrow && i < n; i++)
        narrow[i] = (float)data[i];
    if (!g->status && !narrow)
        assay_graph_fail(g, ASSAY_ERR_NOMEM, "%s: no memory for %" PRId64 " x %" PRId64 " numbers", name, rows, width);
    snprintf(v.name, sizeof v.name, "%s", name);
    v.weight = assay_tensor_dense(ASSAY_f32, 0, 2, v.dim);
    v.weight.data = narrow;
    const int before = g->n_values, i = add_value(g, &v);
    if (g->n_values == before) {
        free(data);
        free(narrow);
    }
    return i;
}

int assay_graph_tail(assay_graph *g, int base)
{
    if (g->status)
        return 0;
    assay_value v = g->value[base];
    v.kind = ASSAY_VALUE_TAIL;
    v.base = base;
    v.dim[0] = ASSAY_DIM_L;
    snprintf(v.name, sizeof v.name, "%.50s.tail", g->value[base].name);
    return add_value(g, &v);
}

int assay_graph_rows(assay_graph *g, int base, int64_t begin, int64_t n)
{
    if (g->status)
        return 0;
    assay_value v = g->value[base];
    v.kind = ASSAY_VALUE_ROWS;
    v.base = base;
    v.shift = begin;
    v.dim[0] = n;
    snprintf(v.name, sizeof v.name, "%.40s.%" PRId64, g->value[base].name, begin);
    return add_value(g, &v);
}

int assay_graph_at(assay_graph *g, int base, int64_t each, int64_t begin, int64_t n, int64_t width)
{
    if (g->status)
        return 0;
    assay_value v = { .kind = ASSAY_VALUE_AT, .type = g->value[base].type, .rank = 2, .dim = { n, width } };
    v.base = base;
    v.shift = begin;
    v.each = each;
    snprintf(v.name, sizeof v.name, "%.40s.at", g->value[base].name);
    return add_value(g, &v);
}

/* Stands a weight of this name there already?  Else the model's, which is noted in v. */
static bool fetch(assay_graph *g, assay_model *m, int rank, const int64_t *dim, assay_value *v, int *known)
{
    if (g->status)
        return false;
    *known = assay_graph_find(g, v->name);
    if (*known >= 0)
        return false;
    g->status = assay_model_weight(m, v->name, rank, dim, &v->weight, &g->why);
    memcpy(v->dim, dim, (size_t)rank * sizeof *dim);
    v->type = v->weight.type;
    return !g->status;
}

int assay_graph_weight(assay_graph *g, assay_model *m, int rank, const int64_t *dim, const char *format, ...)
{
    assay_value v = { .kind = ASSAY_VALUE_WEIGHT, .rank = rank };
    va_list args;
    int known = 0;
    va_start(args, format);
    set_name(&v, format, args);
    va_end(args);
    if (!fetch(g, m, rank, dim, &v, &known))
        return known > 0 ? known : 0;
    g->parameters += (double)assay_tensor_count(&v.weight);
    return add_value(g, &v);
}

int assay_graph_vector(assay_graph *g, assay_model *m, int rank, const int64_t *dim, const char *format, ...)
{
    assay_value v = { .kind = ASSAY_VALUE_WEIGHT, .rank = rank };
    va_list args;
    int known = 0;
    va_start(args, format);
    set_name(&v, format, args);
    va_end(args);
    if (!fetch(g, m, rank, dim, &v, &known))
        return known > 0 ? known : 0;
    const int64_t n = assay_tensor_count(&v.weight);
    g->parameters += (double)n;
    if (v.type == ASSAY_f32 || m->blank || m->shapes) {
        v.type = ASSAY_f32;
        return add_value(g, &v);
    }
    double *wide = malloc((size_t)n * sizeof *wide + 1);
    float *narrow = malloc((size_t)n * sizeof *narrow + 1);
    if (wide && narrow)
        assay_tensor_decode(wide, &v.weight);
    for (int64_t i = 0; wide && narrow && i < n; i++)
        narrow[i] = (float)wide[i];
    free(wide);
    if (!wide) {
        free(narrow);
        narrow = NULL;
    }
    return assay_graph_constant(g, narrow, n, v.name);
}

int assay_graph_part(assay_graph *g, int weight, int64_t begin, int64_t n, const char *format, ...)
{
    if (g->status)
        return 0;
    assay_value v = g->value[weight];
    const int64_t all = v.dim[0], row = all ? assay_tensor_count(&v.weight) / all : 0;
    va_list args;
    va_start(args, format);
    set_name(&v, format, args);
    va_end(args);
    v.as_f32 = NULL, v.as_f64 = NULL;
    v.dim[0] = n;
    void *data = v.weight.data;
    if (begin < 0 || n < 0 || begin + n > all) {
        assay_graph_fail(g, ASSAY_ERR_ARG, "%s: rows %" PRId64 " .. %" PRId64 " of %" PRId64, v.name, begin,
                         begin + n - 1, all);
        return 0;
    }
    v.weight = assay_tensor_dense(v.type, 0, v.rank, v.dim);
    v.weight.data = data ? (char *)data + assay_dtype_bytes(v.type, begin * row) : NULL;
    return add_value(g, &v);
}

assay_node *assay_graph_call(assay_graph *g, const char *op, const char *dims, const int64_t *dim, const char *operands,
                             const int *value, int32_t layer)
{
    static assay_node dummy;
    void *list = g->node;
    if (!grow(g, &list, g->n_nodes, &g->nodes_room, sizeof *g->node))
        return &dummy;
    g->node = list;
    assay_node *n = &g->node[g->n_nodes];
    *n = (assay_node){ .op = assay_op_find(op), .layer = layer, .pass = g->pass };
    if (!n->op || strcmp(n->op->dims, dims)) {
        g->status = assay_fail(&g->why, ASSAY_ERR_ARG, "the graph needs an op %s over %s; this build has %s", op, dims,
                               n->op ? n->op->dims : "none");
        return &dummy;
    }
    memcpy(n->dim, dim, strlen(dims) * sizeof *dim);
    for (int i = 0; i < ASSAY_MAX_OPND; i++)
        n->operand[i] = -1;
    /* operands: "x w y": names as in the spec, each with its value */
    char name[32];
    for (const char *p = operands; sscanf(p, " %31s", name) == 1; value++) {
        p += strspn(p, " ");
        p += strlen(name);
        int i = 0;
        while (i < n->op->n_operands && strcmp(n->op->operands[i].name, name))
            i++;
        if (i == n->op->n_operands) {
            g->status = assay_fail(&g->why, ASSAY_ERR_ARG, "op %s has no operand %s", op, name);
            return &dummy;
        }
        n->operand[i] = *value;
    }
    g->n_nodes++;
    return n;
}

void assay_graph_set(assay_graph *g, assay_node *n, const char *field, double x)
{
    if (g->status)
        return;
    for (int i = 0; i < n->op->n_fields; i++) {
        const assay_field *f = &n->op->fields[i];
        if (strcmp(f->name, field))
            continue;
        unsigned char *at = n->params + f->offset;
        if (f->kind == ASSAY_KIND_F32) {
            const float real = (float)x;
            memcpy(at, &real, sizeof real);
        } else if (f->kind == ASSAY_KIND_I64) {
            const int64_t wide = (int64_t)x;
            memcpy(at, &wide, sizeof wide);
        } else {
            const int32_t whole = (int32_t)x;
            memcpy(at, &whole, sizeof whole);
        }
        return;
    }
    g->status = assay_fail(&g->why, ASSAY_ERR_ARG, "op %s has no parameter %s", n->op->name, field);
}

int assay_graph_find(const assay_graph *g, const char *name)
{
    for (int i = 0; i < g->n_values; i++)
        if (strcmp(g->value[i].name, name) == 0)
            return i;
    return -1;
}

void assay_graph_fail(assay_graph *g, assay_status s, const char *format, ...)
{
    va_list args;
    if (g->status)
        return;
    g->status = s;
    va_start(args, format);
    vsnprintf(g->why.text, sizeof g->why.text, format, args);
    va_end(args);
}

void assay_graph_free(assay_graph *g)
{
    for (int i = 0; i < g->n_values; i++) {
        free(g->value[i].as_f32);
        free(g->value[i].as_f64);
    }
    free(g->value);
    free(g->node);
    *g = (assay_graph){ 0 };
}
