/* SPDX-License-Identifier: MIT
 * attention.h - what the reference and the bound of attention share: which keys a query sees, and where they lie.
 *
 * Everything indexed by S is indexed by the key's number j in its sequence; only the rows of k and v go through pages:
 * key j of sequence b is row pages[b][j / page] * page + j % page of the B*S rows.  Left out, len is S (P * page with
 * pages), key j stands at position j and query t at len - T + t: prefill, chunked prefill and decode are one op. */
#ifndef ASSAY_REFERENCE_ATTENTION_H
#define ASSAY_REFERENCE_ATTENTION_H
#include "assay/params/attention.h"
#include "ref.h"

typedef struct att {
    int64_t B, T, S, H, G, D, E, P, X, Y, window, right, prefix, chunk, tile, page;
    const real *q, *k, *v, *mask, *slopes, *sinks, *qpos, *kpos, *len, *pages, *allow;
    real *o, scale, cap;
    bool causal;
} att;

/* Where resolve() has not been asked. */
static inline real att_usual_scale(int64_t D)
{
    return D > 0 ? 1 / sqrt((real)D) : 1;
}

static inline att att_open(const assay_dense *a)
{
    const assay_attention_params *p = a->params;
    const int64_t *n = a->dim;
    void *const *x = a->operand;
    return (att){ .B = n[0],
                  .T = n[1],
                  .S = n[2],
                  .H = n[3],
                  .G = n[4],
                  .D = n[5],
                  .E = n[6],
                  .P = n[7],
                  .X = n[8],
                  .Y = n[9],
                  .window = p->window,
                  .right = p->right ? p->right : p->window,
                  .prefix = p->prefix,
                  .chunk = p->chunk,
                  .tile = p->tile > 0 ? p->tile : 1,
                  .page = p->page,
                  .q = x[0],
                  .k = x[1],
                  .v = x[2],
                  .mask = x[3],
                  .slopes = x[4],
                  .sinks = x[5],
                  .qpos = x[6],
                  .kpos = x[7],
                  .len = x[8],
                  .pages = x[9],
                  .allow = x[10],
                  .o = x[11],
                  .cap = p->softcap,
                  .causal = p->causal != 0,
                  .scale = p->scale != 0 ? (real)p->scale : att_usual_scale(n[5]) };
}
/* Keys of sequence b in use. */
static inline int64_t att_len(const att *x, int64_t b)
{
    const int64_t most = x->pages && x->P * x->page < x->S ? x->P * x->page : x->S;
    return x->len ? (int64_t)x->len[b] : most;
}
static inline int64_t att_row(const att *x, int64_t b, int64_t j)
{
    return x->pages ? (int64_t)x->pages[b * x->P + j / x->page] * x->page + j % x->page : b * x->S + j;
}
static inline int64_t att_qpos(const att *x, int64_t b, int64_t t)
{
    return x->qpos ? (int64_t)x->qpos[b * x->T + t] : att_len(x, b) - x->T + t;
}
static inline int64_t att_kpos(const att *x, int64_t b, int64_t j)
{
    return x->kpos ? (int64_t)x->kpos[b * x->S + j] : j;
}
static inline real att_mask(const att *x, int64_t b, int64_t t, int64_t h, int64_t j)
{
    return x->mask ? x->mask[((b * x->H + h) * x->T + t) * x->S + j] : 0;
}
/* Whether both are of one chunk of positions; no key is before 0, so a query there sees none. */
static inline bool att_together(const att *x, int64_t at, int64_t s)
{
    return x->chunk == 0 || (at >= 0 && at / x->chunk == s / x->chunk);
}
static inline bool att_visible(const att *x, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const int64_t at = att_qpos(x, b, t), s = att_kpos(x, b, j), ahead = s - at;
    return s >= 0 && !(x->causal && ahead > 0 && s >= x->prefix) && !(x->window > 0 && -ahead >= x->window) &&
           !(x->right > 0 && ahead >= x->right) && att_together(x, at, s) &&
           !(x->allow && x->allow[((b * x->H + h) * x->X + t / x->tile) * x->Y + j / x->tile] == 0) &&
           !(att_mask(x, b, t, h, j) == -INFINITY);
}
static inline const real *att_q(const att *x, int64_t b, int64_t t, int64_t h)
{
    return x->q + ((b * x->T + t) * x->H + h) * x->D;
}
static inline const real *att_k(const att *x, int64_t b, int64_t h, int64_t j)
{
    return x->k + (att_row(x, b, j) * x->G + h * x->G / x->H) * x->D;
}
static inline const real *att_v(const att *x, int64_t b, int64_t h, int64_t j)
{
    return x->v + (att_row(x, b, j) * x->G + h * x->G / x->H) * x->E;
}
/* Additive terms of a visible key: mask and ALiBi. */
static inline real att_alibi(const att *x, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const int64_t ahead = att_kpos(x, b, j) - att_qpos(x, b, t);
    return x->slopes ? -x->slopes[h] * (real)(ahead < 0 ? -ahead : ahead) : 0;
}
#endif
