/* SPDX-License-Identifier: MIT
 * One line <-> one problem.  Grammar in case.h; patterns of lines in case_expand.c. */
#include "case.h"
#include "dtype.h"
#include "near.h"
#include "registry.h"
#include "status.h"
#include "tensor.h"
#include "values.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ELEMENTS_LOG2 = 40 };

int assay_op_dim(const assay_op *op, char letter)
{
    const char *at = letter ? strchr(op->dims, letter) : NULL;
    return at ? (int)(at - op->dims) : -1;
}

int assay_op_operand(const assay_op *op, const char *name)
{
    for (int i = 0; i < op->n_operands; i++)
        if (!strcmp(op->operands[i].name, name))
            return i;
    return -1;
}

int64_t assay_op_shape(const assay_op *op, const char *shape, const int64_t *dim, int64_t out[ASSAY_MAX_RANK])
{
    int64_t n = 1;
    for (int r = 0; shape[r]; r++) {
        const int64_t d = dim[assay_op_dim(op, shape[r])];
        if (out)
            out[r] = d;
        n *= d;
    }
    return n;
}

static assay_dtype first_type(const assay_typeset *s)
{
    for (int t = 0; t < ASSAY_DTYPE_END; t++)
        if (ASSAY_HAS(*s, t))
            return (assay_dtype)t;
    return ASSAY_f32;
}

static assay_status parse_i64(const char *key, const char *text, int64_t lo, int64_t hi, int64_t *out, assay_why *why)
{
    char *end;
    errno = 0;
    const long long v = strtoll(text, &end, 0);
    if (errno || end == text || *end || v < lo || v > hi)
        return assay_fail(why, ASSAY_ERR_PARAM, "%s=%s: a whole number from %lld to %lld is needed", key, text,
                          (long long)lo, (long long)hi);
    *out = v;
    return ASSAY_OK;
}

static assay_status parse_field(const assay_field *f, const char *text, unsigned char *params, assay_why *why)
{
    int64_t v = 0;
    assay_status s;
    switch (f->kind) {
    case ASSAY_KIND_F32: {
        char *end;
        const double x = strtod(text, &end);
        const float y = (float)x;
        if (end == text || *end || !((double)y >= f->min && x <= f->max))
            return assay_fail(why, ASSAY_ERR_PARAM, "%s=%s: a number from %g to %g is needed", f->name, text, f->min,
                              f->max);
        memcpy(params + f->offset, &y, sizeof y);
        return ASSAY_OK;
    }
    case ASSAY_KIND_ENUM:
        for (int32_t i = 0; f->names[i]; i++)
            if (!strcmp(f->names[i], text)) {
                memcpy(params + f->offset, &i, sizeof i);
                return ASSAY_OK;
            }
        return assay_fail(why, ASSAY_ERR_PARAM, "%s=%s: no such name (first is %s)", f->name, text, f->names[0]);
    case ASSAY_KIND_I64:
        s = parse_i64(f->name, text, (int64_t)f->min, (int64_t)f->max, &v, why);
        memcpy(params + f->offset, &v, sizeof v);
        return s;
    default:
        s = parse_i64(f->name, text, (int64_t)f->min, (int64_t)f->max, &v, why);
        memcpy(params + f->offset, &(int32_t){ (int32_t)v }, sizeof(int32_t));
        return s;
    }
}

/* TYPE[:LAYOUT][/LETTERS] of operand i, or none */
static assay_status parse_operand(assay_case *c, int i, char *text, assay_why *why)
{
    const assay_operand *o = &c->op->operands[i];
    char *over = strchr(text, '/'), *layout;
    c->layout[i] = c->spread_over[i] = 0; /* of two values the last counts */
    if (!strcmp(text, "none")) {
        c->present &= ~(1u << i);
        return o->flags & ASSAY_OPTIONAL
                   ? ASSAY_OK
                   : assay_fail(why, ASSAY_ERR_ARG, "%s: %s=none: this operand is always given", c->op->name, o->name);
    }
    if (over)
        *over++ = 0;
    if ((layout = strchr(text, ':')))
        *layout++ = 0;
    if (!assay_dtype_find(text, &c->type[i]))
        return assay_fail(why, ASSAY_ERR_DTYPE, "%s: %s=%s: no such element type", c->op->name, o->name, text);
    if (!ASSAY_HAS(o->types, c->type[i]))
        return assay_fail(why, ASSAY_ERR_DTYPE, "%s: %s=%s: this operand does not take that type", c->op->name, o->name,
                          text);
    if (layout && !assay_layout_find(layout, &c->layout[i]))
        return assay_fail(why, ASSAY_ERR_LAYOUT, "%s: %s=%s:%s: no such layout", c->op->name, o->name, text, layout);
    if (c->layout[i] && !(o->layouts >> c->layout[i] & 1))
        return assay_fail(why, ASSAY_ERR_LAYOUT, "%s: %s does not take layout %s", c->op->name, o->name, layout);
    if (over) {
        if (!(o->flags & ASSAY_BROADCAST))
            return assay_fail(why, ASSAY_ERR_LAYOUT, "%s: %s is not a broadcast operand", c->op->name, o->name);
        for (const char *l = o->shape; *l; l++)
            if (!strchr(over, *l))
                c->spread_over[i] |= 1u << assay_op_dim(c->op, *l);
    }
    c->present |= 1u << i;
    return ASSAY_OK;
}

