/* SPDX-License-Identifier: MIT
 * The table is decoded into f32 once; the words' own rows are the queries. */
#include "similar.h"
#include "../core/document.h"
#include "../core/dtype.h"
#include "../core/memory.h"
#include "../core/plain.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "assay/params/similarity.h"
#include "lone.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const forms[] = {
    [ASSAY_SIMILARITY_DOT] = "dot", [ASSAY_SIMILARITY_COSINE] = "cosine", [ASSAY_SIMILARITY_L2] = "l2"
};
static const char table_name[] = "token_embd.weight";

const char *assay_similar_form(int32_t form)
{
    return form >= 0 && form < (int32_t)(sizeof forms / sizeof *forms) ? forms[form] : NULL;
}

/* "'ki' (5072), 'ng' (888)", as far as there is room. */
static void name_tokens(const assay_tokenizer *t, const int32_t *id, size_t n, char *text, size_t room)
{
    size_t at = 0;
    *text = 0;
    for (size_t i = 0; i < n && at + 1 < room; i++) {
        const assay_span piece = assay_tokenizer_piece(t, id[i], true);
        const int written = snprintf(text + at, room - at, "%s'%.*s' (%d)", i ? ", " : "",
                                     (int)(piece.n < 40 ? piece.n : 40), piece.at, id[i]);
        at += written > 0 ? (size_t)written : 0;
    }
    assay_plain(text);
}

/* A word's id; in the sentence of a word that is several tokens stand these, and whether a blank before it helps. */
static assay_status find_word(const assay_tokenizer *t, const char *word, bool hint, int32_t *id, assay_why *why)
{
    int32_t *ids = NULL, other;
    size_t n = 0;
    char names[300], blank[64];
    assay_status s = assay_tokenizer_encode(t, word, strlen(word), true, &ids, &n, why);
    if (!s && n == 1)
        *id = ids[0];
    if (!s && n == 0)
        s = assay_fail(why, ASSAY_ERR_ARG, "no token of the model stands for the word '%.60s'", word);
    if (!s && n > 1) {
        const int length = snprintf(blank, sizeof blank, " %s", word);
        const bool helps =
            hint && length < (int)sizeof blank && *word != ' ' && find_word(t, blank, false, &other, NULL) == ASSAY_OK;
        name_tokens(t, ids, n, names, sizeof names);
        s = assay_fail(why, ASSAY_ERR_ARG, "the word '%.60s' is %zu tokens, not one: %s%s", word, n, names,
                       helps ? "; with a blank before it it is one" : "");
    }
    free(ids);
    return s;
}

static assay_status find_words(assay_similar *s, assay_why *why)
{
    assay_status status = ASSAY_OK;
    s->id = malloc((size_t)s->n * sizeof *s->id + 1);
    if (!s->id)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %" PRId64 " words", s->n);
    for (int64_t i = 0; i < s->n && !status; i++)
        status = find_word(&s->tokens, s->word[i], true, &s->id[i], why);
    return status;
}

/* Rows 0 .. rows of the table in f32; NULL with a sentence. */
static float *decode_table(assay_similar *s, assay_why *why)
{
    const assay_gguf_tensor *table = assay_gguf_find_tensor(&s->file, table_name);
    if (!table || table->t.rank != 2) {
        assay_fail(why, ASSAY_ERR_FORMAT,
                   table ? "%s: tensor '%s' is of rank %d; a table has 2"
                         : "%s: no tensor '%s', so no table of embeddings",
                   s->model, table_name, table ? table->t.rank : 0);
        return NULL;
    }
    const int64_t width = table->t.dim[1];
    s->rows = table->t.dim[0] < s->tokens.n ? table->t.dim[0] : s->tokens.n;
    s->width = width, s->type = table->t.type;
    for (int64_t i = 0; i < s->n; i++)
        if (s->id[i] >= s->rows) {
            assay_fail(why, ASSAY_ERR_FORMAT, "%s: the word '%.60s' is token %d, the table has %" PRId64 " rows",
                       s->model, s->word[i], s->id[i], s->rows);
            return NULL;
        }
    const size_t bytes = (size_t)s->rows * (size_t)width * sizeof(float), step = assay_dtype_bytes(s->type, width);
    float *f = NULL;
    double *row = malloc((size_t)width * sizeof *row + 1);
    if (row && !assay_memory_need(bytes, "the table, decoded,", why) && (f = malloc(bytes + 1)) == NULL)
        assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a table of %" PRId64 " x %" PRId64, s->rows, width);
    for (int64_t r = 0; f && r < s->rows; r++) {
        assay_dtype_of(s->type)->decode(row, (const char *)table->t.data + (size_t)r * step, width);
        for (int64_t c = 0; c < width; c++)
            f[r * width + c] = (float)row[c];
    }
    free(row);
    return f;
}

