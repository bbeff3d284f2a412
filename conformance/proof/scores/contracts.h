/* SPDX-License-Identifier: MIT
 * contracts.h - can a contract hide a fault?  Every seeded fault is declared again under each contract that a shipped
 * kernel of its op declares, and under looser ones that nobody declares, and judged again: detection per contract. */
#ifndef ASSAY_CONTRACTS_H
#define ASSAY_CONTRACTS_H
#include "../../check.h"
#include "../../../reference/core/json.h"

enum { ASSAY_AS_SEEDED = -2, ASSAY_DECLARED = -1 };
typedef struct assay_again { /* a fault under another contract */
    assay_fault fault;
    assay_contract contract;
    int what_if; /* AS_SEEDED, DECLARED by a kernel of ours, or which of the loose ones */
    char line[256];
} assay_again;

typedef struct assay_stance { /* one contract's line */
    char contract[256];
    bool shipped; /* a kernel of ours declares it; else: what if one did */
    bool looser;  /* than strict, in any part */
    int faults, caught;
    const assay_entry *missed[16]; /* the first ones */
} assay_stance;

const assay_again *assay_contracts_again(const assay_entry *e); /* NULL: none of them */
/* The copies of the kernels.  Runners know kernels by address: call before assay_pool_open.  loose_too: also
 * under what nobody declares. */
void assay_contracts_prepare(const assay_filter *f, bool loose_too);
/* Their entries, in the order of prepare. */
void assay_contracts_entries(assay_session *s);
/* Judges them; ledger: empty, its entries point to the copies.  Lines are added up by assay_contracts_lines. */
assay_status assay_contracts_run(assay_session *s, assay_why *why);
size_t assay_contracts_lines(const assay_ledger *l, assay_stance **lines); /* to be freed */
/* Prints the lines; returns how many faults were missed under contracts that a kernel of ours declares. */
int assay_contracts_print(const assay_ledger *l);
void assay_contracts_json(const assay_ledger *l, assay_json *j); /* an array "contracts" */
assay_status assay_contracts_write(const assay_ledger *l, const char *path, assay_why *why);
void assay_contracts_free(void);
/* All of it after prepare, with the JSON that the filter names; returns the exit code. */
int assay_contracts_main(assay_session *s);
#endif
