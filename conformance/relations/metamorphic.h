/* SPDX-License-Identifier: MIT
 * metamorphic.h - relations between two results of one kernel, for which no golden is needed (docs/metamorphic.md): a
 * table of rows, each an op, cases, what is done to the inputs, and what the outputs must then be. */
#ifndef ASSAY_METAMORPHIC_H
#define ASSAY_METAMORPHIC_H
#include "../judge/judge.h"
#include "../select.h"

typedef enum assay_act {
    ASSAY_ACT_AFFINE,  /* operands `on` become by * v + plus */
    ASSAY_ACT_REVERSE, /* the dimensions `on` run backward, in every operand that has them */
    ASSAY_ACT_PREFIX,  /* the dimensions `on` are cut to their first half */
    ASSAY_ACT_APPEND,  /* dimension `on` is longer by 3: 0 there, or `plus` in the operands `fill` */
    ASSAY_ACT_CUT,     /* dimension `on` is computed in two calls */
    ASSAY_ACT_SWAP,    /* the two operands `on` change places */
    ASSAY_ACT_ADD,     /* operand `on` is the sum of two: so are the results */
    ASSAY_ACT_TOTAL,   /* each innermost row sums to `by` */
    ASSAY_ACT_NORM,    /* each innermost row keeps the length of that of `on` */
} assay_act;

typedef struct assay_relation {
    const char *op, *says, *line; /* line: a pattern */
    assay_act act;
    const char *on;     /* names of operands, or the letter of a dimension */
    double by, plus;    /* AFFINE, APPEND, TOTAL */
    const char *fill;   /* APPEND: operands that get `plus` there */
    double out, more;   /* the outputs are then the former ones times out (0: 1) plus more */
    const char *less;   /* and less this operand */
    const char *equals; /* the outputs are this operand, not the former outputs */
    double slack;       /* in u of the largest number of its row; 0: bit for bit */
} assay_relation;
extern const assay_relation assay_relations[];
extern const size_t assay_n_relations;

typedef struct assay_related { /* of one kernel */
    int64_t held, broken;
    char line[ASSAY_CASE_LINE]; /* the first broken one */
    assay_why why;
} assay_related;

/* Tries every relation of the kernel's op on the cases that it takes. */
assay_status assay_relate(assay_pool *pool, const assay_kernel *k, int plugin, assay_related *r, assay_why *why);
/* `assay check --metamorphic`: seeded faults and legal variants by relations alone; the exit code (a legal one flagged:
 * 1). */
int assay_check_relations(assay_pool *pool, const assay_filter *f);
#endif
