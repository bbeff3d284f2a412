/* SPDX-License-Identifier: MIT
 * From a file, perhaps a stranger's, to a problem.  Metadata becomes one case line; what it leaves out is read off the
 * tensors: element types, which optional operands there are, lengths of dimensions. */
#include "../reference/core/contract.h"
#include "../reference/core/dtype.h"
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ELEMENTS 0x1p26
#define MAX_WORK     0x1p36

typedef struct line {
    char text[ASSAY_CASE_LINE];
    size_t n;
} line;

static void put(line *l, const char *format, const char *a, const char *b)
{
    const int n = snprintf(l->text + l->n, sizeof l->text - l->n, format, a, b);
    l->n = l->n + (size_t)n < sizeof l->text ? l->n + (size_t)n : sizeof l->text - 1;
}

const char *assay_vector_meta(const assay_safetensors *s, const char *key)
{
    const char *v = assay_safetensors_meta(s, key);
    return v ? v : "";
}

bool assay_vector_token(const char *text, const char *key, char *value, size_t n)
{
    const size_t len = strlen(key);
    for (const char *p = text; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (!strncmp(p, key, len) && p[len] == '=') {
            snprintf(value, n, "%.*s", (int)strcspn(p + len + 1, " "), p + len + 1);
            return true;
        }
    return false;
}

const assay_st_tensor *assay_vector_tensor(const assay_safetensors *s, const char *prefix, const char *name)
{
    char full[80];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return assay_safetensors_find(s, full);
}

/* The length of dimension letter: what dims says, else the longest that a tensor of the file shows. */
static int64_t length_of(const assay_op *op, const assay_safetensors *s, char letter)
{
    char key[2] = { letter, 0 }, value[32];
    int64_t most = -1;
    if (assay_vector_token(assay_vector_meta(s, "dims"), key, value, sizeof value))
        return strtoll(value, NULL, 10);
    for (int i = 0; i < 2 * op->n_operands; i++) {
        const assay_operand *o = &op->operands[i / 2];
        const assay_st_tensor *t = assay_vector_tensor(s, i % 2 ? "expected." : "", o->name);
        const char *at = strchr(o->shape, letter);
        if (t && at && t->rank == (int32_t)strlen(o->shape) && t->type->type != ASSAY_DTYPE_END &&
            t->dim[at - o->shape] > most)
            most = t->dim[at - o->shape];
    }
    return most;
}

/* An output is of the type of its answer where the op knows it so: an answer in f16 is for kernels that write f16. */
static void put_output(const assay_safetensors *s, const assay_operand *o, line *l)
{
    const assay_st_tensor *t = assay_vector_tensor(s, "expected.", o->name);
    if (o->access == ASSAY_OUT && t && t->type->type != ASSAY_DTYPE_END && ASSAY_HAS(o->types, t->type->type))
        put(l, " %s=%s", o->name, assay_dtype_of(t->type->type)->name);
}

/* "type", "type:layout" or "type/LETTERS" of an operand that the file holds */
static assay_status put_operand(const assay_op *op, const assay_safetensors *s, const assay_operand *o, line *l,
                                assay_why *why)
{
    const assay_st_tensor *t = assay_safetensors_find(s, o->name);
    char type[96], letters[ASSAY_MAX_RANK + 1] = "";
    size_t n = 0;
    if (assay_vector_token(assay_vector_meta(s, "types"), o->name, type, sizeof type)) {
        put(l, " %s=%s", o->name, type);
        return ASSAY_OK;
    }
    if (!t || o->access == ASSAY_OUT) {
        put_output(s, o, l);
        return ASSAY_OK;
    }
    if (t->type->type == ASSAY_DTYPE_END)
        return assay_fail(why, ASSAY_ERR_DTYPE, "%s is %s: its element type is needed in types, as in %s=q8_0", o->name,
                          t->type->name, o->name);
    const int32_t rank = (int32_t)strlen(o->shape);
    for (int32_t r = 0; (o->flags & ASSAY_BROADCAST) && t->rank == rank && r < rank; r++)
        if (t->dim[r] != 1 || length_of(op, s, o->shape[r]) <= 1)
            letters[n++] = o->shape[r];
    put(l, " %s=%s", o->name, assay_dtype_of(t->type->type)->name);
    if ((o->flags & ASSAY_BROADCAST) && t->rank == rank && (int32_t)n < rank)
        put(l, "/%s%s", letters, "");
    return ASSAY_OK;
}

/* The whole number that a key holds; `none` where it holds nothing. */
static bool is_version(const char *text, unsigned long none, unsigned long *n)
{
    char *end;
    *n = *text ? strtoul(text, &end, 10) : none;
    return !*text || (end != text && !*end && *text != '-');
}

static const assay_op *op_of(const assay_safetensors *s, const char *path, assay_why *why)
{
    const char *name = assay_vector_meta(s, "op");
    const assay_op *op = assay_op_find(name);
    unsigned long schema, version;
    if (!op)
        assay_no_op(name, why);
    else if (!is_version(assay_vector_meta(s, "schema"), ASSAY_VECTOR_SCHEMA, &schema) || schema > ASSAY_VECTOR_SCHEMA)
        assay_fail(why, ASSAY_ERR_FORMAT, "%.100s: schema %.20s is not of 1 to %d", path,
                   assay_vector_meta(s, "schema"), ASSAY_VECTOR_SCHEMA);
    else if (!is_version(assay_vector_meta(s, "op_version"), op->version, &version) || version != op->version)
        assay_fail(why, ASSAY_ERR_FORMAT, "%.100s: made for version %.20s of %s, this is %u", path,
                   assay_vector_meta(s, "op_version"), op->name, op->version);
    else
        return op;
    return NULL;
}

static assay_status compose(const assay_safetensors *s, const char *path, line *l, assay_why *why)
{
    const assay_op *op = op_of(s, path, why);
    char number[32], key[2] = { 0 };
    const assay_status known = op ? assay_vector_names(s, op, why) : ASSAY_ERR_FORMAT;
    if (known)
        return known;
    put(l, "%s%s", op->name, "");
    for (const char *d = op->dims; *d; d++) {
        const int64_t n = length_of(op, s, *d);
        *key = *d;
        const bool said = assay_vector_token(assay_vector_meta(s, "dims"), key, number, sizeof number);
        if (!said)
            snprintf(number, sizeof number, "%lld", (long long)n);
        if (said || n >= 0)
            put(l, " %s=%s", key, number);
    }
    for (int i = 0; i < op->n_operands; i++) {
        const assay_status st = put_operand(op, s, &op->operands[i], l, why);
        if (st)
            return st;
    }
    put(l, " %s%s", assay_vector_meta(s, "params"), "");
    return l->n + 1 < sizeof l->text ? ASSAY_OK
                                     : assay_fail(why, ASSAY_ERR_FORMAT, "%s: its metadata is too long", path);
}

static assay_status set_gen(const assay_safetensors *s, assay_vector *v, const char *path, assay_why *why)
{
    static const char *const tags[] = { "random", "exact", "adversarial", "class" };
    v->gen = (assay_gen){ .name = "file", .tag = ASSAY_TAG_ADVERSARIAL };
    if (*assay_vector_meta(s, "tag")) {
        int t = 0;
        while (t < 4 && strcmp(assay_vector_meta(s, "tag"), tags[t]))
            t++;
        if (t == 4)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tag '%.40s': random, exact, adversarial or class", path,
                              assay_vector_meta(s, "tag"));
        v->gen.tag = (assay_tag)t;
    }
    snprintf(v->source, sizeof v->source, "%s", assay_vector_meta(s, "case"));
    return ASSAY_OK;
}

