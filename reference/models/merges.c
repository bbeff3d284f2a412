/* SPDX-License-Identifier: MIT */
#include "merges.h"
#include "../core/status.h"
#include "heap.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static assay_merge *find_merge(const assay_merges *m, int32_t left, int32_t right)
{
    const uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = (size_t)XXH3_64bits(&key, sizeof key) & m->mask;
    while (m->merge[i].rank >= 0 && (m->merge[i].left != left || m->merge[i].right != right))
        i = (i + 1) & m->mask;
    return &m->merge[i];
}

/* ---- the merges, which are written in the tokens' text ----------------------------------------------------------- */

typedef struct sides { /* tokens by their text in the file: merges are written in it */
    const assay_tokenizer *t;
    const assay_span *text;
    assay_merges *merges;
    bool added; /* a tokenizer.json: of a merge that stands twice the last counts, as Hugging Face has it */
    int32_t *slot;
    size_t mask;
    char *joined, *bytes; /* room for a merge */
} sides;

static int32_t *find_text(const sides *l, assay_span key)
{
    size_t i = (size_t)XXH3_64bits(key.at, key.n) & l->mask;
    while (l->slot[i] >= 0 && (l->text[l->slot[i]].n != key.n || memcmp(l->text[l->slot[i]].at, key.at, key.n)))
        i = (i + 1) & l->mask;
    return &l->slot[i];
}

/* By its text; or by the bytes that it stands for: user-defined tokens are not written in mapped characters. */
static int32_t find_side(const sides *l, assay_span key)
{
    const int32_t id = *find_text(l, key);
    return id >= 0 ? id : assay_lookup_find(l->t, l->bytes, l->t->kind->print(key, l->bytes));
}

static assay_status read_merge(const sides *l, assay_span m, size_t rank, const char *label, assay_why *why)
{
    const char *blank = m.n > 2 ? memchr(m.at + 1, ' ', m.n - 2) : NULL;
    const int shown = m.n < 80 ? (int)m.n : 80;
    if (!blank)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: merge %zu, '%.*s', is not two tokens with a blank between", label,
                          rank, shown, m.at);
    const assay_span left = { m.at, (size_t)(blank - m.at) }, right = { blank + 1, m.n - left.n - 1 };
    memcpy(l->joined, left.at, left.n);
    memcpy(l->joined + left.n, right.at, right.n);
    const int32_t a = find_side(l, left), c = find_side(l, right),
                  id = find_side(l, (assay_span){ l->joined, m.n - 1 });
    if (a < 0 || c < 0 || id < 0)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: merge %zu, '%.*s': %s is no token", label, rank, shown, m.at,
                          a < 0   ? "its left side"
                          : c < 0 ? "its right side"
                                  : "the whole");
    const bool control = l->t->type[id] == ASSAY_TOKEN_CONTROL || l->t->type[id] == ASSAY_TOKEN_UNKNOWN;
    if (control && l->added)
        return ASSAY_OK; /* such merges are made by rule from the pieces; text does not become a control token */
    if (control)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: merge %zu, '%.*s', would turn text into token %d, which is of type %s", label, rank,
                          shown, m.at, (int)id, l->t->type[id] == ASSAY_TOKEN_CONTROL ? "control" : "unknown");
    assay_merge *slot = find_merge(l->merges, a, c);
    if (slot->rank < 0 || l->added)
        *slot = (assay_merge){ a, c, (int32_t)rank, id };
    return ASSAY_OK;
}

static assay_status read_merges(sides *l, const assay_span *merges, size_t n, const char *label, assay_why *why)
{
    size_t longest = 0;
    for (size_t i = 0; i < n; i++)
        longest = merges[i].n > longest ? merges[i].n : longest;
    l->joined = malloc(longest + 1);
    l->bytes = malloc(longest + 1);
    l->slot = malloc((l->mask + 1) * sizeof *l->slot);
    assay_status s = l->joined && l->bytes && l->slot
                         ? ASSAY_OK
                         : assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu merges", label, n);
    if (!s)
        memset(l->slot, 0xff, (l->mask + 1) * sizeof *l->slot);
    for (size_t k = 0; k < sizeof assay_by_plainness && !s; k++)
        for (int32_t id = 0; id < l->t->n; id++) {
            int32_t *slot = l->t->type[id] == assay_by_plainness[k] ? find_text(l, l->text[id]) : NULL;
            if (slot && *slot < 0)
                *slot = id;
        }
    for (size_t i = 0; i < n && !s; i++)
        s = read_merge(l, merges[i], i, label, why);
    free(l->joined);
    free(l->bytes);
    free(l->slot);
    return s;
}

