/* SPDX-License-Identifier: MIT */
#include "select.h"
#include "../reference/core/status.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static const char *isa_name(const assay_filter *f)
{
    return f->isa && f->isa[0] == '=' ? f->isa + 1 : f->isa;
}

assay_status assay_filter_check(const assay_filter *f, assay_why *why)
{
    if (f->op && !assay_op_find(f->op))
        return assay_fail(why, ASSAY_ERR_ARG, "-o %s: no such op (assay list ops)", f->op);
    if (f->isa && !assay_isa_find(isa_name(f)))
        return assay_fail(why, ASSAY_ERR_ARG, "--isa %s: no such tier (assay list isa)", f->isa);
    return ASSAY_OK;
}

assay_state assay_filter_kernel(const assay_filter *f, const assay_kernel *k)
{
    if (f->op && strcmp(f->op, k->op))
        return ASSAY_FILTERED;
    if (f->kernel && fnmatch(f->kernel, k->name, 0))
        return ASSAY_FILTERED;
    if (f->isa) {
        const assay_isa *cap = assay_isa_find(isa_name(f));
        if (f->isa[0] == '=' ? assay_isa_of(k->isa) != cap : (k->isa & ~cap->bits) != 0)
            return ASSAY_FILTERED;
    }
    return k->isa & ~assay_cpu() ? ASSAY_NOT_ON_CPU : ASSAY_RUNS;
}

assay_status assay_filter_threads(assay_filter *f, const char *text, assay_why *why)
{
    for (f->n_threads = 0; *text;) {
        char *end;
        const long n = strtol(text, &end, 10);
        if (end == text || n < 1 || n > 1024 || f->n_threads == 8 || (*end && *end != ','))
            return assay_fail(why, ASSAY_ERR_ARG, "--threads %s: up to eight numbers from 1 to 1024, as in 1,2", text);
        f->threads[f->n_threads++] = (int)n;
        text = *end ? end + 1 : end;
    }
    return ASSAY_OK;
}
