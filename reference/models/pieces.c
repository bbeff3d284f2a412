/* SPDX-License-Identifier: MIT
 * SentencePiece BPE (Llama-1/2, Mistral, Gemma).  A text is normalized and cut into characters; among neighbours whose
 * concatenation is a piece those of the highest score are merged first, leftmost on ties, one at a time, over the whole
 * part: no pre-tokenizer.  A heap of candidates over a doubly linked list of symbols: n log n.  As SentencePiece's
 * bpe_model.cc, where user-defined pieces are cut out of the normalized text, so they are cut out here. */
#include "../core/status.h"
#include "encoding.h"
#include "heap.h"
#include "normalize.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pieces {
    assay_normalizer normalizer;
    double *score;     /* [n] */
    size_t longest;    /* bytes of the longest token */
    bool unused;       /* there are pieces that are merged and split again */
    int32_t byte[256]; /* tokens like <0x0A>; -1: none */
    int32_t unknown;   /* -1: none */
} pieces;

typedef struct symbol {  /* at the byte where it begins */
    int32_t size;        /* bytes; 0: merged into its left neighbour */
    int32_t left, right; /* neighbours; -1: none */
    bool frozen;         /* user-defined: never merged */
} symbol;

typedef struct work {
    symbol *symbol;
    assay_heap heap; /* of neighbours by their score; left: bytes of both */
    size_t room;
    int32_t *split; /* [tokens] of unused pieces: bytes of the left side of the merge that was last seen */
    const char *text;
} work;

static void destroy(void *state)
{
    pieces *p = state;
    assay_normalizer_free(&p->normalizer);
    free(p->score);
    free(p);
}

static assay_status make(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    const size_t n = (size_t)t->n;
    bool users = false;
    pieces *p = t->state = calloc(1, sizeof *p);
    if (!p || !(p->score = malloc(n * sizeof *p->score)))
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu scores", v->label, n);
    if (!v->score)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: pieces without scores", v->label);
    memcpy(p->score, v->score, n * sizeof *p->score);
    assay_lookup_bytes(t, p->byte);
    p->unknown = v->named[ASSAY_NAMED_UNKNOWN];
    for (int32_t id = 0; id < t->n; id++) {
        const assay_span bytes = t->bytes[id];
        if (isnan(p->score[id]))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: the score of token %" PRId32 " is no number", v->label, id);
        if (t->type[id] == ASSAY_TOKEN_UNKNOWN && p->unknown < 0)
            p->unknown = id;
        p->longest = bytes.n > p->longest ? bytes.n : p->longest;
        users = users || t->type[id] == ASSAY_TOKEN_USER;
        p->unused = p->unused || t->type[id] == ASSAY_TOKEN_UNUSED;
    }
    t->add_bos = true;
    t->add_eos = false;
    t->drop_blank = v->space_prefix;
    const assay_status s = assay_normalizer_make(v, &p->normalizer, why);
    p->normalizer.kept = users ? assay_marks_kept : NULL;
    return s;
}

/* ---- merging ----------------------------------------------------------------------------------------------------- */

/* Symbol at and its right neighbour become a candidate if both make a piece.  The heap has room: n - 1 are pushed at
 * first, then two for each one that is popped and merged. */
static void push(const assay_tokenizer *t, work *w, int32_t at)
{
    const pieces *p = t->state;
    const int32_t right = at < 0 ? -1 : w->symbol[at].right;
    if (right < 0 || w->symbol[at].frozen || w->symbol[right].frozen)
        return;
    const int32_t size = w->symbol[at].size + w->symbol[right].size;
    const int32_t id = (size_t)size > p->longest ? -1 : assay_lookup_find(t, w->text + at, (size_t)size);
    if (id < 0)
        return;
    if (t->type[id] == ASSAY_TOKEN_UNUSED)
        w->split[id] = w->symbol[at].size;
    assay_heap_push(&w->heap, (assay_candidate){ -p->score[id], at, size, 0 });
}

/* Characters and user-defined pieces, linked. */
static void cut(const assay_tokenizer *t, work *w, size_t n)
{
    const bool users = ((const pieces *)t->state)->normalizer.kept;
    for (size_t i = 0, left = 0; i < n;) {
        const int32_t user = users ? assay_marks_special(t, w->text + i, n - i, false) : -1;
        const int length = assay_utf8_length((const unsigned char *)w->text + i, n - i);
        const size_t size = user >= 0 ? t->bytes[user].n : length ? (size_t)length : 1;
        w->symbol[i] =
            (symbol){ (int32_t)size, i ? (int32_t)left : -1, i + size < n ? (int32_t)(i + size) : -1, user >= 0 };
        left = i;
        i += size;
    }
}

static void merge(const assay_tokenizer *t, work *w)
{
    w->heap.n = 0;
    for (int32_t i = 0; i >= 0; i = w->symbol[i].right)
        push(t, w, i);
    while (w->heap.n) {
        const assay_candidate c = assay_heap_pop(&w->heap);
        symbol *left = &w->symbol[c.at];
        symbol *right = left->size && left->right >= 0 ? &w->symbol[left->right] : NULL;
        if (!right || left->size + right->size != c.left)
            continue; /* stale: one of the two was merged since */
        left->size = c.left;
        left->right = right->right;
        right->size = 0;
        if (right->right >= 0)
            w->symbol[right->right].left = c.at;
        push(t, w, left->left);
        push(t, w, c.at);
    }
}

