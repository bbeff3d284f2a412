/* SPDX-License-Identifier: MIT
 * tensor.h - views in memory to and from dense double, for every element type, stride and storage order. */
#ifndef ASSAY_CORE_TENSOR_H
#define ASSAY_CORE_TENSOR_H
#include "assay/assay.h"

/* A dense row-major view (data stays NULL). */
assay_tensor assay_tensor_dense(assay_dtype type, uint32_t layout, int rank, const int64_t *dim);
int64_t assay_tensor_count(const assay_tensor *t); /* elements */
size_t assay_tensor_bytes(const assay_tensor *t);  /* from data to one past the last byte of the view; 0 if empty */
void assay_tensor_decode(double *dst, const assay_tensor *t);
void assay_tensor_encode(const assay_tensor *t, const double *src);

/* Rows (of the last dimension) that are as before keep their bytes: not every block is what an encoder makes of its
 * values.  before: NULL: all are encoded; operands with a storage order are encoded whole. */
void assay_tensor_encode_changed(const assay_tensor *t, const double *src, const double *before);

/* Storage orders (layouts.def), index = layout number; [0] (strides) is all NULL. */
typedef struct assay_layout_info {
    const char *name;
    size_t (*bytes)(const assay_tensor *t);
    void (*decode)(double *dst, const assay_tensor *t);
    void (*encode)(const assay_tensor *t, const double *src);
    void (*copy)(void *dst, const void *src, const assay_tensor *t); /* the elements, as bytes, not what pads them */
} assay_layout_info;
const assay_layout_info *assay_layout_of(uint32_t layout);
const assay_layout_info *assay_layout_find(const char *name, uint32_t *layout);
#endif
