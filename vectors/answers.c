/* SPDX-License-Identifier: MIT
 * The answers of a file, what of them is judged and how coarsely, and its condition quantities. */
#include "../reference/core/dtype.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "parts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static assay_status no_memory(const char *name, int64_t n, assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %lld values", name, (long long)n);
}

/* Numbers of the right count, but in another shape: transposed, for example. */
static bool other_shape(const assay_st_tensor *t, const assay_tensor *want)
{
    bool other = false;
    for (int r = 0; t->rank == want->rank && !want->layout && r < want->rank; r++)
        other |= t->type->type != ASSAY_DTYPE_END && t->dim[r] != want->dim[r] && want->stride[r] != 0;
    return other;
}

static bool is_named(const char *list, const char *name)
{
    for (size_t n = 0; list += strspn(list, " "), (n = strcspn(list, " ")) > 0; list += n)
        if (strlen(name) == n && !strncmp(list, name, n))
            return true;
    return false;
}

/* In the output's own type, blocks and layouts as bytes, or in any type of numbers that the file format has. */
static assay_status read_answer(const assay_st_tensor *t, const char *name, assay_vector *v, int i, assay_why *why)
{
    const assay_tensor *own = &v->p.t[i];
    const int64_t n = assay_tensor_count(own);
    const assay_dtype type = t->type->type;
    const assay_dtype_info *ty = assay_dtype_of(type);
    assay_tensor a = *own;
    const bool bytes = !strcmp(t->type->name, "U8") || type == own->type;
    if (!(bytes && t->bytes == assay_tensor_bytes(own))) {
        if (!ty || t->bytes != (uint64_t)n * (uint64_t)ty->bytes)
            return assay_fail(why, ASSAY_ERR_SHAPE, "%s has %llu bytes of %s, %lld elements are needed", name,
                              (unsigned long long)t->bytes, t->type->name, (long long)n);
        a = assay_tensor_dense(type, 0, own->rank, own->dim);
    }
    if (other_shape(t, &a))
        return assay_fail(why, ASSAY_ERR_SHAPE, "%s has as many elements as its shape needs (%lld), in another shape",
                          name, (long long)n);
    a.data = malloc((size_t)t->bytes + 64);
    v->expected[i] = calloc((size_t)n + 1, sizeof(double));
    v->answer[i] = a;
    if (!a.data || !v->expected[i])
        return no_memory(name, n, why);
    memcpy(a.data, t->data, (size_t)t->bytes);
    assay_tensor_decode(v->expected[i], &a);
    v->golden[i] = type == ASSAY_f64 && v->p.c.op->operands[i].verdict == ASSAY_BOUNDED;
    return ASSAY_OK;
}

/* judged.<output>, of its shape: 0 where nothing is judged.  A block has no elements of its own. */
static assay_status read_marks(const assay_st_tensor *t, const char *name, bool all, assay_vector *v, int i,
                               assay_why *why)
{
    const int64_t n = assay_tensor_count(&v->p.t[i]), block = assay_dtype_of(v->p.t[i].type)->block;
    v->elements += n;
    v->judged += n;
    v->unjudged += all;
    if (!t && !all)
        return ASSAY_OK;
    if (t && strcmp(t->type->name, "U8") != 0 && strcmp(t->type->name, "BOOL") != 0)
        return assay_fail(why, ASSAY_ERR_DTYPE, "judged.%s holds %s, BOOL or U8 is needed", name, t->type->name);
    if (t && t->bytes != (uint64_t)n)
        return assay_fail(why, ASSAY_ERR_SHAPE, "judged.%s has %llu elements, %s has %lld", name,
                          (unsigned long long)t->bytes, name, (long long)n);
    unsigned char *open = v->p.open[i] = calloc((size_t)n + 1, 1);
    if (!open)
        return no_memory(name, n, why);
    for (int64_t j = 0; j < n; j++) {
        open[j] = all || !((const unsigned char *)t->data)[j];
        v->judged -= open[j];
        if (open[j] != open[j - j % block])
            return assay_fail(why, ASSAY_ERR_FORMAT, "judged.%s: the block at element %lld is judged in part", name,
                              (long long)(j - j % block));
    }
    return ASSAY_OK;
}