/* Small problems only: what the file claims must not cost the reader more than the file. */
static assay_status check_size(const assay_case *c, assay_why *why)
{
    double work = 1;
    for (size_t d = 0; c->op->dims[d]; d++)
        work *= c->dim[d] > 1 ? (double)c->dim[d] : 1;
    for (int i = 0; i < c->op->n_operands + c->op->n_planes; i++) {
        const bool plane = i >= c->op->n_operands;
        const char *shape = plane ? c->op->planes[i - c->op->n_operands].shape : c->op->operands[i].shape;
        const char *name = plane ? c->op->planes[i - c->op->n_operands].name : c->op->operands[i].name;
        double n = 1;
        for (const char *l = shape; *l; l++)
            n *= (double)c->dim[assay_op_dim(c->op, *l)];
        if (n > MAX_ELEMENTS && (plane || (c->present >> i & 1)))
            return assay_fail(why, ASSAY_ERR_SHAPE, "%s would have %.0f elements, a vector at most 2^26", name, n);
    }
    if (work > MAX_WORK)
        return assay_fail(why, ASSAY_ERR_SHAPE, "the product of its dimensions is %.3g, of a vector at most 2^36",
                          work);
    return ASSAY_OK;
}

static assay_status load(const assay_safetensors *s, const char *path, const char *contract, assay_vector *v,
                         assay_why *why)
{
    const void *data[ASSAY_MAX_OPND] = { NULL };
    size_t bytes[ASSAY_MAX_OPND] = { 0 };
    line l = { "", 0 };
    assay_case c;
    assay_status st = compose(s, path, &l, why);
    if (!st)
        st = assay_case_parse(l.text, &c, why);
    if (!st)
        st = check_size(&c, why);
    if (!st)
        st = set_gen(s, v, path, why);
    if (!st)
        st = assay_contract_parse(contract ? contract : assay_vector_meta(s, "contract"), c.op, &v->contract, why);
    if (st)
        return st;
    c.gen = &v->gen, c.gen_at = 0;
    for (int i = 0; i < c.op->n_operands; i++) {
        const assay_operand *o = &c.op->operands[i];
        const assay_st_tensor *t = assay_safetensors_find(s, o->name);
        if (!(c.present >> i & 1) || o->access == ASSAY_OUT)
            continue;
        if (!t)
            return assay_fail(why, ASSAY_ERR_FORMAT, "tensor %s is missing", o->name);
        if (t->type->type != ASSAY_DTYPE_END && t->type->type != c.type[i])
            return assay_fail(why, ASSAY_ERR_DTYPE, "%s holds %s, %s is said", o->name, t->type->name,
                              assay_dtype_of(c.type[i])->name);
        data[i] = t->data;
        bytes[i] = (size_t)t->bytes;
    }
    st = assay_problem_load(&c, data, bytes, &v->p, why);
    return st ? st : assay_vector_answers(s, v, why);
}

assay_status assay_vector_load(const char *path, const char *contract, assay_vector *v, assay_why *why)
{
    assay_safetensors s;
    assay_why inner = { "" };
    memset(v, 0, sizeof *v);
    assay_status st = assay_safetensors_open(path, &s, why);
    if (st)
        return st;
    v->bytes = s.map.n;
    st = load(&s, path, contract, v, &inner);
    assay_safetensors_close(&s);
    if (st) {
        assay_vector_free(v);
        if (strncmp(inner.text, path, strlen(path)))
            return assay_fail(why, st, "%.100s: %.130s", path, inner.text);
        if (why)
            *why = inner;
    }
    return st;
}

void assay_vector_free(assay_vector *v)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        free(v->expected[i]);
        free(v->answer[i].data);
    }
    for (int k = 0; k < ASSAY_MAX_PLANES; k++)
        free(v->plane[k]);
    assay_problem_free(&v->p);
    memset(v, 0, sizeof *v);
}
