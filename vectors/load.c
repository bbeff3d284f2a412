/* SPDX-License-Identifier: MIT
 * From a file, perhaps a stranger's, to a problem.  Metadata becomes one case line; what it leaves out is read off the
 * tensors: element types, which optional operands there are, lengths of dimensions. */
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

static const char *meta(const assay_safetensors *s, const char *key)
{
    const char *v = assay_safetensors_meta(s, key);
    return v ? v : "";
}

/* Is there a token "key=..." in text?  value: what follows, up to the next space. */
static bool has_token(const char *text, const char *key, char *value, size_t n)
{
    const size_t len = strlen(key);
    for (const char *p = text; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (!strncmp(p, key, len) && p[len] == '=') {
            snprintf(value, n, "%.*s", (int)strcspn(p + len + 1, " "), p + len + 1);
            return true;
        }
    return false;
}

/* The length of dimension letter: what dims says, else the longest that a tensor of the file shows. */
static int64_t length_of(const assay_op *op, const assay_safetensors *s, char letter)
{
    char key[2] = { letter, 0 }, value[32], prefixed[80];
    int64_t most = -1;
    if (has_token(meta(s, "dims"), key, value, sizeof value))
        return strtoll(value, NULL, 10);
    for (int i = 0; i < 2 * op->n_operands; i++) {
        const assay_operand *o = &op->operands[i / 2];
        snprintf(prefixed, sizeof prefixed, "%s%s", i % 2 ? "expected." : "", o->name);
        const assay_st_tensor *t = assay_safetensors_find(s, prefixed);
        const char *at = strchr(o->shape, letter);
        if (t && at && t->rank == (int32_t)strlen(o->shape) && t->type->type != ASSAY_DTYPE_END &&
            t->dim[at - o->shape] > most)
            most = t->dim[at - o->shape];
    }
    return most;
}

/* "type", "type:layout" or "type/LETTERS" of an operand that the file holds */
static assay_status put_operand(const assay_op *op, const assay_safetensors *s, const assay_operand *o, line *l,
                                assay_why *why)
{
    const assay_st_tensor *t = assay_safetensors_find(s, o->name);
    char type[96], letters[ASSAY_MAX_RANK + 1] = "";
    size_t n = 0;
    if (has_token(meta(s, "types"), o->name, type, sizeof type)) {
        put(l, " %s=%s", o->name, type);
        return ASSAY_OK;
    }
    if (!t || o->access == ASSAY_OUT)
        return ASSAY_OK;
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

static assay_status compose(const assay_safetensors *s, const char *path, line *l, assay_why *why)
{
    const assay_op *op = assay_op_find(meta(s, "op"));
    char number[32], key[2] = { 0 };
    if (!op)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: op '%.40s' in the metadata is none of ours (assay list ops)",
                          path, meta(s, "op"));
    if (*meta(s, "schema") && strtol(meta(s, "schema"), NULL, 10) > ASSAY_VECTOR_SCHEMA)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: schema %.20s is newer than %d", path, meta(s, "schema"),
                          ASSAY_VECTOR_SCHEMA);
    if (*meta(s, "op_version") && strtoul(meta(s, "op_version"), NULL, 10) != op->version)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: made for version %.20s of %s, this is %u", path,
                          meta(s, "op_version"), op->name, op->version);
    put(l, "%s%s", op->name, "");
    for (const char *d = op->dims; *d; d++) {
        const int64_t n = length_of(op, s, *d);
        *key = *d;
        snprintf(number, sizeof number, "%lld", (long long)n);
        if (n >= 0)
            put(l, " %s=%s", key, number);
    }
    for (int i = 0; i < op->n_operands; i++) {
        const assay_status st = put_operand(op, s, &op->operands[i], l, why);
        if (st)
            return st;
    }
    put(l, " %s%s", meta(s, "params"), "");
    return l->n + 1 < sizeof l->text ? ASSAY_OK
                                     : assay_fail(why, ASSAY_ERR_FORMAT, "%s: its metadata is too long", path);
}

static assay_status set_gen(const assay_safetensors *s, assay_vector *v, const char *path, assay_why *why)
{
    static const char *const tags[] = { "random", "exact", "adversarial", "class" };
    v->gen = (assay_gen){ .name = "file", .tag = ASSAY_TAG_ADVERSARIAL };
    if (*meta(s, "tag")) {
        int t = 0;
        while (t < 4 && strcmp(meta(s, "tag"), tags[t]))
            t++;
        if (t == 4)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tag '%.40s': random, exact, adversarial or class", path,
                              meta(s, "tag"));
        v->gen.tag = (assay_tag)t;
    }
    snprintf(v->source, sizeof v->source, "%s", meta(s, "case"));
    return ASSAY_OK;
}