/* One more than asked for is searched: the word's own row, wherever it stands, makes way. */
static assay_status search(assay_similar *s, float *table, assay_why *why)
{
    const int64_t N = s->rows, K = s->k + 1;
    const assay_similarity_params params = { s->form };
    assay_status status = assay_memory_need((uint64_t)(s->n * N) * sizeof(float), "the scores of the words", why);
    if (status)
        return status;
    float *query = malloc((size_t)(s->n * s->width) * sizeof *query + 1);
    float *all = malloc((size_t)(s->n * N) * sizeof *all + 1), *value = malloc((size_t)(s->n * K) * sizeof *value);
    int32_t *id = malloc((size_t)(s->n * K) * sizeof *id);
    s->near = malloc((size_t)(s->n * s->k) * sizeof *s->near + 1);
    s->score = malloc((size_t)(s->n * s->k) * sizeof *s->score + 1);
    const bool room = query && all && value && id && s->near && s->score;
    status = room ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the scores of the words");
    for (int64_t i = 0; i < s->n && room; i++)
        memcpy(query + i * s->width, table + s->id[i] * s->width, (size_t)s->width * sizeof *query);
    if (!status)
        status = assay_lone(&s->impl, "similarity", (const int64_t[]){ s->n, N, s->width }, &params,
                            (void *const[]){ query, table, all }, why);
    const float sign = s->form == ASSAY_SIMILARITY_L2 ? -1 : 1; /* the least distance is the nearest */
    for (int64_t i = 0; i < s->n * N && !status; i++)
        all[i] *= sign;
    if (!status)
        status =
            assay_lone(&s->impl, "topk", (const int64_t[]){ s->n, N, K }, NULL, (void *const[]){ all, id, value }, why);
    for (int64_t i = 0; i < s->n && !status; i++)
        for (int64_t j = 0, to = 0; j < K && to < s->k; j++)
            if (id[i * K + j] != s->id[i]) {
                s->near[i * s->k + to] = id[i * K + j];
                s->score[i * s->k + to++] = sign * value[i * K + j];
            }
    free(query), free(all), free(value), free(id);
    return status;
}

assay_status assay_similar_run(assay_similar *s, assay_why *why)
{
    assay_status status = assay_gguf_open(s->model, &s->file, why);
    if (!status)
        status = assay_tokenizer_gguf(&s->file, &s->tokens, why);
    if (!status)
        status = find_words(s, why);
    float *table = status ? NULL : decode_table(s, why);
    if (!status && !table)
        return ASSAY_ERR_FORMAT;
    if (!status) {
        s->k = s->k < s->rows - 1 ? s->k : s->rows - 1;
        status = search(s, table, why);
    }
    free(table);
    return status;
}

void assay_similar_free(assay_similar *s)
{
    free(s->id), free(s->near), free(s->score);
    if (s->tokens.kind)
        assay_tokenizer_free(&s->tokens);
    if (s->file.label)
        assay_gguf_close(&s->file);
}

static void print_token(const assay_similar *s, int32_t id)
{
    const assay_span piece = assay_tokenizer_piece(&s->tokens, id, true);
    putchar('\'');
    assay_plain_say(stdout, piece.at, piece.n);
    putchar('\'');
}

void assay_similar_print(const assay_similar *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (i)
            putchar('\n');
        print_token(s, s->id[i]);
        printf(" (%d), %s:\n", s->id[i], forms[s->form]);
        for (int64_t j = 0; j < s->k; j++) {
            printf("%12.6g %7d  ", (double)s->score[i * s->k + j], s->near[i * s->k + j]);
            print_token(s, s->near[i * s->k + j]);
            putchar('\n');
        }
    }
}

static void json_token(assay_json *j, const assay_similar *s, int32_t id)
{
    const assay_span piece = assay_tokenizer_piece(&s->tokens, id, true);
    char *text = malloc(piece.n + 1);
    if (text)
        memcpy(text, piece.at, piece.n), text[piece.n] = 0;
    assay_json_int(j, "id", id);
    assay_json_str(j, "text", text);
    j->failed |= !text;
    free(text);
}

char *assay_similar_json(const assay_similar *s)
{
    assay_json j = { 0 };
    assay_document_open(&j, "similar");
    assay_json_str(&j, "model", s->model);
    assay_json_str(&j, "metric", forms[s->form]);
    assay_json_int(&j, "rows", s->rows);
    assay_json_int(&j, "width", s->width);
    assay_json_str(&j, "type", assay_dtype_of(s->type)->name);
    assay_json_open(&j, "words", '[');
    for (int64_t i = 0; i < s->n; i++) {
        assay_json_open(&j, NULL, '{');
        json_token(&j, s, s->id[i]);
        assay_json_open(&j, "nearest", '[');
        for (int64_t k = i * s->k; k < (i + 1) * s->k; k++) {
            assay_json_open(&j, NULL, '{');
            json_token(&j, s, s->near[k]);
            assay_json_num(&j, "score", (double)s->score[k]);
            assay_json_close(&j);
        }
        assay_json_close(&j);
        assay_json_close(&j);
    }
    assay_json_close(&j);
    assay_json_close(&j);
    if (j.failed) {
        assay_json_free(&j);
        return NULL;
    }
    return j.text;
}
