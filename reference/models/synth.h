/* SPDX-License-Identifier: MIT
 * synth.h - a seeded model of any family and size, with a byte-level tokenizer, written as a GGUF file: for tests and
 * measurements where real weights cannot be had.  Same seed, same bytes.  Which tensors there are is what the family's
 * graph asks for, so no list of them stands here. */
#ifndef ASSAY_MODELS_SYNTH_H
#define ASSAY_MODELS_SYNTH_H
#include "family.h"

typedef struct assay_synth {
    const assay_family *family;
    const char *const
        *set; /* "block_count=4": keys of GGUF in place of, or beside, the family's small sizes; up to NULL */
    uint64_t seed;
    assay_dtype type, table; /* of matrices, of the tokens' table; rows that are no whole blocks are f32 */
    /* results */
    size_t tensors;
    double parameters, bytes;
} assay_synth;

/* ERR_ARG for a key that the family does not read, or a size that does not go with another, with numbers. */
assay_status assay_synth_write(assay_synth *s, const char *path, assay_why *why);
#endif
