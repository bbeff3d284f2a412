/* SPDX-License-Identifier: MIT
 * record.h - the journal of `assay check --json FILE`: one line per case with what every kernel made of it.  --resume
 * plays the lines of a run that was killed into the ledger, in the same order, and goes on where they end. */
#ifndef ASSAY_RECORD_H
#define ASSAY_RECORD_H
#include "ledger.h"

typedef struct assay_record assay_record;

/* The ledger holds its entries already: with them, build, machine and options a journal must agree.  *r: NULL where
 * file is NULL or standard output. */
assay_status assay_record_open(assay_record **r, const char *file, bool resume, const assay_ledger *l, assay_why *why);
/* If the next line is this case: plays it into the ledger, and true. */
bool assay_record_replay(assay_record *r, assay_ledger *l, const assay_case *c);
/* What one kernel made of the case in hand; e: its entry, in which it is recorded already. */
void assay_record_run(assay_record *r, const assay_ledger *l, const assay_entry *e, assay_outcome o,
                      const assay_finding *f);
/* The case is done; made: as it was judged, with the parameters that its op worked out. */
assay_status assay_record_case(assay_record *r, const assay_case *c, const assay_case *made, assay_why *why);
/* finished: all is in FILE itself, and the journal goes. */
assay_status assay_record_close(assay_record *r, bool finished, assay_why *why);
#endif
