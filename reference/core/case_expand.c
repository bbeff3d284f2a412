/* SPDX-License-Identifier: MIT
 * A pattern, for example `T={1..3} w=*`, to the lines that it stands for.  Grammar in case.h. */
#include "case.h"
#include "dtype.h"
#include "options.h"
#include "status.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct visitor {
    assay_case_visit visit;
    void *ctx;
    assay_why *why;
} visitor;

static assay_status expand(const char *pattern, const visitor *v);

static assay_status replace(const char *pattern, const char *from, const char *to, const char *with, const visitor *v)
{
    char line[ASSAY_CASE_LINE];
    if (snprintf(line, sizeof line, "%.*s%s%s", (int)(from - pattern), pattern, with, to) >= (int)sizeof line)
        return assay_fail(v->why, ASSAY_ERR_ARG, "pattern too long: %.80s", pattern);
    return expand(line, v);
}

static assay_status expand(const char *pattern, const visitor *v)
{
    const char *open = strchr(pattern, '{'), *close = open ? strchr(open, '}') : NULL;
    if (!open)
        return v->visit(pattern, v->ctx, v->why);
    if (!close)
        return assay_fail(v->why, ASSAY_ERR_ARG, "no closing brace in: %.80s", pattern);
    assay_status s = ASSAY_OK;
    for (const char *item = open + 1; !s && item <= close;) {
        size_t len = strcspn(item, ",}");
        char text[64];
        if (len >= sizeof text)
            return assay_fail(v->why, ASSAY_ERR_ARG, "item too long in: %.80s", pattern);
        memcpy(text, item, len);
        text[len] = 0;
        const char *dots = strstr(text, "..");
        if (dots) {
            uint64_t lo, hi;
            const char *to = assay_digits(text, &lo), *end = assay_digits(dots + 2, &hi);
            if (to != dots || !end || *end || lo > hi || hi == UINT64_MAX)
                return assay_fail(v->why, ASSAY_ERR_ARG,
                                  "{%s} in %.80s: whole numbers, the larger one last, are needed", text, pattern);
            for (uint64_t i = lo; !s && i <= hi; i++) {
                snprintf(text, sizeof text, "%llu", (unsigned long long)i);
                s = replace(pattern, open, close + 1, text, v);
            }
        } else
            s = replace(pattern, open, close + 1, text, v);
        item += len + 1;
    }
    return s;
}

/* name=* becomes name={every type of that operand} */
static void spell_types(const assay_op *op, const char *pattern, char *out, size_t n)
{
    size_t at = (size_t)snprintf(out, n, "%s ", op->name);
    for (const char *p = pattern; *p && at + 1 < n; p++) {
        const char *key = p;
        while (key > pattern && key[-1] != ' ')
            key--;
        char name[32] = "";
        const int len = (int)(p - key) - 1;
        if (*p == '*' && p > key && p[-1] == '=' && len > 0 && len < (int)sizeof name) {
            memcpy(name, key, (size_t)len);
            const int i = assay_op_operand(op, name);
            if (i >= 0) {
                const char *sep = "{";
                for (int t = 0; t < ASSAY_DTYPE_END; t++)
                    if (ASSAY_HAS(op->operands[i].types, t) && at < n) {
                        at += (size_t)snprintf(out + at, n - at, "%s%s", sep, assay_dtype_of((assay_dtype)t)->name);
                        sep = ",";
                    }
                if (at < n)
                    at += (size_t)snprintf(out + at, n - at, "}");
                continue;
            }
        }
        out[at++] = *p;
        out[at] = 0;
    }
}

assay_status assay_case_expand(const assay_op *op, const char *pattern, assay_case_visit visit, void *ctx,
                               assay_why *why)
{
    char line[ASSAY_CASE_LINE];
    spell_types(op, pattern, line, sizeof line);
    return expand(line, &(visitor){ visit, ctx, why });
}
