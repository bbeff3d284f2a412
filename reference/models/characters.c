/* SPDX-License-Identifier: MIT
 * BPE of characters by ranked merges, as a tokenizer.json of Llama 1 and 2, Mistral and Gemma has it: a text is changed
 * (rewrite.h) and cut into words, if at all; a word's characters are merged by rank (merges.h).  A character that is no
 * token becomes its bytes' tokens (<0x0A>), or the unknown token. */
#include "../core/status.h"
#include "encoding.h"
#include "merges.h"
#include "normalize.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

typedef struct characters {
    assay_rewrite rewrite;
    assay_normalizer charsmap;
    assay_merges merges;
    int32_t byte[256]; /* tokens like <0x0A>: of all bytes, or of none, -1 */
    int32_t unknown;   /* -1: none */
    bool fuse, ignore_merges;
} characters;

static void destroy(void *state)
{
    characters *c = state;
    assay_normalizer_free(&c->charsmap);
    assay_merges_free(&c->merges);
    free(c);
}

static assay_status make(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    characters *c = t->state = calloc(1, sizeof *c);
    if (!c)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a tokenizer", v->label);
    c->rewrite = v->rewrite;
    c->unknown = v->named[ASSAY_NAMED_UNKNOWN];
    c->fuse = v->fuse_unknown;
    c->ignore_merges = v->ignore_merges;
    t->drop_blank = v->space_prefix;
    const int bytes = assay_lookup_bytes(t, c->byte);
    if (bytes && bytes < 256)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: byte_fallback with tokens for %d bytes, not 256", v->label,
                          bytes);
    const assay_status s = assay_normalizer_make(v, &c->charsmap, why);
    return s ? s : assay_merges_make(v, t, &c->merges, why);
}

/* A word's characters as symbols; returns how many. */
static size_t cut(assay_encoding *e, const char *text, size_t n, assay_symbol *symbol)
{
    const characters *c = e->t->state;
    size_t made = 0;
    bool unknown = false; /* the symbol before is */
    for (size_t i = 0, size; i < n; i += size) {
        const int length = assay_utf8_length((const unsigned char *)text + i, n - i);
        size = length ? (size_t)length : 1;
        const int32_t id = assay_lookup_find(e->t, text + i, size);
        const assay_span own = { text + i, size }, w = text[i] == ' ' ? (assay_span){ "\xE2\x96\x81", 3 } : own;
        const bool bytes = id < 0 && c->byte[0] >= 0;
        for (size_t k = 0; bytes && k < w.n; k++)
            symbol[made++].id = c->byte[(unsigned char)w.at[k]];
        for (size_t k = 0; id < 0 && !bytes && c->unknown < 0 && k < size; k++)
            assay_encode_left_out(e, (unsigned char)text[i + k]); /* the characters beside it become neighbours */
        if (id >= 0)
            symbol[made++].id = id;
        else if (!bytes && c->unknown >= 0 && (!unknown || !c->fuse))
            symbol[made++].id = c->unknown;
        unknown = id < 0 && !bytes;
    }
    return made;
}

static assay_status word(void *encoding, const char *text, size_t n, assay_why *why)
{
    assay_encoding *e = encoding;
    const characters *c = e->t->state;
    const int32_t whole = c->ignore_merges ? assay_lookup_find(e->t, text, n) : -1;
    assay_status s = ASSAY_OK;
    if (whole >= 0)
        return assay_encode_id(e, whole, why);
    assay_symbol *symbol = assay_merges_room(e, 3 * n, why); /* a blank may become three bytes */
    if (!symbol)
        return ASSAY_ERR_NOMEM;
    const size_t made = cut(e, text, n, symbol);
    assay_merges_run(&c->merges, e, made);
    for (int32_t i = made ? 0 : -1; i >= 0 && !s; i = symbol[i].next)
        s = assay_encode_id(e, symbol[i].id, why);
    return s;
}

static assay_status normalize(const assay_tokenizer *t, const char *part, size_t n, bool first, char **out,
                              size_t *n_out, assay_why *why)
{
    const characters *c = t->state;
    (void)first;
    return assay_rewrite_text(&c->rewrite, &c->charsmap, part, n, out, n_out, why);
}

static assay_status encode(assay_encoding *e, const char *part, size_t n, bool first, assay_why *why)
{
    const characters *c = e->t->state;
    return assay_rewrite_words(&c->rewrite, part, n, first, word, e, why);
}

const assay_tokenizer_kind assay_kind_characters = { .name = "BPE of characters",
                                                     .print = assay_print_piece,
                                                     .make = make,
                                                     .free = destroy,
                                                     .encode = encode,
                                                     .done = assay_merges_done,
                                                     .users = true,
                                                     .normalize = normalize };
