/* SPDX-License-Identifier: MIT
 * Merging: the pair of lowest rank first, leftmost on ties, one at a time; a merged symbol's new pairs compete at once.
 * A heap of candidates over a doubly linked list of symbols: n log n for any piece. */
#include "bpe.h"
#include "../core/status.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static size_t power_above(size_t n)
{
    size_t p = 16;
    while (p < 2 * n)
        p *= 2;
    return p;
}

/* The slot of a token with these bytes, or the free slot where it belongs. */
static int32_t *find_token(const assay_bpe *b, const assay_span *bytes, assay_span key)
{
    size_t i = (size_t)XXH3_64bits(key.at, key.n) & b->slot_mask;
    for (; b->slot[i] >= 0; i = (i + 1) & b->slot_mask) {
        const assay_span have = bytes[b->slot[i]];
        if (have.n == key.n && memcmp(have.at, key.at, key.n) == 0)
            break;
    }
    return &b->slot[i];
}

static assay_merge *find_merge(const assay_bpe *b, int32_t left, int32_t right)
{
    const uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = (size_t)XXH3_64bits(&key, sizeof key) & b->merge_mask;
    while (b->merge[i].rank >= 0 && (b->merge[i].left != left || b->merge[i].right != right))
        i = (i + 1) & b->merge_mask;
    return &b->merge[i];
}

/* The types of tokens, the plainest first: of tokens with equal text the first of the plainest type counts.  Text can
 * become the first PLAIN of them; the others are told apart only to say why a merge is refused. */
static const uint8_t by_plainness[] = { ASSAY_TOKEN_NORMAL,  ASSAY_TOKEN_UNUSED,  ASSAY_TOKEN_USER,
                                        ASSAY_TOKEN_CONTROL, ASSAY_TOKEN_UNKNOWN, ASSAY_TOKEN_BYTE };
enum { PLAIN = 3 };

static void index_tokens(assay_tokenizer *t)
{
    assay_bpe *b = t->bpe;
    memset(b->slot, 0xff, (b->slot_mask + 1) * sizeof *b->slot);
    for (int k = 0; k < PLAIN; k++)
        for (int32_t id = 0; id < t->n; id++)
            if (t->kind[id] == by_plainness[k] && t->bytes[id].n) {
                int32_t *slot = find_token(b, t->bytes, t->bytes[id]);
                if (*slot < 0)
                    *slot = id;
            }
    for (int c = 0; c < 256; c++) {
        const char byte = (char)c;
        b->byte[c] = *find_token(b, t->bytes, (assay_span){ &byte, 1 });
    }
}

/* Buckets of special tokens by first byte; longest first inside (insertion: there are few). */
static void index_special(assay_tokenizer *t)
{
    assay_bpe *b = t->bpe;
    int32_t n = 0;
    for (int c = 0; c < 256; c++) {
        b->special_first[c] = n;
        for (int32_t id = 0; id < t->n; id++) {
            const bool special = t->kind[id] == ASSAY_TOKEN_CONTROL || t->kind[id] == ASSAY_TOKEN_USER ||
                                 t->kind[id] == ASSAY_TOKEN_UNKNOWN;
            if (!special || !t->bytes[id].n || (unsigned char)t->bytes[id].at[0] != c)
                continue;
            int32_t i = n++;
            for (; i > b->special_first[c] && t->bytes[b->special[i - 1]].n < t->bytes[id].n; i--)
                b->special[i] = b->special[i - 1];
            b->special[i] = id;
        }
    }
    b->special_first[256] = n;
}

typedef struct lookup { /* tokens by their text in the file: merges are written in it */
    const assay_tokenizer *t;
    const assay_span *text;
    int32_t *slot;
    size_t mask;
    char *joined, *bytes; /* room for a merge */
} lookup;

static int32_t *find_text(const lookup *l, assay_span key)
{
    size_t i = (size_t)XXH3_64bits(key.at, key.n) & l->mask;
    while (l->slot[i] >= 0 && (l->text[l->slot[i]].n != key.n || memcmp(l->text[l->slot[i]].at, key.at, key.n)))
        i = (i + 1) & l->mask;
    return &l->slot[i];
}

/* By its text; or by the bytes that it stands for: user-defined tokens are not written in mapped characters. */
static int32_t find_side(const lookup *l, assay_span key)
{
    const int32_t id = *find_text(l, key);
    return id >= 0 ? id : *find_token(l->t->bpe, l->t->bytes, (assay_span){ l->bytes, assay_bpe_unmap(key, l->bytes) });
}

static assay_status read_merge(const lookup *l, assay_span m, size_t rank, const char *label, assay_why *why)
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
    if (l->t->kind[id] == ASSAY_TOKEN_CONTROL || l->t->kind[id] == ASSAY_TOKEN_UNKNOWN)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: merge %zu, '%.*s', would turn text into token %d, which is of type %s", label, rank,
                          shown, m.at, (int)id, l->t->kind[id] == ASSAY_TOKEN_CONTROL ? "control" : "unknown");
    assay_merge *slot = find_merge(l->t->bpe, a, c);
    if (slot->rank < 0)
        *slot = (assay_merge){ a, c, (int32_t)rank, id };
    return ASSAY_OK;
}

