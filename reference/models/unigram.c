/* SPDX-License-Identifier: MIT
 * SentencePiece unigram (T5, XLM-R, ALBERT).  A text is normalized; of all ways to cut it into pieces the one with the
 * greatest sum of scores is taken: for each place where a character begins, the best way to get there, and from there
 * each piece that begins here.  As SentencePiece's unigram_model.cc (0.2.3), in float and in its order: of equal ways
 * the one whose last piece is longer.  A tree of the pieces' bytes: linear in the text for pieces of bounded length.
 * A tokenizer.json's text is changed and cut into words by rewrite.h, its sums are in double. */
#include "../core/status.h"
#include "encoding.h"
#include "normalize.h"
#include "tree.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct unigram {
    assay_normalizer normalizer;
    assay_rewrite rewrite; /* on: as Hugging Face's tokenizers do, in double, word by word */
    double *score;         /* [n] */
    double unknown_score;
    int32_t unknown;   /* -1: none, but then all bytes have tokens */
    int32_t byte[256]; /* tokens like <0x0A>; -1: none */
    assay_tree tree;
} unigram;

typedef struct place { /* the best way to a byte of the text */
    double score;      /* of SentencePiece a float */
    int32_t from;      /* where its last piece begins; -1: there is no way */
    int32_t id;
} place;

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

/* Pieces that text can become, the plainest of equals; a blank in the vocabulary's text is no blank of a text, which
 * is written U+2581 there. */
static bool is_piece(const assay_vocab *v, const assay_tokenizer *t, int32_t id)
{
    return t->bytes[id].n && assay_lookup_find(t, t->bytes[id].at, t->bytes[id].n) == id &&
           !memchr(v->text[id].at, ' ', v->text[id].n);
}

static assay_status make_tree(const assay_vocab *v, const assay_tokenizer *t, unigram *u, assay_why *why)
{
    size_t bytes = 0;
    for (int32_t id = 0; id < t->n; id++)
        bytes += is_piece(v, t, id) ? t->bytes[id].n : 0;
    const assay_status s = assay_tree_make(&u->tree, bytes, v->label, why);
    for (int32_t id = 0; id < t->n && !s; id++)
        if (is_piece(v, t, id))
            assay_tree_add(&u->tree, t->bytes[id], id);
    return s;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static void destroy(void *state)
{
    unigram *u = state;
    assay_normalizer_free(&u->normalizer);
    free(u->score);
    assay_tree_free(&u->tree);
    free(u);
}

/* User-defined pieces win over any others, longer ones over shorter ones; Hugging Face's tokenizers cut them out
 * before. */
static assay_status read_scores(const assay_vocab *v, unigram *u, assay_why *why)
{
    double least = FLT_MAX;
    for (int32_t id = 0; id < v->n; id++) {
        const bool user = v->type[id] == ASSAY_TOKEN_USER && !v->added,
                   counts = v->added ? !(v->mark[id] & ASSAY_MARK_OUTSIDE) : v->type[id] == ASSAY_TOKEN_NORMAL;
        if (!isfinite(v->score[id]))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: the score of token %" PRId32 " is not finite", v->label, id);
        u->score[id] = user ? (double)(float)(0.1 * ((double)v->text[id].n - 1)) : v->score[id];
        least = counts && v->score[id] < least ? v->score[id] : least;
    }
    u->unknown_score = v->added ? least - 10 : (double)((float)least - 10.0f);
    return ASSAY_OK;
}

static assay_status find_others(const assay_vocab *v, const assay_tokenizer *t, unigram *u, assay_why *why)
{
    const int bytes = assay_lookup_bytes(t, u->byte);
    u->unknown = v->named[ASSAY_NAMED_UNKNOWN];
    for (int32_t id = 0; id < t->n && u->unknown < 0; id++)
        if (t->type[id] == ASSAY_TOKEN_UNKNOWN)
            u->unknown = id;
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
    u->rewrite = v->rewrite;
    assay_status s = read_scores(v, u, why);
    if (!s)
        s = find_others(v, t, u, why);
    if (!s)
        s = make_tree(v, t, u, why);
    if (!s)
        s = assay_normalizer_make(v, &u->normalizer, why);
    u->normalizer.kept = assay_marks_kept;
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

static void arrive(const unigram *u, place *p, double score, size_t from, int32_t id)
{
    if (!u->rewrite.on)
        score = (double)(float)score;
    if (p->from < 0 || score > p->score)
        *p = (place){ score, (int32_t)from, id };
}

/* Sums that grow beyond what a float holds well are counted from here, so from is at 0; reached: the last place that
 * there is a way to. */
static void count_anew(place *p, size_t from, size_t reached)
{
    const double offset = p[from].score;
    if (offset >= -100000 && offset <= 100000)
        return;
    for (size_t i = from; i <= reached; i++)
        if (i == from || p[i].from >= 0)
            p[i].score = (double)(float)(p[i].score - offset);
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
        if (!u->rewrite.on)
            count_anew(p, from, reached);
        int32_t node = 0;
        for (size_t to = from; to < n;) {
            node = assay_tree_step(&u->tree, node, (uint8_t)text[to++]);
            if (!node)
                break;
            const int32_t id = u->tree.value[node];
            if (id < 0 || (t->type[id] != ASSAY_TOKEN_NORMAL && t->type[id] != ASSAY_TOKEN_USER))
                continue;
            arrive(u, &p[to], u->score[id] + p[from].score, from, id);
            reached = to > reached ? to : reached;
            alone = alone || to - from == length;
        }
        from += length;
        if (!alone) {
            arrive(u, &p[from], u->unknown_score + p[from - length].score, from - length, -1);
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

static assay_status word(void *encoding, const char *text, size_t n, assay_why *why)
{
    assay_encoding *e = encoding;
    if (n >= INT32_MAX)
        return assay_fail(why, ASSAY_UNSUPPORTED, "a part of %zu bytes is too long to cut", n);
    place *p = malloc((n + 1) * sizeof *p);
    if (!p)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a part of %zu bytes", n);
    find_way(e->t, p, text, n);
    const assay_status s = put_way(e, p, text, n, why);
    free(p);
    return s;
}

static assay_status normalize(const assay_tokenizer *t, const char *part, size_t n, bool first, char **out,
                              size_t *n_out, assay_why *why)
{
    const unigram *u = t->state;
    assay_normalizer z = u->normalizer;
    z.t = t; /* not from make(): a tokenizer may be copied */
    return u->rewrite.on ? assay_rewrite_text(&u->rewrite, &z, part, n, out, n_out, why)
                         : assay_normalize(&z, part, n, first, true, out, n_out, why);
}

static assay_status encode(assay_encoding *e, const char *part, size_t n, bool first, assay_why *why)
{
    const unigram *u = e->t->state;
    return u->rewrite.on ? assay_rewrite_words(&u->rewrite, part, n, first, word, e, why) : word(e, part, n, why);
}

const assay_tokenizer_kind assay_kind_unigram = { .name = "SentencePiece unigram",
                                                  .gguf = "t5",
                                                  .print = assay_print_piece,
                                                  .make = make,
                                                  .free = destroy,
                                                  .encode = encode,
                                                  .users = true,
                                                  .normalize = normalize };
