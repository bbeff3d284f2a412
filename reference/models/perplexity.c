/* SPDX-License-Identifier: MIT */
#include "perplexity.h"
#include "../core/clock.h"
#include "../core/document.h"
#include "../core/dtype.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "divergence.h"
#include "generate_parts.h"
#include "prompt.h"
#include "load.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

void assay_score_add(assay_score *s, double nats)
{
    s->n++;
    s->sum += nats;
    s->squares += nats * nats;
}

double assay_score_mean(const assay_score *s)
{
    return s->sum / (double)s->n;
}

double assay_score_error(const assay_score *s)
{
    const double n = (double)s->n, mean = assay_score_mean(s), around = fmax(s->squares - n * mean * mean, 0);
    return s->n > 1 ? sqrt(around / (n - 1) / n) : NAN;
}

/* One window: id[0 .. W), of which the tokens from `first` on count. */
static assay_status window(assay_session *s, const int32_t *id, int64_t W, int64_t first, int64_t batch, int64_t V,
                           double *row, assay_score *score, assay_why *why)
{
    const assay_status back = assay_session_rewind(s, 0, why);
    for (int64_t at = 0; at < W - 1 && !back; at += batch) { /* what comes behind the last is not asked */
        const int64_t T = W - 1 - at < batch ? W - 1 - at : batch, over = at + T - (first - 1),
                      L = over < 0   ? 0
                          : over < T ? over
                                     : T;
        const assay_status status = assay_session_step(s, id + at, T, L, why);
        if (status)
            return status;
        for (int64_t i = 0; i < L; i++) {
            const int64_t next = at + T - L + i + 1;
            assay_session_logits(s, i, row);
            const double nats = assay_log_sum(row, V) - row[id[next]];
            assay_score_add(score, nats);
            if (!isfinite(nats))
                return assay_fail(why, ASSAY_OK,
                                  "the logits for the token %" PRId64 " that was asked (id %" PRId32
                                  ") are not finite, or give it no chance",
                                  score->n, id[next]);
        }
    }
    return back;
}

/* Windows of W tokens, each beginning W / 2 behind the one before: the first counts all tokens but its first, the
 * others their second half, so that each token of the text is counted once, with W / 2 tokens before it where there
 * are as many.  bos: stands in place of a window's first token; below 0: it stays. */
static assay_status windows(const assay_generate *o, assay_session *s, const assay_prompt *text, int64_t W,
                            int64_t batch, int64_t V, int32_t bos, assay_score *score, assay_why *why)
{
    double *row = malloc((size_t)V * sizeof *row);
    int32_t *part = malloc((size_t)W * sizeof *part);
    const int64_t n = (int64_t)text->n;
    assay_status status = row && part ? ASSAY_OK : assay_generate_no_memory(why);
    *score = (assay_score){ 0 };
    for (int64_t at = 0, counted = 1; counted < n && !status && isfinite(score->sum); at += W / 2) {
        const int64_t m = n - at < W ? n - at : W;
        for (int64_t i = 0; i < m; i++)
            part[i] = i == 0 && bos >= 0 ? bos : text->id[at + i];
        if (o->progress)
            o->progress(at ? counted : 0, n);
        status = window(s, part, m, counted - at, batch, V, row, score, why);
        counted = at + m;
    }
    if (o->progress)
        o->progress(n, n);
    free(row);
    free(part);
    return status;
}

static assay_status write_json(const assay_generate *o, const assay_score *score, int64_t W, double seconds,
                               assay_why *why)
{
    assay_json j = { 0 };
    const double mean = assay_score_mean(score);
    assay_document_open(&j, "perplexity");
    assay_json_str(&j, "model", o->model);
    assay_json_str(&j, "text", o->text_path);
    assay_json_str(&j, "impl", o->impl_text);
    assay_json_str(&j, "isa", assay_impl_tier(&o->impl));
    assay_json_str(&j, "kv", assay_dtype_of(o->kv)->name);
    assay_json_int(&j, "threads", o->threads);
    assay_json_int(&j, "window", W);
    assay_json_int(&j, "tokens", score->n);
    assay_json_num(&j, "nats", mean);
    assay_json_num(&j, "nats_error", assay_score_error(score));
    assay_json_num(&j, "perplexity", exp(mean));
    assay_json_num(&j, "seconds", seconds);
    return assay_document_write(&j, o->json_path, why);
}

static assay_status report(assay_generate *o, const assay_score *score, int64_t W, double seconds, FILE *out,
                           assay_why *why)
{
    const double mean = assay_score_mean(score), error = assay_score_error(score);
    o->not_finite = !isfinite(score->sum);
    if (!o->not_finite)
        fprintf(out,
                "perplexity: %.6g +- %.3g (%.6f +- %.6f nats, %.4f bits a token), %" PRId64
                " tokens in windows of %" PRId64 "\n",
                exp(mean), exp(mean) * error, mean, error, mean / 0.69314718055994530942, score->n, W);
    fprintf(out, "implementation %s, kv %s, %d thread%s: %.3f s\n", o->impl_text, assay_dtype_of(o->kv)->name,
            o->threads, o->threads == 1 ? "" : "s", seconds);
    return o->json_path ? write_json(o, score, W, seconds, why) : ASSAY_OK;
}

assay_status assay_perplexity_run(assay_generate *o, FILE *out, assay_why *why)
{
    enum { USUAL = 512 };
    assay_loaded l;
    assay_session *session = NULL;
    assay_prompt text = { 0 };
    assay_map map = { 0 };
    assay_score score = { 0 };
    assay_status s = assay_load(o->model, o->kv, 0, ASSAY_WANTS_TEXT, &l, why);
    if (!s && (l.graph.encodes || !l.graph.steps))
        s = assay_fail(why, ASSAY_UNSUPPORTED, "--perplexity is of decoders alone; family %s has an encoder",
                       l.graph.family);
    if (!s)
        s = assay_map_open(o->text_path, &map, why);
    if (!s)
        s = assay_prompt_make(&l.tokens, (const char *)map.data, map.n, o->special, &text, why);
    if (*text.note)
        fprintf(stderr, "assay run: note: %s\n", text.note);
    const int64_t n = (int64_t)text.n, most = l.graph.context ? l.graph.context : INT32_MAX;
    int64_t W = o->window ? o->window : USUAL < most ? USUAL : most;
    if (!s && n < 2)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: a text of %" PRId64 " token%s has none that another comes before",
                       o->text_path, n, n == 1 ? "" : "s");
    if (!s && W > most)
        s = assay_fail(why, ASSAY_ERR_ARG, "--window %" PRId64 " exceeds the model's context of %" PRId64, W, most);
    W = n < W ? n : W;
    const int64_t batch = o->batch < W ? o->batch : W;
    if (!s)
        s = assay_loaded_reach(&l, o->kv, W, why);
    if (!s)
        s = assay_session_make(&l.graph, &o->impl, batch, batch, W, 0, o->threads, &session, why);
    if (!s)
        s = assay_session_warm(session, batch, why);
    const double begin = assay_seconds();
    if (!s)
        s = windows(o, session, &text, W, batch, l.graph.vocab, l.tokens.add_bos ? l.tokens.bos : -1, &score, why);
    if (!s)
        s = report(o, &score, W, assay_seconds() - begin, out, why);
    assay_session_free(session);
    assay_loaded_free(&l);
    assay_map_close(&map);
    free(text.id);
    return s;
}
