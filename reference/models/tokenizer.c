/* SPDX-License-Identifier: MIT
 * A token's text in the file is in "mapped characters": each byte is written as one printable character.  It is turned
 * back into bytes once, when the file is read; merging then works on ids. */
#include "tokenizer.h"
#include "../core/status.h"
#include "bpe.h"
#include "keys.h"
#include "utf8.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The byte that a mapped character stands for; -1: none.  33..126, 161..172, 174..255 are themselves, the other 68
 * bytes follow in ascending order from U+0100. */
static int byte_of(unsigned code)
{
    if ((code >= 33 && code <= 126) || (code >= 161 && code <= 172) || (code >= 174 && code <= 255))
        return (int)code;
    if (code < 0x100 || code >= 0x100 + 68)
        return -1;
    const int k = (int)code - 0x100;
    return k < 33 ? k : k < 33 + 34 ? 127 + k - 33 : 173;
}

/* A character outside the map stands for its own UTF-8.  Never longer than the text. */
size_t assay_bpe_unmap(assay_span text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n;) {
        const unsigned char *s = (const unsigned char *)text.at + i;
        const int length = assay_utf8_length(s, text.n - i);
        const int byte = length ? byte_of(assay_utf8_code(s, length)) : *s;
        if (byte >= 0)
            out[n++] = (char)byte;
        else
            memcpy(out + n, s, (size_t)length), n += (size_t)length;
        i += length ? (size_t)length : 1;
    }
    return n;
}

static assay_status read_kinds(const assay_gguf *g, size_t n, uint8_t *kind, assay_why *why)
{
    const assay_gguf_value *v = assay_gguf_find(g, "tokenizer.ggml.token_type");
    memset(kind, ASSAY_TOKEN_NORMAL, n);
    if (!v)
        return ASSAY_OK;
    if (v->kind != ASSAY_GGUF_ARRAY || (v->item != ASSAY_GGUF_I32 && v->item != ASSAY_GGUF_U32) || v->count != n)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tokenizer.ggml.token_type is no array of %zu 32-bit integers",
                          g->label, n);
    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = v->data + 4 * i;
        if (p[1] || p[2] || p[3] || p[0] > ASSAY_TOKEN_BYTE)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tokenizer.ggml.token_type: token %zu has a type beyond %d",
                              g->label, i, ASSAY_TOKEN_BYTE);
        kind[i] = p[0];
    }
    return ASSAY_OK;
}

static assay_status read_id(const assay_gguf *g, const char *key, int32_t n, int32_t *id, assay_why *why)
{
    int64_t x = -1;
    const assay_status s = assay_gguf_int(g, key, false, 0, n - 1, &x, why);
    *id = (int32_t)x;
    return s;
}

/* What stands before and behind a text: by a key, else by the kind of tokenizer. */
static assay_status read_ids(const assay_gguf *g, assay_tokenizer *t, assay_why *why)
{
    assay_status s = read_id(g, "tokenizer.ggml.bos_token_id", t->n, &t->bos, why);
    if (!s)
        s = read_id(g, "tokenizer.ggml.eos_token_id", t->n, &t->eos, why);
    t->lacks_bos = t->bpe->pre.add_bos && t->bos < 0 && !assay_gguf_find(g, "tokenizer.ggml.add_bos_token");
    t->add_bos = t->bpe->pre.add_bos && !t->lacks_bos;
    if (!s)
        s = assay_gguf_bool(g, "tokenizer.ggml.add_bos_token", false, &t->add_bos, why);
    if (!s)
        s = assay_gguf_bool(g, "tokenizer.ggml.add_eos_token", false, &t->add_eos, why);
    if (!s && t->add_bos && t->bos < 0)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: add_bos_token without bos_token_id", g->label);
    if (!s && t->add_eos && t->eos < 0)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: add_eos_token without eos_token_id", g->label);
    return s;
}

/* The byte of a token like <0x0A>; -1: it is none. */
static int byte_token(assay_span text)
{
    static const char digits[] = "0123456789ABCDEF";
    if (text.n != 6 || memcmp(text.at, "<0x", 3) || text.at[5] != '>')
        return -1;
    const char *high = memchr(digits, text.at[3], 16), *low = memchr(digits, text.at[4], 16);
    return high && low ? (int)(16 * (high - digits) + (low - digits)) : -1;
}

