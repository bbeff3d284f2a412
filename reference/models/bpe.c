/* SPDX-License-Identifier: MIT
 * Byte-level BPE (GPT-2, SmolLM, Llama-3, Qwen2).  A token's text is in "mapped characters": each byte is written as
 * one printable character.  Text is cut into pieces, and in each the pair of lowest rank is merged first, leftmost on
 * ties, one at a time; a merged symbol's new pairs compete at once.  A heap of candidates over a doubly linked list of
 * symbols: n log n for any piece. */
#include "../core/status.h"
#include "compose.h"
#include "encoding.h"
#include "heap.h"
#include "pretokenize.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

typedef struct merge { /* a slot of the hash table of pairs; rank < 0: free */
    int32_t left, right, rank, id;
} merge;

typedef struct bpe {
    assay_pretokenizer pre;
    bool compose;
    merge *merge; /* hash table by (left, right) */
    size_t mask;
} bpe;

/* The byte that a mapped character stands for; -1: none.  33..126, 161..172, 174..255 are themselves, the other 68
 * bytes follow in ascending order from U+0100. */
static int byte_of(unsigned code)
{
    if ((code >= 33 && code <= 126) || (code >= 161 && code <= 172) || (code >= 174 && code <= 255))
        return (int)code;
    if (code < 0x100 || code >= 0x100 + 68)
        return -1;
    const int k = (int)code - 0x100;
    return k < 33 ? k : k < 33 + 34 ? 127 + k - 33 : 173;
}

/* A character outside the map stands for its own UTF-8.  Never longer than the text. */
static size_t print(assay_span text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n;) {
        const unsigned char *s = (const unsigned char *)text.at + i;
        const int length = assay_utf8_length(s, text.n - i);
        const int byte = length ? byte_of(assay_utf8_code(s, length)) : *s;
        if (byte >= 0)
            out[n++] = (char)byte;
        else
            memcpy(out + n, s, (size_t)length), n += (size_t)length;
        i += length ? (size_t)length : 1;
    }
    return n;
}

static merge *find_merge(const bpe *b, int32_t left, int32_t right)
{
    const uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = (size_t)XXH3_64bits(&key, sizeof key) & b->mask;
    while (b->merge[i].rank >= 0 && (b->merge[i].left != left || b->merge[i].right != right))
        i = (i + 1) & b->mask;
    return &b->merge[i];
}

/* ---- the merges, which are written in the tokens' text ----------------------------------------------------------- */

typedef struct sides { /* tokens by their text in the file: merges are written in it */
    const assay_tokenizer *t;
    const assay_span *text;
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
    return id >= 0 ? id : assay_lookup_find(l->t, l->bytes, print(key, l->bytes));
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
    if (l->t->type[id] == ASSAY_TOKEN_CONTROL || l->t->type[id] == ASSAY_TOKEN_UNKNOWN)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: merge %zu, '%.*s', would turn text into token %d, which is of type %s", label, rank,
                          shown, m.at, (int)id, l->t->type[id] == ASSAY_TOKEN_CONTROL ? "control" : "unknown");
    merge *slot = find_merge(l->t->state, a, c);
    if (slot->rank < 0)
        *slot = (merge){ a, c, (int32_t)rank, id };
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

static void destroy(void *state)
{
    bpe *b = state;
    assay_pretokenizer_free(&b->pre);
    free(b->merge);
    free(b);
}

static assay_status make(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    bpe *b = t->state = calloc(1, sizeof *b);
    size_t slots = 16, pairs = 16;
    if (!b)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a tokenizer", v->label);
    const assay_status s = assay_pretokenizer_make(v->pre, v->label, &b->pre, why);
    if (s)
        return s;
    t->add_bos = b->pre.add_bos;
    b->compose = v->compose;
    for (int c = 0; v->named[ASSAY_NAMED_UNKNOWN] >= 0 && c < 256; c++)
        if (t->lookup->byte[c] < 0)
            return assay_fail(why, ASSAY_UNSUPPORTED,
                              "%s: byte 0x%02x has no token, and an unknown token for it is not read", v->label, c);
    if (v->n_merges > INT32_MAX)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu merges", v->label, v->n_merges);
    while (slots < 2 * (size_t)t->n)
        slots *= 2;
    while (pairs < 2 * v->n_merges)
        pairs *= 2;
    b->mask = pairs - 1;
    b->merge = malloc(pairs * sizeof *b->merge);
    if (!b->merge)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu merges", v->label, v->n_merges);
    for (size_t i = 0; i < pairs; i++)
        b->merge[i].rank = -1;
    sides l = { t, v->text, NULL, slots - 1, NULL, NULL };
    return read_merges(&l, v->merge, v->n_merges, v->label, why);
}