static const assay_gen *find_gen(const assay_op *op, const char *name)
{
    const assay_suite *s = assay_suite_of(op);
    for (size_t i = 0; s && i < s->n_gens; i++)
        if (!strcmp(s->gens[i].name, name))
            return &s->gens[i];
    for (size_t i = 0; i < assay_n_gens; i++)
        if (!strcmp(assay_gens[i].name, name))
            return &assay_gens[i];
    return NULL;
}

assay_status assay_no_op(const char *name, assay_why *why)
{
    char best[80];
    assay_near near = { .word = name };
    for (size_t i = 0; assay_op_at(i); i++)
        assay_near_try(&near, assay_op_at(i)->name);
    return assay_fail(why, ASSAY_ERR_ARG, "%.60s: no such op%s (assay list ops)", name,
                      assay_near_text(&near, best, sizeof best));
}

static assay_status no_gen(const assay_op *op, const char *name, assay_why *why)
{
    char best[80];
    assay_near near = { .word = name };
    const assay_suite *s = assay_suite_of(op);
    for (size_t i = 0; s && i < s->n_gens; i++)
        assay_near_try(&near, s->gens[i].name);
    for (size_t i = 0; i < assay_n_gens; i++)
        assay_near_try(&near, assay_gens[i].name);
    return assay_fail(why, ASSAY_ERR_ARG, "%s: gen=%.60s: no such generator%s", op->name, name,
                      assay_near_text(&near, best, sizeof best));
}

/* A key that the op does not have. */
static assay_status no_key(const assay_op *op, const char *key, const char *text, assay_why *why)
{
    char best[80];
    assay_near near = { .word = key };
    for (int i = 0; i < op->n_operands; i++)
        assay_near_try(&near, op->operands[i].name);
    for (int i = 0; i < op->n_fields; i++)
        assay_near_try(&near, op->fields[i].name);
    assay_near_try(&near, "seed");
    return assay_fail(why, ASSAY_ERR_ARG,
                      "%s: %.40s=%.40s: neither a dimension (%s), an operand, a parameter, gen nor seed%s", op->name,
                      key, text, op->dims, assay_near_text(&near, best, sizeof best));
}

assay_status assay_case_key(const assay_op *op, const char *key, const char *text, assay_why *why)
{
    bool known = (key[0] && !key[1] && assay_op_dim(op, key[0]) >= 0) || assay_op_operand(op, key) >= 0 ||
                 !strcmp(key, "gen") || !strcmp(key, "seed");
    for (int i = 0; i < op->n_fields; i++)
        known |= !strcmp(op->fields[i].name, key);
    return known ? ASSAY_OK : no_key(op, key, text, why);
}

static assay_status parse_pair(assay_case *c, char *key, char *text, bool *seeded, assay_why *why)
{
    const assay_op *op = c->op;
    int i;
    if (key[0] >= 'A' && key[0] <= 'Z' && !key[1] && (i = assay_op_dim(op, key[0])) >= 0)
        return parse_i64(key, text, 0, INT64_C(1) << MAX_ELEMENTS_LOG2, &c->dim[i], why);
    if ((i = assay_op_operand(op, key)) >= 0)
        return parse_operand(c, i, text, why);
    for (i = 0; i < op->n_fields; i++)
        if (!strcmp(op->fields[i].name, key))
            return parse_field(&op->fields[i], text, c->params, why);
    if (!strcmp(key, "gen") && strchr(text, '@'))
        return assay_value_gen_parse(text, c, why);
    if (!strcmp(key, "gen")) {
        c->gen = find_gen(op, text);
        c->gen_at = 0;
        return c->gen ? ASSAY_OK : no_gen(op, text, why);
    }
    if (!strcmp(key, "seed")) {
        int64_t v = 0;
        const assay_status s = parse_i64(key, text, 0, INT64_MAX, &v, why);
        c->seed = (uint64_t)v;
        *seeded = true;
        return s;
    }
    return no_key(op, key, text, why);
}