/* ---- ids --------------------------------------------------------------------------------------------------------- */

/* A character that is no piece, or one that is not used: its bytes, if each has a token, else unknown; neighbours are
 * unknown together. */
static assay_status put_character(assay_encoding *e, const char *text, size_t n, bool *unknown, assay_why *why)
{
    const pieces *p = e->t->state;
    const assay_span blank = { "\xE2\x96\x81", 3 }, own = { text, n }, w = n == 1 && *text == ' ' ? blank : own;
    assay_status s = ASSAY_OK;
    bool bytes = true;
    for (size_t i = 0; i < w.n; i++)
        bytes = bytes && p->byte[(unsigned char)w.at[i]] >= 0;
    for (size_t i = 0; i < w.n && bytes && !s; i++)
        s = assay_encode_id(e, p->byte[(unsigned char)w.at[i]], why);
    if (!bytes && p->unknown >= 0 && !*unknown)
        s = assay_encode_id(e, p->unknown, why);
    for (size_t i = 0; i < n && !bytes && p->unknown < 0; i++)
        assay_encode_left_out(e, (unsigned char)text[i]);
    *unknown = !bytes;
    return s;
}

/* A symbol's ids; unused pieces are split as they were merged.  The heap, empty now, is the stack of what waits. */
static assay_status put_symbol(assay_encoding *e, int32_t at, bool *unknown, assay_why *why)
{
    const assay_tokenizer *t = e->t;
    work *w = e->work;
    assay_status s = ASSAY_OK;
    assay_candidate *wait = w->heap.item; /* at, and bytes as left */
    wait[0] = (assay_candidate){ 0, at, w->symbol[at].size, 0 };
    for (size_t n = 1; n && !s;) {
        const assay_candidate c = wait[--n];
        const int32_t id = assay_lookup_find(t, w->text + c.at, (size_t)c.left);
        const bool unused = id >= 0 && t->type[id] == ASSAY_TOKEN_UNUSED;
        const int32_t left = unused ? w->split[id] : 0;
        if (left) {
            wait[n++] = (assay_candidate){ 0, c.at + left, c.left - left, 0 };
            wait[n++] = (assay_candidate){ 0, c.at, left, 0 };
        } else if (id >= 0 && !unused) {
            s = assay_encode_id(e, id, why);
            *unknown = false;
        } else
            s = put_character(e, w->text + c.at, (size_t)c.left, unknown, why);
    }
    return s;
}

static void done(assay_encoding *e)
{
    work *w = e->work;
    if (w) {
        free(w->symbol);
        free(w->heap.item);
        free(w->split);
    }
    free(w);
    e->work = NULL;
}

static assay_status make_room(assay_encoding *e, size_t n, assay_why *why)
{
    const pieces *p = e->t->state;
    work *w = e->work;
    if (w && n <= w->room)
        return ASSAY_OK;
    if (n > INT32_MAX / 4)
        return assay_fail(why, ASSAY_UNSUPPORTED, "a part of %zu bytes is too long to merge", n);
    done(e);
    e->work = w = calloc(1, sizeof *w);
    if (w) {
        w->symbol = malloc(n * sizeof *w->symbol);
        w->heap.item = malloc(2 * n * sizeof *w->heap.item);
        w->split = calloc(p->unused ? (size_t)e->t->n : 1, sizeof *w->split);
        w->room = w->symbol && w->heap.item && w->split ? n : 0;
    }
    return w && w->room ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a part of %zu bytes", n);
}

static assay_status normalize(const assay_tokenizer *t, const char *part, size_t n, bool first, char **out,
                              size_t *n_out, assay_why *why)
{
    assay_normalizer z = ((const pieces *)t->state)->normalizer;
    z.t = t; /* not from make(): a tokenizer may be copied */
    return assay_normalize(&z, part, n, first, true, out, n_out, why);
}

static assay_status encode(assay_encoding *e, const char *part, size_t n, bool first, assay_why *why)
{
    bool unknown = false;
    assay_status s = n ? make_room(e, n, why) : ASSAY_OK;
    (void)first;
    if (s || !n)
        return s;
    work *w = e->work;
    w->text = part;
    cut(e->t, w, n);
    merge(e->t, w);
    for (int32_t i = 0; i >= 0 && !s; i = w->symbol[i].right)
        s = put_symbol(e, i, &unknown, why);
    return s;
}

const assay_tokenizer_kind assay_kind_pieces = { .name = "SentencePiece BPE",
                                                 .gguf = "llama",
                                                 .print = assay_print_piece,
                                                 .make = make,
                                                 .free = destroy,
                                                 .encode = encode,
                                                 .done = done,
                                                 .users = true,
                                                 .normalize = normalize };