static bool is_number(const char *text, double *x)
{
    char *end;
    *x = strtod(text, &end);
    return end != text && !*end && *x >= 0 && isfinite(*x);
}

static assay_status read_tolerance(const char *text, assay_vector *v, int i, assay_why *why)
{
    char number[32];
    double abs = 0, rel = 0;
    if ((assay_vector_token(text, "abs", number, sizeof number) && !is_number(number, &abs)) ||
        (assay_vector_token(text, "rel", number, sizeof number) && !is_number(number, &rel)) ||
        (*text && !(abs + rel > 0)))
        return assay_fail(why, ASSAY_ERR_FORMAT, "tolerance '%.60s' is not abs=NUMBER rel=NUMBER", text);
    const int64_t n = assay_tensor_count(&v->p.t[i]);
    if (!(abs + rel > 0) || !v->expected[i])
        return ASSAY_OK;
    v->p.extra[i] = calloc((size_t)n + 1, sizeof(double));
    for (int64_t j = 0; v->p.extra[i] && j < n; j++)
        v->p.extra[i][j] = abs + rel * fabs(v->expected[i][j]);
    return v->p.extra[i] ? ASSAY_OK : no_memory("tolerance", n, why);
}

static assay_status read_planes(const assay_safetensors *s, assay_vector *v, assay_why *why)
{
    const assay_op *op = v->p.c.op;
    for (int k = 0; k < op->n_planes; k++) {
        const assay_st_tensor *t = assay_vector_tensor(s, "kappa.", op->planes[k].name);
        const int64_t n = assay_op_shape(op, op->planes[k].shape, v->p.c.dim, NULL);
        if (!t)
            continue;
        if (t->type->type != ASSAY_f32 || t->bytes != 4 * (uint64_t)n)
            return assay_fail(why, ASSAY_ERR_SHAPE, "%s has %llu bytes of %s, %lld elements of F32 are needed", t->name,
                              (unsigned long long)t->bytes, t->type->name, (long long)n);
        v->plane[k] = malloc((size_t)t->bytes + 1);
        if (!v->plane[k])
            return no_memory(t->name, n, why);
        memcpy(v->plane[k], t->data, (size_t)t->bytes);
    }
    return ASSAY_OK;
}

static assay_status read_output(const assay_safetensors *s, assay_vector *v, int i, assay_why *why)
{
    const assay_operand *o = &v->p.c.op->operands[i];
    const assay_st_tensor *t = assay_vector_tensor(s, "expected.", o->name),
                          *marks = assay_vector_tensor(s, "judged.", o->name);
    const bool all = is_named(assay_vector_meta(s, "not_judged"), o->name);
    if (!t && !all)
        return assay_fail(why, ASSAY_ERR_FORMAT, "tensor expected.%s is missing", o->name);
    assay_status st = t ? read_answer(t, t->name, v, i, why) : ASSAY_OK;
    if (!st)
        st = read_marks(marks, o->name, all, v, i, why);
    return st ? st : read_tolerance(assay_vector_meta(s, "tolerance"), v, i, why);
}

assay_status assay_vector_answers(const assay_safetensors *s, assay_vector *v, assay_why *why)
{
    const assay_op *op = v->p.c.op;
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        const assay_st_tensor *t = assay_vector_tensor(s, "", o->name);
        const bool present = v->p.c.present >> i & 1;
        if (present && o->access != ASSAY_OUT && other_shape(t, &v->p.t[i]))
            st = assay_fail(why, ASSAY_ERR_SHAPE, "%s: a length in its shape is not that of its dimension", o->name);
        else if (present && o->access != ASSAY_IN)
            st = read_output(s, v, i, why);
        else if (!present &&
                 (assay_vector_tensor(s, "expected.", o->name) || assay_vector_tensor(s, "judged.", o->name)))
            st =
                assay_fail(why, ASSAY_ERR_FORMAT, "output %s is not part of the call: name its type in types", o->name);
    }
    return st ? st : read_planes(s, v, why);
}
