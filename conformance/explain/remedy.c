/* SPDX-License-Identifier: MIT */
#include "remedy.h"
#include "../../reference/core/contract.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include <string.h>
#include <time.h>

static const assay_round roundings[] = {
    { NULL, ASSAY_f16, 0 }, { NULL, ASSAY_bf16, 0 }, { NULL, ASSAY_q8_0, 0 }, { NULL, ASSAY_q8_0, 1 }
};

typedef struct trial {
    assay_problem *p;
    const assay_contract *own;
    const assay_tensor *out;
    time_t until;
} trial;

/* only: the change alone, for its words. */
static bool helps(const trial *t, const assay_contract *with, const assay_contract *only, char *text, size_t n)
{
    assay_finding f;
    if (time(NULL) > t->until || assay_problem_solve(t->p, with, NULL))
        return false;
    assay_compare(t->p, with, t->out, &f);
    if (f.pass)
        assay_contract_text(only, text, n);
    return f.pass;
}

/* types: the fields that are types, the last of the table first, since narrower sums permit most; else all others. */
static bool by_field(const trial *t, bool types, char *text, size_t n)
{
    assay_contract only;
    for (int i = 0; i < ASSAY_CONTRACT_FIELDS; i++) {
        const assay_contract_field *f = &assay_contract_fields[types ? ASSAY_CONTRACT_FIELDS - 1 - i : i];
        for (int k = 0; (f->kind == ASSAY_CONTRACT_TYPE) == types && assay_contract_loosening(f, k, &only); k++) {
            assay_contract with = *t->own;
            assay_contract_loosen(&with, &only);
            if (memcmp(&with, t->own, sizeof with) != 0 && helps(t, &with, &only, text, n))
                return true;
        }
    }
    return false;
}

/* An input of plain numbers that the kernel may have rounded before it computed. */
static bool by_rounding(const trial *t, char *text, size_t n)
{
    const assay_op *op = t->p->c.op;
    size_t slot = 0;
    while (slot < ASSAY_COUNT_OF(t->own->round) && t->own->round[slot].operand)
        slot++;
    for (int i = 0; slot < ASSAY_COUNT_OF(t->own->round) && i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        if (o->access == ASSAY_OUT || !(t->p->c.present >> i & 1) || t->p->c.type[i] != ASSAY_f32 ||
            (o->flags & (ASSAY_INDEX | ASSAY_POSITION | ASSAY_MASK)))
            continue;
        for (size_t r = 0; r < ASSAY_COUNT_OF(roundings); r++) {
            assay_contract with = *t->own, only = { 0 };
            with.round[slot] = roundings[r];
            with.round[slot].operand = o->name;
            only.round[0] = with.round[slot];
            if (helps(t, &with, &only, text, n))
                return true;
        }
    }
    return false;
}

bool assay_remedy(assay_pool *pool, assay_problem *p, const assay_kernel *k, int plugin, const assay_finding *f,
                  char *text, size_t n)
{
    static const assay_contract strict;
    assay_tensor out[ASSAY_MAX_OPND];
    assay_finding again;
    text[0] = 0;
    if (f->by < ASSAY_BY_CLASS || f->by > ASSAY_BY_DISCRETE)
        return false;
    const assay_manner m = assay_manner_of(p, (assay_place)f->place, f->threads);
    bool found = assay_judge_once(pool, p, k, plugin, &m, &again, out) == ASSAY_FAILED && again.by <= ASSAY_BY_DISCRETE;
    const trial t = { p, k->contract ? k->contract : &strict, out, time(NULL) + ASSAY_REMEDY_SECONDS };
    found = found && (by_field(&t, false, text, n) || by_rounding(&t, text, n) || by_field(&t, true, text, n));
    assay_outputs_free(out);
    return assay_problem_solve(p, k->contract, NULL) == ASSAY_OK && found;
}
