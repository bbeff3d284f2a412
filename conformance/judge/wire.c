/* SPDX-License-Identifier: MIT */
#include "wire.h"
#include "../../reference/core/case.h"
#include "../../reference/core/contract.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include <string.h>

void assay_wire_clean(char *text, size_t room)
{
    text[room - 1] = 0;
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = ' ';
}

bool assay_wire_greeting(assay_greeting *g)
{
    assay_wire_clean(g->why.text, sizeof g->why.text);
    assay_wire_clean(g->plugin, sizeof g->plugin);
    assay_wire_clean(g->name, sizeof g->name);
    return (unsigned)g->status <= ASSAY_UNSUPPORTED && g->n_kernels <= ASSAY_PLUGIN_KERNELS;
}

bool assay_wire_answer(assay_answer *a)
{
    a->idle = false;
    assay_wire_clean(a->why.text, sizeof a->why.text);
    assay_wire_clean(a->note.text, sizeof a->note.text);
    return (unsigned)a->status <= ASSAY_UNSUPPORTED && strcmp(assay_by_name(a->by), "?") != 0;
}

static bool sane_contract(const assay_op *op, assay_described *d)
{
    assay_contract *c = &d->contract;
    if ((unsigned)c->h.kind > ASSAY_DEPTH_BLOCKED)
        return false;
    for (size_t i = 0; i < ASSAY_CONTRACT_FIELDS; i++)
        if (!assay_contract_sane(&assay_contract_fields[i], c))
            return false;
    for (int r = 0; r < 4; r++) {
        assay_wire_clean(d->round[r], sizeof d->round[r]);
        c->round[r].operand = NULL;
        if (d->round[r][0] &&
            (assay_op_operand(op, d->round[r]) < 0 || !assay_dtype_of(c->round[r].to) || c->round[r].reserved))
            return false;
    }
    return true;
}

assay_status assay_wire_described(assay_described *d, assay_why *why)
{
    assay_wire_clean(d->op, sizeof d->op);
    assay_wire_clean(d->name, sizeof d->name);
    assay_wire_clean(d->packing, sizeof d->packing);
    const assay_op *op = assay_op_find(d->op);
    if (!op)
        return assay_fail(why, ASSAY_ERR_ARG, "the plug-in's kernel %s computes %s, which is no op (assay list ops)",
                          d->name, d->op);
    if (!d->name[0])
        return assay_fail(why, ASSAY_ERR_ARG, "a kernel of the plug-in, of op %s, has no name", d->op);
    if (!d->has_run)
        return assay_fail(why, ASSAY_ERR_ARG, "the plug-in's kernel %s has no run()", d->name);
    if (!assay_isa_of(d->isa))
        return assay_fail(why, ASSAY_ERR_ARG, "the plug-in's kernel %s declares CPU features 0x%llx: no tier has them",
                          d->name, (unsigned long long)d->isa);
    if (d->has_contract && !sane_contract(op, d))
        return assay_fail(why, ASSAY_ERR_ARG,
                          "the plug-in's kernel %s has a contract with a number, type or operand that means nothing",
                          d->name);
    return ASSAY_OK;
}

const char *assay_wire_telling(char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    const char *first = "";
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        line += *line == '=' ? strspn(line, "=0123456789") : 0;
        if (strstr(line, "ERROR") || strstr(line, "error:"))
            return line;
        first = *first || !line[strcspn(line, letters)] ? first : line;
    }
    return first;
}
