/* SPDX-License-Identifier: MIT */
#include "contracts.h"
#include "../../../reference/core/contract.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/status.h"
#include "../../../reference/core/tensor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What nobody declares, so that it is seen what it would cost: each field's loosenings, but for 16 units, between 8 and
 * 64.  Added to the fault's own contract. */
enum { LOOSE = 64 };
static assay_contract loose[LOOSE];
static int n_loose;

static assay_again **copies;
static size_t n_copies, room;

static const assay_contract *contract_of(const assay_kernel *k)
{
    static const assay_contract strict;
    return k->contract ? k->contract : &strict;
}

static void collect_loose(void)
{
    n_loose = 0;
    for (const assay_contract_field *f = assay_contract_fields; f < assay_contract_fields + ASSAY_CONTRACT_FIELDS; f++)
        for (int k = 0; n_loose < LOOSE && assay_contract_loosening(f, k, &loose[n_loose]); k++)
            n_loose += f->kind != ASSAY_CONTRACT_WITHIN || k != 1;
}

static void add(const assay_fault *fault, const assay_contract *c, int what_if)
{
    if (n_copies == room) {
        room = room ? 2 * room : 1024;
        assay_again **more = realloc(copies, room * sizeof *copies);
        if (!more)
            abort();
        copies = more;
    }
    assay_again *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    copies[n_copies++] = a;
    a->fault = *fault;
    a->contract = *c;
    a->fault.kernel.contract = &a->contract;
    a->what_if = what_if;
    assay_contract_text(what_if >= 0 ? &loose[what_if] : c, a->line, sizeof a->line);
}

/* The contract was added for this fault already. */
static bool known(const assay_fault *fault, const assay_contract *c)
{
    char text[256];
    assay_contract_text(c, text, sizeof text);
    for (size_t i = n_copies; i > 0 && copies[i - 1]->fault.kernel.name == fault->kernel.name; i--)
        if (!strcmp(copies[i - 1]->line, text))
            return true;
    char own[256];
    assay_contract_text(contract_of(&fault->kernel), own, sizeof own);
    return !strcmp(own, text);
}

void assay_contracts_prepare(const assay_filter *f, bool loose_too)
{
    const assay_kernel *k;
    collect_loose();
    for (size_t o = 0; assay_op_at(o); o++) {
        const assay_faults *all = assay_faults_of(assay_op_at(o));
        for (size_t i = 0; all && i < all->n; i++) {
            const assay_fault *fault = &all->fault[i];
            if (fault->kind != ASSAY_FAULT || assay_filter_kernel(f, &fault->kernel) == ASSAY_FILTERED)
                continue;
            const assay_contract *own = contract_of(&fault->kernel);
            add(fault, own, ASSAY_AS_SEEDED);
            for (size_t n = 0; (k = assay_kernel_at(n)); n++)
                if (!strcmp(k->op, fault->kernel.op) && assay_contract_rounds_alike(own, contract_of(k)) &&
                    !known(fault, contract_of(k)))
                    add(fault, contract_of(k), ASSAY_DECLARED);
            for (int n = 0; loose_too && n < n_loose; n++) {
                assay_contract c = *own;
                assay_contract_loosen(&c, &loose[n]);
                add(fault, &c, n);
            }
        }
    }
}

/* ---- does a looser contract concern the op?  Where it moves the bound in the first case of any row, or where verify
 * sees it. ---- */

typedef struct probe {
    const assay_contract *c;
    bool moved;
} probe;

static assay_status first_case(const char *line, void *ctx, assay_why *why)
{
    static const assay_contract strict;
    probe *x = ctx;
    assay_case c;
    assay_problem p;
    double *b[2][ASSAY_MAX_OPND] = { { NULL } };
    if (assay_case_parse(line, &c, why))
        return ASSAY_ERR_ARG;
    const bool ok = !assay_problem_make(&c, &p, why) && !assay_problem_solve(&p, &strict, why);
    for (int k = 0; ok && k < 2; k++) {
        for (int i = 0; i < c.op->n_operands; i++)
            if ((p.c.present >> i & 1) && c.op->operands[i].access != ASSAY_IN)
                b[k][i] = assay_zeros((size_t)assay_tensor_count(&p.t[i]), sizeof(double));
        const assay_dense d = assay_problem_dense(&p);
        c.op->bound(&d, (double *const *)p.plane, k ? x->c : &strict, b[k]);
    }
    for (int i = 0; ok && i < c.op->n_operands; i++)
        if (b[0][i] && b[1][i])
            x->moved |= memcmp(b[0][i], b[1][i], (size_t)assay_tensor_count(&p.t[i]) * sizeof(double)) != 0;
    for (int i = 0; i < ASSAY_MAX_OPND; i++)
        free(b[0][i]), free(b[1][i]);
    assay_problem_free(&p);
    return ASSAY_UNSUPPORTED; /* no further cases of this row */
}

static bool concerns(const assay_op *op, int what_if)
{
    const assay_suite *suite = assay_suite_of(op);
    probe x = { &loose[what_if], false };
    assay_why why;
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].verdict == ASSAY_DISCRETE)
            return true;
    for (size_t i = 0; op->bound && !x.moved && i < suite->n_rows; i++)
        if (suite->rows[i].level == ASSAY_QUICK)
            assay_case_expand(op, suite->rows[i].pattern, first_case, &x, &why);
    return x.moved;
}

void assay_contracts_entries(assay_session *s)
{
    const char *op = "";
    bool takes[LOOSE] = { false };
    for (size_t i = 0; i < n_copies; i++) {
        const assay_kernel *k = &copies[i]->fault.kernel;
        const int what_if = copies[i]->what_if;
        if (what_if >= 0 && strcmp(op, k->op)) {
            op = k->op;
            for (int n = 0; n < n_loose; n++)
                takes[n] = concerns(assay_op_find(op), n);
        }
        if (what_if >= 0 && !takes[what_if])
            continue;
        assay_entry *e = assay_ledger_add(&s->ledger, k, -1);
        e->on_cpu = assay_filter_kernel(s->filter, k) == ASSAY_RUNS;
        e->fault = &copies[i]->fault;
    }
    s->faults = true;
}

assay_status assay_contracts_run(assay_session *s, assay_why *why)
{
    assay_contracts_entries(s);
    return assay_check_run(s, why);
}

const assay_again *assay_contracts_again(const assay_entry *e)
{
    for (size_t i = 0; i < n_copies; i++)
        if (&copies[i]->fault == e->fault)
            return copies[i];
    return NULL;
}

void assay_contracts_free(void)
{
    for (size_t i = 0; i < n_copies; i++)
        free(copies[i]);
    free(copies);
    copies = NULL;
    n_copies = room = 0;
}

int assay_contracts_main(assay_session *s)
{
    assay_why why = { "" };
    int code = 2;
    if (assay_contracts_run(s, &why))
        fprintf(stderr, "assay check: %s\n", why.text);
    else if (!s->ledger.n)
        fprintf(stderr, "assay check: no fault matches the filter\n");
    else
        code = assay_contracts_print(&s->ledger) ? 1 : 0;
    if (code != 2 && s->filter->json && assay_contracts_write(&s->ledger, s->filter->json, &why)) {
        fprintf(stderr, "assay check: %s\n", why.text);
        code = 2;
    }
    assay_ledger_free(&s->ledger);
    assay_contracts_free();
    return code;
}
