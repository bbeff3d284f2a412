/* SPDX-License-Identifier: MIT */
#include "repro.h"
#include "../select.h"
#include <stddef.h>
#include <string.h>

typedef struct text {
    char *to;
    size_t n; /* what does not fit is left out */
} text;

static void put(text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > ASSAY_REPRO_TEXT)
        return;
    memcpy(t->to + t->n, s, n);
    t->n += n;
    t->to[t->n] = 0;
}

/* An option and its value, quoted for a shell; `escape`: characters that get a backslash of their own. */
static void option(text *t, const char *name, const char *value, const char *escape)
{
    put(t, name, strlen(name));
    put(t, " '", 2);
    for (const char *s = value; *s; s++) {
        if (strchr(escape, *s))
            put(t, "\\", 1);
        put(t, *s == '\'' ? "'\\''" : s, *s == '\'' ? 4 : 1);
    }
    put(t, "'", 1);
}

void assay_repro_text(const assay_repro *r, char out[ASSAY_REPRO_TEXT])
{
    text t = { out, 0 };
    const char *const start = r->fault ? "assay check --faults" : "assay check";
    put(&t, start, strlen(start));
    if (r->plugin)
        option(&t, " --plugin", r->plugin, "");
    /* A pattern.  Of a plug-in's kernels no others are judged, and what stands before the colon is not always its own.
     */
    option(&t, " -k", r->plugin ? assay_kernel_bare(r->kernel) : r->kernel, "*?[\\");
    option(&t, " --repro", r->line, "");
    if (r->secret) { /* a comment of the shell */
        static const char needs[] = "  # needs ASSAY_SECRET=... of hash ";
        put(&t, needs, sizeof needs - 1);
        put(&t, r->secret, strlen(r->secret));
    }
}
