/* SPDX-License-Identifier: MIT
 * A set of parts of assay bench, printed and as a document. */
#include "merge.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *get(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

/* "quick on AMD EPYC: shards 2/4 3/4": of the split that begins at part i; false: all have come. */
static bool lacking(const bench_parts *all, size_t i, char *text, size_t n)
{
    const bench_part *p = &all->at[i];
    size_t at = (size_t)snprintf(text, n, "%s on %.80s: shards", p->quick ? "quick" : "full", p->model);
    bool any = false;
    for (int shard = 1; shard <= p->shards; shard++) {
        bool came = false;
        for (size_t k = i; k < all->n && !bench_same_split(p, &all->at[k]); k++)
            came |= all->at[k].shard == shard;
        any |= !came;
        if (!came && at < n)
            at += (size_t)snprintf(text + at, n - at, " %d/%d", shard, p->shards);
    }
    return any;
}

static bool opens_split(const bench_parts *all, size_t i)
{
    return i == 0 || bench_same_split(&all->at[i - 1], &all->at[i]);
}

/* ---- what is written ----------------------------------------------------------------------------------------- */

static void put(FILE *f, const char *comma, const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);
    fprintf(f, "%s    %s", comma, text ? text : "null");
    free(text);
}

static void put_list(FILE *f, const bench_parts *all, const char *name)
{
    const char *comma = "\n";
    const cJSON *item;
    fprintf(f, ",\n  \"%s\": [", name);
    for (size_t i = 0; i < all->n; i++)
        cJSON_ArrayForEach(item, get(all->at[i].doc, name))
        {
            cJSON *copy = cJSON_Duplicate(item, 1);
            cJSON_AddStringToObject(copy, "part", all->at[i].digest);
            put(f, comma, copy);
            comma = ",\n";
            cJSON_Delete(copy);
        }
    fputs(" ]", f);
}

char *bench_parts_text(const bench_parts *all)
{
    char *text = NULL, late[1024];
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        abort();
    cJSON *lack = cJSON_CreateArray(), *list = cJSON_CreateArray();
    for (size_t i = 0; i < all->n; i++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "digest", all->at[i].digest);
        cJSON_AddItemToObject(one, "context", cJSON_Duplicate(get(all->at[i].doc, "context"), 1));
        cJSON_AddItemToArray(list, one);
        if (opens_split(all, i) && lacking(all, i, late, sizeof late))
            cJSON_AddItemToArray(lack, cJSON_CreateString(late));
    }
    fputs("{ \"schema\": 1, \"kind\": \"bench\",\n  \"lacking\":\n", f);
    put(f, "", lack);
    fputs(",\n  \"context\":\n", f);
    put(f, "", get(all->at[0].doc, "context"));
    for (int i = 0; i < BENCH_LISTS; i++)
        put_list(f, all, bench_lists[i]);
    fputs(",\n  \"parts\":\n", f);
    put(f, "", list);
    fputs(" }", f);
    cJSON_Delete(lack);
    cJSON_Delete(list);
    fclose(f);
    return text;
}

int bench_parts_print(const bench_parts *all)
{
    const cJSON *row;
    char late[1024];
    int rows = 0, failed = 0, impossible = 0, machines = 0, missing = 0;
    for (size_t i = 0; i < all->n; i++) {
        const bench_part *p = &all->at[i];
        bool known = false;
        int mine = 0;
        for (size_t k = 0; k < i; k++)
            known |= !strcmp(all->at[k].model, p->model);
        machines += !known;
        cJSON_ArrayForEach(row, get(p->doc, "benchmarks"))
        {
            mine++;
            failed += !cJSON_IsTrue(get(get(row, "verdict"), "pass"));
            impossible += cJSON_IsTrue(get(row, "impossible"));
        }
        printf("  part %s  %s, shard %d/%d on %.80s: %d rows, %d roofs\n", p->digest, p->quick ? "quick" : "full",
               p->shard, p->shards, p->model, mine, cJSON_GetArraySize(get(p->doc, "roofs")));
        rows += mine;
        if (opens_split(all, i) && lacking(all, i, late, sizeof late)) {
            printf("  LACKING  %s are missing\n", late);
            missing++;
        }
    }
    printf("%d rows of %zu parts on %d kinds of CPU: %d failed their verdict, %d impossible\n", rows, all->n, machines,
           failed, impossible);
    return failed || missing;
}
