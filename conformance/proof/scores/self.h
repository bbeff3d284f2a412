/* SPDX-License-Identifier: MIT
 * self.h - `assay check --self`: the judge, judged.  Every seeded fault and every legal variant goes through all cases;
 * the rules of other projects (rules.h) see the same outputs, and the same kernels on their own kinds of input. */
#ifndef ASSAY_SELF_H
#define ASSAY_SELF_H
#include "../../check.h"
#include "rules.h"

enum { ASSAY_SELF_INPUTS = 1 + ASSAY_RULES, ASSAY_SELF_GENS = 48, ASSAY_SELF_GEN_NAME = 24 };

typedef struct assay_tally {
    int32_t runs, rejected;
    int32_t told; /* rejected in a case of which the rule rejects no legal variant and not the golden */
} assay_tally;

typedef struct assay_seeded { /* one kernel of faults/: entry i of every ledger */
    assay_tally rule[ASSAY_SELF_INPUTS][ASSAY_RULES];
    char gen[ASSAY_SELF_GENS][ASSAY_SELF_GEN_NAME]; /* generators that caught it */
    int n_gens;
    int32_t nth, rank;          /* among the kernels of its op; a legal variant: among these */
    int64_t apart;              /* its runs in cases that it sits out: judged, but no part of the table */
    int64_t failed, runs;       /* before the case that runs */
    bool rejected[ASSAY_RULES]; /* in the case that runs */
} assay_seeded;

typedef struct assay_self {
    assay_session session;                   /* of our own cases */
    assay_ledger ledger[ASSAY_SELF_INPUTS];  /* our verdicts: [0] is unused, the session's ledger is meant */
    const assay_gen *gen[ASSAY_SELF_INPUTS]; /* [0]: NULL, our own cases; then each peer's kind */
    int n_inputs, input;                     /* input: what runs now */
    bool spoiled[ASSAY_RULES];               /* in the case that runs, the rule rejected what is right */
    assay_seeded *subject;
    assay_case *shape; /* of our cases, once each, whatever their generator */
    uint64_t *seen;
    assay_ledger again; /* the faults under other contracts (contracts.h) */
    size_t n_shapes, room;
    bool every;          /* legal variants run in every case of ours, also in those that they sit out */
    size_t peer_cases;   /* run with each peer's kind of input */
    const char *without; /* ops that were not judged, apart by commas; NULL: all that the filter means were */
    double seconds;
} assay_self;

typedef struct assay_self_how { /* of a run */
    bool faults;                /* also say of each fault and variant what became of it; variants run in every case */
    bool tightness;             /* also judge the shipped kernels, and print how much of its bound each contract used */
    const char *part;           /* leave all that was found in this file */
    const char *parts;          /* judge nothing: join the files OP.part of this folder */
    const char *without;        /* NULL, or ops of which no part is read, apart by commas */
} assay_self_how;

const assay_ledger *assay_self_ledger(const assay_self *s, int input);
/* Runs all, prints the table, writes the JSON that the filter names.  Returns the exit code. */
int assay_self_main(assay_pool *pool, const assay_filter *f, const assay_self_how *how);

/* legal.c: `assay check --legal`; the exit code. */
int assay_legal_main(assay_pool *pool, const assay_filter *f);

/* self_part.c: what was found of some ops, for a run of the same program that joins it. */
assay_status assay_self_write_part(const assay_self *s, const char *path, assay_why *why);
/* The first name of a list, apart by commas, and what follows it; NULL: the list has ended. */
const char *assay_self_name(const char *list, char name[ASSAY_SELF_GEN_NAME]);
/* Takes the ops of s->without out of a ledger. */
void assay_self_leave_out(const assay_self *s, assay_ledger *l);
/* Reads DIR/OP.part for every op that has entries, all of them of this program.  The ledgers hold their entries. */
assay_status assay_self_read_parts(assay_self *s, const char *dir, assay_why *why);

/* self_table.c */
typedef struct assay_score { /* of one rule, or of ours, on one kind of input */
    int64_t faults, caught, told, legal, flagged, runs, flagged_runs;
} assay_score;
assay_score assay_self_score(const assay_self *s, int input, int rule); /* rule -1: ours */
int assay_self_own(const assay_self *s, int rule);                      /* the input that is the rule's own */
bool assay_self_print(const assay_self *s);                             /* true: all caught, none flagged */
/* Before the table: how tight the bounds are, and what each contract lets through; true: as it should be. */
bool assay_self_print_bounds(const assay_self *s);
assay_status assay_self_json(const assay_self *s, const char *path, assay_why *why);
#endif
