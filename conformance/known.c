/* SPDX-License-Identifier: MIT */
#include "known.h"
#include "../reference/core/fused.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Finite numbers to 12 digits, 0 and infinities in sign, too. */
static bool is_answer(double got, double want)
{
    if (isnan(want))
        return isnan(got);
    if (want == 0 || isinf(want))
        return got == want && !signbit(got) == !signbit(want);
    return fabs(got - want) <= 1e-12 * fabs(want);
}

static bool holds(const assay_op *op, const assay_known_answer *answer, assay_why *why)
{
    char line[ASSAY_CASE_LINE];
    double given[ASSAY_KNOWN_INPUTS][ASSAY_KNOWN], got[ASSAY_KNOWN] = { 0 };
    void *operand[ASSAY_MAX_OPND] = { NULL }, *before[ASSAY_MAX_OPND] = { NULL };
    assay_tensor t[ASSAY_MAX_OPND];
    assay_case c;
    int64_t n = 0; /* of all outputs, one behind the other */
    snprintf(line, sizeof line, "%s %s", op->name, answer->line);
    if (assay_case_parse(line, &c, why))
        return false;
    assay_case_tensors(&c, t);
    memcpy(given, answer->given, sizeof given);
    for (int i = 0; i < op->n_operands; i++) {
        const bool is_out = op->operands[i].access != ASSAY_IN;
        if (!(c.present >> i & 1))
            continue;
        const int64_t count = assay_tensor_count(&t[i]);
        if (count > (is_out ? ASSAY_KNOWN - n : ASSAY_KNOWN) || (!is_out && i >= ASSAY_KNOWN_INPUTS))
            return assay_fail(why, ASSAY_ERR_ARG, "%s: %s is more than a known answer can hold", line,
                              op->operands[i].name) == ASSAY_OK;
        operand[i] = is_out ? got + n : given[i];
        if (is_out)
            n += count, before[i] = i < ASSAY_KNOWN_INPUTS ? given[i] : NULL;
    }
    if (assay_reference(op, &(assay_dense){ operand, before, c.dim, c.params }, sizeof(double), why))
        return false;
    for (int i = 0, at = 0; i < op->n_operands; i++)
        for (int64_t k = 0; operand[i] && op->operands[i].access != ASSAY_IN && k < assay_tensor_count(&t[i]);
             k++, at++)
            if (!is_answer(got[at], answer->want[at]))
                return assay_fail(why, ASSAY_ERR_ARG, "%s: known answer: %s[%lld] is %.17g, not %.17g", line,
                                  op->operands[i].name, (long long)k, got[at], answer->want[at]) == ASSAY_OK;
    return true;
}

bool assay_known_holds(const assay_op *op, const assay_suite *suite, assay_why *why)
{
    for (size_t i = 0; i < suite->n_answers; i++)
        if (!holds(op, &suite->answers[i], why))
            return false;
    return !suite->known || suite->known(why);
}
