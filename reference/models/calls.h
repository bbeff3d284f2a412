/* SPDX-License-Identifier: MIT
 * calls.h - which calls a model makes, found as a session finds them, without one being made. */
#ifndef ASSAY_MODELS_CALLS_H
#define ASSAY_MODELS_CALLS_H
#include "../core/calls.h"

/* An assay_calls_lister.  A decoder: its prompt, in steps of 512 as assay run takes it, and one token behind context
 * tokens; with an encoder: that, and one token of the decoder; an encoder alone: that. */
assay_status assay_calls_list(const assay_calls_asked *asked, assay_calls *c, assay_why *why);
#endif
