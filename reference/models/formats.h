/* SPDX-License-Identifier: MIT
 * formats.h - what each element type costs and is worth: bits per weight, and the error that it brings in two parts:
 * the format's, decoded weights against the true ones in double, and the kernel's, against the product with decoded
 * weights. On seeded weights, and on a model, where the parts are divergences of its output. */
#ifndef ASSAY_MODELS_FORMATS_H
#define ASSAY_MODELS_FORMATS_H
#include "requant.h"

enum { ASSAY_FORMATS_KINDS = 2 }; /* kinds of weights: normal; with columns of outliers */

typedef struct assay_format_row {
    assay_dtype type;
    double bits; /* per weight */
    /* relative: root of the sum of squares of the error over that of the truth */
    double weight[ASSAY_FORMATS_KINDS]; /* of the weights */
    double format[ASSAY_FORMATS_KINDS]; /* of x W^T in double */
    double kernel[ASSAY_FORMATS_KINDS]; /* of the kernel's x W^T against that with decoded weights */
    const assay_kernel *by;             /* NULL: matmul does not take the type */
    /* of the model: */
    double share;           /* of its matrices' numbers that are of the type, the others being of a fall-back */
    bool ran;               /* its output is known */
    double model_bits;      /* per number of the file's tensors */
    double model_weight;    /* relative error of the matrices */
    double kl[2], worst[2]; /* format, kernel: divergence per position, mean and largest, in nats */
    double same;            /* share of the positions whose likeliest token is the same */
} assay_format_row;

typedef struct assay_formats {
    bool want[ASSAY_DTYPE_END];
    const char *model, *prompt; /* model NULL: seeded weights alone */
    uint64_t isa;
    int threads;
    bool (*step)(void *ctx, int64_t done, const char *what); /* false: stop */
    assay_format_row *row;
    int n, at;
    int64_t positions;
} assay_formats;

assay_status assay_formats_run(assay_formats *f, assay_why *why);
void assay_formats_free(assay_formats *f);
void assay_formats_print(const assay_formats *f);
char *assay_formats_json(const assay_formats *f); /* to be freed; NULL: no memory */

/* formats_model.c: fills the second half of a row. */
typedef struct assay_format_truth assay_format_truth;
assay_status assay_format_truth_make(const assay_formats *f, assay_format_truth **t, assay_why *why);
assay_status assay_format_model(assay_formats *f, assay_format_truth *t, assay_format_row *r, assay_why *why);
void assay_format_truth_free(assay_format_truth *t);
#endif
