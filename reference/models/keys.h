/* SPDX-License-Identifier: MIT
 * keys.h - what a model file says beside its tensors: every key of the architecture and of the tokenizer is read, known
 * to be harmless, or refused by its name.  A key that is passed over changes the answer in silence. */
#ifndef ASSAY_MODELS_KEYS_H
#define ASSAY_MODELS_KEYS_H
#include "../core/gguf.h"

/* A whole model?  A shard of a split file, an adapter (LoRA) or another kind of file is named as such. */
assay_status assay_keys_whole(const assay_gguf *g, assay_why *why);
assay_status assay_keys_llama(const assay_gguf *g, assay_why *why); /* llama.* */
/* tokenizer.*; model: what tokenizer.ggml.model says */
assay_status assay_keys_tokenizer(const assay_gguf *g, const char *model, assay_why *why);
#endif
