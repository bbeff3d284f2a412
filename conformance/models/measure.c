/* SPDX-License-Identifier: MIT */
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/models/divergence.h"
#include "models.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t subject_tokens(const subject *m, int prompt, int64_t most)
{
    return m->l.graph.steps && most && most < m->n[prompt] ? most : m->n[prompt];
}

/* Ops of which nothing is a row (a cache is written where its tokens belong) have nothing to declare. */
static bool says_yes(const assay_share *share)
{
    const assay_kernel *k = assay_kernel_find(share->op, share->kernel);
    const bool rows = memchr(assay_op_find(share->op)->role, ASSAY_ROLE_ROWS, ASSAY_MAX_DIMS) != NULL;
    return !rows || !k || !k->run || (k->flags & ASSAY_BATCH_INVARIANT); /* oracle, scalar: row by row */
}

static bool all_say_yes(const assay_session *s)
{
    assay_share share[64];
    bool all = true;
    for (int n = assay_session_shares(s, share, 64); n > 0; n--)
        all &= says_yes(&share[n - 1]);
    return all;
}

assay_status subject_run(subject *m, assay_graph *g, const assay_impl *impl, feed in, outcome *out, assay_why *why)
{
    assay_session *s;
    const int64_t V = m->l.graph.width, step = in.chunk ? in.chunk : in.most ? in.most : m->longest;
    int64_t total = 0;
    *out = (outcome){ .invariant = true };
    for (int p = 0; p < m->prompts; p++)
        total += in.prompts >> p & 1 ? subject_tokens(m, p, in.most) : 0;
    out->logits = malloc((size_t)(total * V) * sizeof *out->logits);
    if (!out->logits)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the logits of %lld positions", (long long)total);
    assay_status status = assay_session_make(g, impl, step, step, m->longest + 1, m->source, m->threads, &s, why);
    for (int p = 0; p < m->prompts && !status; p++) {
        if (!(in.prompts >> p & 1))
            continue;
        const int64_t n = subject_tokens(m, p, in.most);
        const assay_source source = { m->in.ids.whole, m->in.types.whole, m->in.narrow, m->source };
        status = g->encodes ? assay_session_encode(s, &source, why) : assay_session_rewind(s, 0, why);
        for (int64_t i = 0; i < n && !g->steps && !status; i++)
            assay_session_logits(s, i, out->logits + out->rows++ * V);
        for (int64_t at = 0, T; at < n && g->steps && !status; at += T) {
            T = n - at < step ? n - at : step;
            status = assay_session_step(s, m->ids[p] + at, T, T, why);
            out->invariant = out->invariant && !status && all_say_yes(s);
            for (int64_t i = 0; i < T && !status; i++)
                assay_session_logits(s, i, out->logits + out->rows++ * V);
        }
    }
    assay_session_free(s);
    if (status)
        outcome_free(out);
    return status;
}

void outcome_free(outcome *o)
{
    free(o->logits);
    *o = (outcome){ 0 };
}

double largest_error(const subject *m, const outcome *a, const outcome *b, int64_t rows)
{
    double worst = 0;
    for (int64_t i = 0; i < rows * m->l.graph.width; i++) {
        const double e = fabs(a->logits[i] - b->logits[i]);
        if (!(e <= worst))
            worst = isnan(e) ? INFINITY : e;
    }
    return worst;
}

void divergence(const subject *m, const outcome *a, const outcome *b, int64_t rows, double *mean, double *largest)
{
    const int64_t V = m->l.graph.width;
    *mean = *largest = 0;
    for (int64_t r = 0; r < rows; r++) {
        const double kl = assay_divergence(a->logits + r * V, b->logits + r * V, V);
        *mean += kl / (double)rows;
        if (!(kl <= *largest))
            *largest = isnan(kl) ? INFINITY : kl;
    }
    if (isnan(*mean))
        *mean = INFINITY;
}
