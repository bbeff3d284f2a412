/* SPDX-License-Identifier: MIT
 * What all algorithms share: tokens' bytes, special tokens cut out of a text, what a generation ends with. */
#include "tokenizer.h"
#include "../core/status.h"
#include "encoding.h"
#include "marks.h"
#include <stdlib.h>
#include <string.h>

const assay_tokenizer_kind *const assay_tokenizer_kinds[] = { &assay_kind_bytes, &assay_kind_pieces,
                                                              &assay_kind_unigram, &assay_kind_words, NULL };

/* The byte of a token like <0x0A>; -1: it is none. */
static int byte_token(assay_span text)
{
    static const char digits[] = "0123456789ABCDEF";
    if (text.n != 6 || memcmp(text.at, "<0x", 3) || text.at[5] != '>')
        return -1;
    const char *high = memchr(digits, text.at[3], 16), *low = memchr(digits, text.at[4], 16);
    return high && low ? (int)(16 * (high - digits) + (low - digits)) : -1;
}

/* Each token's bytes, from its text; what is no ordinary token is written as it is. */
static assay_status print_tokens(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    const size_t n = (size_t)v->n;
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += v->text[i].n;
    t->type = malloc(n);
    t->bytes = calloc(n, sizeof *t->bytes);
    t->ends = calloc(n, sizeof *t->ends);
    t->hidden = calloc(n, sizeof *t->hidden);
    t->pool = malloc(total + 1);
    if (!t->type || !t->bytes || !t->pool || !t->ends || !t->hidden)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tokens", v->label, n);
    memcpy(t->type, v->type, n);
    char *pool = t->pool;
    for (size_t i = 0; i < n; i++) {
        const assay_span text = v->text[i];
        const int byte = v->type[i] == ASSAY_TOKEN_BYTE ? byte_token(text) : -1;
        const bool plain = v->type[i] == ASSAY_TOKEN_NORMAL || v->type[i] == ASSAY_TOKEN_UNUSED;
        if (byte >= 0)
            *pool = (char)byte, t->bytes[i].n = 1;
        else if (plain || (v->type[i] == ASSAY_TOKEN_USER && v->kind->users))
            t->bytes[i].n = v->kind->print(text, pool);
        else
            memcpy(pool, text.at, t->bytes[i].n = text.n);
        t->hidden[i] =
            (v->mark && v->mark[i] & ASSAY_MARK_OUTSIDE) || (plain && v->kind->writes && !v->kind->writes(text));
        t->bytes[i].at = pool;
        pool += t->bytes[i].n;
    }
    return ASSAY_OK;
}

/* What stands before and behind a text: as the vocabulary says, else as is usual for the kind, which make() has set. */
static assay_status frame(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    t->bos = v->named[ASSAY_NAMED_BOS];
    t->eos = v->named[ASSAY_NAMED_EOS];
    t->lacks_bos = t->add_bos && t->bos < 0 && v->add_bos < 0;
    t->lacks_eos = t->add_eos && t->eos < 0 && v->add_eos < 0;
    t->add_bos = v->add_bos < 0 ? t->add_bos && t->bos >= 0 : v->add_bos;
    t->add_eos = v->add_eos < 0 ? t->add_eos && t->eos >= 0 : v->add_eos;
    if (t->add_bos && t->bos < 0)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: add_bos_token without bos_token_id", v->label);
    if (t->add_eos && t->eos < 0)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: add_eos_token without eos_token_id", v->label);
    t->before = v->frame ? v->before : t->add_bos;
    t->behind = v->frame ? v->behind : t->add_eos;
    t->frame = malloc((t->before + t->behind + 1) * sizeof *t->frame);
    if (!t->frame)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for what stands around a text", v->label);
    for (size_t i = 0; i < t->before + t->behind; i++)
        t->frame[i] = v->frame ? v->frame[i] : i < t->before ? t->bos : t->eos;
    return ASSAY_OK;
}

assay_status assay_tokenizer_make(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    *t = (assay_tokenizer){ .kind = v->kind, .n = v->n, .bos = -1, .eos = -1, .added = v->added };
    assay_status s = print_tokens(v, t, why);
    if (!s)
        s = assay_lookup_make(t, why);
    if (!s)
        s = v->kind->make(v, t, why);
    if (!s)
        s = frame(v, t, why);
    if (!s) {
        assay_ends_mark(v, t);
        assay_lookup_fill(t);
        s = assay_marks_make(v, t, why);
    }
    if (s)
        assay_tokenizer_free(t);
    return s;
}

