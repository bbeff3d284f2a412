/* SPDX-License-Identifier: MIT
 * Reads the parts of a document.  The file may come from anywhere: every member is checked for its kind and range, and
 * each part for its digest; whatever else the document says is computed anew. */
#include "../../reference/core/plain.h"
#include "../../reference/core/status.h"
#include "results_form.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 28, MAX_ITEMS = 1 << 16 };
static const double MAX_COUNT = 1099511627776.0; /* 2^40: sums of all parts stay far below 2^63 */

typedef struct reader {
    assay_results *r;
    const char *path;
    assay_why *why;
} reader;

static assay_status bad(const reader *rd, const char *member, const char *what)
{
    return assay_fail(rd->why, ASSAY_ERR_ARG, "%.200s: %.40s: %s", rd->path, member, what);
}

static assay_status read_text(const reader *rd, const cJSON *v, const assay_member *m, const char **to)
{
    const bool maybe = m->kind == ASSAY_M_MAYBE || m->kind == ASSAY_M_ADVICE;
    *to = maybe ? NULL : "";
    if (maybe && !v)
        return ASSAY_OK;
    if (!cJSON_IsString(v))
        return bad(rd, m->name, "a text is needed");
    if (!assay_plain_is(v->valuestring)) /* the judge writes none that is not */
        return bad(rd, m->name, "a control character");
    *to = assay_results_text(rd->r, v->valuestring);
    return ASSAY_OK;
}

static assay_status read_words(const reader *rd, const cJSON *v, const assay_member *m, const char **to)
{
    const cJSON *word;
    size_t n = 1;
    if (!cJSON_IsArray(v))
        return bad(rd, m->name, "a list of words is needed");
    for (word = v->child; word; word = word->next) {
        if (!cJSON_IsString(word) || !assay_plain_is(word->valuestring) || !*word->valuestring ||
            strchr(word->valuestring, ' ') || strlen(word->valuestring) > 100)
            return bad(rd, m->name, "a list of words is needed");
        n += strlen(word->valuestring) + 1;
    }
    char *text = assay_results_alloc(rd->r, n), *at = text;
    for (word = v->child; word; word = word->next)
        at += sprintf(at, "%s%s", at == text ? "" : " ", word->valuestring);
    *to = text;
    return ASSAY_OK;
}

static assay_status read_number(const reader *rd, const cJSON *v, const assay_member *m, double *to)
{
    static const struct {
        const char *text;
        double value;
    } odd[] = { { "inf", INFINITY }, { "-inf", -INFINITY }, { "nan", NAN } };
    if (cJSON_IsNumber(v)) {
        *to = v->valuedouble;
        return ASSAY_OK;
    }
    for (size_t i = 0; cJSON_IsString(v) && i < sizeof odd / sizeof *odd; i++)
        if (!strcmp(v->valuestring, odd[i].text)) {
            *to = odd[i].value;
            return ASSAY_OK;
        }
    return bad(rd, m->name, "a number is needed");
}

static assay_status read_count(const reader *rd, const cJSON *v, const assay_member *m, int64_t *to)
{
    if (!cJSON_IsNumber(v) || v->valuedouble != floor(v->valuedouble) || v->valuedouble < -1 ||
        v->valuedouble > MAX_COUNT)
        return bad(rd, m->name, "a whole number from 0 to 2^40 is needed");
    *to = (int64_t)v->valuedouble;
    return ASSAY_OK;
}

static assay_status read_reached(const reader *rd, const cJSON *v, const assay_member *m, assay_reached *to)
{
    for (assay_reached s = ASSAY_JUDGED; cJSON_IsString(v) && s <= ASSAY_FILTERED_OUT; s++)
        if (!strcmp(v->valuestring, assay_reached_name(s))) {
            *to = s;
            return ASSAY_OK;
        }
    return bad(rd, m->name, "judged, not on this CPU, not built or filtered is needed");
}

static assay_status read_members(const reader *rd, const cJSON *from, void *to, const assay_member *m);

