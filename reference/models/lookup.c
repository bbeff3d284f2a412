/* SPDX-License-Identifier: MIT */
#include "../core/status.h"
#include "encoding.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

const uint8_t assay_by_plainness[] = { ASSAY_TOKEN_NORMAL,  ASSAY_TOKEN_UNUSED,  ASSAY_TOKEN_USER,
                                       ASSAY_TOKEN_CONTROL, ASSAY_TOKEN_UNKNOWN, ASSAY_TOKEN_BYTE };

/* The slot of a token with these bytes, or the free slot where it belongs. */
static int32_t *slot_of(const assay_tokenizer *t, const char *bytes, size_t n)
{
    const assay_lookup *l = t->lookup;
    size_t i = (size_t)XXH3_64bits(bytes, n) & l->mask;
    for (; l->slot[i] >= 0; i = (i + 1) & l->mask) {
        const assay_span have = t->bytes[l->slot[i]];
        if (have.n == n && memcmp(have.at, bytes, n) == 0)
            break;
    }
    return &l->slot[i];
}

int32_t assay_lookup_find(const assay_tokenizer *t, const char *bytes, size_t n)
{
    return *slot_of(t, bytes, n);
}

static bool is_special(const assay_tokenizer *t, int32_t id)
{
    return t->bytes[id].n && (t->type[id] == ASSAY_TOKEN_CONTROL || t->type[id] == ASSAY_TOKEN_USER ||
                              t->type[id] == ASSAY_TOKEN_UNKNOWN);
}

/* By first byte, then longest first, then by id. */
static int by_bytes(const void *a, const void *b, void *tokenizer)
{
    const assay_tokenizer *t = tokenizer;
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    const int first = (unsigned char)*t->bytes[x].at - (unsigned char)*t->bytes[y].at;
    const size_t n = t->bytes[x].n, m = t->bytes[y].n;
    return first ? first : n != m ? (n < m) - (n > m) : (x > y) - (x < y);
}

static void fill_special(assay_tokenizer *t)
{
    assay_lookup *l = t->lookup;
    int32_t n = 0, at = 0;
    memset(l->user, 0, sizeof l->user);
    for (int32_t id = 0; id < t->n; id++)
        if (is_special(t, id)) {
            l->special[n++] = id;
            l->user[(unsigned char)*t->bytes[id].at] |= t->type[id] == ASSAY_TOKEN_USER;
        }
    qsort_r(l->special, (size_t)n, sizeof *l->special, by_bytes, t);
    for (int c = 0; c <= 256; c++) {
        while (at < n && (unsigned char)*t->bytes[l->special[at]].at < c)
            at++;
        l->special_first[c] = at;
    }
}

void assay_lookup_fill(assay_tokenizer *t)
{
    assay_lookup *l = t->lookup;
    memset(l->slot, 0xff, (l->mask + 1) * sizeof *l->slot);
    for (int k = 0; k < ASSAY_PLAIN; k++)
        for (int32_t id = 0; id < t->n; id++)
            if (t->type[id] == assay_by_plainness[k] && t->bytes[id].n) {
                int32_t *slot = slot_of(t, t->bytes[id].at, t->bytes[id].n);
                if (*slot < 0)
                    *slot = id;
            }
    for (int c = 0; c < 256; c++) {
        const char byte = (char)c;
        l->byte[c] = assay_lookup_find(t, &byte, 1);
    }
    fill_special(t);
}

assay_status assay_lookup_make(assay_tokenizer *t, assay_why *why)
{
    size_t slots = 16;
    while (slots < 2 * (size_t)t->n)
        slots *= 2;
    assay_lookup *l = t->lookup = calloc(1, sizeof *l);
    if (l) {
        l->mask = slots - 1;
        l->slot = malloc(slots * sizeof *l->slot);
        l->special = malloc((size_t)t->n * sizeof *l->special);
    }
    if (!l || !l->slot || !l->special)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory to look up %d tokens", (int)t->n);
    assay_lookup_fill(t);
    return ASSAY_OK;
}

void assay_lookup_free(assay_lookup *l)
{
    if (l) {
        free(l->slot);
        free(l->special);
    }
    free(l);
}

/* Bytes of text that are token, with U+2581 for its blanks; 0: text begins otherwise. */
static size_t written(assay_span token, const char *text, size_t n)
{
    static const char lower_block[] = "\xE2\x96\x81";
    size_t at = 0;
    for (size_t i = 0; i < token.n; i++) {
        const bool blank = token.at[i] == ' ';
        const size_t size = blank ? 3 : 1;
        if (n - at < size || memcmp(text + at, blank ? lower_block : token.at + i, size) != 0)
            return 0;
        at += size;
    }
    return at;
}

size_t assay_lookup_kept(const assay_tokenizer *t, const char *text, size_t n)
{
    const assay_lookup *l = t->lookup;
    const unsigned char first = (unsigned char)(n >= 3 && !memcmp(text, "\xE2\x96\x81", 3) ? ' ' : *text);
    for (int32_t i = l->special_first[first]; l->user[first] && i < l->special_first[first + 1]; i++) {
        const int32_t id = l->special[i];
        const size_t size = t->type[id] == ASSAY_TOKEN_USER ? written(t->bytes[id], text, n) : 0;
        if (size)
            return size;
    }
    return 0;
}

int32_t assay_lookup_special(const assay_tokenizer *t, const char *text, size_t n, bool control)
{
    const assay_lookup *l = t->lookup;
    const unsigned char first = (unsigned char)*text;
    const int32_t end = l->special_first[control || l->user[first] ? first + 1 : first];
    for (int32_t i = l->special_first[first]; i < end; i++) {
        const int32_t id = l->special[i];
        if ((control || t->type[id] == ASSAY_TOKEN_USER) && t->bytes[id].n <= n &&
            !memcmp(t->bytes[id].at, text, t->bytes[id].n))
            return id;
    }
    return -1;
}