assay_status assay_merges_make(const assay_vocab *v, const assay_tokenizer *t, assay_merges *m, assay_why *why)
{
    size_t slots = 16, pairs = 16;
    if (v->n_merges > INT32_MAX)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu merges", v->label, v->n_merges);
    while (slots < 2 * (size_t)t->n)
        slots *= 2;
    while (pairs < 2 * v->n_merges)
        pairs *= 2;
    m->mask = pairs - 1;
    m->merge = malloc(pairs * sizeof *m->merge);
    if (!m->merge)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu merges", v->label, v->n_merges);
    for (size_t i = 0; i < pairs; i++)
        m->merge[i].rank = -1;
    sides l = { t, v->text, m, v->added, NULL, slots - 1, NULL, NULL };
    return read_merges(&l, v->merge, v->n_merges, v->label, why);
}

void assay_merges_free(assay_merges *m)
{
    free(m->merge);
    *m = (assay_merges){ 0 };
}

/* ---- merging ----------------------------------------------------------------------------------------------------- */

typedef struct work {
    assay_symbol *symbol;
    assay_heap heap; /* of pairs by their rank; left and right: the ids that they had */
    size_t room;
} work;

/* Symbol i and its right neighbour become a candidate if they have a merge.  The heap has room: 3 n are ever pushed. */
static void push(const assay_merges *m, work *w, int32_t i)
{
    const int32_t next = i < 0 ? -1 : w->symbol[i].next;
    if (next < 0 || w->symbol[i].id < 0 || w->symbol[next].id < 0)
        return;
    const assay_merge *found = find_merge(m, w->symbol[i].id, w->symbol[next].id);
    if (found->rank < 0)
        return;
    assay_heap_push(&w->heap, (assay_candidate){ found->rank, i, found->left, found->right });
}

void assay_merges_done(assay_encoding *e)
{
    work *w = e->work;
    if (w) {
        free(w->symbol);
        free(w->heap.item);
    }
    free(w);
    e->work = NULL;
}

assay_symbol *assay_merges_room(assay_encoding *e, size_t n, assay_why *why)
{
    work *w = e->work;
    if (w && n <= w->room)
        return w->symbol;
    if (n > INT32_MAX / 4) {
        assay_fail(why, ASSAY_UNSUPPORTED, "a piece of %zu bytes is too long to merge", n);
        return NULL;
    }
    assay_merges_done(e);
    e->work = w = calloc(1, sizeof *w);
    if (w) {
        w->symbol = malloc(n * sizeof *w->symbol);
        w->heap.item = malloc(3 * n * sizeof *w->heap.item);
        w->room = w->symbol && w->heap.item ? n : 0;
    }
    if (!w || !w->room) {
        assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a piece of %zu bytes", n);
        return NULL;
    }
    return w->symbol;
}

void assay_merges_run(const assay_merges *m, assay_encoding *e, size_t n)
{
    work *w = e->work;
    for (size_t i = 0; i < n; i++) {
        w->symbol[i].prev = (int32_t)i - 1;
        w->symbol[i].next = i + 1 < n ? (int32_t)i + 1 : -1;
    }
    w->heap.n = 0;
    for (size_t i = 0; i < n; i++)
        push(m, w, (int32_t)i);
    while (w->heap.n) {
        const assay_candidate c = assay_heap_pop(&w->heap);
        assay_symbol *left = &w->symbol[c.at];
        if (left->id != c.left || left->next < 0 || w->symbol[left->next].id != c.right)
            continue; /* stale: one of the two was merged since */
        assay_symbol *right = &w->symbol[left->next];
        left->id = find_merge(m, c.left, c.right)->id;
        left->next = right->next;
        right->id = -1;
        if (right->next >= 0)
            w->symbol[right->next].prev = c.at;
        push(m, w, left->prev);
        push(m, w, c.at);
    }
}
