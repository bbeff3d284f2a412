/* SPDX-License-Identifier: MIT
 * What came out of contracts.c: a line per contract. */
#include "contracts.h"
#include "../../../reference/core/contract.h"
#include "../../../reference/core/status.h"
#include "../../results/output.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t assay_contracts_lines(const assay_ledger *l, assay_stance **lines)
{
    size_t n = 0;
    *lines = calloc(l->n + 1, sizeof **lines);
    for (size_t i = 0; *lines && i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        const assay_again *a = assay_contracts_again(e);
        size_t k = 0;
        if (!a || !e->on_cpu)
            continue;
        while (k < n && (strcmp((*lines)[k].contract, a->line) || (*lines)[k].shipped != (a->what_if < 0)))
            k++;
        assay_stance *t = &(*lines)[k];
        if (k == n) {
            n++;
            snprintf(t->contract, sizeof t->contract, "%s", a->line);
            t->shipped = a->what_if < 0;
            t->looser = assay_contract_looser(&a->contract);
        }
        t->faults++;
        t->caught += e->failed > 0;
        const int missed = t->faults - t->caught;
        if (!e->failed && missed <= (int)ASSAY_COUNT_OF(t->missed))
            t->missed[missed - 1] = e;
    }
    return n;
}

static int print_line(const assay_stance *t)
{
    const int missed = t->faults - t->caught;
    printf("  %s: %d of %d%s\n", t->contract, t->caught, t->faults,
           !t->shipped ? " (nobody declares it)"
           : t->looser ? " (looser than strict)"
                       : "");
    for (int i = 0; i < missed && i < (int)ASSAY_COUNT_OF(t->missed); i++)
        printf("      not caught: %s/%s, used %.3f of its bound\n", t->missed[i]->kernel->op,
               t->missed[i]->kernel->name, t->missed[i]->used);
    return t->shipped ? missed : 0;
}

int assay_contracts_print(const assay_ledger *l)
{
    assay_stance *t;
    const size_t n = assay_contracts_lines(l, &t);
    int missed = 0;
    printf("faults caught under each contract\n");
    for (int shipped = 1; shipped >= 0; shipped--)
        for (size_t i = 0; i < n; i++)
            if (t[i].shipped == (shipped == 1))
                missed += print_line(&t[i]);
    free(t);
    return missed;
}

void assay_contracts_json(const assay_ledger *l, assay_json *j)
{
    assay_stance *t;
    const size_t n = assay_contracts_lines(l, &t);
    assay_json_open(j, "contracts", '[');
    for (size_t i = 0; i < n; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "contract", t[i].contract);
        assay_json_bool(j, "declared", t[i].shipped);
        assay_json_bool(j, "looser", t[i].looser);
        assay_json_int(j, "faults", t[i].faults);
        assay_json_int(j, "caught", t[i].caught);
        assay_json_open(j, "missed", '[');
        for (int k = 0; k < t[i].faults - t[i].caught && k < (int)ASSAY_COUNT_OF(t[i].missed); k++)
            assay_json_str(j, NULL, t[i].missed[k]->kernel->name);
        assay_json_close(j);
        assay_json_close(j);
    }
    assay_json_close(j);
    free(t);
}

assay_status assay_contracts_write(const assay_ledger *l, const char *path, assay_why *why)
{
    assay_json j = { 0 };
    assay_document_open(&j, "contracts");
    assay_contracts_json(l, &j);
    return assay_document_write(&j, path, why);
}
