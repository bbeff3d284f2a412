/* SPDX-License-Identifier: MIT
 * model.h - the calls of a user's model (--model) as cases of check and bench. */
#ifndef ASSAY_MODEL_H
#define ASSAY_MODEL_H
#include "../reference/core/calls.h"
#include "check.h"

/* The calls of asked->model as this run means them: of the filter's tier, and apart where a plug-in's kernels are for
 * parts of fused ops.  Sentences as of assay_calls_of. */
assay_status assay_model_calls(const assay_calls_asked *asked, const assay_filter *f, assay_pool *pool, assay_calls *c,
                               assay_why *why);

/* Leaves in the ledger the kernels whose ops are called. */
void assay_model_kernels(const assay_calls *c, assay_ledger *l);
/* Judges each call; those that are too dear at this level are named. */
assay_status assay_model_judge(assay_session *s, assay_why *why);
/* A line per phase: how many of its calls were judged, and are right in every kernel that took them. */
void assay_model_say(const assay_session *s);
#endif
