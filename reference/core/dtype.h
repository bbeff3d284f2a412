/* SPDX-License-Identifier: MIT
 * dtype.h - element types: the one table of decoders and encoders.  decode is the definition of a format; encode
 * is the exact rule by which it is written (IEEE 754 RNE for floats; for blocks the reference rules of ggml, computed
 * in f32 without contraction).  n is a multiple of the block length. */
#ifndef ASSAY_CORE_DTYPE_H
#define ASSAY_CORE_DTYPE_H
#include "assay/assay.h"

typedef struct assay_dtype_info {
    const char *name; /* "f32", "q4_0"                                */
    int32_t block;    /* elements per block, 1 for plain numbers      */
    int32_t bytes;    /* bytes per block                              */
    double u;         /* unit roundoff of one element, 0 if it is exact or a block */
    void (*decode)(double *dst, const void *src, int64_t n);
    void (*encode)(void *dst, const double *src, int64_t n); /* one rounding from double */
    bool search; /* encode is a search, and another may be as good: the op's verify() judges what was written */
    bool grid;   /* and takes milliseconds a block: inputs of cases hold any codes instead */
} assay_dtype_info;

const assay_dtype_info *assay_dtype_of(assay_dtype t);                      /* NULL: no such number */
const assay_dtype_info *assay_dtype_find(const char *name, assay_dtype *t); /* NULL: no such name */
int64_t assay_dtype_bytes(assay_dtype t, int64_t n); /* bytes of n elements; n is a multiple of the block */

uint16_t assay_f16_from_f64(double x);
double assay_f16_to_f64(uint16_t h);
uint16_t assay_f16_from_f32(float x);
float assay_f16_to_f32(uint16_t h);
uint16_t assay_bf16_from_f64(double x);
float assay_bf16_to_f32(uint16_t h);
#endif
