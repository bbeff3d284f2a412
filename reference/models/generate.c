/* SPDX-License-Identifier: MIT
 * A run: load, prefill, decode; the text is printed as it comes. */
#include "generate.h"
#include "chat.h"
#include "../core/clock.h"
#include "../core/plain.h"
#include "../core/memory.h"
#include "../core/status.h"
#include "generate_parts.h"
#include "prompt.h"
#include "session_parts.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

assay_status assay_generate_no_memory(assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a run of this length");
}

static assay_status chat(run *r, assay_prompt *prompt, assay_why *why)
{
    char *source = NULL;
    const assay_generate *o = r->o;
    assay_status s = assay_chat_template(&r->l.model, &source, why);
    if (!s)
        s = assay_chat_prompt(o->model, source, &r->l.tokens, &(assay_chat_said){ o->prompt, o->system, o->date },
                              prompt, why);
    free(source);
    return s;
}

static assay_status load(run *r, assay_why *why)
{
    assay_generate *o = r->o;
    const double begin = assay_seconds();
    assay_prompt prompt = { 0 };
    int32_t *begins = NULL;
    size_t n_begins = 0;
    assay_status s = assay_load(o->model, o->kv, 0, ASSAY_WANTS_IDS, &r->l, why);
    if (!s)
        s = assay_generate_fits(r, why);
    if (!s && o->prompt && !r->l.tokens.kind)
        s = assay_model_tokenizer(&r->l.model, ASSAY_WANTS_TEXT, &r->l.tokens, why);
    if (!s && o->chat)
        s = chat(r, &prompt, why);
    else if (!s && o->prompt)
        s = assay_prompt_make(&r->l.tokens, o->prompt, strlen(o->prompt), o->special, &prompt, why);
    if (s)
        return s;
    if (*prompt.note)
        fprintf(stderr, "assay %s: note: %s\n", o->translates ? "translate" : "run", prompt.note);
    const int32_t *ids = o->prompt ? prompt.id : o->ids;
    size_t n = o->prompt ? prompt.n : o->n_ids;
    if (r->l.graph.encodes) {
        s = assay_generate_source(r, ids, n, &begins, &n_begins, why);
        ids = begins, n = n_begins;
    }
    r->id = malloc(((size_t)o->n + n + 1) * sizeof *r->id);
    r->best = calloc((size_t)o->n + 1, sizeof *r->best);
    if (r->id && r->best && !s && n)
        memcpy(r->id, ids, n * sizeof *ids);
    free(prompt.id);
    free(begins);
    if (s)
        return s;
    if (!r->id || !r->best)
        return assay_generate_no_memory(why);
    r->n_prompt = (int64_t)n;
    if (r->l.graph.serial && (o->beams || o->draft))
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "--%s: the state of a model of family %s cannot go back to where texts part",
                          o->beams ? "beams" : "draft", r->l.graph.family);
    if (r->n_prompt == 0)
        return assay_fail(why, ASSAY_ERR_ARG, "the prompt has no tokens");
    if (r->l.graph.context && r->n_prompt + o->n > r->l.graph.context)
        return assay_fail(
            why, ASSAY_ERR_ARG, "%" PRId64 " %s and %" PRId64 " to generate exceed the model's context of %" PRId64,
            r->n_prompt, r->l.graph.encodes ? "tokens of the decoder" : "prompt tokens", o->n, r->l.graph.context);
    for (int64_t i = 0; i < r->n_prompt; i++)
        if (r->id[i] >= r->l.graph.vocab)
            return assay_fail(why, ASSAY_ERR_ARG, "token id %" PRId32 " is not in 0 .. %" PRId64, r->id[i],
                              r->l.graph.vocab - 1);
    s = assay_loaded_reach(&r->l, o->kv, r->n_prompt + o->n, why);
    if (s)
        return s;
    const int64_t chunk = o->batch < r->n_prompt ? o->batch : r->n_prompt;
    const int64_t judged = assay_generate_judged(o), most = chunk > judged ? chunk : judged;
    s = assay_chain_begin(&r->chain, &o->chain, &o->impl, r->l.graph.vocab, why);
    if (!s)
        s = assay_session_make(&r->l.graph, &o->impl, most, o->logits_path ? chunk : judged, r->n_prompt + o->n,
                               r->source.T, o->threads, &r->session, why);
    const double rows = (double)(r->n_prompt + o->n) * (double)r->l.graph.vocab * sizeof *r->logits;
    if (!s && o->logits_path)
        s = assay_memory_need(rows < 0x1p63 ? (uint64_t)rows : INT64_MAX, "every position's logits", why);
    if (!s && o->logits_path && !(r->logits = malloc((size_t)rows)))
        s = assay_generate_no_memory(why);
    if (!s)
        s = assay_session_warm(r->session, chunk, why);
    if (!s && o->n > 1)
        s = assay_session_warm(r->session, judged, why);
    r->watch.keeps = o->inputs_path != NULL;
    if (!s && (o->imatrix_path || o->inputs_path))
        assay_session_watch(r->session, &r->watch);
    if (!s)
        assay_session_capture(r->session, o->capture);
    r->load = assay_seconds() - begin;
    return s;
}

