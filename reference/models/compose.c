/* SPDX-License-Identifier: MIT */
#include "compose.h"
#include "../core/status.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { GROWS = 3 }; /* NFC of UTF-8 is at most so many times as long (Unicode's FAQ of normalization) */

/* Bytes from text on that are well-formed, or, if the first is not, that are not. */
static size_t run_of(const unsigned char *text, size_t n, bool *good)
{
    size_t at = 0;
    int length = assay_utf8_length(text, n);
    *good = length > 0;
    while (at < n && (length > 0) == *good) {
        at += length > 0 ? (size_t)length : 1;
        length = at < n ? assay_utf8_length(text + at, n - at) : 0;
    }
    return at;
}

typedef struct letters { /* of a run, decomposed */
    utf8proc_int32_t *code, *room;
    size_t n;
} letters;

static int order_of(utf8proc_int32_t code)
{
    return utf8proc_get_property(code)->combining_class;
}

/* Marks between two letters of order 0 stand by their order, those of the same order as they stood: by counting, for a
 * run of marks may be as long as a text. */
static void sort_marks(letters *l, size_t begin, size_t end)
{
    enum { ORDERS = 256 };
    size_t at[ORDERS + 1] = { 0 };
    if (end - begin < 2)
        return;
    for (size_t i = begin; i < end; i++)
        at[order_of(l->code[i]) + 1]++;
    for (int k = 1; k < ORDERS; k++)
        at[k] += at[k - 1];
    for (size_t i = begin; i < end; i++)
        l->room[at[order_of(l->code[i])]++] = l->code[i];
    memcpy(l->code + begin, l->room, (end - begin) * sizeof *l->code);
}

/* Well-formed text, composed; returns the bytes written. */
static size_t compose(const char *text, size_t n, letters *l, char *to)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t written = 0, marks = 0;
    l->n = 0;
    for (size_t i = 0; i < n;) {
        const int length = assay_utf8_length(s + i, n - i);
        int boundary = 0;
        const utf8proc_int32_t code = (utf8proc_int32_t)assay_utf8_code(s + i, length);
        const utf8proc_ssize_t found =
            utf8proc_decompose_char(code, l->code + l->n, GROWS + 1, UTF8PROC_DECOMPOSE, &boundary);
        if (found < 1 || found > GROWS + 1)
            l->code[l->n++] = code;
        else
            l->n += (size_t)found;
        i += (size_t)length;
    }
    for (size_t i = 0; i <= l->n; i++)
        if (i == l->n || !order_of(l->code[i])) {
            sort_marks(l, marks, i);
            marks = i + 1;
        }
    const utf8proc_ssize_t left =
        utf8proc_normalize_utf32(l->code, (utf8proc_ssize_t)l->n, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    for (utf8proc_ssize_t i = 0; i < left; i++)
        written += (size_t)assay_utf8_write((unsigned)l->code[i], to + written);
    return written;
}

assay_status assay_compose(const char *text, size_t n, char **out, size_t *n_out, assay_why *why)
{
    const size_t most = (GROWS + 1) * (n + 1); /* a byte decomposes to no more letters */
    letters l = { malloc(most * sizeof *l.code), malloc(most * sizeof *l.room), 0 };
    char *to = *out = malloc(GROWS * n + 4);
    if (!to || !l.code || !l.room) {
        free(l.code);
        free(l.room);
        free(to);
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory to normalize %zu bytes", n);
    }
    for (size_t at = 0, run; at < n; at += run) {
        bool good;
        run = run_of((const unsigned char *)text + at, n - at, &good);
        if (good)
            to += compose(text + at, run, &l, to);
        else {
            memcpy(to, text + at, run);
            to += run;
        }
    }
    free(l.code);
    free(l.room);
    *n_out = (size_t)(to - *out);
    return ASSAY_OK;
}
