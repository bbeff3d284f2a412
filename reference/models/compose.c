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

assay_status assay_compose(const char *text, size_t n, char **out, size_t *n_out, assay_why *why)
{
    char *to = *out = malloc(GROWS * n + 1);
    if (!to)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory to normalize %zu bytes", n);
    for (size_t at = 0, run; at < n; at += run) {
        bool good;
        run = run_of((const unsigned char *)text + at, n - at, &good);
        utf8proc_uint8_t *composed = NULL;
        const utf8proc_ssize_t size = good ? utf8proc_map((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)run,
                                                          &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE)
                                           : (utf8proc_ssize_t)run;
        if (size < 0 || (size_t)size > (size_t)(*out + GROWS * n - to)) {
            free(composed);
            free(*out);
            *out = NULL;
            return assay_fail(why, ASSAY_ERR_NOMEM, "cannot normalize %zu bytes: %s", run,
                              size < 0 ? utf8proc_errmsg(size) : "they grow too long");
        }
        memcpy(to, good ? (char *)composed : text + at, (size_t)size);
        to += size;
        free(composed);
    }
    *n_out = (size_t)(to - *out);
    return ASSAY_OK;
}
