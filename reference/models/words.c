/* SPDX-License-Identifier: MIT
 * WordPiece (BERT): a text is cleaned (words_clean.c) and cut into words at blanks, each punctuation character and each
 * ideograph a word of its own; a word becomes the longest token that it begins with, then the longest for the rest, and
 * so on, or one unknown token as a whole.
 *
 * A vocabulary's text is as in GGUF files: U+2581 before what begins a word, nothing before a rest; in readers of files
 * that write word and ##rest it is rewritten.  A rest that itself begins with U+2581 keeps its ## then.
 *
 * As in Hugging Face's tokenizers a word of more than 100 characters is unknown, for which llama.cpp has no limit, and
 * of tokens with the same text the last counts. */
#include "../core/status.h"
#include "encoding.h"
#include "utf8.h"
#include "words_clean.h"
#include <stdlib.h>
#include <string.h>

enum { CHARACTERS = 100, BYTES = 1 + 4 * CHARACTERS }; /* of a word, with the blank before it */

typedef struct words {
    int32_t unknown;
    bool lower, strip_accents;
    bool size[BYTES + 1]; /* there is a token of so many bytes */
    int32_t *last;        /* [n] of the tokens with this one's bytes */
} words;

typedef struct word { /* as it grows; n > CHARACTERS: it is too long */
    unsigned code[CHARACTERS];
    unsigned char order[CHARACTERS];
    int n, from; /* letters from here on are sorted by their order */
} word;

/* A word prints a blank in front. */
static size_t print(assay_span text, char *out)
{
    static const char mark[] = "##\xE2\x96\x81";
    size_t n = 0, skip = 0;
    if (text.n >= 3 && !memcmp(text.at, mark + 2, 3))
        out[n++] = ' ', skip = 3;
    else if (text.n >= 5 && !memcmp(text.at, mark, 5))
        skip = 2;
    memcpy(out + n, text.at + skip, text.n - skip);
    return n + text.n - skip;
}

static void destroy(void *state)
{
    words *w = state;
    free(w->last);
    free(w);
}

static assay_status make(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    words *w = t->state = calloc(1, sizeof *w);
    if (w)
        w->last = malloc((size_t)t->n * sizeof *w->last);
    if (!w || !w->last)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a tokenizer of %d tokens", v->label, (int)t->n);
    w->unknown = v->named[ASSAY_NAMED_UNKNOWN];
    if (w->unknown < 0)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: no unknown token, [UNK], is named, which WordPiece needs",
                          v->label);
    w->lower = v->lower;
    w->strip_accents = v->strip_accents;
    memset(w->last, 0xff, (size_t)t->n * sizeof *w->last);
    for (int32_t id = t->n - 1; id >= 0; id--) {
        const int32_t same = assay_lookup_find(t, t->bytes[id].at, t->bytes[id].n);
        if (same < 0 || t->type[id] != t->type[same]) { /* text does not become it */
            w->last[id] = id;
            continue;
        }
        if (w->last[same] < 0)
            w->last[same] = id;
        w->last[id] = w->last[same];
        if (t->bytes[id].n <= BYTES)
            w->size[t->bytes[id].n] = true;
    }
    t->add_bos = t->add_eos = t->drop_blank = true;
    return ASSAY_OK;
}

/* The longest token that text begins with, of those that end at an edge; -1: none.  *end: the edge where it ends. */
static int32_t longest(const assay_tokenizer *t, const char *text, const int *edge, int begin, int *end)
{
    const words *w = t->state;
    const int from = begin ? edge[begin] : 0;
    for (; *end > begin; --*end) {
        const size_t n = (size_t)(edge[*end] - from);
        const int32_t id = w->size[n] ? assay_lookup_find(t, text + from, n) : -1;
        if (id >= 0)
            return w->last[id];
    }
    return -1;
}

/* Appends a word's ids, and clears it. */
static assay_status finish(assay_encoding *e, word *x, assay_why *why)
{
    const words *w = e->t->state;
    const size_t before = e->n;
    const int n = x->n;
    char text[BYTES] = " ";
    int edge[CHARACTERS + 1] = { 1 }; /* where letters begin, and the last ends */
    assay_status s = ASSAY_OK;
    x->n = x->from = 0;
    if (n > CHARACTERS)
        return assay_encode_id(e, w->unknown, why);
    for (int i = 0; i < n; i++)
        edge[i + 1] = edge[i] + assay_utf8_write(x->code[i], text + edge[i]);
    for (int begin = 0, end = n; begin < n && !s; begin = end, end = n) {
        const int32_t id = longest(e->t, text, edge, begin, &end);
        if (id < 0) {
            e->n = before;
            return assay_encode_id(e, w->unknown, why);
        }
        s = assay_encode_id(e, id, why);
    }
    return s;
}

/* A word's next letter, before those of a higher order. */
static void grow(word *x, const assay_letter *l)
{
    int i = x->n;
    if (l->gone) {
        x->from = l->order ? x->from : x->n;
        return;
    }
    x->n += x->n <= CHARACTERS;
    if (x->n > CHARACTERS)
        return;
    for (; l->order && i > x->from && x->order[i - 1] > l->order; i--) {
        x->code[i] = x->code[i - 1];
        x->order[i] = x->order[i - 1];
    }
    x->code[i] = l->code;
    x->order[i] = l->order;
}

static assay_status add(assay_encoding *e, word *x, unsigned code, assay_why *why)
{
    const words *w = e->t->state;
    assay_letter letter[ASSAY_LETTERS];
    const int n = assay_words_letters(code, w->strip_accents, w->lower, letter);
    assay_status s = ASSAY_OK;
    for (int i = 0; i < n && !s; i++) {
        if (letter[i].alone)
            s = finish(e, x, why);
        grow(x, &letter[i]);
        if (letter[i].alone && !s)
            s = finish(e, x, why);
    }
    return s;
}

static assay_status encode(assay_encoding *e, const char *part, size_t n, bool first, assay_why *why)
{
    const unsigned char *p = (const unsigned char *)part;
    word x = { .n = 0 };
    assay_status s = ASSAY_OK;
    (void)first;
    for (size_t i = 0; i < n && !s;) {
        const int length = assay_utf8_length(p + i, n - i);
        const unsigned code = length ? assay_utf8_code(p + i, length) : 0xFFFD;
        const assay_character is = assay_words_character(code);
        if (!length)
            assay_encode_left_out(e, p[i]);
        if (is == ASSAY_CHARACTER_BLANK || is == ASSAY_CHARACTER_ALONE)
            s = finish(e, &x, why);
        if (!s && (is == ASSAY_CHARACTER_LETTER || is == ASSAY_CHARACTER_ALONE))
            s = add(e, &x, code, why);
        if (!s && is == ASSAY_CHARACTER_ALONE)
            s = finish(e, &x, why);
        i += length ? (size_t)length : 1;
    }
    return s ? s : finish(e, &x, why);
}

const assay_tokenizer_kind assay_kind_words = { "WordPiece", "bert", print, make, destroy, encode, NULL };
