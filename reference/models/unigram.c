/* SPDX-License-Identifier: MIT
 * SentencePiece unigram (T5, XLM-R, ALBERT).  A text is normalized; of all ways to cut it into pieces the one with the
 * greatest sum of scores is taken: for each place where a character begins, the best way to get there, and from there
 * each piece that begins here.  As SentencePiece's unigram_model.cc (0.2.3), in float and in its order: of equal ways
 * the one whose last piece is longer.  A tree of the pieces' bytes, its edges in a hash table: linear in the text for
 * pieces of bounded length. */
#include "../core/status.h"
#include "encoding.h"
#include "normalize.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct edge { /* a slot of the hash table; to 0, which is the root: free */
    int32_t from, to;
    uint8_t byte;
} edge;

typedef struct unigram {
    assay_normalizer normalizer;
    float *score; /* [n] */
    float unknown_score;
    int32_t unknown;   /* -1: none, but then all bytes have tokens */
    int32_t byte[256]; /* tokens like <0x0A>; -1: none */
    edge *edge;
    int32_t *piece; /* [nodes] the piece that ends here; -1: none */
    size_t mask;
    int32_t nodes;
} unigram;

typedef struct place { /* the best way to a byte of the text */
    float score;
    int32_t from; /* where its last piece begins; -1: there is no way */
    int32_t id;
} place;

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

static edge *find_edge(const unigram *u, int32_t from, uint8_t byte)
{
    const uint64_t key = (uint64_t)(uint32_t)from << 8 | byte;
    size_t i = (size_t)(key * 0x9E3779B97F4A7C15u >> 20) & u->mask;
    while (u->edge[i].to && (u->edge[i].from != from || u->edge[i].byte != byte))
        i = (i + 1) & u->mask;
    return &u->edge[i];
}

static void add_piece(unigram *u, assay_span bytes, int32_t id)
{
    int32_t at = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        edge *e = find_edge(u, at, (uint8_t)bytes.at[i]);
        if (!e->to) {
            *e = (edge){ at, u->nodes, (uint8_t)bytes.at[i] };
            u->piece[u->nodes++] = -1;
        }
        at = e->to;
    }
    u->piece[at] = id;
}

/* Pieces that text can become, the plainest of equals; a blank in the vocabulary's text is no blank of a text, which
 * is written U+2581 there. */
static bool is_piece(const assay_vocab *v, const assay_tokenizer *t, int32_t id)
{
    return t->bytes[id].n && assay_lookup_find(t, t->bytes[id].at, t->bytes[id].n) == id &&
           !memchr(v->text[id].at, ' ', v->text[id].n);
}

static assay_status make_tree(const assay_vocab *v, const assay_tokenizer *t, unigram *u, assay_why *why)
{
    size_t nodes = 1, slots = 16;
    for (int32_t id = 0; id < t->n; id++)
        nodes += is_piece(v, t, id) ? t->bytes[id].n : 0;
    if (nodes > INT32_MAX / 2)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: %zu bytes of pieces are too many", v->label, nodes);
    while (slots < 2 * nodes)
        slots *= 2;
    u->mask = slots - 1;
    u->edge = calloc(slots, sizeof *u->edge);
    u->piece = malloc(nodes * sizeof *u->piece);
    if (!u->edge || !u->piece)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a tree of %zu bytes of pieces", v->label, nodes);
    u->piece[u->nodes++] = -1;
    for (int32_t id = 0; id < t->n; id++)
        if (is_piece(v, t, id))
            add_piece(u, t->bytes[id], id);
    return ASSAY_OK;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static void destroy(void *state)
{
    unigram *u = state;
    assay_normalizer_free(&u->normalizer);
    free(u->score);
    free(u->edge);
    free(u->piece);
    free(u);
}

/* User-defined pieces win over any others, longer ones over shorter ones. */
static assay_status read_scores(const assay_vocab *v, unigram *u, assay_why *why)
{
    float least = FLT_MAX;
    for (int32_t id = 0; id < v->n; id++) {
        if (!isfinite(v->score[id]))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: the score of token %" PRId32 " is not finite", v->label, id);
        const bool user = v->type[id] == ASSAY_TOKEN_USER;
        u->score[id] = user ? (float)(0.1 * ((double)v->text[id].n - 1)) : v->score[id];
        least = v->type[id] == ASSAY_TOKEN_NORMAL && v->score[id] < least ? v->score[id] : least;
    }
    u->unknown_score = least - 10.0f;
    return ASSAY_OK;
}

static assay_status find_others(const assay_vocab *v, const assay_tokenizer *t, unigram *u, assay_why *why)
{
    int bytes = 0;
    u->unknown = v->named[ASSAY_NAMED_UNKNOWN];
    memset(u->byte, 0xff, sizeof u->byte);
    for (int32_t id = 0; id < t->n; id++) {
        const assay_span is = t->bytes[id];
        if (t->type[id] == ASSAY_TOKEN_BYTE && is.n == 1 && u->byte[(unsigned char)*is.at] < 0) {
            u->byte[(unsigned char)*is.at] = id;
            bytes++;
        }
        if (t->type[id] == ASSAY_TOKEN_UNKNOWN && u->unknown < 0)
            u->unknown = id;
    }
    if (u->unknown < 0 && bytes < 256)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: no token stands for unknown text, and %d of 256 bytes have tokens", v->label, bytes);
    return ASSAY_OK;
}

static assay_status make(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    unigram *u = t->state = calloc(1, sizeof *u);
    if (!u || !(u->score = malloc((size_t)t->n * sizeof *u->score)))
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRId32 " scores", v->label, t->n);
    if (!v->score)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: pieces without scores", v->label);
    t->add_eos = true;
    t->drop_blank = v->space_prefix;
    assay_status s = read_scores(v, u, why);
    if (!s)
        s = find_others(v, t, u, why);
    if (!s)
        s = make_tree(v, t, u, why);
    if (!s)
        s = assay_normalizer_make(v, &u->normalizer, why);
    u->normalizer.kept = assay_lookup_kept;
    u->normalizer.t = t;
    return s;
}