/* FNV-1a of the printed line without seed: cases get inputs of their own, the same on every machine. */
static uint64_t line_seed(const assay_case *c)
{
    char line[ASSAY_CASE_LINE];
    assay_case plain = *c;
    plain.seed = 0;
    assay_case_print(&plain, line, sizeof line);
    uint64_t h = UINT64_C(14695981039346656037);
    for (const char *p = line; *p; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return h >> 32;
}

static assay_status check_sizes(const assay_case *c, assay_why *why)
{
    for (int i = 0; i < c->op->n_operands; i++) {
        double n = 1;
        int64_t dim[ASSAY_MAX_RANK];
        for (const char *l = c->op->operands[i].shape; *l; l++)
            n *= fmax((double)c->dim[assay_op_dim(c->op, *l)], 1); /* a factor 0 excuses no other */
        if (n > 0x1p40)
            return assay_fail(why, ASSAY_ERR_SHAPE, "%s: %s would have %.3g elements, at most 2^%d", c->op->name,
                              c->op->operands[i].name, n, MAX_ELEMENTS_LOG2);
        assay_op_shape(c->op, c->op->operands[i].shape, c->dim, dim);
        const assay_dtype_info *ty = assay_dtype_of(c->type[i]);
        const size_t rank = strlen(c->op->operands[i].shape);
        if ((c->present >> i & 1) && rank && dim[rank - 1] % ty->block)
            return assay_fail(why, ASSAY_ERR_SHAPE, "%s: %s=%s: length %lld is not a multiple of its block of %d",
                              c->op->name, c->op->operands[i].name, ty->name, (long long)dim[rank - 1], ty->block);
    }
    return ASSAY_OK;
}

assay_status assay_case_parse(const char *line, assay_case *c, assay_why *why)
{
    char copy[ASSAY_CASE_LINE], *save = NULL;
    if (strlen(line) >= sizeof copy)
        return assay_fail(why, ASSAY_ERR_ARG, "the line has %zu characters, at most %d", strlen(line),
                          ASSAY_CASE_LINE - 1);
    strcpy(copy, line);
    const char *name = strtok_r(copy, " \t\n", &save);
    memset(c, 0, sizeof *c);
    if (!name || !(c->op = assay_op_find(name)))
        return assay_no_op(name ? name : "(empty line)", why);
    bool seeded = false;
    for (size_t d = 0; c->op->dims[d]; d++)
        c->dim[d] = 1;
    for (int i = 0; i < c->op->n_operands; i++) {
        c->type[i] = first_type(&c->op->operands[i].types);
        c->present |= c->op->operands[i].flags & ASSAY_OPTIONAL ? 0 : 1u << i;
    }
    c->gen = find_gen(c->op, "gauss");
    for (char *pair; (pair = strtok_r(NULL, " \t\n", &save));) {
        char *text = strchr(pair, '=');
        if (!text)
            return assay_fail(why, ASSAY_ERR_ARG, "%s: '%s' is not key=value", c->op->name, pair);
        *text++ = 0;
        const assay_status s = parse_pair(c, pair, text, &seeded, why);
        if (s)
            return s;
    }
    if (!seeded)
        c->seed = line_seed(c);
    const assay_status sizes = check_sizes(c, why);
    return sizes ? sizes : assay_value_gen_check(c, why);
}

static int put(char *line, size_t n, int at, const char *format, const char *key, const char *text)
{
    return at + snprintf((size_t)at < n ? line + at : NULL, (size_t)at < n ? n - (size_t)at : 0, format, key, text);
}

static int print_field(const assay_field *f, const unsigned char *params, char *text, size_t n)
{
    float x;
    int32_t i;
    int64_t l;
    switch (f->kind) {
    case ASSAY_KIND_F32: /* as short as reads back to the same float */
        memcpy(&x, params + f->offset, sizeof x);
        for (int digits = 1; digits <= 9; digits++) {
            snprintf(text, n, "%.*g", digits, (double)x);
            if (strtof(text, NULL) == x)
                break;
        }
        return (int)strlen(text);
    case ASSAY_KIND_I64:
        memcpy(&l, params + f->offset, sizeof l);
        return snprintf(text, n, "%lld", (long long)l);
    case ASSAY_KIND_ENUM:
        memcpy(&i, params + f->offset, sizeof i);
        return snprintf(text, n, "%s", f->names[i]);
    default:
        memcpy(&i, params + f->offset, sizeof i);
        return snprintf(text, n, "%d", (int)i);
    }
}

/* all: what a line may leave out stands there, too. */
static int print_case(const assay_case *c, char *line, size_t n, bool all)
{
    const assay_op *op = c->op;
    char text[64], key[2] = { 0 };
    int at = put(line, n, 0, "%s%s", op->name, "");
    for (size_t d = 0; op->dims[d]; d++) {
        key[0] = op->dims[d];
        snprintf(text, sizeof text, "%lld", (long long)c->dim[d]);
        at = put(line, n, at, " %s=%s", key, text);
    }
    for (int i = 0; i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        if (!(c->present >> i & 1)) {
            at = all ? put(line, n, at, " %s=%s", o->name, "none") : at;
            continue;
        }
        if (!all && !(o->flags & ASSAY_OPTIONAL) && c->type[i] == first_type(&o->types) && !c->layout[i] &&
            !c->spread_over[i])
            continue;
        int used = snprintf(text, sizeof text, "%s%s%s%s", assay_dtype_of(c->type[i])->name, c->layout[i] ? ":" : "",
                            c->layout[i] ? assay_layout_of(c->layout[i])->name : "", c->spread_over[i] ? "/" : "");
        for (const char *l = o->shape; c->spread_over[i] && *l; l++)
            if (!(c->spread_over[i] >> assay_op_dim(op, *l) & 1))
                text[used++] = *l;
        text[used] = 0;
        at = put(line, n, at, " %s=%s", o->name, text);
    }
    static const unsigned char zero[ASSAY_MAX_PARAMS];
    for (int i = 0; i < op->n_fields; i++) {
        const size_t size = op->fields[i].kind == ASSAY_KIND_I64 ? 8 : 4;
        if (!all && !memcmp(c->params + op->fields[i].offset, zero, size))
            continue;
        print_field(&op->fields[i], c->params, text, sizeof text);
        at = put(line, n, at, " %s=%s", op->fields[i].name, text);
    }
    assay_gen_print(c, text, sizeof text);
    at = put(line, n, at, " gen=%s%s", text, "");
    if (c->seed) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)c->seed);
        at = put(line, n, at, " seed=%s%s", text, "");
    }
    return at;
}

