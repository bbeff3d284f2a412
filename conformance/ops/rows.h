/* SPDX-License-Identifier: MIT
 * rows.h - kernels that are wrong, or right, on purpose, of an op that goes row by row: one function of a row serves
 * them all, in every mode (faults.h) and every order of its sum (variants.h).
 *
 *   static void one_row(const assay_row *k) { ... k->out[c] = k->in[0][c] ... }
 *   BY_ROWS(1, one_row)                 1: so many inputs come before the output
 *   BY_ORDERS(1, one_row, PLAIN)        if it has a sum
 *   static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) }; */
#ifndef ASSAY_FAULTS_ROWS_H
#define ASSAY_FAULTS_ROWS_H
#include "faults.h"
#include "variants.h"

typedef struct assay_row {
    const float *in[4]; /* by operand; one without rows is whole; NULL: left out */
    float *out;         /* of f32 these are rows where they lie, of other types copies */
    float *room;        /* 2 n + 2 numbers of its own */
    int64_t r, n;       /* the row; its length, dimension 1 */
    const void *params;
    const assay_sum *order;
    int mode;
} assay_row;
assay_status assay_by_rows(const assay_args *a, int inputs, void (*one_row)(const assay_row *), int mode,
                           const assay_sum *order);

/* For KERNEL_BASE */
extern const assay_typeset assay_types_f32[6], assay_types_floats[6];
#define VARY      vary
#define VARY_BASE KERNEL_BASE

/* run: of a mode, sums in the plain order */
#define BY_ROWS(inputs, one_row)                                                                                       \
    static assay_status run(const assay_args *a)                                                                       \
    {                                                                                                                  \
        return assay_by_rows(a, inputs, one_row, mode_of(a), &assay_sums[0]);                                          \
    }
/* vary: of one mode, in any order */
#define BY_ORDERS(inputs, one_row, mode)                                                                               \
    static assay_status vary(const assay_args *a)                                                                      \
    {                                                                                                                  \
        return assay_by_rows(a, inputs, one_row, mode, a->variant);                                                    \
    }

/* Exponentials that the strict contract allows, in the order of assay_vary_exp: X(mode, name, where it comes from).
 * The spoiled ones follow the others. */
#define LEGAL_EXPONENTIALS(X)                                                                                          \
    X(EXP_F, "expf", "legal: the C library's")                                                                         \
    X(EXP_DOUBLE, "exp-double", "legal: exponential in f64, rounded once")                                             \
    X(EXP2, "exp2", "legal: 2^(x log2 e), the constant in two parts")                                                  \
    X(POLY7, "exp-degree-7", "legal: polynomial of degree >= 6")
#define SPOILED_EXPONENTIALS(X)                                                                                        \
    X(EXP_DOWN, "exp-down", "legal: 2.9 u too small, and rounded")                                                     \
    X(EXP_EITHER, "exp-either", "legal: 2.9 u off either way, and rounded")                                            \
    X(EXP_UP, "exp-up", "legal: 2.9 u too large, and rounded")
#define ALL_EXPONENTIALS(X) LEGAL_EXPONENTIALS(X) SPOILED_EXPONENTIALS(X)
#endif
