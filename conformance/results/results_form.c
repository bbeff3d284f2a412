/* SPDX-License-Identifier: MIT */
#include "results_form.h"
#include "hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE(type, kind, member)                                                                                        \
    {                                                                                                                  \
#member, kind, offsetof(type, member), 0, 0, NULL                                                              \
    }
#define CASE(type, kind)                                                                                               \
    {                                                                                                                  \
        "case", kind, offsetof(type, line), 0, 0, NULL                                                                 \
    }
#define MANY(type, kind, name, member, count, of)                                                                      \
    {                                                                                                                  \
        name, kind, offsetof(type, member), offsetof(type, count), sizeof *((type *)0)->member, of                     \
    }
#define LAST                                                                                                           \
    {                                                                                                                  \
        NULL, ASSAY_M_TEXT, 0, 0, 0, NULL                                                                              \
    }

#define F(kind, member) ONE(assay_result_failure, ASSAY_M_##kind, member)
const assay_member assay_m_failure[] = { F(TEXT, by),
                                         F(COUNT, at),
                                         F(MAYBE, operand),
                                         F(COUNT, index),
                                         F(NUMBER, got),
                                         F(NUMBER, want),
                                         F(NUMBER, bound),
                                         F(TEXT, why),
                                         F(ADVICE, words),
                                         F(MAYBE, placement),
                                         F(COUNT, threads),
                                         F(MAYBE, known),
                                         CASE(assay_result_failure, ASSAY_M_TEXT),
                                         LAST };
#define T(kind, member) ONE(assay_result_typed, ASSAY_M_##kind, member)
const assay_member assay_m_typed[] = { T(TEXT, types),  T(COUNT, passed), T(COUNT, failed),
                                       T(LATER, known), T(NUMBER, worst), LAST };

#define G(kind, member) ONE(assay_result_shared, ASSAY_M_##kind, member)
static const assay_member shared_members[] = { G(TEXT, gen),
                                               G(COUNT, passed),
                                               G(NUMBER, worst),
                                               G(NUMBER, typical),
                                               G(COUNT, at),
                                               CASE(assay_result_shared, ASSAY_M_TEXT),
                                               LAST };

#define K(kind, member) ONE(assay_result_kernel, ASSAY_M_##kind, member)
const assay_member assay_m_kernel[] = {
    K(TEXT, op),
    K(TEXT, kernel),
    K(TEXT, isa),
    K(TEXT, file),
    K(REACHED, reached),
    K(COUNT, passed),
    K(COUNT, failed),
    K(COUNT, not_accepted),
    K(LATER, known),
    K(LATER, other_types),
    K(LATER, not_run),
    K(NUMBER, worst),
    K(COUNT, worst_at),
    K(NUMBER, worst_long),
    K(SECONDS, seconds),
    K(TEXT, worst_case),
    K(TEXT, contract),
    K(MAYBE, note),
    K(MAYBE, note_case),
    K(ADVICE, cause),
    K(ADVICE, shrunk),
    K(MAYBE, expected),
    K(MAYBE, source),
    K(MAYBE, says),
    MANY(assay_result_kernel, ASSAY_M_LIST, "types", typed, n_typed, assay_m_typed),
    MANY(assay_result_kernel, ASSAY_M_LATER_LIST, "shares", shared, n_shared, shared_members),
    MANY(assay_result_kernel, ASSAY_M_LIST, "failures", failure, n_failures, assay_m_failure),
    MANY(assay_result_kernel, ASSAY_M_LATER_LIST, "known_failures", known_failure, n_known, assay_m_failure),
    LAST
};
#define O(kind, member) ONE(assay_result_op, ASSAY_M_##kind, member)
static const assay_member op_members[] = {
    O(TEXT, op),      O(COUNT, cases),
    O(BOOL, covered), MANY(assay_result_op, ASSAY_M_TEXTS, "missing", missing, n_missing, NULL),
    O(MAYBE, known),  LAST
};
static const assay_member unmet_members[] = { ONE(assay_result_unmet, ASSAY_M_TEXT, what), LAST };
#define P(kind, member) ONE(assay_result_part, ASSAY_M_##kind, member)
const assay_member assay_m_part[] = {
    P(TEXT, what),
    P(TEXT, level),
    P(MAYBE, seed),
    P(MAYBE, secret),
    P(MAYBE, not_checked),
    P(COUNT, shard),
    P(COUNT, shards),
    P(TEXT, version),
    P(TEXT, commit),
    P(TEXT, compiler),
    P(TEXT, target),
    P(TEXT, flags),
    P(BOOL, emulated),
    P(TEXT, model),
    P(WORDS, features),
    P(MAYBE, op),
    P(MAYBE, kernel),
    P(MAYBE, isa),
    P(MAYBE, threads),
    CASE(assay_result_part, ASSAY_M_MAYBE),
    P(MAYBE, plugin),
    P(ADVICE, plugin_file),
    P(LATER, elements),
    P(LATER, elements_judged),
    P(LATER, outputs_not_judged),
    MANY(assay_result_part, ASSAY_M_LIST, "ops", ops, n_ops, op_members),
    MANY(assay_result_part, ASSAY_M_LIST, "kernels", kernels, n_kernels, assay_m_kernel),
    MANY(assay_result_part, ASSAY_M_LATER_LIST, "unmet", unmet, n_unmet, unmet_members),
    LAST
};

