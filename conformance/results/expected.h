/* SPDX-License-Identifier: MIT
 * expected.h - failures that somebody knows of (`assay check --known FILE`), and what a kernel is said to support
 * (`--claims FILE`); docs/results.md:
 *
 *     2026-12-01 | mine:norm* | T1 | rmsnorm C=7 gen=huge | the sum of squares overflows
 *     mine:norm* | rmsnorm plus_one=1
 *
 * Each run that a line of the first kind means must fail, and by that verdict; of "some T1" one at least.  Of each line
 * of the second kind a case must have been run. */
#ifndef ASSAY_EXPECTED_H
#define ASSAY_EXPECTED_H
#include "../../reference/core/compare.h"
#include "../judge/judge.h"
#include "ledger.h"
#include "stated.h"

typedef struct assay_count { /* the runs that a line means */
    int64_t known, ran, refused, other_types;
    uint32_t by;              /* a bit per verdict */
    bool some, there, on_cpu; /* there: a kernel of this run bears its name */
} assay_count;

typedef struct assay_expected {
    assay_stated_file known, claims; /* without a line: no file was given */
    assay_count *of_known, *of_claim;
} assay_expected;

/* known, claims: paths, or NULL.  Fails as assay_stated_read does.  Free in any case. */
assay_status assay_expected_read(assay_expected *x, const char *known, const char *claims, assay_why *why);
/* What a run is worth: ASSAY_FAILED_AS_KNOWN for a failure that a line expects, with f->known what the line says;
 * ASSAY_FAILED by ASSAY_BY_UNEXPECTED for a pass where one expects none; else o.  x: NULL where no file was given. */
assay_outcome assay_expected_outcome(assay_expected *x, const assay_kernel *k, const assay_case *c, assay_outcome o,
                                     assay_finding *f);
/* A case that was not offered to a kernel, for its types. */
void assay_expected_other(assay_expected *x, const assay_kernel *k, const assay_case *c);
/* After the last case: prints what became of each line, and has the ledger know those that were not met. */
void assay_expected_settle(assay_expected *x, assay_ledger *l);
void assay_expected_free(assay_expected *x);
#endif
