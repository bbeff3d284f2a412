/* SPDX-License-Identifier: MIT
 * A run by beam search: one session for all beams.  It goes back to where a beam parts from what was fed before, and is
 * fed the rest again: kernels give a row the same bits however many rows are beside it. */
#include "../core/clock.h"
#include "../core/status.h"
#include "assay/params/beam_step.h"
#include "generate_parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ENDS = 16 }; /* of op beam_step */

typedef struct feed {
    run *r;
    int32_t *fed; /* what the caches hold */
    int64_t n, batch;
} feed;

static assay_status next(void *ctx, const int32_t *id, int64_t n, float *logits, assay_why *why)
{
    feed *f = ctx;
    run *r = f->r;
    const int64_t P = r->n_prompt, all = P + n;
    const bool first = f->n == 0;
    if (r->o->progress)
        r->o->progress(first ? 0 : n, r->o->n);
    const double begin = assay_seconds();
    int64_t at = 0;
    while (at < f->n && at < all - 1 && f->fed[at] == (at < P ? r->id[at] : id[at - P]))
        at++;
    assay_status s = assay_session_rewind(r->session, at, why);
    for (int64_t i = at; i < all; i++)
        f->fed[i] = i < P ? r->id[i] : id[i - P];
    phase *const spent = first ? &r->prefill : &r->decode;
    spent->tokens += all - at;
    for (f->n = all; at < all && !s; at += f->batch) {
        const int64_t T = all - at < f->batch ? all - at : f->batch;
        s = assay_session_step(r->session, f->fed + at, T, at + T == all, why);
    }
    spent->seconds += assay_seconds() - begin;
    if (first) {
        spent->n_shares = assay_session_shares(r->session, spent->share, SHARES);
        assay_session_reset_times(r->session);
    }
    if (!s)
        assay_generate_check(r, 1, why);
    if (s || r->broken.count)
        return s ? s : ASSAY_ERR_PARAM;
    const assay_tensor row = assay_session_logits_row(r->session, 0);
    for (int64_t v = 0; v < r->l.graph.vocab; v++)
        logits[v] = row.type == ASSAY_f64 ? (float)((const double *)row.data)[v] : ((const float *)row.data)[v];
    return ASSAY_OK;
}

assay_status assay_generate_beams(run *r, assay_why *why)
{
    const assay_generate *o = r->o;
    int32_t ends[ENDS];
    feed f = { .r = r, .batch = o->batch < r->n_prompt ? o->batch : r->n_prompt };
    assay_beams *b = &r->beams;
    *b = (assay_beams){ .impl = &o->impl,
                        .K = o->beams,
                        .V = r->l.graph.vocab,
                        .ends = ends,
                        .most = o->n,
                        .length_penalty = o->length_penalty,
                        .stop = o->beam_groups ? ASSAY_STOP_V4 : ASSAY_STOP_V5, /* version 5 has no groups */
                        .groups = o->beam_groups,
                        .diverse = o->diverse,
                        .next = next,
                        .ctx = &f };
    for (int32_t v = 0; v < b->V; v++) {
        if (!assay_generate_ends(r, v))
            continue;
        if (b->E == ENDS)
            return assay_fail(why, ASSAY_ERR_ARG, "--beams %" PRId64 ": more than %d tokens of this model end a text",
                              b->K, ENDS);
        ends[b->E++] = v;
    }
    f.fed = malloc((size_t)(r->n_prompt + o->n) * sizeof *f.fed);
    if (!f.fed)
        return assay_generate_no_memory(why);
    assay_status s = assay_generate_encode(r, why);
    if (!s)
        s = assay_beams_search(b, why);
    free(f.fed);
    if (o->progress)
        o->progress(o->n, o->n);
    if (s && r->broken.count)
        return ASSAY_OK; /* why says it */
    r->decode.n_shares = r->decode.tokens ? assay_session_shares(r->session, r->decode.share, SHARES) : 0;
    r->first = r->encode.seconds + r->prefill.seconds + r->decode.seconds;
    for (int64_t i = 0; i < b->length[0] && !s; i++) {
        const int32_t id = b->id[i];
        r->id[r->n_prompt + r->n_made++] = id;
        r->ended = assay_generate_ends(r, id);
        if (!r->ended)
            assay_generate_say(r, id);
    }
    return s;
}
