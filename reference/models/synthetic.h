/* SPDX-License-Identifier: MIT
 * synthetic.h - a tiny seeded llama with a byte-level tokenizer, written as a GGUF file: for tests, where real weights
 * cannot be had.  Same seed, same bytes. */
#ifndef ASSAY_MODELS_SYNTHETIC_H
#define ASSAY_MODELS_SYNTHETIC_H
#include "../core/file.h"

typedef struct assay_synthetic {
    uint64_t seed;
    int64_t d, layers, H, G, D, F; /* vocabulary: 256 bytes, 64 merges, 3 special tokens, padded */
    assay_dtype type, table;       /* of matrices and of the token table */
} assay_synthetic;

/* d 96, 3 layers, 6 heads over 2 kv heads of 32, F 160, q4_1 with a q8_0 table */
assay_synthetic assay_synthetic_small(uint64_t seed);
assay_status assay_synthetic_write(const char *path, const assay_synthetic *m, assay_why *why);
#endif