static assay_status read_list(const reader *rd, const cJSON *v, const assay_member *m, void *to)
{
    const cJSON *item;
    size_t n = 0;
    if (!cJSON_IsArray(v))
        return bad(rd, m->name, "a list is needed");
    for (item = v->child; item; item = item->next)
        if (++n > MAX_ITEMS)
            return bad(rd, m->name, "too many entries");
    char *base = assay_results_alloc(rd->r, n * m->size + 1);
    memcpy(assay_m_at(to, m->at), &base, sizeof base);
    memcpy(assay_m_at(to, m->n_at), &n, sizeof n);
    for (item = v->child; item; item = item->next, base += m->size) {
        static const assay_member text = { "text", ASSAY_M_TEXT, 0, 0, 0, NULL };
        const assay_status s = m->kind == ASSAY_M_TEXTS ? read_text(rd, item, &text, (const char **)(void *)base)
                                                        : read_members(rd, item, base, m->of);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

static assay_status read_member(const reader *rd, const cJSON *v, const assay_member *m, void *to)
{
    void *at = assay_m_at(to, m->at);
    switch (m->kind) {
    case ASSAY_M_TEXT:
    case ASSAY_M_MAYBE:
    case ASSAY_M_ADVICE:
        return read_text(rd, v, m, at);
    case ASSAY_M_WORDS:
        return read_words(rd, v, m, at);
    case ASSAY_M_LATER:
        return v ? read_count(rd, v, m, at) : ASSAY_OK;
    case ASSAY_M_COUNT:
        return read_count(rd, v, m, at);
    case ASSAY_M_NUMBER:
        return read_number(rd, v, m, at);
    case ASSAY_M_SECONDS:
        return v ? read_number(rd, v, m, at) : ASSAY_OK;
    case ASSAY_M_BOOL:
        if (!cJSON_IsBool(v))
            return bad(rd, m->name, "true or false is needed");
        *(bool *)at = cJSON_IsTrue(v);
        return ASSAY_OK;
    case ASSAY_M_REACHED:
        return read_reached(rd, v, m, at);
    case ASSAY_M_LATER_LIST:
        return v ? read_list(rd, v, m, to) : ASSAY_OK;
    case ASSAY_M_TEXTS:
    case ASSAY_M_LIST:
        return read_list(rd, v, m, to);
    }
    return ASSAY_OK;
}

/* Members that do not follow (a kernel that was not judged is short) are empty texts, zeros and empty lists. */
static void clear(void *o, const assay_member *m)
{
    for (; m->name; m++)
        if (m->kind == ASSAY_M_TEXT || m->kind == ASSAY_M_WORDS)
            *(const char **)assay_m_at(o, m->at) = "";
}

static assay_status read_members(const reader *rd, const cJSON *from, void *to, const assay_member *m)
{
    if (!cJSON_IsObject(from))
        return bad(rd, m->name, "an object is needed");
    clear(to, m);
    for (; m->name; m++) {
        const assay_status s = read_member(rd, cJSON_GetObjectItemCaseSensitive(from, m->name), m, to);
        if (s)
            return s;
        if (m->kind == ASSAY_M_REACHED && *(const assay_reached *)assay_m_at(to, m->at) != ASSAY_JUDGED)
            return ASSAY_OK;
    }
    return ASSAY_OK;
}

static assay_status read_part(const reader *rd, const cJSON *from)
{
    assay_result_part p = { 0 };
    const cJSON *digest = cJSON_GetObjectItemCaseSensitive(from, "digest");
    const assay_status s = read_members(rd, from, &p, assay_m_part);
    if (s)
        return s;
    if (p.shard < 1 || p.shard > p.shards || p.shards > MAX_ITEMS)
        return bad(rd, "shard", "I of N is needed");
    assay_part_seal(&p);
    if (!cJSON_IsString(digest) || strcmp(digest->valuestring, p.digest) != 0)
        return bad(rd, "digest", "a part does not match its digest: it was changed, or a later version wrote it");
    if (rd->r->n == MAX_ITEMS)
        return bad(rd, "parts", "too many of them");
    rd->r->part = realloc(rd->r->part, (rd->r->n + 1) * sizeof p);
    if (!rd->r->part)
        abort();
    rd->r->part[rd->r->n++] = p;
    return ASSAY_OK;
}

static assay_status read_document(const reader *rd, const cJSON *d)
{
    const cJSON *schema = cJSON_GetObjectItemCaseSensitive(d, "schema");
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(d, "kind");
    const cJSON *parts = cJSON_GetObjectItemCaseSensitive(d, "parts");
    if (!cJSON_IsObject(d) || !cJSON_IsString(kind) || strcmp(kind->valuestring, "check") != 0)
        return assay_fail(rd->why, ASSAY_ERR_ARG, "%.200s: not the results of assay check", rd->path);
    if (!cJSON_IsNumber(schema) || schema->valuedouble != ASSAY_RESULTS_SCHEMA)
        return assay_fail(rd->why, ASSAY_ERR_ARG, "%.200s: schema %g, this build reads %d", rd->path,
                          cJSON_IsNumber(schema) ? schema->valuedouble : 0.0, ASSAY_RESULTS_SCHEMA);
    if (!cJSON_IsArray(parts) || !parts->child)
        return bad(rd, "parts", "a list of at least one is needed");
    for (const cJSON *p = parts->child; p; p = p->next) {
        const assay_status s = read_part(rd, p);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

char *assay_results_load(const char *path, size_t *n, assay_why *why)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    size_t room = 1 << 16, got = 1;
    if (!f)
        return assay_fail(why, ASSAY_ERR_IO, "%.200s: %s", path, strerror(errno)), (char *)NULL;
    for (*n = 0; got && *n < MAX_BYTES; *n += got) {
        char *more = realloc(text, room *= 2);
        if (!more)
            abort();
        text = more;
        got = fread(text + *n, 1, room - *n - 1, f);
    }
    const bool error = ferror(f);
    fclose(f);
    if (error || *n >= MAX_BYTES) {
        free(text);
        return assay_fail(why, ASSAY_ERR_IO, "%.200s: cannot be read, or is larger than 256 MiB", path), (char *)NULL;
    }
    text[*n] = 0;
    return text;
}

assay_status assay_results_read(assay_results *r, const char *path, assay_why *why)
{
    size_t n;
    char *text = assay_results_load(path, &n, why);
    if (!text)
        return ASSAY_ERR_IO;
    cJSON *d = cJSON_ParseWithLength(text, n);
    const reader rd = { r, path, why };
    const assay_status s = d ? read_document(&rd, d) : assay_fail(why, ASSAY_ERR_ARG, "%.200s: is not JSON", path);
    cJSON_Delete(d);
    free(text);
    return s;
}
