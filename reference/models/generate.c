/* SPDX-License-Identifier: MIT */
#include "generate.h"
#include "../core/dtype.h"
#include "../core/json.h"
#include "../core/registry.h"
#include "../core/safetensors.h"
#include "../core/status.h"
#include "session_parts.h"
#include "tokenizer.h"
#include "utf8.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHARES = 32, TOP = 5 };

typedef struct top {
    int32_t id[TOP];
    double logit[TOP];
} top;

typedef struct phase { /* prefill or decode */
    double seconds;
    int64_t tokens;
    assay_share share[SHARES];
    int n_shares;
} phase;

typedef struct run {
    assay_generate *o;
    FILE *out;
    assay_gguf file;
    assay_tokenizer tokens;
    assay_graph graph;
    assay_session *session;
    assay_utf8 stream;
    int32_t *id; /* prompt, then what was generated */
    int64_t n_prompt, n_made;
    float *logits; /* (positions, V) when asked for */
    int64_t n_logits;
    top *best;  /* per generated token */
    char *text; /* generated */
    size_t n_text;
    double load, first;
    phase prefill, decode;
    bool ended;
} run;

static assay_status no_memory(assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a run of this length");
}

static assay_status load(run *r, assay_why *why)
{
    assay_generate *o = r->o;
    const double begin = assay_seconds();
    size_t n = o->n_ids;
    int32_t *ids = o->ids, *made = NULL;
    assay_status s = assay_gguf_open(o->model, &r->file, why);
    if (!s)
        s = assay_tokenizer_make(&r->file, &r->tokens, why);
    if (!s)
        s = assay_llama_graph(&r->file, o->kv, &r->graph, why);
    if (!s && o->prompt)
        s = assay_tokenizer_encode(&r->tokens, o->prompt, strlen(o->prompt), o->special, &made, &n, why);
    if (s)
        return s;
    const bool bos = o->prompt && r->tokens.add_bos;
    r->id = malloc(((size_t)o->n + n + 1) * sizeof *r->id);
    r->best = calloc((size_t)o->n + 1, sizeof *r->best);
    if (!r->id || !r->best)
        return no_memory(why);
    if (bos)
        r->id[0] = r->tokens.bos;
    memcpy(r->id + bos, made ? made : ids, n * sizeof *ids);
    free(made);
    r->n_prompt = (int64_t)n + bos;
    if (r->n_prompt == 0)
        return assay_fail(why, ASSAY_ERR_ARG, "the prompt has no tokens");
    if (r->graph.context && r->n_prompt + o->n > r->graph.context)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "%" PRId64 " prompt tokens and %" PRId64
                          " to generate exceed the model's context of %" PRId64,
                          r->n_prompt, o->n, r->graph.context);
    for (int64_t i = 0; i < r->n_prompt; i++)
        if (r->id[i] >= r->graph.vocab)
            return assay_fail(why, ASSAY_ERR_ARG, "token id %" PRId32 " is not in 0 .. %" PRId64, r->id[i],
                              r->graph.vocab - 1);
    const int64_t chunk = o->batch < r->n_prompt ? o->batch : r->n_prompt;
    s = assay_session_make(&r->graph, &o->impl, chunk, o->logits_path ? chunk : 1, r->n_prompt + o->n, o->threads,
                           &r->session, why);
    if (!s && o->logits_path &&
        !(r->logits = malloc((size_t)((r->n_prompt + o->n) * r->graph.vocab) * sizeof *r->logits)))
        s = no_memory(why);
    if (!s)
        s = assay_session_warm(r->session, chunk, why);
    if (!s && o->n > 1)
        s = assay_session_warm(r->session, 1, why);
    r->load = assay_seconds() - begin;
    return s;
}

