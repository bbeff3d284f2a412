/* SPDX-License-Identifier: MIT
 * imatrix.h - how much each input column of a matrix matters: the mean of the squares of what it was multiplied with,
 * over some text.  Files are llama.cpp's, in GGUF: general.type is imatrix, and for each matrix there are two tensors,
 * NAME.in_sum2 (width x matrices, sums of squares) and NAME.counts (matrices, how many rows were added). */
#ifndef ASSAY_MODELS_IMATRIX_H
#define ASSAY_MODELS_IMATRIX_H
#include "../core/gguf.h"

typedef struct assay_imatrix_entry {
    assay_span name; /* of the matrix */
    int64_t width, matrices;
    float *mean; /* (matrices, width); of a matrix that was never used 1 */
} assay_imatrix_entry;

typedef struct assay_imatrix {
    assay_gguf file;
    assay_imatrix_entry *entry;
    size_t n;
} assay_imatrix;

assay_status assay_imatrix_open(const char *path, assay_imatrix *m, assay_why *why);
void assay_imatrix_close(assay_imatrix *m);
/* The means of a matrix: *mean NULL: the file says nothing about it.  Another width, or another number of matrices than
 * 1 or `matrices`, is an error. */
assay_status assay_imatrix_find(const assay_imatrix *m, assay_span name, int64_t width, int64_t matrices,
                                const float **mean, int64_t *found, assay_why *why);
#endif