void assay_tokenizer_free(assay_tokenizer *t)
{
    if (t->state)
        t->kind->free(t->state);
    assay_lookup_free(t->lookup);
    assay_marks_free(t->marks);
    free(t->hidden);
    free(t->frame);
    free(t->bytes);
    free(t->type);
    free(t->ends);
    free(t->pool);
    *t = (assay_tokenizer){ .bos = -1, .eos = -1 };
}

assay_span assay_tokenizer_piece(const assay_tokenizer *t, int32_t id, bool special)
{
    const assay_span empty = { "", 0 };
    if (id < 0 || id >= t->n ||
        (!special && (t->type[id] == ASSAY_TOKEN_CONTROL || t->type[id] == ASSAY_TOKEN_UNKNOWN)))
        return empty;
    return t->bytes[id];
}

assay_status assay_encode_id(assay_encoding *e, int32_t id, assay_why *why)
{
    if (e->n == e->room) {
        const size_t room = 2 * e->room + 64;
        int32_t *more = realloc(e->ids, room * sizeof *more);
        if (!more)
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu ids", room);
        e->ids = more;
        e->room = room;
    }
    e->ids[e->n++] = id;
    return ASSAY_OK;
}

void assay_encode_left_out(assay_encoding *e, unsigned char byte)
{
    if (!e->left_out++)
        e->first_left_out = byte;
}

/* What is already normalized; it has the form of assay_between. */
static assay_status encode_normalized(assay_encoding *e, const char *text, size_t n, bool first, bool special,
                                      assay_why *why)
{
    (void)special;
    return e->t->kind->encode(e, text, n, first, why);
}

static assay_status encode_part(assay_encoding *e, const char *text, size_t n, bool first, bool special, assay_why *why)
{
    const assay_tokenizer *t = e->t;
    const assay_tree *more = &t->marks->normalized;
    char *own = NULL;
    assay_status s = ASSAY_OK;
    if (t->kind->normalize)
        s = t->kind->normalize(t, text, n, first, &own, &n, why);
    text = own ? own : text;
    if (!s)
        s = more->edge ? assay_marks_encode(e, more, text, n, first, special, encode_normalized, why)
                       : t->kind->encode(e, text, n, first, why);
    free(own);
    return s;
}

/* As GGUF files and SentencePiece's have it: what stands behind a control token is a text of its own. */
static assay_status encode_text(assay_encoding *e, const char *text, size_t n, bool special, assay_why *why)
{
    const assay_tokenizer *t = e->t;
    assay_status s = ASSAY_OK;
    const bool look = special || !t->kind->users;
    bool first = true;
    for (size_t at = 0, begin = 0; !s && begin <= n; at++) {
        const int32_t id = look && at < n ? assay_marks_special(t, text + at, n - at, special) : -1;
        if (id < 0 && at < n)
            continue;
        if (id >= 0 && t->type[id] == ASSAY_TOKEN_USER && t->kind->users) {
            at += t->bytes[id].n - 1; /* it stays in the part */
            continue;
        }
        s = encode_part(e, text + begin, at - begin, first, special, why);
        if (!s && id >= 0)
            s = assay_encode_id(e, id, why);
        first = id >= 0 && (t->type[id] != ASSAY_TOKEN_USER || (first && at == begin));
        begin = id >= 0 ? at + t->bytes[id].n : n + 1;
        at = begin - 1;
    }
    return s;
}

assay_status assay_encode_text(assay_encoding *e, const char *text, size_t n, bool special, assay_why *why)
{
    const assay_tokenizer *t = e->t;
    const assay_status s = t->added ? assay_marks_encode(e, &t->marks->all, text, n, true, special, encode_part, why)
                                    : encode_text(e, text, n, special, why);
    if (t->kind->done)
        t->kind->done(e);
    return s;
}

assay_status assay_tokenizer_encode(const assay_tokenizer *t, const char *text, size_t n, bool special, int32_t **ids,
                                    size_t *n_ids, assay_why *why)
{
    assay_encoding e = { .t = t };
    const assay_status s = assay_encode_text(&e, text, n, special, why);
    if (s) {
        free(e.ids);
        return s;
    }
    *ids = e.ids ? e.ids : calloc(1, sizeof **ids);
    *n_ids = e.n;
    return *ids ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for ids");
}
