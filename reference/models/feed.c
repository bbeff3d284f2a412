/* SPDX-License-Identifier: MIT */
#include "feed.h"
#include "../core/status.h"
#include <inttypes.h>
#include <stdlib.h>

static bool in_windows(const assay_graph *g)
{
    return g->steps && !g->encodes;
}

static bool reads_types(const assay_graph *g)
{
    bool reads = false;
    for (int i = 0; i < g->n_values; i++)
        reads |= g->value[i].kind == ASSAY_VALUE_TYPES;
    return reads;
}

assay_status assay_feed_fit(assay_feed *f, assay_why *why)
{
    const assay_graph *g = f->g;
    const assay_given *ids = g->encodes ? &f->in->decoder_ids : &f->in->ids;
    assay_status s = g->encodes ? assay_inputs_rows(f->in, g, &f->T, why) : ASSAY_OK;
    if (!s && g->steps && ids->n < 1)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: no %s, which a model of family %s reads", f->in->label,
                       g->encodes ? "decoder_ids" : "ids", g->family);
    if (!s && f->in->types.n && !reads_types(g))
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: types, of which a model of family %s reads none", f->in->label,
                       g->family);
    if (!s && f->in->types.n && f->in->types.n != f->T)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: %" PRId64 " types of %" PRId64 " tokens", f->in->label, f->in->types.n,
                       f->T);
    f->ids = g->steps ? ids->whole : NULL;
    f->rows = g->steps ? ids->n : g->value[g->logits].dim[0] == 1 ? 1 : f->T;
    f->window = f->window < ids->n ? f->window : ids->n;
    f->batch = in_windows(g) && f->window < f->batch ? f->window : f->batch;
    return s;
}

assay_status assay_feed_session(const assay_feed *f, const assay_impl *impl, int threads, assay_session **s,
                                assay_why *why)
{
    const int64_t capacity = !f->g->steps ? 0 : in_windows(f->g) ? f->window : f->rows;
    const int64_t step = capacity < f->batch ? capacity : f->batch;
    return assay_session_make(f->g, impl, step, step, capacity, f->T, threads, s, why);
}

/* Tokens id[0 .. n), of which those from `first` on have rows; the first of them is row `at` of all. */
static assay_status steps(const assay_feed *f, assay_session *s, const int32_t *id, int64_t n, int64_t first,
                          int64_t at, assay_feed_fn *rows, void *ctx, assay_why *why)
{
    for (int64_t i = 0; i < n; i += f->batch) {
        const int64_t T = n - i < f->batch ? n - i : f->batch, over = i + T - first,
                      L = over < 0   ? 0
                          : over < T ? over
                                     : T;
        const assay_status status = assay_session_step(s, id + i, T, L, why);
        if (status)
            return status;
        if (L)
            rows(ctx, s, at + i + T - L - first, L);
    }
    return ASSAY_OK;
}

static assay_status windows(const assay_feed *f, assay_session *s, assay_feed_fn *rows, void *ctx, assay_why *why)
{
    int32_t *part = assay_room((size_t)f->window, sizeof *part);
    assay_status status = ASSAY_OK;
    for (int64_t at = 0, done = 0; done < f->rows && !status; at += f->window / 2) {
        const int64_t left = f->rows - at, m = left < f->window ? left : f->window;
        const int64_t n = m == left ? m : m - 1; /* the last row of a window is the next one's, but for the last */
        for (int64_t i = 0; i < n; i++)
            part[i] = i == 0 && f->bos >= 0 ? f->bos : f->ids[at + i];
        status = assay_session_rewind(s, 0, why);
        if (!status)
            status = steps(f, s, part, n, done - at, done, rows, ctx, why);
        done = at + n;
    }
    free(part);
    return status;
}

assay_status assay_feed_run(const assay_feed *f, assay_session *s, assay_feed_fn *rows, void *ctx, assay_why *why)
{
    if (in_windows(f->g))
        return windows(f, s, rows, ctx, why);
    const assay_inputs *in = f->in;
    const int32_t *ids = in->ids.n == f->T ? in->ids.whole : NULL; /* beside frames there may be any number */
    const assay_status status = assay_session_encode(
        s, &(assay_source){ .ids = ids, .types = in->types.whole, .frames = in->narrow, .T = f->T }, why);
    if (status)
        return status;
    rows(ctx, s, 0, f->g->steps ? 0 : f->rows);
    return f->g->steps ? steps(f, s, f->ids, f->rows, 0, 0, rows, ctx, why) : ASSAY_OK;
}

int32_t assay_feed_next(const assay_feed *f, int64_t row)
{
    return f->ids && row + 1 < f->rows ? f->ids[row + 1] : -1;
}
