/* SPDX-License-Identifier: MIT
 * keys.h - what a model file says of its tokenizer and of itself: every key is read, known
 * to be harmless, or refused by its name.  A key that is passed over changes the answer in silence. */
#ifndef ASSAY_MODELS_KEYS_H
#define ASSAY_MODELS_KEYS_H
#include "../core/gguf.h"

/* A whole model?  An adapter (LoRA) or another kind of file is named as such. */
assay_status assay_keys_whole(const assay_gguf *g, assay_why *why);
/* And not a shard of a split file, for who reads one file alone. */
assay_status assay_keys_one(const assay_gguf *g, assay_why *why);
/* tokenizer.*; model: what tokenizer.ggml.model says */
assay_status assay_keys_tokenizer(const assay_gguf *g, const char *model, assay_why *why);
#endif
