/* SPDX-License-Identifier: MIT */
#include "embed.h"
#include "../core/clock.h"
#include "../core/document.h"
#include "../core/memory.h"
#include "../core/plain.h"
#include "../core/safetensors.h"
#include "../core/status.h"
#include "encoder.h"
#include "prompt.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 16, MOST_COSINES = 1000 }; /* texts whose cosines are printed; and stand in the JSON */

typedef struct work {
    assay_embed *e;
    assay_loaded l;
    assay_prompt *prompt; /* (n) */
    assay_session *session;
} work;

/* A text that is too long loses tokens before the one that stands behind it. */
static assay_status cut(work *w, int64_t i, assay_why *why)
{
    assay_prompt *p = &w->prompt[i];
    const size_t most = (size_t)w->e->how.longest, behind = w->l.tokens.behind;
    if (!most || p->n <= most)
        return ASSAY_OK;
    if (!w->e->truncate || most <= behind)
        return assay_fail(why, ASSAY_ERR_ARG, "text %" PRId64 " has %zu tokens, the model takes %zu (--truncate cuts)",
                          i + 1, p->n, most);
    memmove(p->id + most - behind, p->id + p->n - behind, behind * sizeof *p->id);
    p->n = most;
    return ASSAY_OK;
}

static assay_status read_texts(work *w, assay_why *why)
{
    assay_embed *e = w->e;
    assay_status s = ASSAY_OK;
    w->prompt = assay_zeros((size_t)e->n, sizeof *w->prompt);
    e->tokens = assay_zeros((size_t)e->n, sizeof *e->tokens);
    for (int64_t i = 0; i < e->n && !s; i++) {
        s = assay_prompt_make(&w->l.tokens, e->text[i].at, e->text[i].n, false, &w->prompt[i], why);
        if (!s && w->prompt[i].n == 0)
            s = assay_fail(why, ASSAY_ERR_ARG, "text %" PRId64 " has no tokens", i + 1);
        if (!s && *w->prompt[i].note)
            fprintf(stderr, "assay embed: note: text %" PRId64 ": %s\n", i + 1, w->prompt[i].note);
        if (!s)
            s = cut(w, i, why);
        e->tokens[i] = (int64_t)w->prompt[i].n;
    }
    return s;
}

static void row(void *ctx, int64_t t, double *x)
{
    assay_session_hidden(ctx, t, x);
}

static assay_status encode(work *w, assay_why *why)
{
    assay_embed *e = w->e;
    int64_t longest = 0;
    for (int64_t i = 0; i < e->n; i++)
        longest = e->tokens[i] > longest ? e->tokens[i] : longest;
    e->width = w->l.graph.value[w->l.graph.hidden].dim[1];
    assay_status s = assay_memory_need((uint64_t)e->n * (uint64_t)e->width * sizeof *e->vector, "the vectors", why);
    if (!s)
        s = assay_session_make(&w->l.graph, &e->impl, 0, 0, 0, longest, e->threads, &w->session, why);
    if (s)
        return s;
    e->vector = assay_room((size_t)(e->n * e->width), sizeof *e->vector);
    for (int64_t i = 0; i < e->n && !s; i++) {
        double *y = e->vector + i * e->width;
        const double begin = assay_seconds();
        s = assay_session_encode(w->session, &(assay_source){ .ids = w->prompt[i].id, .T = e->tokens[i] }, why);
        e->seconds += assay_seconds() - begin;
        if (s)
            break;
        assay_sentence_pool(e->how.pooling, e->tokens[i], e->width, row, w->session, y);
        if (e->how.normalize)
            assay_sentence_normalize(y, e->width);
        for (int64_t k = 0; k < e->width && !s; k++)
            if (!isfinite(y[k]))
                s = assay_fail(why, ASSAY_ERR_PARAM,
                               "the vector of text %" PRId64 " is not finite: its number %" PRId64, i + 1, k);
    }
    return s;
}

double assay_embed_cosine(const assay_embed *e, int64_t i, int64_t j)
{
    const double *a = e->vector + i * e->width, *b = e->vector + j * e->width;
    double dot = 0, aa = 0, bb = 0;
    for (int64_t k = 0; k < e->width; k++)
        dot += a[k] * b[k], aa += a[k] * a[k], bb += b[k] * b[k];
    return aa > 0 && bb > 0 ? dot / (sqrt(aa) * sqrt(bb)) : 0;
}

static assay_status save(const assay_embed *e, assay_why *why)
{
    const bool wide = e->impl.how == ASSAY_RUN_ORACLE && !e->impl.n_swaps;
    const size_t n = (size_t)(e->n * e->width);
    float *narrow = wide ? NULL : assay_room(n, sizeof *narrow);
    for (size_t i = 0; i < n && !wide; i++)
        narrow[i] = (float)e->vector[i];
    const assay_st_tensor t = {
        "embeddings",       assay_st_type_find(wide ? "F64" : "F32"), 2,
        { e->n, e->width }, wide ? (const void *)e->vector : narrow,  n * (wide ? sizeof(double) : sizeof(float))
    };
    const assay_st_pair meta[] = { { "model", e->model },
                                   { "impl", e->impl_text },
                                   { "pooling", assay_pooling_name(e->how.pooling) },
                                   { "normalized", e->how.normalize ? "true" : "false" } };
    const assay_status s = assay_safetensors_write(e->vectors_path, &t, 1, meta, 4, why);
    free(narrow);
    return s;
}

