/* SPDX-License-Identifier: MIT
 * capture.h - calls of a run whose operands are kept, as the kernel gets them: real numbers for vectors. */
#ifndef ASSAY_MODELS_CAPTURE_H
#define ASSAY_MODELS_CAPTURE_H
#include "../core/case.h"

typedef struct assay_captured {       /* one call, before it is made */
    assay_case c;                     /* no generator */
    const void *data[ASSAY_MAX_OPND]; /* IN and INOUT: dense, in the case's types and storage orders */
    size_t bytes[ASSAY_MAX_OPND];
    const char *kernel;
    int64_t step;       /* of the run, from 0 */
    int32_t layer, nth; /* nth: of the calls of this step that are kept */
} assay_captured;

typedef struct assay_capture {
    const assay_op *op;
    int64_t layer, step; /* layer -1: outside of the layers, or of any where `any` says so */
    bool any;
    void (*keep)(void *ctx, const assay_captured *call);
    void *ctx;
    int64_t steps; /* that were begun */
    int32_t kept;  /* of this one */
    int64_t seen;  /* calls of op in this step and layer that no kernel computed: they have no operands of their own */
} assay_capture;

struct assay_session;
struct assay_entry;
/* The call as a case, with the element types of its views; positions in order are left out, no generator. */
void assay_session_case(const struct assay_session *s, const struct assay_entry *e, const assay_tensor *t,
                        assay_case *c);
/* By one thread while the others wait; the call's operands are filled. */
void assay_capture_add(assay_capture *w, const struct assay_session *s, const struct assay_entry *e);
#endif