int assay_case_print(const assay_case *c, char *line, size_t n)
{
    return print_case(c, line, n, false);
}

int assay_case_print_all(const assay_case *c, char *line, size_t n)
{
    return print_case(c, line, n, true);
}

void assay_case_tensors(const assay_case *c, assay_tensor t[ASSAY_MAX_OPND])
{
    for (int i = 0; i < c->op->n_operands; i++) {
        int64_t dim[ASSAY_MAX_RANK];
        const char *shape = c->op->operands[i].shape;
        if (!(c->present >> i & 1)) {
            t[i] = (assay_tensor){ .type = c->type[i] };
            continue;
        }
        assay_op_shape(c->op, shape, c->dim, dim);
        if (!c->spread_over[i]) {
            t[i] = assay_tensor_dense(c->type[i], c->layout[i], (int)strlen(shape), dim);
            continue;
        }
        int64_t full[ASSAY_MAX_RANK];
        memcpy(full, dim, sizeof full);
        for (int r = 0; shape[r]; r++)
            if (c->spread_over[i] >> assay_op_dim(c->op, shape[r]) & 1)
                dim[r] = 1;
        t[i] = assay_tensor_dense(c->type[i], 0, (int)strlen(shape), dim);
        for (int r = 0; shape[r]; r++) {
            if (dim[r] != full[r])
                t[i].stride[r] = 0;
            t[i].dim[r] = full[r];
        }
    }
}

assay_status assay_case_check(const assay_case *c, assay_why *why)
{
    assay_tensor t[ASSAY_MAX_OPND];
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS]; /* resolve() writes to them */
    assay_case_tensors(c, t);
    memcpy(params, c->params, sizeof params);
    return assay_check(c->op, &(assay_args){ .operand = t, .dim = c->dim, .params = params }, params, why);
}