/* ---- merging ----------------------------------------------------------------------------------------------------- */

typedef struct symbol {
    int32_t id, prev, next; /* id -1: merged away; -2 - byte: a byte without a token */
} symbol;

typedef struct work {
    symbol *symbol;
    assay_heap heap; /* of pairs by their rank; left and right: the ids that they had */
    size_t room;
} work;

/* Symbol i and its right neighbour become a candidate if they have a merge.  The heap has room: 3 n are ever pushed. */
static void push(const bpe *b, work *w, int32_t i)
{
    const int32_t next = i < 0 ? -1 : w->symbol[i].next;
    if (next < 0 || w->symbol[i].id < 0 || w->symbol[next].id < 0)
        return;
    const merge *m = find_merge(b, w->symbol[i].id, w->symbol[next].id);
    if (m->rank < 0)
        return;
    assay_heap_push(&w->heap, (assay_candidate){ m->rank, i, m->left, m->right });
}

static void done(assay_encoding *e)
{
    work *w = e->work;
    if (w) {
        free(w->symbol);
        free(w->heap.item);
    }
    free(w);
    e->work = NULL;
}

static assay_status make_room(assay_encoding *e, size_t n, assay_why *why)
{
    work *w = e->work;
    if (w && n <= w->room)
        return ASSAY_OK;
    if (n > INT32_MAX / 4)
        return assay_fail(why, ASSAY_UNSUPPORTED, "a piece of %zu bytes is too long to merge", n);
    done(e);
    e->work = w = calloc(1, sizeof *w);
    if (w) {
        w->symbol = malloc(n * sizeof *w->symbol);
        w->heap.item = malloc(3 * n * sizeof *w->heap.item);
        w->room = w->symbol && w->heap.item ? n : 0;
    }
    return w && w->room ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a piece of %zu bytes", n);
}

static assay_status piece(void *encoding, const char *text, size_t n, assay_why *why)
{
    assay_encoding *e = encoding;
    const bpe *b = e->t->state;
    const int32_t *byte = e->t->lookup->byte, whole = b->pre.ignore_merges ? assay_lookup_find(e->t, text, n) : -1;
    if (whole >= 0)
        return assay_encode_id(e, whole, why);
    assay_status s = make_room(e, n, why);
    if (s)
        return s;
    work *w = e->work;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];
        w->symbol[i] = (symbol){ byte[c] >= 0 ? byte[c] : -2 - c, (int32_t)i - 1, i + 1 < n ? (int32_t)i + 1 : -1 };
    }
    w->heap.n = 0;
    for (size_t i = 0; i < n; i++)
        push(b, w, (int32_t)i);
    while (w->heap.n) {
        const assay_candidate c = assay_heap_pop(&w->heap);
        symbol *left = &w->symbol[c.at];
        if (left->id != c.left || left->next < 0 || w->symbol[left->next].id != c.right)
            continue; /* stale: one of the two was merged since */
        symbol *right = &w->symbol[left->next];
        left->id = find_merge(b, c.left, c.right)->id;
        left->next = right->next;
        right->id = -1;
        if (right->next >= 0)
            w->symbol[right->next].prev = c.at;
        push(b, w, left->prev);
        push(b, w, c.at);
    }
    for (int32_t i = 0; i >= 0 && !s; i = w->symbol[i].next) {
        const int32_t id = w->symbol[i].id;
        if (id >= 0)
            s = assay_encode_id(e, id, why);
        else /* as the reference tokenizers do: no token, no id */
            assay_encode_left_out(e, (unsigned char)(-2 - id));
    }
    return s;
}

static assay_status encode(assay_encoding *e, const char *part, size_t n, bool first, assay_why *why)
{
    const bpe *b = e->t->state;
    char *composed = NULL;
    (void)first;
    if (b->compose) {
        const assay_status s = assay_compose(part, n, &composed, &n, why);
        if (s)
            return s;
        part = composed;
    }
    const assay_status s = assay_pretokenize(&b->pre, part, n, piece, e, why);
    free(composed);
    return s;
}

const assay_tokenizer_kind assay_kind_bytes = { "byte-level BPE", "gpt2", print, make, destroy, encode, done };
