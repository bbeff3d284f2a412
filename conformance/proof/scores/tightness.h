/* SPDX-License-Identifier: MIT
 * tightness.h - is a bound tight?  Per row of gate.h: the largest share of the bound that any legal kernel used, a
 * generated variant or one that ships.  A bound of which none uses a fair share proves little and must be improved:
 * declare lanes, or find better condition quantities. */
#ifndef ASSAY_TIGHTNESS_H
#define ASSAY_TIGHTNESS_H
#include "../../../reference/core/json.h"
#include "../../results/ledger.h"
#include "../../select.h"

typedef struct assay_tight {
    const char *op;
    const char *contract; /* as `assay list contracts` words it */
    const char *gen;
    const char *kernel, *line; /* who used most, and in which case */
    double used;               /* largest share */
    double typical;            /* largest typical one (compare.h); 0: no case has enough elements */
    int64_t kernels, runs;
} assay_tight;

/* Adds all shipped kernels and, unless the ledger holds them already, all legal variants that the filter means. */
void assay_tightness_entries(assay_pool *pool, assay_ledger *l, const assay_filter *f);
/* Ops with a BOUNDED output only; returns the number of rows, *rows is to be freed. */
size_t assay_tightness(const assay_summary *s, assay_tight **rows);
/* Prints the table; returns the number of rows that are too loose. */
int assay_tightness_print(const assay_summary *s);
void assay_tightness_json(const assay_summary *s, assay_json *j); /* an array "tightness"; nothing without variants */
#endif
