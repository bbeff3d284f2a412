/* SPDX-License-Identifier: MIT
 * ledger.h - what came out: per kernel counts, worst margin, failures; totals; text and JSON. */
#ifndef ASSAY_LEDGER_H
#define ASSAY_LEDGER_H
#include "shrink.h"

enum { ASSAY_LONG = 1024 };
enum { ASSAY_LEDGER_TYPES = 24 };   /* combinations of element types told apart per kernel */
enum { ASSAY_LEDGER_FAILURES = 5 }; /* failures kept per kernel */

typedef struct assay_typed { /* counts of one combination of element types */
    char types[48];          /* of the operands that have a choice: "q4_0", "f32+f16" */
    int64_t passed, failed;
    double used;
} assay_typed;

typedef struct assay_entry {
    const assay_kernel *kernel;
    int plugin;               /* index, -1: built in */
    const assay_fault *fault; /* of faults/: what is expected of it */
    bool on_cpu;
    int64_t passed, failed, not_accepted, by[10]; /* by: failures by verdict */
    assay_typed typed[ASSAY_LEDGER_TYPES];
    int n_typed;
    double used;                 /* worst share of its bound in a passed case */
    double used_long;            /* the same over cases with a length of ASSAY_LONG and more */
    char worst[ASSAY_CASE_LINE]; /* that case */
    assay_finding worst_finding;
    char line[ASSAY_LEDGER_FAILURES][ASSAY_CASE_LINE];
    assay_finding finding[ASSAY_LEDGER_FAILURES];
    char words[ASSAY_LEDGER_FAILURES][240]; /* where and how it is wrong; empty: nothing explains it */
    assay_shrunk shrunk;                    /* of the first failure, where that was asked for */
} assay_entry;

typedef struct assay_ledger {
    assay_entry *entry;
    size_t n, room;
    int64_t cases;    /* problems generated */
    int64_t rejected; /* of those: refused by the op before any kernel */
    int64_t holes;
    bool partial;       /* a user's own cases: kernels that none of them fits are left out */
    bool shrink;        /* look for the smallest case that fails like each kernel's first failure */
    bool detail;        /* one case: print the elements around the first wrong one */
    bool thorough;      /* faults run through all cases, however often they were caught */
    const char *plugin; /* name and version, or NULL */
} assay_ledger;

assay_entry *assay_ledger_add(assay_ledger *l, const assay_kernel *k, int plugin);
void assay_ledger_record(assay_entry *e, const assay_case *c, assay_outcome o, const assay_finding *f);
/* A kernel fails when a case failed or when it accepted under half of what it was offered. */
bool assay_entry_good(const assay_entry *e);
int assay_ledger_print(const assay_ledger *l, bool verbose); /* returns the exit code of design.md section 5 */
assay_status assay_ledger_json(const assay_ledger *l, const char *path, assay_why *why);
void assay_ledger_free(assay_ledger *l);
#endif
