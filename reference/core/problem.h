/* SPDX-License-Identifier: MIT
 * problem.h - a case with its numbers: inputs generated, encoded and decoded; golden and condition quantities. */
#ifndef ASSAY_CORE_PROBLEM_H
#define ASSAY_CORE_PROBLEM_H
#include "suite.h"

typedef struct assay_problem {
    assay_case c; /* params resolved */
    assay_tag tag;
    bool own_gen;    /* the generator is the op's own: its EXACT tag is taken at its word */
    uint64_t solved; /* 0: not yet; else a number that no other solving has had */
    bool rounded;    /* for a contract that rounds operands */
    bool inf_scale;  /* after solve: a block of an input, rounded or not, has an infinite scale or minimum */
    bool exact;      /* after solve: every legal order gives the golden, bit for bit */
    assay_tensor t[ASSAY_MAX_OPND];  /* dense views; data owned by the problem (outputs: NULL) */
    double *value[ASSAY_MAX_OPND];   /* dense; inputs decoded, outputs golden after solve */
    double *before[ASSAY_MAX_OPND];  /* INOUT operands as they were */
    double *minimum[ASSAY_MAX_OPND]; /* of inputs in blocks that have minima: each element's; else NULL */
    double *plane[ASSAY_MAX_PLANES];
    double *extra[ASSAY_MAX_OPND]; /* outputs: added to the bound (a vector file's own tolerance); NULL: nothing */
    unsigned char *open[ASSAY_MAX_OPND]; /* outputs: 1: this element is not judged, a block where all of its are; NULL:
                                            all are judged */
} assay_problem;

assay_status assay_problem_make(const assay_case *c, assay_problem *p, assay_why *why);
/* The same with given bytes of every IN and INOUT operand, as files have them; the generator's tag is taken at its
 * word. */
assay_status assay_problem_load(const assay_case *c, const void *const *data, const size_t *bytes, assay_problem *p,
                                assay_why *why);
/* Rounds what the contract says the kernel rounds, then oracle and kappa.  May be called again for another contract. */
assay_status assay_problem_solve(assay_problem *p, const assay_contract *k, assay_why *why);
/* The same for operands as they are given, where that is not what was solved last. */
assay_status assay_problem_solve_given(assay_problem *p, assay_why *why);
void assay_problem_free(assay_problem *p);
assay_dense assay_problem_dense(const assay_problem *p);
#endif
