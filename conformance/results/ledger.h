/* SPDX-License-Identifier: MIT
 * ledger.h - what came out: per kernel counts, worst margin, failures; totals; text and JSON. */
#ifndef ASSAY_LEDGER_H
#define ASSAY_LEDGER_H
#include "results.h"
#include "../select.h"
#include "../explain/cause.h"
#include "gate.h"
#include "../explain/shrink.h"

enum { ASSAY_LONG = 1024 };
enum {
    ASSAY_LEDGER_FAILURES = 5, /* per kernel: printed, and said in words */
    ASSAY_LEDGER_KEPT = 10000, /* in the results */
    ASSAY_LEDGER_ENDS = 3      /* time-outs and crashes after which the other cases of a kernel are not run */
};

typedef struct assay_typed { /* counts of one combination of element types */
    char types[48];          /* of the operands that have a choice: "q4_0", "f32+f16" */
    int64_t passed, failed, known;
    double used;
} assay_typed;

typedef struct assay_shared { /* of the cases that show how tight a bound is, those of one row */
    char gen[ASSAY_GATE_ROW];
    double used, typical; /* the largest of each (compare.h) */
    int64_t passed, at;
    char line[ASSAY_CASE_LINE];
} assay_shared;

typedef struct assay_more { /* failures: those beyond the first ones, or those that are known */
    struct assay_more_one {
        char *line;
        int64_t at;
        assay_finding finding;
    } * one;
    size_t n;
} assay_more;

typedef struct assay_entry {
    const assay_kernel *kernel;
    int plugin;               /* index, -1: built in */
    const assay_fault *fault; /* seeded: what is expected of it */
    bool on_cpu;
    int64_t passed, failed, known, not_accepted, by[16]; /* known: failures that are expected; by: others by verdict */
    int64_t at;                                          /* the ledger's, set before each record */
    int64_t not_run, other_types; /* after it was given up; runs of its op whose types it does not take */
    bool given_up;                /* no further case is run */
    int64_t said;                 /* failures that are printed */
    assay_more more, expected;
    assay_traced *trace; /* by at */
    int64_t n_trace;
    char cause[ASSAY_CAUSES][ASSAY_CAUSE_TEXT]; /* what its failures share; empty: nothing */
    double seconds, took;                       /* of calling, judging and explaining it: in all, the run in hand */
    assay_typed *typed;
    int n_typed, typed_room;
    assay_shared *shared; /* by row of gate.h */
    int n_shared;
    double used;                 /* worst share of its bound in a passed case */
    double used_long;            /* the same over cases with a length of ASSAY_LONG and more */
    char worst[ASSAY_CASE_LINE]; /* that case */
    int64_t worst_at, line_at[ASSAY_LEDGER_FAILURES];
    assay_finding worst_finding;
    char line[ASSAY_LEDGER_FAILURES][ASSAY_CASE_LINE];
    assay_finding finding[ASSAY_LEDGER_FAILURES];
    char words[ASSAY_LEDGER_FAILURES][400];     /* where and how it is wrong; empty: nothing explains it */
    int64_t relations;                          /* that held (metamorphic.h) */
    char note[240], note_line[ASSAY_CASE_LINE]; /* what is legal, and worth knowing; the first case that showed it */
    assay_shrunk shrunk;                        /* of the first failure, where that was asked for */
} assay_entry;

typedef struct assay_ledger_op { /* what became of the cases of an op */
    const char *op;
    int64_t cases;
    bool covered;   /* coverage was computed: missing[] is what it found */
    char **missing; /* "C mod 16 = 3" */
    size_t n_missing;
    char *known; /* why the reference's known answers fail; NULL: they hold */
} assay_ledger_op;

typedef struct assay_ledger {
    assay_entry *entry;
    size_t n, room;
    int64_t cases; /* problems generated */
    int64_t at;    /* which case of its op is in hand, in the order of a whole run */
    int64_t holes;
    int64_t elements, elements_judged, outputs_not_judged; /* of vector files, which may mark what is not judged */
    assay_ledger_op *op;
    size_t n_ops;
    char **unmet; /* what was expected of the run and did not come (expected.h): a sentence each */
    size_t n_unmet;
    bool partial; /* a user's own cases: kernels that none of them fits are left out */
    bool drawn;   /* cases at random: how many of them a kernel accepts says nothing */
    bool shrink;  /* look for the smallest case that fails like each kernel's first failure */
    bool detail;  /* one case: print the elements around the first wrong one */
    /* entry i sits this case out; NULL: faults that were caught three times do */
    bool (*skip)(const struct assay_ledger *l, size_t i);
    bool mutants;                   /* every kernel is wrong on purpose */
    bool live;                      /* failures are printed as they come */
    int64_t max_failures, failures; /* so many, then nothing more is run (0: all is) */
    const char *plugin;             /* name and version, or NULL */
    /* for the results: "kernels" (NULL), "faults", "vectors", "cases"; the filter (NULL: none) and the user's case */
    const char *what, *line;
    const assay_filter *filter;
    struct assay_record *record;     /* the journal; NULL: none */
    struct assay_expected *expected; /* failures that are known, and claims (expected.h); NULL: no file was given */
} assay_ledger;

assay_entry *assay_ledger_add(assay_ledger *l, const assay_kernel *k, int plugin);
void assay_ledger_record(assay_entry *e, const assay_case *c, assay_outcome o, const assay_finding *f);
/* The same, of a ledger that may hold failures to be known: what the run counts as; f->known says what is known. */
assay_outcome assay_ledger_count(assay_ledger *l, assay_entry *e, const assay_case *c, assay_outcome o,
                                 assay_finding *f);
/* Counts the runs of a case that will not be made: types that a kernel does not take, kernels that are given up.
 * False: none will be. */
bool assay_ledger_offer(assay_ledger *l, const assay_case *c);
/* Prints the line of the smallest case that fails likewise. */
void assay_ledger_say_shrunk(const assay_ledger *l, const assay_entry *e, const assay_shrunk *s);
void assay_ledger_say(assay_ledger *l); /* prints failures that are not printed yet, if it is a live one */
/* No further case is run: after the third time-out or crash; of cases at random, after ASSAY_LEDGER_FAILURES. */
bool assay_entry_spent(const assay_ledger *l, const assay_entry *e);
/* A kernel fails when a case failed or when it accepted under half of what it was offered. */
bool assay_entry_good(const assay_entry *e);
int assay_ledger_print(assay_ledger *l, bool verbose);              /* returns the exit code (`assay check --help`) */
void assay_ledger_results(const assay_ledger *l, assay_results *r); /* adds it to r as a part */
/* One of several shards: what it lacks may be in the others; `assay merge` judges that. */
bool assay_ledger_shard(const assay_ledger *l);
assay_ledger_op *assay_ledger_op_of(assay_ledger *l, const char *op); /* made when it is not there */
void assay_ledger_unmet(assay_ledger *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
void assay_ledger_missing(assay_ledger_op *o, const char *what);
void assay_ledger_free(assay_ledger *l);
#endif