/* Keeps the logits of the last L rows of a step. */
static assay_status keep_logits(run *r, int64_t L, assay_why *why)
{
    const int64_t V = r->graph.vocab;
    double *row = r->logits ? malloc((size_t)V * sizeof *row) : NULL;
    if (!r->logits)
        return ASSAY_OK;
    if (!row)
        return no_memory(why);
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

static void say(run *r, const char *bytes, size_t n)
{
    char *more = realloc(r->text, r->n_text + n + 1);
    fwrite(bytes, 1, n, r->out);
    if (!more)
        return;
    r->text = more;
    memcpy(r->text + r->n_text, bytes, n);
    r->n_text += n;
    r->text[r->n_text] = 0;
}

/* Picks a token from the last row, prints it; ended when it is an end token. */
static assay_status pick(run *r, int64_t L, assay_why *why)
{
    char out[ASSAY_UTF8_OUT];
    int32_t id = 0;
    const assay_tensor row = assay_session_logits_row(r->session, L - 1);
    const assay_status s = assay_pick(&r->o->pick, &row, r->n_made, &id, why);
    if (s)
        return s;
    find_top(&row, &r->best[r->n_made]);
    r->id[r->n_prompt + r->n_made++] = id;
    r->ended = !r->o->ignore_eos && (id == r->tokens.eos || id == r->tokens.eot);
    const assay_span piece = assay_tokenizer_piece(&r->tokens, id, false);
    for (size_t k = 0; k < piece.n && !r->ended; k++)
        say(r, out, assay_utf8_push(&r->stream, (unsigned char)piece.at[k], out));
    fflush(r->out);
    return ASSAY_OK;
}

static assay_status generate(run *r, assay_why *why)
{
    const int64_t all = r->o->logits_path != NULL;
    double begin = assay_seconds();
    assay_status s = ASSAY_OK;
    int64_t L = 1;
    for (int64_t at = 0; at < r->n_prompt && !s; at += r->o->batch) {
        const int64_t T = r->n_prompt - at < r->o->batch ? r->n_prompt - at : r->o->batch;
        L = all ? T : at + T == r->n_prompt;
        s = assay_session_step(r->session, r->id + at, T, L, why);
        if (!s)
            s = keep_logits(r, L, why);
    }
    r->prefill.seconds = assay_seconds() - begin;
    r->prefill.tokens = r->n_prompt;
    r->prefill.n_shares = assay_session_shares(r->session, r->prefill.share, SHARES);
    assay_session_reset_times(r->session);
    if (!s && r->o->n > 0)
        s = pick(r, L, why);
    r->first = assay_seconds() - begin;
    begin = assay_seconds();
    while (!s && !r->ended && r->n_made < r->o->n) {
        s = assay_session_step(r->session, &r->id[r->n_prompt + r->n_made - 1], 1, 1, why);
        if (!s)
            s = keep_logits(r, 1, why);
        if (!s)
            s = pick(r, 1, why);
        r->decode.tokens += !s;
    }
    r->decode.seconds = assay_seconds() - begin;
    if (r->decode.tokens)
        r->decode.n_shares = assay_session_shares(r->session, r->decode.share, SHARES);
    char out[ASSAY_UTF8_OUT];
    say(r, out, assay_utf8_end(&r->stream, out));
    return s;
}

static double rate(const phase *p)
{
    return p->seconds > 0 ? (double)p->tokens / p->seconds : 0;
}

static double spent(const phase *p)
{
    double sum = 0;
    for (int i = 0; i < p->n_shares; i++)
        sum += p->share[i].seconds;
    return sum > 0 ? sum : 1;
}

static void report_phase(FILE *f, const char *name, const phase *p)
{
    if (!p->tokens)
        return;
    fprintf(f, "%s: %" PRId64 " tokens in %.3f s, %.1f tokens/s\n", name, p->tokens, p->seconds, rate(p));
    for (int i = 0; i < p->n_shares; i++)
        fprintf(f, "  %5.1f %%  %-10s %-22s %4d calls a step\n", 100 * p->share[i].seconds / spent(p), p->share[i].op,
                p->share[i].kernel, p->share[i].calls);
}

static void report(const run *r)
{
    fprintf(r->out, "\n\nmodel: %s, %.0f parameters; implementation %s, kv %s, %d thread%s\n", r->o->model,
            r->graph.parameters, r->o->impl_text, assay_dtype_of(r->o->kv)->name, r->o->threads,
            r->o->threads == 1 ? "" : "s");
    fprintf(r->out, "load: %.3f s, of it %.3f s packing; packed weights: %.1f MB\n", r->load,
            assay_session_pack_seconds(r->session), 1e-6 * (double)assay_session_packed_bytes(r->session));
    if (r->n_made)
        fprintf(r->out, "time to the first token: %.3f s\n", r->first);
    report_phase(r->out, "prefill", &r->prefill);
    report_phase(r->out, "decode", &r->decode);
}

static void json_phase(assay_json *j, const char *name, const phase *p)
{
    assay_json_open(j, name, '{');
    assay_json_int(j, "tokens", p->tokens);
    assay_json_num(j, "seconds", p->seconds);
    assay_json_num(j, "tokens_per_second", rate(p));
    assay_json_open(j, "shares", '[');
    for (int i = 0; i < p->n_shares; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "op", p->share[i].op);
        assay_json_str(j, "kernel", p->share[i].kernel);
        assay_json_int(j, "calls", p->share[i].calls);
        assay_json_num(j, "seconds", p->share[i].seconds);
        assay_json_num(j, "share", p->share[i].seconds / spent(p));
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_close(j);
}

static void json_ids(assay_json *j, const char *name, const int32_t *id, int64_t n)
{
    assay_json_open(j, name, '[');
    for (int64_t i = 0; i < n; i++)
        assay_json_int(j, NULL, id[i]);
    assay_json_close(j);
}

static assay_status write_json(const run *r, assay_why *why)
{
    assay_json j = { 0 };
    assay_save save;
    assay_json_open(&j, NULL, '{');
    assay_json_int(&j, "schema", ASSAY_RUN_SCHEMA);
    assay_json_str(&j, "kind", "run");
    assay_json_str(&j, "model", r->o->model);
    assay_json_num(&j, "parameters", r->graph.parameters);
    assay_json_str(&j, "impl", r->o->impl_text);
    assay_json_str(&j, "isa", assay_isa_of(r->o->pick.isa) ? assay_isa_of(r->o->pick.isa)->name : "scalar");
    assay_json_str(&j, "kv", assay_dtype_of(r->o->kv)->name);
    assay_json_int(&j, "threads", r->o->threads);
    assay_json_open(&j, "sampler", '{');
    assay_json_num(&j, "temp", r->o->pick.temp);
    assay_json_int(&j, "top_k", r->o->pick.top_k);
    assay_json_num(&j, "top_p", r->o->pick.top_p);
    assay_json_int(&j, "seed", r->o->pick.seed);
    assay_json_close(&j);
    json_ids(&j, "prompt_ids", r->id, r->n_prompt);
    json_ids(&j, "ids", r->id + r->n_prompt, r->n_made);
    assay_json_str(&j, "text", r->text ? r->text : "");
    assay_json_open(&j, "steps", '[');
    for (int64_t i = 0; i < r->n_made; i++) {
        assay_json_open(&j, NULL, '{');
        assay_json_int(&j, "id", r->id[r->n_prompt + i]);
        assay_json_open(&j, "top", '[');
        for (int k = 0; k < TOP && r->best[i].id[k] >= 0; k++) {
            assay_json_open(&j, NULL, '{');
            assay_json_int(&j, "id", r->best[i].id[k]);
            assay_json_num(&j, "logit", r->best[i].logit[k]);
            assay_json_close(&j);
        }
        assay_json_close(&j);
        assay_json_close(&j);
    }
    assay_json_close(&j);
    assay_json_num(&j, "load_seconds", r->load);
    assay_json_num(&j, "pack_seconds", assay_session_pack_seconds(r->session));
    assay_json_uint(&j, "packed_bytes", assay_session_packed_bytes(r->session));
    assay_json_num(&j, "first_token_seconds", r->first);
    json_phase(&j, "prefill", &r->prefill);
    json_phase(&j, "decode", &r->decode);
    assay_json_close(&j);
    assay_status s = j.failed ? no_memory(why) : assay_save_open(&save, r->o->json_path, why);
    if (!s) {
        fprintf(save.f, "%s\n", j.text);
        s = assay_save_commit(&save, why);
    }
    assay_json_free(&j);
    return s;
}

static assay_status write_logits(const run *r, assay_why *why)
{
    const uint64_t row = (uint64_t)r->graph.vocab * sizeof(float);
    const assay_st_tensor t[] = {
        { "logits",
          assay_st_type_find("F32"),
          2,
          { r->n_logits, r->graph.vocab },
          r->logits,
          (uint64_t)r->n_logits * row },
        { "ids", assay_st_type_find("I32"), 1, { r->n_logits }, r->id, (uint64_t)r->n_logits * sizeof *r->id },
    };
    const assay_st_pair meta[] = { { "model", r->o->model }, { "impl", r->o->impl_text } };
    return assay_safetensors_write(r->o->logits_path, t, 2, meta, 2, why);
}

assay_status assay_generate_run(assay_generate *o, FILE *out, assay_why *why)
{
    run r = { .o = o, .out = out };
    assay_status s = load(&r, why);
    if (!s)
        s = generate(&r, why);
    if (!s) {
        report(&r);
        if (o->logits_path)
            s = write_logits(&r, why);
        if (!s && o->json_path)
            s = write_json(&r, why);
        if (!s && fflush(out) != 0)
            s = assay_fail(why, ASSAY_ERR_IO, "cannot write the output");
    }
    assay_session_free(r.session);
    assay_graph_free(&r.graph);
    if (r.tokens.bpe)
        assay_tokenizer_free(&r.tokens);
    assay_gguf_close(&r.file);
    free(r.id);
    free(r.best);
    free(r.logits);
    free(r.text);
    return s;
}
