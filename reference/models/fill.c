/* SPDX-License-Identifier: MIT */
#include "fill.h"
#include "../core/clock.h"
#include "../core/document.h"
#include "../core/plain.h"
#include "../core/status.h"
#include "encoder.h"
#include "prompt.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The token that hides another: BERT's name for it, or RoBERTa's; -1: the tokenizer has none. */
static int32_t mask_of(const assay_tokenizer *t)
{
    for (int32_t id = 0; id < t->n; id++)
        if ((t->type[id] == ASSAY_TOKEN_CONTROL || t->type[id] == ASSAY_TOKEN_USER) &&
            (assay_span_is(t->bytes[id], "[MASK]") || assay_span_is(t->bytes[id], "<mask>")))
            return id;
    return -1;
}

/* The k largest of (V) logits, of equals the first; chances by all of them. */
static assay_status choose(assay_fill_place *p, const double *z, int64_t V, int64_t k, assay_why *why)
{
    double largest = -HUGE_VAL, sum = 0;
    for (int64_t v = 0; v < V; v++) {
        if (!isfinite(z[v]))
            return assay_fail(why, ASSAY_ERR_PARAM,
                              "the logits at position %" PRId64 " are not finite: that of token %" PRId64, p->position,
                              v);
        largest = fmax(largest, z[v]);
    }
    for (int64_t v = 0; v < V; v++)
        sum += exp(z[v] - largest);
    int64_t n = 0;
    for (int64_t v = 0; v < V; v++) {
        if (n == k && !(z[v] > p->logit[k - 1]))
            continue;
        int64_t at = n < k ? n++ : k - 1;
        for (; at > 0 && z[v] > p->logit[at - 1]; at--)
            p->id[at] = p->id[at - 1], p->logit[at] = p->logit[at - 1];
        p->id[at] = (int32_t)v, p->logit[at] = z[v];
    }
    for (int64_t i = 0; i < k; i++)
        p->chance[i] = exp(p->logit[i] - largest) / sum;
    return ASSAY_OK;
}

/* Where the mask's token stands in the text. */
static assay_status find(assay_fill *f, const assay_prompt *p, assay_why *why)
{
    const int32_t mask = mask_of(&f->l.tokens);
    if (mask < 0)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: the tokenizer has neither [MASK] nor <mask>", f->model);
    const assay_span name = assay_tokenizer_piece(&f->l.tokens, mask, true);
    for (size_t i = 0; i < p->n; i++)
        f->n += p->id[i] == mask;
    if (!f->n)
        return assay_fail(why, ASSAY_ERR_ARG, "no %.*s in the text: nothing is to be filled", (int)name.n, name.at);
    const int64_t context = f->l.graph.context;
    if (context && (int64_t)p->n > context)
        return assay_fail(why, ASSAY_ERR_ARG, "the text has %zu tokens, the model takes %" PRId64, p->n, context);
    f->place = assay_zeros((size_t)f->n, sizeof *f->place);
    f->k = f->k < f->l.graph.vocab ? f->k : f->l.graph.vocab;
    for (size_t i = 0, n = 0; i < p->n; i++) {
        if (p->id[i] != mask)
            continue;
        f->place[n++] = (assay_fill_place){ .position = (int64_t)i,
                                            .id = assay_room((size_t)f->k, sizeof(int32_t)),
                                            .chance = assay_room((size_t)f->k, sizeof(double)),
                                            .logit = assay_room((size_t)f->k, sizeof(double)) };
    }
    return ASSAY_OK;
}

