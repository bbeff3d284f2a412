/* SPDX-License-Identifier: MIT
 * tables.h - rows for an op's tables: relations[], whose lines hold bit for bit or within LOOSE, and what stands in a
 * table of which an op needs none. */
#ifndef ASSAY_OPS_TABLES_H
#define ASSAY_OPS_TABLES_H
#include "../../reference/core/suite.h"

#define LOOSE 1024 /* u of the row's largest number, far above what rounding does at these lengths */
#define AFFINE(words, pattern, names, factor, shift, scaled, u)                                                        \
    {                                                                                                                  \
        words, pattern, ASSAY_ACT_AFFINE, .on = names, .by = factor, .plus = shift, .out = scaled, .slack = u          \
    }
#define ALONG(kind, words, pattern, letter, u)                                                                         \
    {                                                                                                                  \
        words, pattern, ASSAY_ACT_##kind, .on = letter, .slack = u                                                     \
    }
/* A sequence in two calls, the second of which is given what the first left */
#define CARRY(words, pattern, letter, output, input, u)                                                                \
    {                                                                                                                  \
        words, pattern, ASSAY_ACT_CARRY, .on = letter, .left = output, .fill = input, .slack = u                       \
    }
#define MORE(words, pattern, letter, names, value, u)                                                                  \
    {                                                                                                                  \
        words, pattern, ASSAY_ACT_APPEND, .on = letter, .fill = names, .plus = value, .slack = u                       \
    }

/* Does one of these generators fill the case, or land an output where something happens?  Then codes are its own. */
static inline bool assay_fills(const assay_case *c, const assay_gen *table, size_t n)
{
    bool own = c->gen_at && c->op->operands[c->gen_at - 1].access == ASSAY_OUT;
    for (size_t k = 0; k < n; k++)
        own |= c->gen == &table[k];
    return own;
}

/* The only row of a table that an op does not need: why. */
#define NONE(why)                                                                                                      \
    {                                                                                                                  \
        why, NULL                                                                                                      \
    }
/* TABLES(silu); below the three. */
#define TABLES(op)                                                                                                     \
    const assay_tables assay_tables_##op = { workloads, sizeof workloads / sizeof *workloads,                          \
                                             vectors,   sizeof vectors / sizeof *vectors,                              \
                                             relations, sizeof relations / sizeof *relations }
#endif
