/* SPDX-License-Identifier: MIT */
#include "status.h"
#include "plain.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *assay_status_name(assay_status s)
{
    static const char *const name[] = {
        [ASSAY_OK] = "ok",
        [ASSAY_ERR_ARG] = "bad argument",
        [ASSAY_ERR_SHAPE] = "shape mismatch",
        [ASSAY_ERR_DTYPE] = "illegal element type",
        [ASSAY_ERR_LAYOUT] = "illegal layout",
        [ASSAY_ERR_PARAM] = "parameter out of range",
        [ASSAY_ERR_NOMEM] = "out of memory",
        [ASSAY_ERR_IO] = "i/o error",
        [ASSAY_ERR_FORMAT] = "malformed file",
        [ASSAY_ERR_ABI] = "plug-in ABI mismatch",
        [ASSAY_UNSUPPORTED] = "unsupported",
    };
    return (unsigned)s < sizeof name / sizeof *name ? name[s] : "unknown status";
}

assay_status assay_fail(assay_why *why, assay_status s, const char *format, ...)
{
    if (why) {
        va_list ap;
        va_start(ap, format);
        vsnprintf(why->text, sizeof why->text, format, ap);
        va_end(ap);
        assay_plain(why->text); /* it may quote a stranger's file */
    }
    return s;
}

static void number(char text[32], int digits, double x)
{
    if (isnan(x)) /* its sign means nothing */
        snprintf(text, 32, "nan");
    else
        snprintf(text, 32, "%.*g", digits, x);
}

assay_pair assay_two(double a, double b)
{
    enum { LEAST = 9, ALL = 17 };
    assay_pair p = { "", "" };
    for (int digits = LEAST; digits <= ALL; digits++) {
        number(p.a, digits, a);
        number(p.b, digits, b);
        if (a == b || strcmp(p.a, p.b) != 0)
            break;
    }
    return p;
}

static void *or_end(void *p, size_t n, size_t size)
{
    if (p)
        return p;
    fprintf(stderr, "assay: out of memory: %zu elements of %zu bytes\n", n, size);
    exit(2);
}

void *assay_zeros(size_t n, size_t size)
{
    return or_end(calloc(n + 1, size), n, size);
}

void *assay_room(size_t n, size_t size)
{
    return or_end(reallocarray(NULL, n + 1, size), n, size);
}

void *assay_grown(void *list, size_t n, size_t size)
{
    if (n & (n - 1)) /* it grows when n is a power of two */
        return list;
    const size_t room = n ? 2 * n : 1;
    return or_end(reallocarray(list, room, size), room, size);
}