static assay_status read_tokens(const assay_gguf *g, assay_tokenizer *t, assay_span **text, assay_why *why)
{
    size_t n, total = 0;
    assay_status s = assay_gguf_texts(g, "tokenizer.ggml.tokens", text, &n, why);
    if (s)
        return s;
    if (n == 0 || n > INT32_MAX)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: a vocabulary of %zu tokens", g->label, n);
    for (size_t i = 0; i < n; i++)
        total += (*text)[i].n;
    uint8_t *kind = malloc(n);
    assay_span *bytes = calloc(n, sizeof *bytes);
    char *pool = malloc(total + 1);
    bool *ends = calloc(n, sizeof *ends);
    t->n = (int32_t)n;
    t->kind = kind;
    t->bytes = bytes;
    t->ends = ends;
    t->bpe->pool = pool;
    if (!kind || !bytes || !pool || !ends)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tokens", g->label, n);
    s = read_kinds(g, n, kind, why);
    for (size_t i = 0; i < n && !s; i++) {
        const bool mapped = kind[i] == ASSAY_TOKEN_NORMAL || kind[i] == ASSAY_TOKEN_UNUSED;
        const int byte = kind[i] == ASSAY_TOKEN_BYTE ? byte_token((*text)[i]) : -1;
        if (byte >= 0)
            *pool = (char)byte, bytes[i].n = 1;
        else if (mapped)
            bytes[i].n = assay_bpe_unmap((*text)[i], pool);
        else
            memcpy(pool, (*text)[i].at, bytes[i].n = (*text)[i].n);
        bytes[i].at = pool;
        pool += bytes[i].n;
    }
    return s;
}

assay_status assay_tokenizer_make(const assay_gguf *g, assay_tokenizer *t, assay_why *why)
{
    assay_span model = { 0 }, pre = { 0 }, *text = NULL;
    *t = (assay_tokenizer){ .bos = -1, .eos = -1 };
    assay_status s = assay_gguf_find(g, "tokenizer.ggml.model") ? ASSAY_OK : assay_keys_whole(g, why); /* or a shard */
    if (!s)
        s = assay_gguf_text(g, "tokenizer.ggml.model", true, &model, why);
    if (!s && !assay_span_is(model, "gpt2"))
        s = assay_fail(why, ASSAY_UNSUPPORTED, "%s: tokenizer.ggml.model is '%.*s'; gpt2 (byte-level BPE) is known",
                       g->label, model.n < 40 ? (int)model.n : 40, model.at);
    if (!s)
        s = assay_keys_tokenizer(g, why);
    if (!s)
        s = assay_gguf_text(g, "tokenizer.ggml.pre", true, &pre, why);
    if (!s && !(t->bpe = calloc(1, sizeof *t->bpe)))
        s = assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a tokenizer", g->label);
    if (!s)
        s = assay_pretokenizer_make(pre, g->label, &t->bpe->pre, why);
    if (!s)
        s = read_tokens(g, t, &text, why);
    if (!s)
        s = read_ids(g, t, why);
    if (!s)
        s = assay_bpe_make(g, t, text, why);
    free(text);
    if (s)
        assay_tokenizer_free(t);
    return s;
}

void assay_tokenizer_free(assay_tokenizer *t)
{
    free((void *)(uintptr_t)t->bytes);
    free(t->kind);
    free(t->ends);
    if (t->bpe)
        assay_bpe_free(t->bpe);
    *t = (assay_tokenizer){ .bos = -1, .eos = -1 };
}

assay_span assay_tokenizer_piece(const assay_tokenizer *t, int32_t id, bool special)
{
    const assay_span empty = { "", 0 };
    if (id < 0 || id >= t->n ||
        (!special && (t->kind[id] == ASSAY_TOKEN_CONTROL || t->kind[id] == ASSAY_TOKEN_UNKNOWN)))
        return empty;
    return t->bytes[id];
}

/* The longest special token that begins at text; -1: none. */
static int32_t special_at(const assay_tokenizer *t, const char *text, size_t n, bool control)
{
    const assay_bpe *b = t->bpe;
    const unsigned char first = (unsigned char)*text;
    for (int32_t i = b->special_first[first]; i < b->special_first[first + 1]; i++) {
        const int32_t id = b->special[i];
        if ((control || t->kind[id] == ASSAY_TOKEN_USER) && t->bytes[id].n <= n &&
            !memcmp(t->bytes[id].at, text, t->bytes[id].n))
            return id;
    }
    return -1;
}

assay_status assay_bpe_text(assay_encoding *e, const char *text, size_t n, bool special, assay_why *why)
{
    const assay_tokenizer *t = e->t;
    assay_status s = ASSAY_OK;
    for (size_t at = 0, begin = 0; !s && begin <= n; at++) {
        const int32_t id = at < n ? special_at(t, text + at, n - at, special) : -1;
        if (id < 0 && at < n)
            continue;
        s = assay_pretokenize(&t->bpe->pre, text + begin, at - begin, assay_bpe_piece, e, why);
        if (!s && id >= 0)
            s = assay_bpe_emit(e, id, why);
        begin = id >= 0 ? at + t->bytes[id].n : n + 1;
        at = begin - 1;
    }
    free(e->work);
    free(e->heap);
    e->work = NULL;
    e->heap = NULL;
    e->work_room = 0;
    return s;
}

assay_status assay_tokenizer_encode(const assay_tokenizer *t, const char *text, size_t n, bool special, int32_t **ids,
                                    size_t *n_ids, assay_why *why)
{
    assay_encoding e = { .t = t };
    const assay_status s = assay_bpe_text(&e, text, n, special, why);
    if (s) {
        free(e.ids);
        return s;
    }
    *ids = e.ids ? e.ids : calloc(1, sizeof **ids);
    *n_ids = e.n;
    return *ids ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for ids");
}
