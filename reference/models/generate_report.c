/* SPDX-License-Identifier: MIT
 * What is said of a run: speeds as text, all of it as JSON, the logits as a file. */
#include "../core/document.h"
#include "../core/dtype.h"
#include "../core/registry.h"
#include "../core/safetensors.h"
#include "../core/strangers.h"
#include "generate_parts.h"
#include <inttypes.h>

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
        fprintf(f, "  %5.1f %%  %-15s %-22s %4d calls a step\n", 100 * p->share[i].seconds / spent(p), p->share[i].op,
                p->share[i].kernel, p->share[i].calls);
}

static void report_beams(FILE *f, const assay_beams *b)
{
    fprintf(f, "beam search: %" PRId64 " beam%s, ", b->K, b->K == 1 ? "" : "s");
    if (b->groups)
        fprintf(f, "%" PRId64 " groups that differ by %g, ", b->groups, b->diverse);
    fprintf(f, "%" PRId64 " step%s, length penalty %g, score %.6f\n", b->steps, b->steps == 1 ? "" : "s",
            b->length_penalty, (double)b->score[0]);
}

void assay_generate_report(const run *r)
{
    char chain[ASSAY_CHAIN_TEXT];
    fprintf(r->out, "\n\nmodel: %s, %.0f parameters; implementation %s, kv %s, %d thread%s\n", r->o->model,
            r->l.graph.parameters, r->o->impl_text, assay_dtype_of(r->o->kv)->name, r->o->threads,
            r->o->threads == 1 ? "" : "s");
    assay_chain_say(r->chain.c, chain);
    if (r->beams.K)
        report_beams(r->out, &r->beams);
    else
        fprintf(r->out, "sampler: %s\n", chain);
    if (r->draft.rounds)
        fprintf(r->out,
                "draft: %s, %" PRId64 " of %" PRId64 " drafted tokens accepted (%.1f %%) in %" PRId64
                " step%s of the model, %.3f s of drafting\n",
                r->o->draft, r->draft.accepted, r->draft.drafted,
                r->draft.drafted ? 100 * (double)r->draft.accepted / (double)r->draft.drafted : 0, r->draft.rounds,
                r->draft.rounds == 1 ? "" : "s", r->drafting);
    if (r->chain.drawn)
        fprintf(r->out, "mirostat: %.3f bits of surprise on average, a limit of %.3f at the end\n",
                r->chain.surprise / (double)r->chain.drawn, r->chain.limit);
    fprintf(r->out, "load: %.3f s, of it %.3f s packing; packed weights: %.1f MB\n", r->load,
            assay_session_pack_seconds(r->session), 1e-6 * (double)assay_session_packed_bytes(r->session));
    if (r->n_made)
        fprintf(r->out, "time to the first token: %.3f s\n", r->first);
    report_phase(r->out, "encoder", &r->encode);
    report_phase(r->out, "prefill", &r->prefill);
    report_phase(r->out, "decode", &r->decode);
    assay_generate_speeds(r);
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

static void json_chain(assay_json *j, const assay_chain_run *r)
{
    char text[ASSAY_CHAIN_TEXT];
    assay_json_open(j, "sampler", '{');
    assay_chain_say(r->c, text);
    assay_json_str(j, "chain", text);
    assay_json_open(j, "order", '[');
    for (int i = 0; i < r->c->n_order; i++)
        assay_json_str(j, NULL, assay_chain_sampler(r->c->order[i]));
    assay_json_close(j);
    for (int i = 0; i < ASSAY_SETTINGS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", assay_chain_option((assay_setting)i));
        for (char *c = name; *c; c++)
            *c = *c == '-' ? '_' : *c;
        assay_json_num(j, name, r->c->set[i]);
    }
    assay_json_str(j, "draw", r->c->gumbel ? "gumbel" : "inverse");
    assay_json_open(j, "logit_bias", '[');
    for (int i = 0; i < r->c->n_bias; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_int(j, "id", r->c->bias[i].id);
        assay_json_num(j, "value", (double)r->c->bias[i].value);
        assay_json_close(j);
    }
    assay_json_close(j);
    if (r->drawn) {
        assay_json_num(j, "mirostat_surprise", r->surprise / (double)r->drawn);
        assay_json_num(j, "mirostat_limit", r->limit);
    }
    assay_json_close(j);
}

static void json_beams(assay_json *j, const assay_beams *b)
{
    assay_json_open(j, "beam_search", '{');
    assay_json_int(j, "beams", b->K);
    assay_json_int(j, "groups", b->groups ? b->groups : 1);
    assay_json_num(j, "diverse", b->diverse);
    assay_json_num(j, "length_penalty", b->length_penalty);
    assay_json_int(j, "steps", b->steps);
    assay_json_open(j, "texts", '[');
    for (int64_t k = 0; k < b->K && b->length[k]; k++) {
        assay_json_open(j, NULL, '{');
        assay_json_num(j, "score", (double)b->score[k]);
        json_ids(j, "ids", b->id + k * b->most, b->length[k]);
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_close(j);
}

static void json_draft(assay_json *j, const run *r)
{
    assay_json_open(j, "draft", '{');
    assay_json_str(j, "model", r->o->draft);
    assay_json_int(j, "most", r->o->draft_tokens);
    assay_json_int(j, "drafted", r->draft.drafted);
    assay_json_int(j, "accepted", r->draft.accepted);
    assay_json_int(j, "steps", r->draft.rounds);
    assay_json_num(j, "seconds", r->drafting);
    assay_json_close(j);
}

/* Kernels of plug-ins: calls of each, and those of its op that went to others. */
static void json_strangers(assay_json *j)
{
    const assay_kernel *k;
    assay_json_open(j, "plugin", '[');
    for (size_t i = 0; (k = assay_stranger_at(i)); i++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "op", k->op);
        assay_json_str(j, "kernel", k->name);
        assay_json_int(j, "calls", assay_stranger_ran(i));
        assay_json_int(j, "fell_back", assay_stranger_passed_by(k->op));
        assay_json_close(j);
    }
    assay_json_close(j);
}

assay_status assay_generate_json(const run *r, assay_why *why)
{
    assay_json j = { 0 };
    assay_document_open(&j, "run");
    assay_json_str(&j, "model", r->o->model);
    assay_json_num(&j, "parameters", r->l.graph.parameters);
    assay_json_str(&j, "impl", r->o->impl_text);
    assay_json_str(&j, "isa", assay_impl_tier(&r->o->impl));
    assay_json_str(&j, "kv", assay_dtype_of(r->o->kv)->name);
    assay_json_int(&j, "threads", r->o->threads);
    if (r->beams.K)
        json_beams(&j, &r->beams);
    else
        json_chain(&j, &r->chain);
    if (r->o->draft)
        json_draft(&j, r);
    if (r->source.id)
        json_ids(&j, "source_ids", r->source.id, r->source.n);
    json_ids(&j, "prompt_ids", r->id, r->n_prompt);
    json_ids(&j, "ids", r->id + r->n_prompt, r->n_made);
    assay_json_str(&j, "text", r->text ? r->text : "");
    assay_json_open(&j, "steps", '[');
    for (int64_t i = 0; i < r->n_made && !r->beams.K; i++) {
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
    if (r->broken.count) {
        assay_json_open(&j, "not_finite", '{');
        assay_json_int(&j, "step", r->broken.step);
        assay_json_int(&j, "position", r->broken.position);
        assay_json_int(&j, "logits", r->broken.count);
        assay_json_int(&j, "first_id", r->broken.id);
        assay_json_close(&j);
    }
    assay_json_num(&j, "load_seconds", r->load);
    assay_json_num(&j, "pack_seconds", assay_session_pack_seconds(r->session));
    assay_json_uint(&j, "packed_bytes", assay_session_packed_bytes(r->session));
    assay_json_num(&j, "first_token_seconds", r->first);
    if (r->l.graph.encodes)
        json_phase(&j, "encoder", &r->encode);
    json_phase(&j, "prefill", &r->prefill);
    json_phase(&j, "decode", &r->decode);
    assay_generate_speeds_json(r, &j);
    if (assay_stranger_at(0))
        json_strangers(&j);
    return assay_document_write(&j, r->o->json_path, why);
}

assay_status assay_generate_logits(const run *r, assay_why *why)
{
    const uint64_t row = (uint64_t)r->l.graph.vocab * sizeof(float);
    const assay_st_tensor t[] = {
        { "logits",
          assay_st_type_find("F32"),
          2,
          { r->n_logits, r->l.graph.vocab },
          r->logits,
          (uint64_t)r->n_logits * row },
        { "ids", assay_st_type_find("I32"), 1, { r->n_logits }, r->id, (uint64_t)r->n_logits * sizeof *r->id },
    };
    const assay_st_pair meta[] = { { "model", r->o->model }, { "impl", r->o->impl_text } };
    return assay_safetensors_write(r->o->logits_path, t, 2, meta, 2, why);
}
