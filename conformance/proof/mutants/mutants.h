/* SPDX-License-Identifier: MIT
 * mutants.h - what the code that mutate.py writes sees (it is included first), and what shim.c reads of it. */
#ifndef ASSAY_MUTANTS_H
#define ASSAY_MUTANTS_H
#include "assay/assay.h"
#include <stdlib.h>

extern int *assay_mutant_is;            /* not in the plug-in's static memory, which the judge locks */
#define assay_mutant (*assay_mutant_is) /* which mutant runs; 0: the original */

enum { ASSAY_MUTATED_REFERENCE, ASSAY_MUTATED_ENCODERS, ASSAY_MUTATED_DECODERS, ASSAY_MUTATED_NOT };

typedef struct assay_mutated { /* the op of a plug-in of mutants */
    const char *op;
    const assay_operand *operands;
    int n_operands, n_dims, n_mutants;
    void (*reference)(const assay_dense *a); /* real = float */
    const uint8_t *where;                    /* per mutant: when it is switched on */
    const uint64_t *takes;                   /* per mutant: element types of the operand it codes; 0: all */
} assay_mutated;
extern const assay_mutated assay_mutated_op;

/* A reference's own memory ends at a guard page too, and starts poisoned. */
void *assay_mutants_alloc(size_t bytes);
void assay_mutants_free(void *p);
#ifndef ASSAY_MUTANTS_SHIM
#define malloc(bytes) assay_mutants_alloc(bytes)
#define free(p)       assay_mutants_free(p)
#endif
#endif
