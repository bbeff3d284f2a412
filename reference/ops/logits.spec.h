/* SPDX-License-Identifier: MIT
 * logits.spec.h - what the specs of softmax, log_softmax and logsumexp share.  Operands stand in each of them, where
 * the mutants' script reads them. */
#ifndef ASSAY_OPS_LOGITS_SPEC_H
#define ASSAY_OPS_LOGITS_SPEC_H
#include "assay/params/softmax.h"
#include "spec.h"

static const assay_field fields[] = { ASSAY_FIELD(assay_softmax_params, scale, 0, 1e6) };
#define LOGITS_PLANES                                                                                                  \
    { "arg", "RC" }, { "sum", "R" }, { "most", "R" },                                                                  \
    {                                                                                                                  \
        "raised", "RC"                                                                                                 \
    }

/* The first and the last of what is said */
#define LOGITS_SAID                                                                                                    \
    ROWS_AND_ELEMENTS, { "mask", "added to x; -inf hides the element" },                                               \
    {                                                                                                                  \
        "scale", "of x; 0: 1"                                                                                          \
    }
#define LOGITS_SCALED                                                                                                  \
    {                                                                                                                  \
        NULL, "kernels never see scale=0: 1 stands there"                                                              \
    }

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_softmax_params *p = params;
    (void)a, (void)why;
    if (p->scale == 0)
        p->scale = 1;
    return ASSAY_OK;
}
#endif
