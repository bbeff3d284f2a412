/* SPDX-License-Identifier: MIT
 * A run with a draft: the small model's session and the model's own hold the text so far and go back to where drafted
 * tokens did not stand; kernels give a row the same bits however many rows are beside it. */
#include "../core/clock.h"
#include "../core/status.h"
#include "generate_parts.h"
#include <inttypes.h>
#include <string.h>

typedef struct both {
    run *r;
    assay_loaded l; /* the draft's, as all that follows */
    assay_session *session;
    int64_t batch;
} both;

/* What is said of a token must be said by the same id. */
static assay_status same_tokens(const run *r, const both *b, assay_why *why)
{
    const assay_tokenizer *x = &r->l.tokens, *y = &b->l.tokens;
    if (r->l.graph.vocab != b->l.graph.vocab || x->n != y->n)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "--draft %.200s: a vocabulary of %" PRId64 ", not the model's of %" PRId64, r->o->draft,
                          b->l.graph.vocab, r->l.graph.vocab);
    for (int32_t v = 0; v < x->n; v++)
        if (x->bytes[v].n != y->bytes[v].n || memcmp(x->bytes[v].at, y->bytes[v].at, x->bytes[v].n) ||
            x->type[v] != y->type[v])
            return assay_fail(why, ASSAY_ERR_ARG, "--draft %.200s: its token %" PRId32 " is not the model's",
                              r->o->draft, v);
    return ASSAY_OK;
}

static assay_status load(both *b, assay_why *why)
{
    const run *r = b->r;
    const assay_generate *o = r->o;
    assay_status s = assay_load(o->draft, o->kv, r->n_prompt + o->n,
                                r->l.tokens.kind ? ASSAY_WANTS_TEXT : ASSAY_WANTS_IDS, &b->l, why);
    if (!s)
        s = same_tokens(r, b, why);
    if (!s && b->l.graph.serial)
        s = assay_fail(why, ASSAY_UNSUPPORTED,
                       "--draft %.200s: the state of a model of family %s cannot go back to where drafted tokens did "
                       "not stand",
                       o->draft, b->l.graph.family);
    if (!s && b->l.graph.context && r->n_prompt + o->n > b->l.graph.context)
        s = assay_fail(why, ASSAY_ERR_ARG,
                       "--draft %.200s: %" PRId64 " prompt tokens and %" PRId64
                       " to generate exceed its context of %" PRId64,
                       o->draft, r->n_prompt, o->n, b->l.graph.context);
    if (!s)
        s = assay_session_make(&b->l.graph, &o->impl, b->batch, 1, r->n_prompt + o->n, 0, o->threads, &b->session, why);
    if (!s)
        s = assay_session_warm(b->session, 1, why);
    return s;
}

/* Until it holds n tokens; logits of the last L, which fit into one step. */
static assay_status feed(assay_session *to, const int32_t *id, int64_t n, int64_t L, int64_t batch, assay_why *why)
{
    assay_status s = ASSAY_OK;
    for (int64_t at; !s && (at = assay_session_past(to)) < n;) {
        const int64_t T = n - at < batch ? n - at : batch;
        s = assay_session_step(to, id + at, T, at + T == n ? L : 0, why);
    }
    return s;
}

static assay_status small(void *ctx, const int32_t *id, int64_t n, float *q, assay_why *why)
{
    both *b = ctx;
    run *r = b->r;
    const double begin = assay_seconds();
    assay_status s = feed(b->session, id, n, 1, b->batch, why);
    if (!s) {
        const assay_tensor row = assay_session_logits_row(b->session, 0);
        s = assay_chain_chances(&r->chain, &row, id, n, q, why);
    }
    r->drafting += assay_seconds() - begin;
    if (s && why) {
        const assay_why was = *why;
        assay_fail(why, s, "the draft: %.200s", was.text);
    }
    return s;
}

static assay_status large(void *ctx, const int32_t *id, int64_t n, int64_t T, float *p, assay_why *why)
{
    const both *b = ctx;
    run *r = b->r;
    assay_status s = feed(r->session, id, n + T, T + 1, b->batch, why);
    if (!s)
        assay_generate_check(r, T + 1, why);
    for (int64_t t = 0; t <= T && !s && !r->broken.count; t++) {
        const assay_tensor row = assay_session_logits_row(r->session, t);
        s = assay_chain_chances(&r->chain, &row, id, n + t, p + t * r->l.graph.vocab, why);
    }
    return r->broken.count ? ASSAY_ERR_PARAM : s;
}

/* The text grows by one round. */
static assay_status go_on(run *r, both *b, assay_why *why)
{
    const int64_t N = r->n_prompt + r->n_made, left = r->o->n - r->n_made - 1;
    const int64_t T = left < r->draft.most ? left : r->draft.most;
    int64_t made = 0;
    const assay_status s = assay_draft_round(&r->draft, r->id, N, T, r->n_made, &made, why);
    if (s)
        return s;
    for (int64_t t = 0; t < made && !r->ended; t++)
        assay_generate_take(r, t, r->id[N + t]);
    assay_status back = assay_session_rewind(r->session, N + made - 1, why);
    if (!back && assay_session_past(b->session) > N + made - 1)
        back = assay_session_rewind(b->session, N + made - 1, why);
    return back;
}

static assay_status generate(run *r, both *b, assay_why *why)
{
    const double begin = assay_seconds();
    assay_status s = feed(r->session, r->id, r->n_prompt - 1, 0, b->batch, why);
    r->prefill.seconds = assay_seconds() - begin;
    r->prefill.tokens = r->n_prompt - 1;
    r->prefill.n_shares = assay_session_shares(r->session, r->prefill.share, SHARES);
    assay_session_reset_times(r->session);
    while (!s && !r->ended && r->n_made < r->o->n) {
        const double round = assay_seconds();
        s = go_on(r, b, why);
        assay_generate_step(r, round);
        if (r->draft.rounds == 1)
            r->first = assay_seconds() - begin;
    }
    r->decode.seconds = assay_seconds() - begin - r->prefill.seconds;
    r->decode.tokens = r->n_made;
    if (r->decode.tokens)
        r->decode.n_shares = assay_session_shares(r->session, r->decode.share, SHARES);
    return r->broken.count ? ASSAY_OK : s; /* why says it */
}

assay_status assay_generate_draft(run *r, assay_why *why)
{
    const assay_generate *o = r->o;
    const int64_t chunk = o->batch < r->n_prompt ? o->batch : r->n_prompt, judged = assay_generate_judged(o);
    both b = { .r = r, .batch = chunk > judged ? chunk : judged };
    r->draft = (assay_draft){ .impl = &o->impl,
                              .V = r->l.graph.vocab,
                              .most = judged - 1,
                              .seed = (int64_t)o->chain.set[ASSAY_SET_SEED],
                              .small = small,
                              .large = large,
                              .ctx = &b };
    const double begin = assay_seconds();
    assay_status s = load(&b, why);
    if (!s)
        s = assay_draft_begin(&r->draft, why);
    r->load += assay_seconds() - begin;
    if (!s)
        s = generate(r, &b, why);
    assay_draft_end(&r->draft);
    assay_session_free(b.session);
    assay_loaded_free(&b.l);
    return s;
}