/* ---- the best way ------------------------------------------------------------------------------------------------ */

/* Bytes that a character's first byte asks for. */
static size_t character(const char *text, size_t n)
{
    const unsigned char c = (unsigned char)*text;
    const size_t asked = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    return asked < n ? asked : n;
}

static void arrive(place *p, float score, size_t from, int32_t id)
{
    if (p->from < 0 || score > p->score)
        *p = (place){ score, (int32_t)from, id };
}

/* Sums that grow beyond what a float holds well are counted from here, so from is at 0; reached: the last place that
 * there is a way to. */
static void count_anew(place *p, size_t from, size_t reached)
{
    const float offset = p[from].score;
    if (offset >= -100000.0f && offset <= 100000.0f)
        return;
    for (size_t i = from; i <= reached; i++)
        if (i == from || p[i].from >= 0)
            p[i].score -= offset;
    p[from].score = 0;
}

static void find_way(const assay_tokenizer *t, place *p, const char *text, size_t n)
{
    const unigram *u = t->state;
    for (size_t i = 0; i <= n; i++)
        p[i] = (place){ 0, -1, -1 };
    for (size_t from = 0, reached = 0; from < n;) {
        const size_t length = character(text + from, n - from);
        bool alone = false; /* a piece is the single character */
        count_anew(p, from, reached);
        int32_t node = 0;
        for (size_t to = from; to < n;) {
            node = find_edge(u, node, (uint8_t)text[to++])->to;
            if (!node)
                break;
            const int32_t id = u->piece[node];
            if (id < 0 || (t->type[id] != ASSAY_TOKEN_NORMAL && t->type[id] != ASSAY_TOKEN_USER))
                continue;
            arrive(&p[to], u->score[id] + p[from].score, from, id);
            reached = to > reached ? to : reached;
            alone = alone || to - from == length;
        }
        from += length;
        if (!alone) {
            arrive(&p[from], u->unknown_score + p[from - length].score, from - length, -1);
            reached = from > reached ? from : reached;
        }
    }
}

/* ---- ids --------------------------------------------------------------------------------------------------------- */

/* A character that is no piece: its bytes, if each has a token, else unknown; neighbours are unknown together.  The
 * bytes of a blank are those of U+2581. */
static assay_status put_unknown(assay_encoding *e, const char *text, size_t n, bool *unknown, assay_why *why)
{
    const unigram *u = e->t->state;
    assay_status s = ASSAY_OK;
    bool bytes = true;
    if (*text == ' ') {
        text = "\xE2\x96\x81";
        n = 3;
    }
    for (size_t i = 0; i < n; i++)
        bytes = bytes && u->byte[(unsigned char)text[i]] >= 0;
    for (size_t i = 0; i < n && bytes && !s; i++)
        s = assay_encode_id(e, u->byte[(unsigned char)text[i]], why);
    if (!bytes && !*unknown)
        s = assay_encode_id(e, u->unknown, why);
    *unknown = !bytes;
    return s;
}

/* The way is known from its end; its places' from become where they lead to, from the beginning on. */
static assay_status put_way(assay_encoding *e, place *p, const char *text, size_t n, assay_why *why)
{
    assay_status s = ASSAY_OK;
    bool unknown = false;
    for (int32_t at = (int32_t)n, next = -1; at >= 0;) {
        const int32_t from = at ? p[at].from : -1;
        p[at].from = next;
        next = at;
        at = from;
    }
    for (int32_t from = 0, to = p[0].from; to >= 0 && !s; from = to, to = p[to].from) {
        if (p[to].id < 0)
            s = put_unknown(e, text + from, (size_t)(to - from), &unknown, why);
        else {
            s = assay_encode_id(e, p[to].id, why);
            unknown = false;
        }
    }
    return s;
}

static assay_status encode(assay_encoding *e, const char *part, size_t n, bool first, assay_why *why)
{
    const unigram *u = e->t->state;
    char *text = NULL;
    assay_status s = assay_normalize(&u->normalizer, part, n, first, true, &text, &n, why);
    if (s)
        return s;
    if (n < INT32_MAX) {
        place *p = malloc((n + 1) * sizeof *p);
        s = p ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a part of %zu bytes", n);
        if (!s)
            find_way(e->t, p, text, n);
        if (!s)
            s = put_way(e, p, text, n, why);
        free(p);
    } else
        s = assay_fail(why, ASSAY_UNSUPPORTED, "a part of %zu bytes is too long to cut", n);
    free(text);
    return s;
}

const assay_tokenizer_kind assay_kind_unigram = {
    "SentencePiece unigram", "t5", assay_print_piece, make, destroy, encode, NULL, true
};
