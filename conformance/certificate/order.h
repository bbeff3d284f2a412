/* SPDX-License-Identifier: MIT
 * order.h - the order of the sums of a kernel: for each sum of its op whose terms can be signed and chosen, the tree
 * (tree.h) at some telling shapes, held against the contract's longest chain of additions. */
#ifndef ASSAY_CERTIFICATE_ORDER_H
#define ASSAY_CERTIFICATE_ORDER_H
#include "../../reference/core/json.h"
#include "../judge/judge.h"
#include "tree.h"

/* How the number of terms that survived, c of n, is read from the output y (before division by the unit). */
typedef enum assay_reading {
    ASSAY_READ_PLAIN,   /* y = c */
    ASSAY_READ_MEAN,    /* y = c / n */
    ASSAY_READ_ODDS,    /* y = e^(scale c) / (1 + e^(scale c)), the weight of the first of two keys */
    ASSAY_READ_CENTRED, /* y[k] = (x[k] - c / n) r, the row of a norm: r by the term that is M */
    ASSAY_READ_FIRST,   /* y = c x[0]: times the first term itself */
} assay_reading;

typedef struct assay_sum_fix { /* what an operand holds that does not carry the terms; those not named hold 1 */
    const char *operand;
    double value;
    char only;  /* at the first index of this dimension, elsewhere 0; 0: everywhere */
    bool gains; /* divided by what stands for 1 in the carrier, and by what its type makes of it */
} assay_sum_fix;

typedef struct assay_sum_rule { /* of one sum of an op (sums.c) */
    const char *op, *says;
    const char *none;       /* why it cannot be seen; NULL: it can */
    const char *carrier[2]; /* operands that hold the terms; the first that is given */
    const char *along;      /* the dimensions that the sum runs over */
    char first;             /* terms stand at the first index of this dimension alone, elsewhere is 0; 0: everywhere */
    assay_reading reading;
    assay_sum_fix fix[3];
    const char *cases[3]; /* patterns, without the op */
    bool chains; /* the contract bounds a recurrence along tokens, too, which is one chain whatever the sum is */
} assay_sum_rule;
extern const assay_sum_rule assay_sum_rules[]; /* ended by a NULL op */

typedef struct assay_order { /* one sum of a kernel at one shape */
    const assay_sum_rule *rule;
    assay_case c;
    assay_sum_tree tree;   /* node NULL: tree.why */
    assay_sum_tree same;   /* block above 1: of terms at one place of each block; node NULL: as tree */
    int64_t terms;         /* of the sum, as the bound counts them */
    int block;             /* one term is seen of each so many; 1: all are */
    int exact_tries;       /* sums inside a block that were exact to the last bit */
    bool exact;            /* no try was not */
    bool f64;              /* an M for f32 was not swallowed, one for f64 was */
    int64_t differs;       /* the first output that is added otherwise than the first; -1: none */
    int longest, declared; /* additions: seen, and what the contract allows */
} assay_order;

typedef struct assay_orders {
    assay_order *all;
    size_t n;
} assay_orders;

/* Adds the trees of a kernel at the shapes of its op's rules.  plugin as for assay_judge. */
void assay_orders_measure(assay_pool *pool, const assay_kernel *k, int plugin, assay_orders *o);
void assay_orders_free(assay_orders *o);
bool assay_orders_good(const assay_orders *o); /* no chain is longer than declared */
/* The sum with most terms, of those of which every term was seen; NULL: none. */
const assay_order *assay_orders_largest(const assay_orders *o);
void assay_orders_print(const assay_kernel *k, const assay_orders *o);
void assay_orders_json(assay_json *j, const assay_kernel *k, const assay_orders *o);
/* A contract under which every tree seen is legal, with a longest chain at the longest sums at least a third shorter
 * than what k declares; only ->h differs from k's.  False: there is none. */
bool assay_orders_suggest(const assay_kernel *k, const assay_orders *o, assay_contract *c);
#endif