static void add_text(assay_json *j, const assay_embed *e, int64_t i)
{
    char *text = assay_room(e->text[i].n + 1, 1);
    memcpy(text, e->text[i].at, e->text[i].n);
    text[e->text[i].n] = 0;
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "text", text);
    assay_json_int(j, "tokens", e->tokens[i]);
    assay_json_open(j, "vector", '[');
    for (int64_t k = 0; k < e->width; k++)
        assay_json_num(j, NULL, e->vector[i * e->width + k]);
    assay_json_close(j);
    assay_json_close(j);
    free(text);
}

static assay_status write_json(const assay_embed *e, assay_why *why)
{
    assay_json j = { 0 };
    assay_document_open(&j, "embed");
    assay_json_str(&j, "model", e->model);
    assay_json_str(&j, "family", e->family);
    assay_json_str(&j, "impl", e->impl_text);
    assay_json_str(&j, "pooling", assay_pooling_name(e->how.pooling));
    assay_json_bool(&j, "normalized", e->how.normalize);
    assay_json_int(&j, "width", e->width);
    assay_json_num(&j, "seconds", e->seconds);
    assay_json_open(&j, "texts", '[');
    for (int64_t i = 0; i < e->n; i++)
        add_text(&j, e, i);
    assay_json_close(&j);
    if (e->n <= MOST_COSINES) {
        assay_json_open(&j, "cosines", '[');
        for (int64_t i = 0; i < e->n; i++) {
            assay_json_open(&j, NULL, '[');
            for (int64_t k = 0; k < e->n; k++)
                assay_json_num(&j, NULL, assay_embed_cosine(e, i, k));
            assay_json_close(&j);
        }
        assay_json_close(&j);
    }
    return assay_document_write(&j, e->json_path, why);
}

assay_status assay_embed_run(assay_embed *e, assay_why *why)
{
    work w = { .e = e };
    assay_status s = assay_encoder_load(e->model, &w.l, why);
    if (!s)
        s = assay_sentence_read(&w.l, e->pooling, &e->how, why);
    e->how.normalize &= !e->raw;
    snprintf(e->family, sizeof e->family, "%s", w.l.graph.family);
    if (!s)
        s = read_texts(&w, why);
    if (!s)
        s = encode(&w, why);
    if (!s && e->vectors_path)
        s = save(e, why);
    if (!s && e->json_path)
        s = write_json(e, why);
    for (int64_t i = 0; i < e->n && w.prompt; i++)
        free(w.prompt[i].id);
    free(w.prompt);
    assay_session_free(w.session);
    assay_loaded_free(&w.l);
    return s;
}

void assay_embed_free(assay_embed *e)
{
    free(e->tokens), free(e->vector);
}

/* As much of a text as a line has room for. */
static void print_text(assay_span text)
{
    enum { ROOM = 60 };
    char shown[ROOM + 8];
    size_t n = 0;
    for (int length = 1; n < text.n && length; n += (size_t)length) {
        length = assay_utf8_length((const unsigned char *)text.at + n, text.n - n);
        length = length ? length : 1;
        if (n + (size_t)length > ROOM)
            break;
    }
    memcpy(shown, text.at, n);
    snprintf(shown + n, sizeof shown - n, "%s", n < text.n ? "..." : "");
    puts(assay_plain(shown));
}

void assay_embed_print(const assay_embed *e)
{
    int64_t tokens = 0;
    const int64_t n = e->n < SHOWN ? e->n : SHOWN;
    for (int64_t i = 0; i < e->n; i++)
        tokens += e->tokens[i];
    printf("family %s, pooling %s, %s, implementation %s: %" PRId64 " text%s of %" PRId64 " tokens, vectors of %" PRId64
           " numbers, %.3f s\n",
           e->family, assay_pooling_name(e->how.pooling), e->how.normalize ? "of length 1" : "lengths kept",
           e->impl_text, e->n, e->n == 1 ? "" : "s", tokens, e->width, e->seconds);
    for (int64_t i = 0; i < n; i++) {
        printf("%3" PRId64 " %5" PRId64 " tokens  ", i + 1, e->tokens[i]);
        print_text(e->text[i]);
    }
    if (n < e->n)
        printf("    and %" PRId64 " more\n", e->n - n);
    printf("cosines%s\n   ", n < e->n ? " of those" : "");
    for (int64_t i = 0; i < n; i++)
        printf(" %9" PRId64, i + 1);
    for (int64_t i = 0; i < n; i++) {
        printf("\n%3" PRId64, i + 1);
        for (int64_t k = 0; k < n; k++)
            printf(" %9.6f", assay_embed_cosine(e, i, k));
    }
    putchar('\n');
}
