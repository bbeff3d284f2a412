/* SPDX-License-Identifier: MIT
 * tightness.h - is a bound tight?  Per op and contract: the largest share of the bound that any legal kernel used, a
 * generated variant or one that ships.  A bound whose share stays below ASSAY_LOOSE proves little and must be improved:
 * declare lanes, or find better condition quantities. */
#ifndef ASSAY_TIGHTNESS_H
#define ASSAY_TIGHTNESS_H
#include "../reference/core/json.h"
#include "ledger.h"
#include "select.h"

#define ASSAY_LOOSE 0.01 /* a row below fails */
#define ASSAY_TIGHT 0.05 /* the aim */

typedef struct assay_tight {
    const char *op;
    char contract[256];       /* as `assay list contracts` words it */
    const assay_entry *worst; /* who used most; its ->worst is the case */
    double used, used_long;   /* largest share; the same over cases with a length of 1024 and more */
    int64_t kernels, runs;
} assay_tight;

/* Adds all shipped kernels and, unless the ledger holds them already, all legal variants that the filter means. */
void assay_tightness_entries(assay_lab *lab, assay_ledger *l, const assay_filter *f);
/* Rows of a ledger that ran, ops with a BOUNDED output only; returns their number, *rows is to be freed. */
size_t assay_tightness(const assay_ledger *l, assay_tight **rows);
/* Prints the table; returns the number of rows that are too loose. */
int assay_tightness_print(const assay_ledger *l);
void assay_tightness_json(const assay_ledger *l, assay_json *j); /* an array "tightness"; nothing without variants */
#endif
