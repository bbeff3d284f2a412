/* SPDX-License-Identifier: MIT
 * attention_keys.h - which keys each query of a case sees.  Lengths, pages and positions follow from the seed alone, so
 * that the generators of q and k, which come first, know it. */
#ifndef ASSAY_ATTENTION_KEYS_H
#define ASSAY_ATTENTION_KEYS_H
#include "../../reference/core/secret.h"
#include "../../reference/core/suite.h"
#include "assay/params/attention.h"

enum { Q, K, V, MASK, SLOPES, SINKS, QPOS, KPOS, LEN, PAGES, ALLOW, OUT };
enum { B, T, S, H, G, D, E, P, X, Y };

static uint64_t mix(const assay_case *c, uint64_t stream, int64_t i)
{
    assay_rng r = { assay_secret_seed(c->seed), 0x61747400 + stream, (uint64_t)i };
    return assay_rng_u64(&r) >> 33;
}
static bool has(const assay_case *c, int i)
{
    return c->present >> i & 1;
}
static const assay_attention_params *fields(const assay_case *c)
{
    return (const void *)c->params;
}

/* Of every four sequences one is full, one empty, two of any length. */
static int64_t length(const assay_case *c, int64_t b)
{
    const int64_t page = fields(c)->page, paged = c->dim[P] * page;
    const int64_t most = has(c, PAGES) && paged < c->dim[S] ? paged : c->dim[S];
    if (!has(c, LEN) || b % 4 == 0)
        return most;
    return b % 4 == 3 ? 0 : (int64_t)(mix(c, 1, b) % (uint64_t)(most + 1));
}

/* Pages of all sequences are a random choice without repetition while the pool lasts, then shared from its start;
 * entries behind the last page in use are poison. */
static int64_t page_of(const assay_case *c, int64_t b, int64_t i)
{
    const int64_t page = fields(c)->page, p = b * c->dim[P] + i;
    const int64_t pool = page > 0 && page <= c->dim[B] * c->dim[S] ? c->dim[B] * c->dim[S] / page : 1;
    if (i * page >= length(c, b))
        return i % 2 ? -1 : 1 << 30;
    const int64_t step = pool % 7 ? 7 : pool % 5 ? 5 : 1; /* coprime to the pool or plainly in order */
    return (p * step + (int64_t)(mix(c, 2, 0) % (uint64_t)pool)) % pool;
}
static int64_t row_of(const assay_case *c, int64_t b, int64_t j)
{
    const int64_t page = fields(c)->page;
    return has(c, PAGES) && page > 0 ? page_of(c, b, j / page) * page + j % page : b * c->dim[S] + j;
}

/* A window that is longer than all slots decides nothing but where positions have gaps: its length. */
static int64_t gap(const assay_case *c)
{
    const int64_t W = fields(c)->window;
    return has(c, KPOS) && W > c->dim[S] ? W : 0;
}
/* The same of what ends at a position or ahead of the query: the slots stand on both sides of that end. */
static int64_t edge(const assay_case *c)
{
    const assay_attention_params *p = fields(c);
    const int64_t at = p->right > p->prefix ? p->right : p->prefix, most = at > p->chunk ? at : p->chunk;
    return has(c, KPOS) && has(c, QPOS) && !gap(c) && most > c->dim[S] ? most : 0;
}
/* Positions of a ring of S slots after more tokens than it holds; every ninth slot is empty.  Beside a gap every third
 * slot, as long as they last, stands about as far back as the window of some query reaches. */
static int64_t newest(const assay_case *c, int64_t b)
{
    if (edge(c))
        return edge(c) + length(c, b) / 2;
    return has(c, KPOS) ? length(c, b) - 1 + (int64_t)(mix(c, 3, b) % 5) + gap(c) : length(c, b) - 1;
}
static int64_t kpos(const assay_case *c, int64_t b, int64_t j)
{
    const int64_t n = length(c, b), last = newest(c, b), far = last - gap(c) - c->dim[T] + 1 + j / 3;
    if (!has(c, KPOS))
        return j;
    if (gap(c) && j < n && j % 3 == 1 && j / 3 < c->dim[T] + 2)
        return far < 0 ? -1 : far;
    return n == 0 || j >= n || mix(c, 4, b * c->dim[S] + j) % 9 == 0 ? -1 : last - ((last - j) % n + n) % n;
}
/* Given positions: the last ones, those before an edge, or as far back that what is ahead ends at the newest key; in
 * odd sequences from the last to the first. */
static int64_t qpos(const assay_case *c, int64_t b, int64_t t)
{
    const int64_t last = has(c, KPOS) ? newest(c, b) + 1 : length(c, b);
    const int64_t back = !edge(c) ? 0 : fields(c)->right == edge(c) ? edge(c) - 3 : length(c, b) / 2 + 1;
    const int64_t past = last - back - c->dim[T];
    return has(c, QPOS) ? (past > 0 ? past : 0) + (b % 2 ? c->dim[T] - 1 - t : t) : length(c, b) - c->dim[T] + t;
}
/* One tile of three is closed, whatever of its dimensions the operand does not vary over. */
static bool allowed(const assay_case *c, const int64_t at[4])
{
    static const int along[] = { B, H, X, Y };
    int64_t i = 0;
    for (int k = 0; k < 4; k++)
        i = i * c->dim[along[k]] + (c->spread_over[ALLOW] >> along[k] & 1 ? 0 : at[k]);
    return mix(c, 6, i) % 3 != 0;
}
/* What a query at q sees by position: a key at s. */
static bool near(const assay_attention_params *p, int64_t q, int64_t s)
{
    const int64_t d = s - q, W = p->window, R = p->right ? p->right : W, C = p->chunk;
    if (C > 0 && (q < 0 || s - s % C != q - q % C))
        return false;
    return s >= 0 && !(p->causal && d > 0 && s >= p->prefix) && !(W > 0 && -d >= W) && !(R > 0 && d >= R);
}
static bool sees(const assay_case *c, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const int64_t tile = fields(c)->tile ? fields(c)->tile : 1;
    return near(fields(c), qpos(c, b, t), kpos(c, b, j)) &&
           (!has(c, ALLOW) || allowed(c, (int64_t[]){ b, h, t / tile, j / tile }));
}
/* Of the visible keys the first, the last or any by position; -1: none. */
static int64_t target(const assay_case *c, int64_t b, int64_t t, int64_t h)
{
    const int64_t n = length(c, b), want = (t + 2 * h) % 3;
    int64_t best = -1;
    for (int64_t j = 0; j < n; j++)
        if (sees(c, b, t, h, j)) {
            const int64_t s = kpos(c, b, j), at = best < 0 ? 0 : kpos(c, b, best);
            if (best < 0 || (want == 0 ? s < at : want == 1 ? s > at : mix(c, 5, t * n + j) % 3 == 0))
                best = j;
        }
    return best;
}
#endif