const char *assay_reached_name(assay_reached s)
{
    static const char *const name[] = { "judged", "not on this CPU", "not built", "filtered" };
    return s <= ASSAY_FILTERED_OUT ? name[s] : NULL;
}

static void write_list(assay_json *j, const void *o, const assay_member *m, bool advice)
{
    const size_t n = *(const size_t *)assay_m_at(o, m->n_at);
    const char *base = *(const char *const *)assay_m_at(o, m->at);
    assay_json_open(j, m->name, '[');
    for (size_t i = 0; i < n; i++) {
        if (m->kind == ASSAY_M_TEXTS) {
            assay_json_str(j, NULL, *(const char *const *)assay_m_at(base, i * m->size));
            continue;
        }
        assay_json_open(j, NULL, '{');
        assay_members_write(j, base + i * m->size, m->of, advice);
        assay_json_close(j);
    }
    assay_json_close(j);
}

static void write_words(assay_json *j, const char *key, const char *words)
{
    char word[128];
    assay_json_open(j, key, '[');
    for (const char *w = words; *w; w += strspn(w, " ")) {
        const size_t n = strcspn(w, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, w);
        assay_json_str(j, NULL, word);
        w += n;
    }
    assay_json_close(j);
}

void assay_members_write(assay_json *j, const void *o, const assay_member *m, bool advice)
{
    for (bool stop = false; m->name && !stop; m++) {
        const void *at = assay_m_at(o, m->at);
        switch (m->kind) {
        case ASSAY_M_ADVICE:
            if (advice && *(const char *const *)at)
                assay_json_str(j, m->name, *(const char *const *)at);
            break;
        case ASSAY_M_MAYBE: /* left out where it is NULL: a member that a later version adds changes no older part */
            if (!*(const char *const *)at)
                break; /* fall through */
        case ASSAY_M_TEXT:
            assay_json_str(j, m->name, *(const char *const *)at);
            break;
        case ASSAY_M_WORDS:
            write_words(j, m->name, *(const char *const *)at);
            break;
        case ASSAY_M_LATER:
            if (!*(const int64_t *)at)
                break; /* fall through */
        case ASSAY_M_COUNT:
            assay_json_int(j, m->name, *(const int64_t *)at);
            break;
        case ASSAY_M_NUMBER:
            assay_json_num(j, m->name, *(const double *)at);
            break;
        case ASSAY_M_SECONDS:
            if (advice && *(const double *)at > 0)
                assay_json_num(j, m->name, *(const double *)at);
            break;
        case ASSAY_M_BOOL:
            assay_json_bool(j, m->name, *(const bool *)at);
            break;
        case ASSAY_M_REACHED:
            assay_json_str(j, m->name, assay_reached_name(*(const assay_reached *)at));
            stop = *(const assay_reached *)at != ASSAY_JUDGED; /* a kernel that was not: one short line */
            break;
        case ASSAY_M_LATER_LIST:
            if (!*(const size_t *)assay_m_at(o, m->n_at))
                break; /* fall through */
        case ASSAY_M_TEXTS:
        case ASSAY_M_LIST:
            write_list(j, o, m, advice);
            break;
        }
    }
}

char *assay_part_text(const assay_result_part *p, bool advice)
{
    assay_json j = { 0 };
    assay_json_open(&j, NULL, '{');
    assay_members_write(&j, p, assay_m_part, advice);
    assay_json_close(&j);
    if (j.failed || !j.text)
        abort();
    return j.text;
}

static int by_types(const void *a, const void *b)
{
    return strcmp(((const assay_result_typed *)a)->types, ((const assay_result_typed *)b)->types);
}

static int by_gen(const void *a, const void *b)
{
    return strcmp(((const assay_result_shared *)a)->gen, ((const assay_result_shared *)b)->gen);
}

void assay_part_seal(assay_result_part *p)
{
    for (size_t i = 0; i < p->n_kernels; i++)
        if (p->kernels[i].n_typed)
            qsort(p->kernels[i].typed, p->kernels[i].n_typed, sizeof *p->kernels[i].typed, by_types);
    for (size_t i = 0; i < p->n_kernels; i++)
        if (p->kernels[i].n_shared)
            qsort(p->kernels[i].shared, p->kernels[i].n_shared, sizeof *p->kernels[i].shared, by_gen);
    char *text = assay_part_text(p, false);
    snprintf(p->digest, sizeof p->digest, "%016llx", (unsigned long long)assay_hash(text, strlen(text)));
    free(text);
}

/* ---- memory ------------------------------------------------------------------------------------------------ */

struct assay_chunk {
    struct assay_chunk *next;
    size_t used, room;
    _Alignas(16) char bytes[];
};

void *assay_results_alloc(assay_results *r, size_t bytes)
{
    const size_t need = (bytes + 15) & ~(size_t)15;
    struct assay_chunk *c = r->memory;
    if (!c || c->room - c->used < need) {
        const size_t room = need > 1 << 16 ? need : 1 << 16;
        c = calloc(1, sizeof *c + room);
        if (!c)
            abort();
        c->next = r->memory;
        c->room = room;
        r->memory = c;
    }
    void *p = c->bytes + c->used;
    c->used += need;
    return p;
}

const char *assay_results_text(assay_results *r, const char *text)
{
    const size_t n = strlen(text) + 1;
    return memcpy(assay_results_alloc(r, n), text, n);
}

void assay_results_free(assay_results *r)
{
    for (struct assay_chunk *c = r->memory, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(r->part);
    *r = (assay_results){ 0 };
}
