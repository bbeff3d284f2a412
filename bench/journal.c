/* SPDX-License-Identifier: MIT
 * journal.c - what the journal (FILE + "l") holds, and FILE itself, assembled from it at the end. */
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "bench.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

const cJSON *bench_journal_get(const bench_journal *b, const char *line, const char *name)
{
    const cJSON *found = NULL, *o;
    cJSON_ArrayForEach(o, b->known) if (!strcmp(text_of(o, "line"), line) && !strcmp(text_of(o, "name"), name)) found =
        o;
    return found;
}

bool bench_journal_has(const bench_journal *b, const char *line, const char *name)
{
    return bench_journal_get(b, line, name) != NULL;
}

assay_status bench_journal_open(bench_journal *b, const char *path, bool resume, assay_why *why)
{
    *b = (bench_journal){ .path = path, .known = cJSON_CreateArray() };
    const assay_status s = path ? assay_journal_open(&b->file, path, resume, why) : ASSAY_OK;
    cJSON *o;
    while (!s && path && (o = assay_journal_next(&b->file)))
        cJSON_AddItemToArray(b->known, o);
    return s;
}

assay_status bench_journal_add(bench_journal *b, const assay_json *j, assay_why *why)
{
    cJSON *o = j->failed ? NULL : cJSON_Parse(j->text);
    if (!o)
        return assay_fail(why, ASSAY_ERR_NOMEM, "a result could not be written as JSON");
    cJSON_AddItemToArray(b->known, o);
    return b->file.f ? assay_journal_add(&b->file, j, why) : ASSAY_OK;
}

void bench_journal_not(bench_journal *b, const char *name, const char *what, const char *why)
{
    assay_json j = { 0 };
    if (!bench_journal_has(b, "not_measured", name)) {
        assay_json_open(&j, NULL, '{');
        assay_json_str(&j, "line", "not_measured");
        assay_json_str(&j, "name", name);
        assay_json_str(&j, "what", what);
        assay_json_str(&j, "why", why);
        assay_json_close(&j);
        bench_journal_add(b, &j, NULL);
    }
    assay_json_free(&j);
}

/* The later of two lines with one name wins; a row that was measured after all is no longer "not measured". */
static bool superseded(const bench_journal *b, const cJSON *o)
{
    const char *line = text_of(o, "line"), *name = text_of(o, "name");
    const cJSON *last = bench_journal_get(b, line, name);
    return last != o || (!strcmp(line, "not_measured") && bench_journal_has(b, "row", name));
}

static void write_document(bench_journal *b, FILE *f)
{
    static const char *const lists[][2] = { { "row", "benchmarks" },
                                            { "roof", "roofs" },
                                            { "pair", "pairs" },
                                            { "phase", "phases" },
                                            { "not_measured", "not_measured" } };
    const cJSON *context = bench_journal_get(b, "context", "context"), *o;
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(context, "context");
    char *text = value ? cJSON_PrintUnformatted(value) : NULL;
    fprintf(f, "{ \"schema\": 1, \"kind\": \"bench\",\n  \"context\": %s", text ? text : "{}");
    free(text);
    for (size_t k = 0; k < ASSAY_COUNT_OF(lists); k++) {
        const char *comma = "\n";
        fprintf(f, ",\n  \"%s\": [", lists[k][1]);
        cJSON_ArrayForEach(o, b->known)
        {
            if (strcmp(text_of(o, "line"), lists[k][0]) != 0 || superseded(b, o))
                continue;
            cJSON *copy = cJSON_Duplicate(o, 1);
            cJSON_DeleteItemFromObject(copy, "line");
            text = cJSON_PrintUnformatted(copy);
            fprintf(f, "%s    %s", comma, text ? text : "null");
            comma = ",\n";
            free(text);
            cJSON_Delete(copy);
        }
        fputs(" ]", f);
    }
    fputs(" }\n", f);
}

assay_status bench_journal_close(bench_journal *b, assay_why *why)
{
    assay_status s = ASSAY_OK;
    assay_save to;
    if (b->path && !b->file.error) { /* an error has been said; --resume goes on when there is room again */
        s = assay_save_open(&to, b->path, why);
        if (!s) {
            write_document(b, to.f);
            s = assay_save_commit(&to, why);
        }
    }
    const assay_status end = assay_journal_close(&b->file, false, why);
    cJSON_Delete(b->known);
    *b = (bench_journal){ 0 };
    return s ? s : end;
}