/* Keeps the logits of the last L rows of a step. */
static assay_status keep_logits(run *r, int64_t L, assay_why *why)
{
    const int64_t V = r->l.graph.vocab;
    double *row = r->logits ? malloc((size_t)V * sizeof *row) : NULL;
    if (!r->logits)
        return ASSAY_OK;
    if (!row)
        return assay_generate_no_memory(why);
    for (int64_t i = 0; i < L; i++) {
        assay_session_logits(r->session, i, row);
        for (int64_t v = 0; v < V; v++)
            r->logits[(r->n_logits * V) + v] = (float)row[v];
        r->n_logits++;
    }
    free(row);
    return ASSAY_OK;
}

static void find_top(const assay_tensor *logits, top *best)
{
    for (int k = 0; k < TOP; k++)
        best->id[k] = -1;
    for (int64_t v = 0; v < logits->dim[1]; v++) {
        const double x =
            logits->type == ASSAY_f64 ? ((const double *)logits->data)[v] : (double)((const float *)logits->data)[v];
        int k = TOP;
        while (k > 0 && (best->id[k - 1] < 0 || x > best->logit[k - 1]))
            k--;
        for (int i = TOP - 1; i > k; i--) {
            best->id[i] = best->id[i - 1];
            best->logit[i] = best->logit[i - 1];
        }
        if (k < TOP) {
            best->id[k] = (int32_t)v;
            best->logit[k] = x;
        }
    }
}

void assay_generate_check(run *r, int64_t L, assay_why *why)
{
    for (int64_t row = 0; row < L && !r->broken.count; row++) {
        const assay_tensor t = assay_session_logits_row(r->session, row);
        for (int64_t v = t.dim[1]; v-- > 0;) {
            const bool f64 = t.type == ASSAY_f64;
            if (isfinite(f64 ? ((const double *)t.data)[v] : (double)((const float *)t.data)[v]))
                continue;
            r->broken.count++;
            r->broken.id = (int32_t)v;
        }
        r->broken.step = r->n_made;
        r->broken.position = assay_session_past(r->session) - L + row;
    }
    if (!r->broken.count)
        return;
    r->ended = r->o->not_finite = true;
    if (why)
        snprintf(why->text, sizeof why->text,
                 "the logits of step %" PRId64 " (position %" PRId64 ") are not finite: %" PRId64 " of %" PRId64
                 ", the first of token %" PRId32,
                 r->broken.step, r->broken.position, r->broken.count, r->l.graph.vocab, r->broken.id);
}

static void say(run *r, const char *bytes, size_t n)
{
    char *more = r->quiet ? NULL : realloc(r->text, r->n_text + n + 1);
    if (!r->quiet)
        assay_plain_say(r->out, bytes, n);
    if (!more)
        return;
    r->text = more;
    memcpy(r->text + r->n_text, bytes, n);
    r->n_text += n;
    r->text[r->n_text] = 0;
}

void assay_generate_say(run *r, int32_t id)
{
    char out[ASSAY_UTF8_OUT];
    const bool ids = !r->l.tokens.kind; /* the only text that such a model has */
    const assay_span piece = ids ? (assay_span){ "", 0 } : assay_tokenizer_piece(&r->l.tokens, id, false);
    if (ids && !r->quiet)
        fprintf(r->out, "%s%" PRId32, r->n_made > 1 ? " " : "", id);
    for (size_t k = 0; k < piece.n; k++)
        say(r, out, assay_utf8_push(&r->stream, (unsigned char)piece.at[k], out));
    fflush(r->out);
}

