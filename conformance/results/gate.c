/* SPDX-License-Identifier: MIT */
#include "gate.h"
#include "../../reference/core/compare.h"
#include "../../reference/core/contract.h"
#include "../../reference/core/tensor.h"
#include <stdio.h>
#include <string.h>

static bool has_elements(const assay_case *c)
{
    assay_tensor t[ASSAY_MAX_OPND];
    int64_t n = 0;
    assay_case_tensors(c, t);
    for (int i = 0; i < c->op->n_operands; i++)
        if (c->op->operands[i].access != ASSAY_IN && (c->present >> i & 1))
            n += assay_tensor_count(&t[i]);
    return n > 0;
}

bool assay_gate_row(const assay_case *c, const assay_contract *k, char row[ASSAY_GATE_ROW])
{
    static const unsigned char zero[8];
    const size_t n = ASSAY_GATE_ROW;
    char contract[64];
    if (!assay_gen_gated(c->gen) || !assay_unrounded(c, k) || !has_elements(c))
        return false;
    memset(row, 0, n);
    size_t at = (size_t)assay_gen_print(c, row, n);
    if (strcmp(assay_contract_text(k, contract, sizeof contract), "strict") != 0)
        return true;
    for (int i = 0; i < c->op->n_operands && at < n; i++)
        if ((c->op->operands[i].flags & ASSAY_OPTIONAL) && (c->present >> i & 1))
            at += (size_t)snprintf(row + at, n - at, " %s", c->op->operands[i].name);
    for (int i = 0; i < c->op->n_fields && at < n; i++) {
        const assay_field *f = &c->op->fields[i];
        const unsigned char *value = c->params + f->offset;
        int32_t name;
        memcpy(&name, value, sizeof name);
        if (memcmp(value, zero, f->kind == ASSAY_KIND_I64 ? 8 : 4) == 0)
            continue;
        at += (size_t)snprintf(row + at, n - at, " %s", f->name);
        if (f->kind == ASSAY_KIND_ENUM && at < n)
            at += (size_t)snprintf(row + at, n - at, "=%s", f->names[name]);
    }
    return true;
}

bool assay_gate_good(const char *contract, double used, double typical)
{
    return used >= ASSAY_LOOSE && (strcmp(contract, "strict") || typical == 0 || typical >= ASSAY_LOOSE_TYPICAL);
}
