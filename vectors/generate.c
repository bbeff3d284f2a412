/* SPDX-License-Identifier: MIT */
#include "../reference/core/dtype.h"
#include "../reference/core/registry.h"
#include "../reference/core/safetensors.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "vector.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TENSORS = 2 * ASSAY_MAX_OPND + ASSAY_MAX_PLANES, MAX_META = 12 };

typedef struct draft { /* of a file */
    assay_st_tensor tensor[MAX_TENSORS];
    char name[MAX_TENSORS][64];
    size_t n, n_meta;
    assay_st_pair meta[MAX_META];
    char dims[128], types[256], params[256], line[ASSAY_CASE_LINE];
    float *plane[ASSAY_MAX_PLANES];
    void *encoded[ASSAY_MAX_OPND];
} draft;

static assay_st_tensor *add(draft *d, const char *prefix, const char *name, const char *type, const void *data)
{
    assay_st_tensor *t = &d->tensor[d->n];
    snprintf(d->name[d->n], sizeof d->name[d->n], "%s%s", prefix, name);
    *t = (assay_st_tensor){ .name = d->name[d->n], .type = assay_st_type_find(type), .data = data };
    d->n++;
    return t;
}

static void set_shape(assay_st_tensor *t, int rank, const int64_t *dim)
{
    t->rank = rank;
    t->bytes = (uint64_t)t->type->bytes;
    for (int r = 0; r < rank; r++) {
        t->dim[r] = dim[r];
        t->bytes *= (uint64_t)dim[r];
    }
}

/* Numbers as numbers, in the shape that is stored; blocks as bytes with the innermost dimension in bytes; a layout as
 * one run of bytes. */
static void add_encoded(draft *d, const assay_problem *p, int i, const char *prefix, const void *data)
{
    const assay_tensor *t = &p->t[i];
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    const assay_st_type *st = assay_st_type_of(t->type);
    const bool plain = st && !t->layout;
    assay_st_tensor *out = add(d, prefix, p->c.op->operands[i].name, plain ? st->name : "U8", data);
    int64_t dim[ASSAY_MAX_RANK];
    for (int r = 0; r < t->rank; r++)
        dim[r] = !t->layout && t->stride[r] == 0 ? 1 : t->dim[r];
    if (t->layout)
        set_shape(out, 1, &(int64_t){ (int64_t)assay_tensor_bytes(t) });
    else {
        if (!plain && t->rank)
            dim[t->rank - 1] = dim[t->rank - 1] / ty->block * ty->bytes;
        set_shape(out, t->rank, dim);
    }
}

/* BOUNDED: the exact result in double.  EXACT, DISCRETE: the bytes of the right answer, or of one. */
static void add_output(draft *d, const assay_problem *p, int i)
{
    const assay_operand *o = &p->c.op->operands[i];
    if (o->verdict == ASSAY_BOUNDED) {
        set_shape(add(d, "expected.", o->name, "F64", p->value[i]), p->t[i].rank, p->t[i].dim);
        return;
    }
    assay_tensor t = p->t[i];
    t.data = d->encoded[i] = calloc(assay_tensor_bytes(&t) + 64, 1);
    if (t.data)
        assay_tensor_encode(&t, p->value[i]);
    add_encoded(d, p, i, "expected.", t.data);
}

static void add_outputs(draft *d, const assay_problem *p)
{
    const assay_op *op = p->c.op;
    for (int i = 0; i < op->n_operands; i++)
        if ((p->c.present >> i & 1) && op->operands[i].access != ASSAY_IN)
            add_output(d, p, i);
    for (int k = 0; k < op->n_planes; k++) {
        int64_t dim[ASSAY_MAX_RANK];
        const int64_t n = assay_op_shape(op, op->planes[k].shape, p->c.dim, dim);
        d->plane[k] = calloc((size_t)n + 1, sizeof(float));
        for (int64_t j = 0; d->plane[k] && j < n; j++) {
            const float f = (float)p->plane[k][j];
            d->plane[k][j] = (double)f < p->plane[k][j] ? nextafterf(f, INFINITY) : f;
        }
        set_shape(add(d, "kappa.", op->planes[k].name, "F32", d->plane[k]), (int)strlen(op->planes[k].shape), dim);
    }
}

static void append(char *to, size_t room, const char *token)
{
    const size_t used = strlen(to);
    snprintf(to + used, room - used, "%s%s", used ? " " : "", token);
}

