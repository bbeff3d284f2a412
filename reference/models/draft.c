/* SPDX-License-Identifier: MIT */
#include "draft.h"
#include "../core/execute.h"
#include "../core/rng.h"
#include "../core/status.h"
#include "lone.h"
#include <inttypes.h>
#include <stdlib.h>

enum { DRAWS, ACCEPTS, FOLLOWS }; /* words of a block */

static float uniform(const assay_draft *d, int64_t step, int word)
{
    const uint64_t n = (uint64_t)step, seed = (uint64_t)d->seed;
    uint32_t out[4];
    assay_philox4x32((const uint32_t[]){ 0, 0, (uint32_t)n, (uint32_t)(n >> 32) },
                     (const uint32_t[]){ (uint32_t)seed, (uint32_t)(seed >> 32) }, out);
    return (float)(out[word] >> 8) * 0x1p-24F;
}

assay_status assay_draft_begin(assay_draft *d, assay_why *why)
{
    const size_t row = (size_t)d->V * sizeof(float), T = (size_t)d->most;
    d->p = assay_aligned((T + 1) * row);
    d->q = assay_aligned((T + 1) * row);
    d->u = assay_aligned((T + 1) * sizeof(float));
    d->drafted = d->accepted = d->rounds = 0;
    if (d->p && d->q && d->u)
        return ASSAY_OK;
    assay_draft_end(d);
    return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for chances of %" PRId64 " drafted tokens", d->most);
}

void assay_draft_end(assay_draft *d)
{
    free(d->p);
    free(d->q);
    free(d->u);
    d->p = d->q = d->u = NULL;
}

/* By the op: which of T drafted ids stand, and what follows.  Of none: a draw by the chances `last`. */
static assay_status speculate(const assay_draft *d, int64_t T, float *p, float *last, int32_t *draft, float w,
                              int32_t *count, int32_t *next, assay_why *why)
{
    const int64_t dim[] = { 1, T, d->V };
    void *const operand[] = { p, d->q, last, draft, d->u, &w, count, next };
    const assay_status s = assay_lone(d->impl, "speculate", dim, NULL, operand, why);
    if (!s && *next < 0)
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "no token can be drawn: are logits NaN or infinite, all of them -inf by --logit-bias?");
    return s;
}

assay_status assay_draft_round(assay_draft *d, int32_t *id, int64_t n, int64_t T, int64_t step, int64_t *made,
                               assay_why *why)
{
    int32_t count = 0, next = 0;
    assay_status s = ASSAY_OK;
    for (int64_t t = 0; t < T && !s; t++) {
        float *const q = d->q + t * d->V;
        s = d->small(d->ctx, id, n + t, q, why);
        if (!s)
            s = speculate(d, 0, d->p, q, id + n, uniform(d, step + t, DRAWS), &count, &next, why);
        id[n + t] = next;
        d->u[t] = uniform(d, step + t, ACCEPTS);
    }
    if (!s)
        s = d->large(d->ctx, id, n, T, d->p, why);
    if (!s)
        s = speculate(d, T, d->p, d->p + T * d->V, id + n, uniform(d, step, FOLLOWS), &count, &next, why);
    if (s)
        return s;
    id[n + count] = next;
    *made = count + 1;
    d->drafted += T;
    d->accepted += count;
    d->rounds++;
    return ASSAY_OK;
}
