/* SPDX-License-Identifier: MIT
 * fidelity_parts.h - what fidelity.c and fidelity_base.c share. */
#ifndef ASSAY_MODELS_FIDELITY_PARTS_H
#define ASSAY_MODELS_FIDELITY_PARTS_H
#include "feed.h"
#include "fidelity.h"

/* The base's logits (feed->rows, f->width) from f->against into x, with what its metadata say: base_impl, base_model,
 * the floor.  Refused: other shapes, other tokens, other windows, numbers that are not finite. */
assay_status assay_fidelity_base_read(assay_fidelity *f, const assay_feed *feed, float *x, assay_why *why);
/* The same file: logits as F32, ids and decoder_ids as I32. */
assay_status assay_fidelity_base_write(const assay_fidelity *f, const assay_feed *feed, const float *x, assay_why *why);
#endif
