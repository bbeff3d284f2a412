/* SPDX-License-Identifier: MIT
 * encoding.h - what the algorithms share (private to reference/models): ids as they are made, tokens by their bytes. */
#ifndef ASSAY_MODELS_ENCODING_H
#define ASSAY_MODELS_ENCODING_H
#include "tokenizer.h"

typedef struct assay_encoding {
    const assay_tokenizer *t;
    int32_t *ids;
    size_t n, room;
    void *work;      /* the kind's, kept from part to part */
    size_t left_out; /* bytes that no token stands for */
    unsigned char first_left_out;
} assay_encoding;

typedef struct assay_tokenizer_kind {
    const char *name, *gguf; /* in words; in tokenizer.ggml.model */
    /* What a token's text in the vocabulary stands for; never longer.  Returns its bytes. */
    size_t (*print)(assay_span text, char *out);
    /* Makes t->state; t->add_bos, add_eos and drop_blank as is usual for the kind.  Tokens can be looked up. */
    assay_status (*make)(const assay_vocab *v, assay_tokenizer *t, assay_why *why);
    void (*free)(void *state);
    /* Appends the ids of a part of a text between special tokens; it may be empty.  first: it begins a text, or stands
     * behind a control token, as a text of its own would. */
    assay_status (*encode)(assay_encoding *e, const char *part, size_t n, bool first, assay_why *why);
    void (*done)(assay_encoding *e); /* frees e->work; NULL: there is none */
    bool users; /* user-defined tokens are written like others, and encode() cuts them out itself */
    /* What encode() gets of a part (allocated, free()); *out NULL: the part itself.  NULL: always that. */
    assay_status (*normalize)(const assay_tokenizer *t, const char *part, size_t n, bool first, char **out,
                              size_t *n_out, assay_why *why);
    bool (*writes)(assay_span text); /* text can become a token that is written so; NULL: any */
} assay_tokenizer_kind;

extern const assay_tokenizer_kind assay_kind_bytes, assay_kind_characters, assay_kind_pieces, assay_kind_unigram,
    assay_kind_words;
extern const assay_tokenizer_kind *const assay_tokenizer_kinds[]; /* NULL ends them */

/* Appends a whole text's ids, its special tokens' too if asked, or one id.  The id list is the caller's, also after a
 * failure. */
assay_status assay_encode_text(assay_encoding *e, const char *text, size_t n, bool special, assay_why *why);
assay_status assay_encode_id(assay_encoding *e, int32_t id, assay_why *why);
void assay_encode_left_out(assay_encoding *e, unsigned char byte);
struct assay_prompt;
void assay_prompt_take(const assay_encoding *e, struct assay_prompt *p); /* the ids, and a note on what was left out */

/* Tokens that text can become, by what they stand for: normal, unused and user-defined ones; of equals the first of the
 * plainest type.  -1: none. */
typedef struct assay_lookup {
    int32_t *slot; /* hash table; -1: free */
    size_t mask;
    int32_t byte[256]; /* of single bytes */
} assay_lookup;
int32_t assay_lookup_find(const assay_tokenizer *t, const char *bytes, size_t n);
/* The tokens like <0x0A>, -1 where there is none; returns for how many bytes there are some. */
int assay_lookup_bytes(const assay_tokenizer *t, int32_t byte[256]);
assay_status assay_lookup_make(assay_tokenizer *t, assay_why *why);
void assay_lookup_fill(assay_tokenizer *t); /* anew, when types have changed */
void assay_lookup_free(assay_lookup *l);
/* The longest special or user-defined token that begins at text; control: control tokens, too.  -1: none. */
int32_t assay_marks_special(const assay_tokenizer *t, const char *text, size_t n, bool control);
/* Bytes of text of the longest user-defined token that begins it, with U+2581 for the token's blanks; 0: none does. */
size_t assay_marks_kept(const assay_tokenizer *t, const char *text, size_t n);
/* The types of tokens, the plainest first; text can become the first of them, ASSAY_PLAIN. */
extern const uint8_t assay_by_plainness[ASSAY_TOKEN_BYTE];
enum { ASSAY_PLAIN = 3 };

/* word and ##rest, as vocab.txt has them, in GGUF's spelling: U+2581 word and rest; a rest that begins with U+2581
 * keeps its ##.  Room for text.n + 3; returns the bytes. */
size_t assay_words_spell(assay_span text, char *out);
void assay_ends_mark(const assay_vocab *v, assay_tokenizer *t); /* changes types */
#endif