void assay_generate_said(run *r)
{
    char rest[ASSAY_UTF8_OUT];
    say(r, rest, assay_utf8_end(&r->stream, rest));
    fflush(r->out);
}

void assay_generate_take(run *r, int64_t row, int32_t id)
{
    const assay_tensor logits = assay_session_logits_row(r->session, row);
    find_top(&logits, &r->best[r->n_made]);
    r->id[r->n_prompt + r->n_made++] = id;
    r->ended = assay_generate_ends(r, id);
    if (!r->ended)
        assay_generate_say(r, id);
}

int64_t assay_generate_judged(const assay_generate *o)
{
    const int64_t left = o->n > 0 ? o->n - 1 : 0;
    return o->draft ? 1 + (o->draft_tokens < left ? o->draft_tokens : left) : 1;
}

/* Picks a token from the last row. */
static assay_status pick(run *r, int64_t L, assay_why *why)
{
    int32_t id = 0;
    const assay_tensor row = assay_session_logits_row(r->session, L - 1);
    const assay_status s = assay_chain_pick(&r->chain, &row, r->id, r->n_prompt + r->n_made, r->n_made, &id, why);
    if (!s)
        assay_generate_take(r, L - 1, id);
    return s;
}

static assay_status generate(run *r, assay_why *why)
{
    const int64_t all = r->o->logits_path != NULL;
    assay_status s = assay_generate_encode(r, why);
    double begin = assay_seconds();
    int64_t L = 1;
    for (int64_t at = 0; at < r->n_prompt && !s && !r->ended; at += r->o->batch) {
        const int64_t T = r->n_prompt - at < r->o->batch ? r->n_prompt - at : r->o->batch;
        L = all ? T : at + T == r->n_prompt;
        s = assay_session_step(r->session, r->id + at, T, L, why);
        if (!s)
            s = keep_logits(r, L, why);
        if (!s)
            assay_generate_check(r, L, why);
    }
    r->prefill.seconds = assay_seconds() - begin;
    r->prefill.tokens = assay_session_past(r->session);
    r->prefill.n_shares = assay_session_shares(r->session, r->prefill.share, SHARES);
    assay_session_reset_times(r->session);
    if (!s && r->o->n > 0 && !r->ended)
        s = pick(r, L, why);
    r->first = r->encode.seconds + assay_seconds() - begin;
    begin = assay_seconds();
    while (!s && !r->ended && r->n_made < r->o->n) {
        const double step = assay_seconds();
        s = assay_session_step(r->session, &r->id[r->n_prompt + r->n_made - 1], 1, 1, why);
        if (!s)
            s = keep_logits(r, 1, why);
        if (!s)
            assay_generate_check(r, 1, why);
        if (!s && !r->ended)
            s = pick(r, 1, why);
        r->decode.tokens += !s;
        assay_generate_step(r, step);
    }
    r->decode.seconds = assay_seconds() - begin;
    if (r->decode.tokens)
        r->decode.n_shares = assay_session_shares(r->session, r->decode.share, SHARES);
    return s;
}

assay_status assay_generate_run(assay_generate *o, FILE *out, assay_why *why)
{
    run r = { .o = o, .out = out, .eos = -1 };
    assay_status s = load(&r, why);
    if (!s)
        s = assay_generate_laps(&r, o->beams ? assay_generate_beams : o->draft ? assay_generate_draft : generate, why);
    if (!s) {
        assay_generate_report(&r);
        if (o->logits_path)
            s = assay_generate_logits(&r, why);
        if (!s && o->json_path)
            s = assay_generate_json(&r, why);
        if (!s && o->imatrix_path)
            s = assay_importance_save(&r.watch, o->imatrix_path, o->model, why);
        if (!s && o->inputs_path)
            s = assay_importance_save_inputs(&r.watch, o->inputs_path, why);
    }
    assay_session_free(r.session);
    assay_chain_end(&r.chain);
    assay_importance_free(&r.watch);
    assay_generate_source_free(&r);
    assay_loaded_free(&r.l);
    free(r.id);
    free(r.best);
    free(r.beams.id);
    free(r.logits);
    free(r.text);
    free(r.lap);
    free(r.step);
    return s;
}
