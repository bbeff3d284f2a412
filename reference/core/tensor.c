/* SPDX-License-Identifier: MIT */
#include "tensor.h"
#include "dtype.h"
#include <string.h>

assay_tensor assay_tensor_dense(assay_dtype type, uint32_t layout, int rank, const int64_t *dim)
{
    assay_tensor t = { .type = type, .layout = layout, .rank = rank };
    const assay_dtype_info *ty = assay_dtype_of(type);
    int64_t step = ty->bytes;
    for (int r = rank - 1; r >= 0; r--) {
        t.dim[r] = dim[r];
        t.stride[r] = step;
        step *= r == rank - 1 ? (dim[r] + ty->block - 1) / ty->block : dim[r];
    }
    return t;
}

int64_t assay_tensor_count(const assay_tensor *t)
{
    int64_t n = 1;
    for (int r = 0; r < t->rank; r++)
        n *= t->dim[r];
    return n;
}

size_t assay_tensor_bytes(const assay_tensor *t)
{
    if (assay_tensor_count(t) == 0)
        return 0;
    if (t->layout)
        return assay_layout_of(t->layout)->bytes(t);
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    int64_t last = ty->bytes;
    for (int r = 0; r < t->rank; r++)
        last += t->stride[r] * (r == t->rank - 1 ? t->dim[r] / ty->block - 1 : t->dim[r] - 1);
    return (size_t)last;
}

/* Visits every innermost row of a strided view: its bytes, its place in the dense array. */
static void each_row(const assay_tensor *t, void (*visit)(const assay_tensor *, char *row, int64_t at, void *),
                     void *ctx)
{
    const int64_t n = assay_tensor_count(t);
    if (n == 0)
        return;
    const int64_t len = t->rank ? t->dim[t->rank - 1] : 1;
    int64_t nth[ASSAY_MAX_RANK] = { 0 };
    char *row = t->data;
    for (int64_t at = 0; at < n; at += len) {
        visit(t, row, at, ctx);
        for (int r = t->rank - 2; r >= 0; r--) { /* as a counter of many digits: no divisions */
            if (++nth[r] < t->dim[r]) {
                row += t->stride[r];
                break;
            }
            row -= (nth[r] - 1) * t->stride[r];
            nth[r] = 0;
        }
    }
}

/* A row whose elements do not follow each other (stride 0 or a wider step) goes one block at a time. */
static void decode_row(const assay_tensor *t, char *row, int64_t at, void *dst)
{
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    const int64_t len = t->rank ? t->dim[t->rank - 1] : 1, step = t->rank ? t->stride[t->rank - 1] : ty->bytes;
    double *d = (double *)dst + at;
    if (step == ty->bytes)
        ty->decode(d, row, len);
    else
        for (int64_t i = 0; i < len; i += ty->block, row += step)
            ty->decode(d + i, row, ty->block);
}

typedef struct {
    const double *src, *before; /* before: NULL, or what stands in the view; rows that are equal keep their bytes */
} encoded;

static void encode_row(const assay_tensor *t, char *row, int64_t at, void *ctx)
{
    const encoded *e = ctx;
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    const int64_t len = t->rank ? t->dim[t->rank - 1] : 1, step = t->rank ? t->stride[t->rank - 1] : ty->bytes;
    const double *s = e->src + at;
    if (e->before && !memcmp(s, e->before + at, (size_t)len * sizeof *s))
        return;
    if (step == ty->bytes)
        ty->encode(row, s, len);
    else
        for (int64_t i = 0; i < len; i += ty->block, row += step)
            ty->encode(row, s + i, ty->block);
}

void assay_tensor_decode(double *dst, const assay_tensor *t)
{
    if (t->layout)
        assay_layout_of(t->layout)->decode(dst, t);
    else
        each_row(t, decode_row, dst);
}

void assay_tensor_encode_changed(const assay_tensor *t, const double *src, const double *before)
{
    encoded e = { src, before };
    if (t->layout)
        assay_layout_of(t->layout)->encode(t, src);
    else
        each_row(t, encode_row, &e);
}

void assay_tensor_encode(const assay_tensor *t, const double *src)
{
    assay_tensor_encode_changed(t, src, NULL);
}