/* Sorts the tokens of the case line into dims and params; types names every operand, also those of the usual type. */
static void describe(draft *d, const assay_problem *p)
{
    const assay_op *op = p->c.op;
    char copy[ASSAY_CASE_LINE], token[128], *save = NULL;
    assay_case_print(&p->c, d->line, sizeof d->line);
    strcpy(copy, d->line);
    strtok_r(copy, " ", &save);
    for (char *pair; (pair = strtok_r(NULL, " ", &save));) {
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(pair, "="), pair);
        if (!strcmp(key, "gen") || !strcmp(key, "seed") || assay_op_operand(op, key) >= 0)
            continue;
        const bool dim = key[0] >= 'A' && key[0] <= 'Z' && !key[1];
        append(dim ? d->dims : d->params, dim ? sizeof d->dims : sizeof d->params, pair);
    }
    for (int i = 0; i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        const assay_case *c = &p->c;
        if (!(c->present >> i & 1))
            continue;
        int n = snprintf(token, sizeof token, "%s=%s%s%s%s", o->name, assay_dtype_of(c->type[i])->name,
                         c->layout[i] ? ":" : "", c->layout[i] ? assay_layout_of(c->layout[i])->name : "",
                         c->spread_over[i] ? "/" : "");
        for (const char *l = o->shape; c->spread_over[i] && *l; l++)
            if (!(c->spread_over[i] >> assay_op_dim(op, *l) & 1))
                token[n++] = *l;
        token[n] = 0;
        append(d->types, sizeof d->types, token);
    }
}

static void add_meta(draft *d, const char *key, const char *value)
{
    d->meta[d->n_meta++] = (assay_st_pair){ key, value };
}

static assay_status write_draft(draft *d, const assay_problem *p, const assay_st_pair *more, size_t n, const char *path,
                                assay_why *why)
{
    static const char *const tag[] = { "random", "exact", "adversarial", "class" };
    char version[16];
    snprintf(version, sizeof version, "%u", p->c.op->version);
    add_meta(d, "format", "assay.vector");
    add_meta(d, "schema", "1");
    add_meta(d, "op", p->c.op->name);
    add_meta(d, "op_version", version);
    add_meta(d, "dims", d->dims);
    add_meta(d, "types", d->types);
    add_meta(d, "params", d->params);
    add_meta(d, "tag", tag[p->tag == ASSAY_TAG_EXACT && !p->exact ? ASSAY_TAG_ADVERSARIAL : p->tag]);
    for (size_t i = 0; i < n; i++)
        add_meta(d, more[i].key, more[i].value);
    return assay_safetensors_write(path, d->tensor, d->n, d->meta, d->n_meta, why);
}

static void free_draft(draft *d)
{
    for (int k = 0; k < ASSAY_MAX_PLANES; k++)
        free(d->plane[k]);
    for (int i = 0; i < ASSAY_MAX_OPND; i++)
        free(d->encoded[i]);
}

static void fill_draft(draft *d, const assay_problem *p)
{
    for (int i = 0; i < p->c.op->n_operands; i++)
        if ((p->c.present >> i & 1) && p->c.op->operands[i].access != ASSAY_OUT)
            add_encoded(d, p, i, "", p->t[i].data);
    add_outputs(d, p);
    describe(d, p);
}

assay_status assay_vector_write(const assay_problem *p, const assay_st_pair *more, size_t n, const char *path,
                                assay_why *why)
{
    draft d = { 0 };
    fill_draft(&d, p);
    const assay_status s = write_draft(&d, p, more, n, path, why);
    free_draft(&d);
    return s;
}

assay_status assay_vector_generate(const char *line, const char *path, assay_why *why)
{
    assay_case c;
    assay_problem p = { 0 };
    draft d = { 0 };
    uint64_t bytes = 0;
    assay_status s = assay_case_parse(line, &c, why);
    if (!s)
        s = assay_problem_make(&c, &p, why);
    if (!s)
        s = assay_problem_solve(&p, NULL, why);
    if (!s) {
        fill_draft(&d, &p);
        for (size_t i = 0; i < d.n; i++)
            bytes += d.tensor[i].bytes;
        s = bytes > ASSAY_VECTOR_BYTES - 2048
                ? assay_fail(why, ASSAY_ERR_SHAPE, "%s: %llu bytes of data, at most %d: %s", path,
                             (unsigned long long)bytes, ASSAY_VECTOR_BYTES - 2048, d.line)
                : write_draft(&d, &p, &(assay_st_pair){ "case", d.line }, 1, path, why);
    }
    free_draft(&d);
    assay_problem_free(&p);
    return s;
}
