/* SPDX-License-Identifier: MIT
 * errors.h - which model the rounding errors of a matrix product obey, by what comes of inputs in which the models
 * part: numbers alone, numbers beside one that is much larger, rows of very different sizes. */
#ifndef ASSAY_CERTIFICATE_ERRORS_H
#define ASSAY_CERTIFICATE_ERRORS_H
#include "../../reference/core/json.h"
#include "../judge/judge.h"

typedef enum assay_error_kind {
    ASSAY_ERRORS_UNKNOWN,   /* it could not be measured: why */
    ASSAY_ERRORS_COMPONENT, /* each element within c u sum|x w|: as a sum of rounded products, in any order */
    ASSAY_ERRORS_ROUNDED,   /* the same of operands that were first rounded to so many bits, each number by itself */
    ASSAY_ERRORS_NORM,      /* within c u K max|x| max|w| alone: as Strassen's */
    ASSAY_ERRORS_FIXED,     /* operands hold so many bits of the largest number beside them: emulation by integers */
    ASSAY_ERRORS_NONE,      /* wrong by more than any of these */
    ASSAY_ERROR_KINDS
} assay_error_kind;

typedef struct assay_error_model { /* of one kernel at one shape and choice of types */
    assay_case c;
    assay_error_kind kind;
    int bits;               /* ROUNDED: of the significand, with its leading 1; FIXED: with the sign */
    bool sums;              /* ROUNDED: sums as well, not the factors alone */
    bool narrow;            /* ROUNDED: large numbers become infinite, as in f16 */
    bool of[2];             /* ROUNDED, FIXED: of the first factor, of the second */
    int64_t within;         /* FIXED: length of the blocks that share a unit; 0: a row; -1: the whole operand */
    double component, norm; /* largest error of the dense inputs, in u sum|x w| and in u K max|x| max|w| */
    assay_why why;
} assay_error_model;

typedef struct assay_errors {
    assay_error_model *all;
    size_t n;
} assay_errors;

/* Of a kernel whose op is a product of two matrices, by type of the second; of others none.  plugin as for assay_judge.
 */
void assay_errors_measure(assay_pool *pool, const assay_kernel *k, int plugin, assay_errors *e);
/* Of the types alone that a case of its op has. */
void assay_errors_like(assay_pool *pool, const assay_case *c, const assay_kernel *k, int plugin, assay_errors *e);
void assay_errors_free(assay_errors *e);
bool assay_errors_asked(const assay_kernel *k);                     /* its op is such a product */
const assay_error_model *assay_errors_worst(const assay_errors *e); /* NULL: there is none */
void assay_errors_print(const assay_kernel *k, const assay_errors *e);
void assay_errors_json(assay_json *j, const assay_kernel *k, const assay_errors *e);
const char *assay_error_name(assay_error_kind kind); /* "component-wise" */
/* Of a kernel that failed with wrong numbers: "the error is norm-wise (as Strassen's), not component-wise"; false: it
 * obeys no weaker model. */
bool assay_errors_explain(assay_pool *pool, const assay_case *c, const assay_kernel *k, int plugin, char *text,
                          size_t n);
#endif
