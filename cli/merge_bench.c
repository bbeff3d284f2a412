/* SPDX-License-Identifier: MIT
 * Results of assay bench are a set of parts as those of assay check are: a part is one run, with its machine and its
 * roofs.  In a joined document each row, roof and pair says in "part" whose it is, so that the parts can be had back
 * from it, byte for byte: joining is the union of sets, in whatever order. */
#include "../conformance/results/hash.h"
#include "../reference/core/plain.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "merge.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1, MOST_PARTS = 65536 };
const char *const bench_lists[BENCH_LISTS] = { "benchmarks", "roofs", "pairs", "not_measured" };

static cJSON *get(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static assay_status bad(const bench_parts *p, const char *member, const char *what)
{
    return assay_fail(p->why, ASSAY_ERR_ARG, "%.200s: %.40s: %s", p->path, member, what);
}

/* Text that may be printed; NULL: none there. */
static const char *words(const cJSON *o, const char *name)
{
    const char *s = cJSON_GetStringValue(get(o, name));
    return s && assay_plain_is(s) ? s : NULL;
}

static void seal(bench_part *p)
{
    char *text = cJSON_PrintUnformatted(p->doc);
    if (!text)
        abort();
    snprintf(p->digest, sizeof p->digest, "%016llx", (unsigned long long)assay_hash(text, strlen(text)));
    free(text);
}

/* Takes over doc. */
static assay_status add(bench_parts *all, cJSON *doc, const char *digest)
{
    const cJSON *assay = get(get(doc, "context"), "assay"), *shard = get(assay, "shard"),
                *shards = get(assay, "shards");
    bench_part p = { .doc = doc, .shard = 1, .shards = 1, .quick = cJSON_IsTrue(get(assay, "quick")) };
    p.version = words(assay, "version");
    p.commit = words(assay, "commit");
    p.model = words(get(assay, "cpu"), "model");
    if (shard || shards) {
        p.shard = cJSON_IsNumber(shard) ? shard->valueint : 0;
        p.shards = cJSON_IsNumber(shards) ? shards->valueint : 0;
    }
    seal(&p);
    assay_status s = ASSAY_OK;
    if (!p.version || !p.commit || !p.model)
        s = bad(all, "context", "the passport of a machine and a build is needed");
    else if (p.shard < 1 || p.shard > p.shards || p.shards > MOST_PARTS)
        s = bad(all, "shard", "I of N is needed");
    else if (digest && strcmp(digest, p.digest) != 0)
        s = bad(all, "parts", "a part does not match its digest: it was changed, or a later version wrote it");
    else if (all->n == MOST_PARTS)
        s = bad(all, "parts", "too many of them");
    if (s) {
        cJSON_Delete(doc);
        return s;
    }
    all->at = realloc(all->at, (all->n + 1) * sizeof p);
    if (!all->at)
        abort();
    all->at[all->n++] = p;
    return ASSAY_OK;
}

/* What of the document d belongs to the part of this digest; NULL: all, of a document that one run wrote. */
static cJSON *cut(const cJSON *d, const cJSON *context, const char *digest, int *taken)
{
    cJSON *doc = cJSON_CreateObject();
    const cJSON *item;
    cJSON_AddItemToObject(doc, "context", cJSON_Duplicate(context, 1));
    for (int i = 0; i < BENCH_LISTS; i++) {
        cJSON *list = cJSON_AddArrayToObject(doc, bench_lists[i]);
        cJSON_ArrayForEach(item, get(d, bench_lists[i]))
        {
            const char *whose = cJSON_GetStringValue(get(item, "part"));
            if (digest && (!whose || strcmp(whose, digest) != 0))
                continue;
            cJSON *copy = cJSON_Duplicate(item, 1);
            cJSON_DeleteItemFromObjectCaseSensitive(copy, "part");
            cJSON_AddItemToArray(list, copy);
            ++*taken;
        }
    }
    return doc;
}

static assay_status read_document(bench_parts *all, const cJSON *d)
{
    const cJSON *item, *joined = get(d, "parts");
    int have = 0, taken = 0;
    assay_status s = ASSAY_OK;
    if (!cJSON_IsObject(d) || strcmp(words(d, "kind") ? words(d, "kind") : "", "bench") != 0)
        return assay_fail(
            all->why, ASSAY_ERR_ARG,
            "%.200s: not the results of assay bench, as the first file's are; check and bench are not joined",
            all->path);
    if (!cJSON_IsNumber(get(d, "schema")) || get(d, "schema")->valuedouble != SCHEMA)
        return bad(all, "schema", "this build reads 1");
    for (int i = 0; i < BENCH_LISTS; i++) {
        if (!cJSON_IsArray(get(d, bench_lists[i])))
            return bad(all, bench_lists[i], "a list is needed");
        cJSON_ArrayForEach(item, get(d, bench_lists[i]))
        {
            if (!cJSON_IsObject(item) || !words(item, "name"))
                return bad(all, bench_lists[i], "an object with a name is needed");
            have++;
        }
    }
    if (!joined)
        return add(all, cut(d, get(d, "context"), NULL, &taken), NULL);
    if (!cJSON_IsArray(joined) || !joined->child)
        return bad(all, "parts", "a list of at least one is needed");
    cJSON_ArrayForEach(item, joined)
    {
        const char *digest = words(item, "digest");
        s = !digest ? bad(all, "parts", "a digest is needed")
                    : add(all, cut(d, get(item, "context"), digest, &taken), digest);
        if (s)
            return s;
    }
    return have == taken ? ASSAY_OK : bad(all, "part", "a row is of no part, or of two");
}

static assay_status read_file(bench_parts *all, const char *path)
{
    size_t n;
    char *text = assay_results_load(path, &n, all->why);
    if (!text)
        return ASSAY_ERR_IO;
    cJSON *d = cJSON_ParseWithLength(text, n);
    all->path = path;
    const assay_status s = d ? read_document(all, d) : assay_fail(all->why, ASSAY_ERR_ARG, "%.200s: is not JSON", path);
    cJSON_Delete(d);
    free(text);
    return s;
}

bool assay_is_bench(const char *path)
{
    assay_why why;
    size_t n;
    char *text = assay_results_load(path, &n, &why);
    cJSON *d = text ? cJSON_ParseWithLength(text, n) : NULL;
    const char *kind = cJSON_GetStringValue(get(d, "kind"));
    const bool is = kind && !strcmp(kind, "bench");
    cJSON_Delete(d);
    free(text);
    return is;
}

/* ---- the set ------------------------------------------------------------------------------------------------- */

/* 0: shards of one split */
int bench_same_split(const bench_part *a, const bench_part *b)
{
    int d = strcmp(a->version, b->version);
    d = d ? d : strcmp(a->commit, b->commit);
    d = d ? d : a->quick - b->quick;
    d = d ? d : strcmp(a->model, b->model);
    return d ? d : (a->shards > b->shards) - (a->shards < b->shards);
}

static int in_order(const void *a, const void *b)
{
    const bench_part *x = a, *y = b;
    int d = bench_same_split(x, y);
    d = d ? d : (x->shard > y->shard) - (x->shard < y->shard);
    return d ? d : strcmp(x->digest, y->digest);
}

static assay_status join(bench_parts *all, bool force)
{
    size_t n = 0;
    int twice = 0;
    qsort(all->at, all->n, sizeof *all->at, in_order);
    for (size_t i = 0; i < all->n; i++) {
        const bench_part *p = &all->at[i], *last = n ? &all->at[n - 1] : NULL;
        if (last && !strcmp(last->digest, p->digest)) {
            cJSON_Delete(p->doc);
            twice++;
            continue;
        }
        all->at[n++] = *p;
    }
    all->n = n;
    if (twice)
        printf("  %d parts came twice, each is counted once\n", twice);
    for (size_t i = 1; i < all->n; i++) {
        const bench_part *a = &all->at[i - 1], *b = &all->at[i];
        const char *x = words(get(get(a->doc, "context"), "assay"), "secret"),
                   *y = words(get(get(b->doc, "context"), "assay"), "secret");
        if (strcmp(x ? x : "", y ? y : "") != 0)
            return assay_fail(all->why, ASSAY_ERR_ARG,
                              "results of different inputs: %s%.40s and %s%.40s; they are not joined",
                              x ? "secret " : "no secret", x ? x : "", y ? "secret " : "no secret", y ? y : "");
        if (force)
            continue;
        if (strcmp(a->version, b->version) || strcmp(a->commit, b->commit))
            return assay_fail(all->why, ASSAY_ERR_ARG,
                              "results of different builds: %.40s (%.40s) and %.40s (%.40s); --force joins them",
                              a->version, a->commit, b->version, b->commit);
    }
    return ASSAY_OK;
}

int assay_merge_bench(char *const *file, int n, const assay_outputs *o, bool force)
{
    assay_why why = { "" };
    bench_parts all = { .why = &why };
    assay_status s = assay_outputs_begin(o, &why);
    for (int i = 0; !s && i < n; i++)
        s = read_file(&all, file[i]);
    s = s ? s : join(&all, force);
    int code = s ? 2 : bench_parts_print(&all);
    char *text = s || !o->path[0] ? NULL : bench_parts_text(&all);
    if (text)
        s = assay_save_text(o->path[0], text, &why);
    if (s) {
        fprintf(stderr, "assay merge: %s\n", why.text);
        code = 2;
    }
    for (size_t i = 0; i < all.n; i++)
        cJSON_Delete(all.at[i].doc);
    free(all.at);
    free(text);
    return code;
}