static assay_status encode(assay_fill *f, const assay_prompt *p, assay_why *why)
{
    assay_session *session = NULL;
    const int64_t V = f->l.graph.vocab;
    assay_status s = assay_session_make(&f->l.graph, &f->impl, 0, 0, 0, (int64_t)p->n, f->threads, &session, why);
    const double begin = assay_seconds();
    if (!s)
        s = assay_session_encode(session, &(assay_source){ .ids = p->id, .T = (int64_t)p->n }, why);
    f->seconds = assay_seconds() - begin;
    double *z = assay_room((size_t)V, sizeof *z);
    for (int64_t i = 0; i < f->n && !s; i++) {
        assay_session_logits(session, f->place[i].position, z);
        s = choose(&f->place[i], z, V, f->k, why);
    }
    free(z);
    assay_session_free(session);
    return s;
}

static void json_place(assay_json *j, const assay_fill *f, const assay_fill_place *p)
{
    assay_json_open(j, NULL, '{');
    assay_json_int(j, "position", p->position);
    assay_json_open(j, "tokens", '[');
    for (int64_t i = 0; i < f->k; i++) {
        const assay_span piece = assay_tokenizer_piece(&f->l.tokens, p->id[i], true);
        char *text = assay_room(piece.n + 1, 1);
        memcpy(text, piece.at, piece.n), text[piece.n] = 0;
        assay_json_open(j, NULL, '{');
        assay_json_int(j, "id", p->id[i]);
        assay_json_str(j, "text", text);
        assay_json_num(j, "chance", p->chance[i]);
        assay_json_num(j, "logit", p->logit[i]);
        assay_json_close(j);
        free(text);
    }
    assay_json_close(j);
    assay_json_close(j);
}

static assay_status write_json(const assay_fill *f, assay_why *why)
{
    assay_json j = { 0 };
    assay_document_open(&j, "fill");
    assay_json_str(&j, "model", f->model);
    assay_json_str(&j, "family", f->l.graph.family);
    assay_json_str(&j, "impl", f->impl_text);
    assay_json_str(&j, "text", f->text);
    assay_json_int(&j, "tokens", f->tokens);
    assay_json_num(&j, "seconds", f->seconds);
    assay_json_open(&j, "masks", '[');
    for (int64_t i = 0; i < f->n; i++)
        json_place(&j, f, &f->place[i]);
    assay_json_close(&j);
    return assay_document_write(&j, f->json_path, why);
}

assay_status assay_fill_run(assay_fill *f, assay_why *why)
{
    assay_prompt p = { 0 };
    assay_status s = assay_encoder_load(f->model, &f->l, why);
    if (!s && f->l.graph.logits == f->l.graph.hidden)
        s = assay_fail(why, ASSAY_UNSUPPORTED, "%s: the file has no head for masked tokens: assay embed", f->model);
    if (!s)
        s = assay_prompt_make(&f->l.tokens, f->text, strlen(f->text), true, &p, why);
    if (!s && *p.note)
        fprintf(stderr, "assay fill: note: %s\n", p.note);
    if (!s)
        s = find(f, &p, why);
    if (!s)
        s = encode(f, &p, why);
    f->tokens = (int64_t)p.n;
    free(p.id);
    return !s && f->json_path ? write_json(f, why) : s;
}

void assay_fill_free(assay_fill *f)
{
    for (int64_t i = 0; i < f->n && f->place; i++)
        free(f->place[i].id), free(f->place[i].chance), free(f->place[i].logit);
    free(f->place);
    assay_loaded_free(&f->l);
}

void assay_fill_print(const assay_fill *f)
{
    printf("family %s, implementation %s: %" PRId64 " tokens, %.3f s\n", f->l.graph.family, f->impl_text, f->tokens,
           f->seconds);
    for (int64_t i = 0; i < f->n; i++) {
        printf("position %" PRId64 ":\n", f->place[i].position);
        for (int64_t k = 0; k < f->k; k++) {
            const assay_span piece = assay_tokenizer_piece(&f->l.tokens, f->place[i].id[k], true);
            printf("%12.6f %7" PRId32 "  '", f->place[i].chance[k], f->place[i].id[k]);
            assay_plain_say(stdout, piece.at, piece.n);
            puts("'");
        }
    }
}