/* n numbers of any type that the file format has, as double; NULL: the tensor does not hold n of them */
static double *numbers(const assay_st_tensor *t, int64_t n)
{
    const assay_dtype_info *ty = assay_dtype_of(t->type->type);
    if (!ty || (uint64_t)n * (uint64_t)ty->bytes != t->bytes)
        return NULL;
    double *x = calloc((size_t)n + 1, sizeof *x);
    void *aligned = malloc((size_t)t->bytes + 1);
    if (x && aligned) {
        memcpy(aligned, t->data, (size_t)t->bytes);
        ty->decode(x, aligned, n);
    }
    free(aligned);
    return x;
}

static assay_status read_expected(const assay_safetensors *s, assay_vector *v, int i, assay_why *why)
{
    const assay_operand *o = &v->p.c.op->operands[i];
    const int64_t n = assay_tensor_count(&v->p.t[i]);
    char name[80], number[32];
    snprintf(name, sizeof name, "expected.%s", o->name);
    const assay_st_tensor *t = assay_safetensors_find(s, name);
    if (!t)
        return assay_fail(why, ASSAY_ERR_FORMAT, "tensor %s is missing", name);
    assay_tensor own = v->p.t[i];
    if (t->bytes == assay_tensor_bytes(&own) && (t->type->type == ASSAY_DTYPE_END || t->type->type == own.type) &&
        (v->raw[i] = malloc((size_t)t->bytes + 64)) && (v->expected[i] = calloc((size_t)n + 1, sizeof(double)))) {
        memcpy(v->raw[i], t->data, (size_t)t->bytes);
        own.data = v->raw[i];
        assay_tensor_decode(v->expected[i], &own);
    } else
        v->expected[i] = numbers(t, n);
    if (!v->expected[i])
        return assay_fail(why, ASSAY_ERR_SHAPE, "%s has %llu bytes of %s, %lld elements are needed", name,
                          (unsigned long long)t->bytes, t->type->name, (long long)n);
    v->golden[i] = t->type->type == ASSAY_f64;
    double abs = 0, rel = 0;
    if (has_token(meta(s, "tolerance"), "abs", number, sizeof number))
        abs = strtod(number, NULL);
    if (has_token(meta(s, "tolerance"), "rel", number, sizeof number))
        rel = strtod(number, NULL);
    if (!(abs >= 0 && rel >= 0) || (*meta(s, "tolerance") && !(abs + rel > 0)))
        return assay_fail(why, ASSAY_ERR_FORMAT, "tolerance '%.60s' is not abs=NUMBER rel=NUMBER",
                          meta(s, "tolerance"));
    v->p.extra[i] = abs + rel > 0 ? calloc((size_t)n + 1, sizeof(double)) : NULL;
    for (int64_t j = 0; v->p.extra[i] && j < n; j++)
        v->p.extra[i][j] = abs + rel * fabs(v->expected[i][j]);
    return ASSAY_OK;
}

static void read_planes(const assay_safetensors *s, assay_vector *v)
{
    const assay_op *op = v->p.c.op;
    for (int k = 0; k < op->n_planes; k++) {
        char name[80];
        snprintf(name, sizeof name, "kappa.%s", op->planes[k].name);
        const assay_st_tensor *t = assay_safetensors_find(s, name);
        const int64_t n = assay_op_shape(op, op->planes[k].shape, v->p.c.dim, NULL);
        if (t && t->type->type == ASSAY_f32 && t->bytes == 4 * (uint64_t)n &&
            (v->plane[k] = malloc((size_t)t->bytes + 1)))
            memcpy(v->plane[k], t->data, (size_t)t->bytes);
    }
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

static assay_status load(const assay_safetensors *s, const char *path, assay_vector *v, assay_why *why)
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
    if (st)
        return st;
    c.gen = &v->gen;
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
    for (int i = 0; !st && i < c.op->n_operands; i++)
        if ((c.present >> i & 1) && c.op->operands[i].access != ASSAY_IN)
            st = read_expected(s, v, i, why);
    if (!st)
        read_planes(s, v);
    return st;
}

assay_status assay_vector_load(const char *path, assay_vector *v, assay_why *why)
{
    assay_safetensors s;
    assay_why inner = { "" };
    memset(v, 0, sizeof *v);
    assay_status st = assay_safetensors_open(path, &s, why);
    if (st)
        return st;
    v->bytes = s.map.n;
    st = load(&s, path, v, &inner);
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
        free(v->raw[i]);
    }
    for (int k = 0; k < ASSAY_MAX_PLANES; k++)
        free(v->plane[k]);
    assay_problem_free(&v->p);
    memset(v, 0, sizeof *v);
}
