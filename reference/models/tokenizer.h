/* SPDX-License-Identifier: MIT
 * tokenizer.h - byte-level BPE (GPT-2, SmolLM, Llama-3, Qwen2) from the metadata of a GGUF file.  The file must stay
 * open as long as the tokenizer. */
#ifndef ASSAY_MODELS_TOKENIZER_H
#define ASSAY_MODELS_TOKENIZER_H
#include "../core/gguf.h"

typedef enum assay_token_kind { /* numbers of GGUF */
                                ASSAY_TOKEN_NORMAL = 1,
                                ASSAY_TOKEN_UNKNOWN,
                                ASSAY_TOKEN_CONTROL,
                                ASSAY_TOKEN_USER,
                                ASSAY_TOKEN_UNUSED,
                                ASSAY_TOKEN_BYTE
} assay_token_kind;

typedef struct assay_tokenizer {
    int32_t n;               /* tokens; ids are 0 .. n-1 */
    int32_t bos, eos;        /* -1: the file names none */
    bool add_bos, add_eos;   /* a text begins with bos, ends with eos */
    bool lacks_bos;          /* it would begin with bos, but the file names none */
    const assay_span *bytes; /* [n] what each token stands for */
    uint8_t *kind;           /* [n] assay_token_kind */
    bool *ends;              /* [n] a generation ends with this token (ends.c) */
    struct assay_bpe *bpe;
} assay_tokenizer;

assay_status assay_tokenizer_make(const assay_gguf *g, assay_tokenizer *t, assay_why *why);
void assay_tokenizer_free(assay_tokenizer *t);

/* Text to ids (allocated, free()).  User-defined tokens in the text always become one id; control tokens only if
 * special, else their text is text.  Nothing is added before or behind (prompt.h).  A byte that no token stands for is
 * left out, as the reference tokenizers do. */
assay_status assay_tokenizer_encode(const assay_tokenizer *t, const char *text, size_t n, bool special, int32_t **ids,
                                    size_t *n_ids, assay_why *why);
/* What an id prints: control tokens are empty unless special; ids out of range are empty. */
assay_span assay_tokenizer_piece(const assay_tokenizer *t, int32_t id, bool special);
#endif