static assay_status read_merges(lookup *l, const assay_span *merges, size_t n, const char *label, assay_why *why)
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
    for (size_t k = 0; k < sizeof by_plainness && !s; k++)
        for (int32_t id = 0; id < l->t->n; id++) {
            int32_t *slot = l->t->kind[id] == by_plainness[k] ? find_text(l, l->text[id]) : NULL;
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

assay_status assay_bpe_make(const assay_gguf *g, assay_tokenizer *t, const assay_span *text, assay_why *why)
{
    assay_bpe *b = t->bpe;
    assay_span *merges = NULL;
    size_t n = 0;
    assay_status s = assay_gguf_texts(g, "tokenizer.ggml.merges", &merges, &n, why);
    if (!s && n > INT32_MAX)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu merges", g->label, n);
    if (s) {
        free(merges);
        return s;
    }
    const size_t slots = power_above((size_t)t->n), pairs = power_above(n);
    lookup l = { t, text, NULL, slots - 1, NULL, NULL };
    b->slot_mask = slots - 1;
    b->merge_mask = pairs - 1;
    b->slot = malloc(slots * sizeof *b->slot);
    b->merge = malloc(pairs * sizeof *b->merge);
    b->special = malloc((size_t)t->n * sizeof *b->special);
    if (!b->slot || !b->merge || !b->special) {
        s = assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu merges", g->label, n);
    } else {
        for (size_t i = 0; i < pairs; i++)
            b->merge[i].rank = -1;
        index_tokens(t);
        s = read_merges(&l, merges, n, g->label, why);
    }
    free(merges);
    if (!s)
        s = assay_ends_mark(g, t, text, why); /* changes types */
    if (!s) {
        index_tokens(t);
        index_special(t);
    }
    return s;
}

void assay_bpe_free(assay_bpe *b)
{
    assay_pretokenizer_free(&b->pre);
    free(b->pool);
    free(b->slot);
    free(b->merge);
    free(b->special);
    free(b);
}

assay_status assay_bpe_emit(assay_encoding *e, int32_t id, assay_why *why)
{
    if (e->n == e->room) {
        const size_t room = 2 * e->room + 64;
        int32_t *more = realloc(e->ids, room * sizeof *more);
        if (!more)
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu ids", room);
        e->ids = more;
        e->room = room;
    }
    e->ids[e->n++] = id;
    return ASSAY_OK;
}

static bool before(const assay_candidate *a, const assay_candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

/* Symbol i and its right neighbour become a candidate if they have a merge.  The heap has room: 3 n are ever pushed. */
static void push(assay_encoding *e, int32_t i)
{
    const int32_t next = i < 0 ? -1 : e->work[i].next;
    if (next < 0 || e->work[i].id < 0 || e->work[next].id < 0)
        return;
    const assay_merge *m = find_merge(e->t->bpe, e->work[i].id, e->work[next].id);
    if (m->rank < 0)
        return;
    const assay_candidate c = { m->rank, i, m->left, m->right };
    size_t k = e->n_heap++;
    for (; k && before(&c, &e->heap[(k - 1) / 2]); k = (k - 1) / 2)
        e->heap[k] = e->heap[(k - 1) / 2];
    e->heap[k] = c;
}

static assay_candidate pop(assay_encoding *e)
{
    const assay_candidate top = e->heap[0], last = e->heap[--e->n_heap];
    size_t k = 0;
    for (size_t child; (child = 2 * k + 1) < e->n_heap; k = child) {
        if (child + 1 < e->n_heap && before(&e->heap[child + 1], &e->heap[child]))
            child++;
        if (!before(&e->heap[child], &last))
            break;
        e->heap[k] = e->heap[child];
    }
    e->heap[k] = last;
    return top;
}

static assay_status make_room(assay_encoding *e, size_t n, assay_why *why)
{
    if (n <= e->work_room)
        return ASSAY_OK;
    if (n > INT32_MAX / 4)
        return assay_fail(why, ASSAY_UNSUPPORTED, "a piece of %zu bytes is too long to merge", n);
    free(e->work);
    free(e->heap);
    e->work = malloc(n * sizeof *e->work);
    e->heap = malloc(3 * n * sizeof *e->heap);
    e->work_room = e->work && e->heap ? n : 0;
    return e->work_room ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a piece of %zu bytes", n);
}

assay_status assay_bpe_piece(void *encoding, const char *text, size_t n, assay_why *why)
{
    assay_encoding *e = encoding;
    const assay_bpe *b = e->t->bpe;
    const int32_t whole = b->pre.ignore_merges ? *find_token(b, e->t->bytes, (assay_span){ text, n }) : -1;
    if (whole >= 0)
        return assay_bpe_emit(e, whole, why);
    assay_status s = make_room(e, n, why);
    if (s)
        return s;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];
        e->work[i] =
            (assay_symbol){ b->byte[c] >= 0 ? b->byte[c] : -2 - c, (int32_t)i - 1, i + 1 < n ? (int32_t)i + 1 : -1 };
    }
    e->n_heap = 0;
    for (size_t i = 0; i < n; i++)
        push(e, (int32_t)i);
    while (e->n_heap) {
        const assay_candidate c = pop(e);
        assay_symbol *left = &e->work[c.at];
        if (left->id != c.left || left->next < 0 || e->work[left->next].id != c.right)
            continue; /* stale: one of the two was merged since */
        assay_symbol *right = &e->work[left->next];
        left->id = find_merge(b, c.left, c.right)->id;
        left->next = right->next;
        right->id = -1;
        if (right->next >= 0)
            e->work[right->next].prev = c.at;
        push(e, left->prev);
        push(e, c.at);
    }
    for (int32_t i = 0; i >= 0 && !s; i = e->work[i].next) {
        const int32_t id = e->work[i].id;
        if (id >= 0)
            s = assay_bpe_emit(e, id, why);
        else if (!e->left_out++) /* as the reference tokenizers do: no token, no id */
            e->first_left_out = (unsigned char)(-2 - id);
    }
    return s;
}
