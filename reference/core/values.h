/* SPDX-License-Identifier: MIT
 * values.h - kinds of values that any operand of any op may hold in turn, written gen=KIND@OPERAND: the operand holds
 * the values, the others ordinary numbers that let them decide the result.  No kind knows an op by name. */
#ifndef ASSAY_CORE_VALUES_H
#define ASSAY_CORE_VALUES_H
#include "suite.h"

enum {                            /* assay_value_kind.on: where a kind makes sense */
       ASSAY_ON_FLOATS = 1u << 0, /* inputs of plain floats */
       ASSAY_ON_BLOCKS = 1u << 1, /* inputs of block formats, through their encoders */
       ASSAY_ON_WIDE = 1u << 2,   /* of plain floats only those with the exponents of f32: a square stays in f32 else */
       ASSAY_ON_MASK = 1u << 3,   /* additive masks too, which are finite or -inf */
       ASSAY_ON_PAIR = 1u << 4,   /* another input of plain floats has the same innermost dimension */
};

typedef struct assay_spot assay_spot; /* where an operand is filled: values_fill.c */

typedef struct assay_value_kind {
    assay_gen gen; /* its name stands before the @ */
    uint32_t on;
    double (*element)(const assay_spot *s, int64_t j); /* element j of any operand */
    double value;                                      /* what is planted */
} assay_value_kind;

extern const assay_value_kind assay_value_kinds[];
extern const size_t assay_n_value_kinds;

bool assay_value_fill(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng);
/* Reads KIND@OPERAND into c; whether operand, type and presence allow it, which only the whole line tells. */
assay_status assay_value_gen_parse(const char *text, assay_case *c, assay_why *why);
assay_status assay_value_gen_check(const assay_case *c, assay_why *why);
#endif
