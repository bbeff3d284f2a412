/* SPDX-License-Identifier: MIT
 * values.h - kinds of values that any operand of any op may hold in turn, written gen=KIND@OPERAND: the operand holds
 * the values, the others ordinary numbers that let them decide the result.  No kind knows an op by name. */
#ifndef ASSAY_CORE_VALUES_H
#define ASSAY_CORE_VALUES_H
#include "suite.h"

enum {                            /* assay_value_kind.on: where a kind makes sense */
       ASSAY_ON_FLOATS = 1u << 0, /* inputs of plain floats */
       ASSAY_ON_WIDE = 1u << 1,   /* those with the exponents of f32: the square of an f16 stays in f32 */
       ASSAY_ON_MASK = 1u << 2,   /* additive masks too, which are finite or -inf */
       ASSAY_ON_BLOCKS = 1u << 3, /* inputs of block formats, through their encoders */
       ASSAY_ON_SCALES = 1u << 4, /* inputs of block formats, by their bytes */
       ASSAY_ON_MINIMA = 1u << 5, /* those of them that have a minimum */
       ASSAY_ON_PAIRS = 1u << 6,  /* another input of plain floats has the same innermost dimension, or rows beside */
       ASSAY_ON_OUTPUT = 1u << 7, /* outputs of plain floats too, of ops that can land them there */
       ASSAY_ON_POSITIONS = 1u << 8, /* positions that must be given: others say what is seen */
};

/* Where a block format keeps its f16 scale and minimum (-1: it has none such) and its codes, in bytes from its start.
 */
typedef struct assay_block_parts {
    int scale, minimum, codes;
} assay_block_parts;
const assay_block_parts *assay_block_parts_of(assay_dtype t);        /* NULL: plain numbers */
bool assay_block_inf(assay_dtype t, const void *data, size_t bytes); /* an infinite scale or minimum among them */
/* m of each of n elements d q + m of a type that has minima, exactly */
void assay_block_minima(assay_dtype t, double *m, const void *data, int64_t n);
void assay_block_put(assay_dtype t, unsigned char *block, int at, uint16_t h); /* at: parts.scale, or .minimum */
/* Blocks of a type that nobody writes (no encoder): any codes, ordinary scales */
void assay_value_codes(assay_dtype t, void *data, size_t n, assay_rng *r);

typedef struct assay_spot assay_spot; /* where an operand is filled: values_fill.c */

typedef struct assay_value_kind {
    assay_gen gen; /* its name stands before the @ */
    uint32_t on;
    double (*element)(const assay_spot *s, int64_t j); /* element j of any operand */
    double value;                                      /* what is planted */
    uint16_t (*code)(assay_rng *rng); /* of the scale, or the minimum, of a third of the blocks; NULL: none */
    bool minimum;                     /* it is the minimum's */
} assay_value_kind;

extern const assay_value_kind assay_value_kinds[];
extern const size_t assay_n_value_kinds;

/* The bytes of an operand of blocks; false: the generator is of another kind, or the operand another one. */
bool assay_value_raw(const assay_case *c, int i, void *data, size_t n, assay_rng *rng);
uint16_t assay_code_zero(assay_rng *r), assay_code_subnormal(assay_rng *r), assay_code_minus(assay_rng *r),
    assay_code_end(assay_rng *r), assay_code_inf(assay_rng *r), assay_code_nan(assay_rng *r);
/* What a suite's land() is made of: the at-th number about the end of the type of the output that gen=end@OUTPUT
 * names, which may lie beyond it; the number of type t nearest to v, never an infinity. */
double assay_landing(const assay_case *c, int64_t at);
double assay_held(assay_dtype t, double v);
/* Does gen=end@OPERAND of operand i speak of what the op writes there (its suite can land it)? */
bool assay_values_land(const assay_op *op, int i);
/* Have operands i and k rows side by side: all dimensions but the innermost in common, one of which is summed over? */
bool assay_values_beside(const assay_op *op, int i, int k);
bool assay_value_fill(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng);
/* Reads KIND@OPERAND into c; whether operand, type and presence allow it, which only the whole line tells. */
assay_status assay_value_gen_parse(const char *text, assay_case *c, assay_why *why);
assay_status assay_value_gen_check(const assay_case *c, assay_why *why);
#endif
