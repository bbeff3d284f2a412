/* SPDX-License-Identifier: MIT
 * flash.h - attention in blocks of KEYS keys with an online softmax (Dao et al. 2022; Milakov and Gimelshein 2018),
 * over a vector type (flash_tile.h).  Never holds T x S scores: per worker one block of K and V, a block of queries,
 * its outputs.
 *
 * A unit is (sequence, kv head, block of queries): the H/G query heads of a kv head are stacked as further rows, so
 * that each K and V element is converted, loaded and reused by all of them (row = (t - t0) * M + m).
 *
 * A row's bits do not depend on the rows beside it.  Its sums run over segments of SEGMENT keys, block by block and key
 * by key, and the segments are merged in turn, whoever computes them: one unit all of them, or, with few rows and many
 * keys (decode), a unit each, which leaves its part in shared for phase 1.  Keys that only others of a tile see weigh
 * 0.
 *
 * A row with an output that is not finite is computed again, first as if its query were alone, then one key after the
 * other: a NaN at a key that the row does not see must not leak, and a zero weight times an infinity would. */
#ifndef ASSAY_ISA_FLASH_H
#define ASSAY_ISA_FLASH_H
#include "assay/params/attention.h"
#include "flash_tile.h"
#include "simd_exp.h"
#include "simd_math.h"

enum { Q, K, V, MASK, SLOPES, SINKS, QPOS, KPOS, LEN, PAGES, ALLOW, OUT };
enum { ROOM = (ROWS + LANES - 1) / LANES * LANES }; /* rows of a group in whole vectors */
enum { BLOCK_ROWS = 192, SPLIT_ROWS = 24, SEGMENT = 256, DIRECT_ROWS = ROWS < 6 ? ROWS : 6 };

typedef struct flash { /* one call */
    const assay_args *a;
    const assay_attention_params *p;
    int64_t B, T, S, H, G, D, E, P, M, block, blocks, splits, ldo; /* M heads per kv head; block: queries per unit */
    float scale;
    bool k_half, k_panel, v_direct, v_half; /* how tiles read K and V */
    bool direct;                            /* few rows: K is read where it lies, with no panel made of it */
    bool plain;                             /* scores are q.k and nothing else */
} flash;

typedef struct part {             /* one unit; the arrays are in scratch */
    int64_t b, g, t0, T, rows, n; /* queries t0 .. t0 + T - 1; n: keys in use */
    float *q, *s, *o, *m, *l, *k, *v,
        *row;                     /* scaled q; scores; outputs, maxima and sums of rows; blocks of K, V; a row */
    float *all_o, *all_m, *all_l; /* of the segments before this one */
    int32_t *kpos, *qpos;         /* of the block's keys (-1: not there) and of the queries */
    int32_t qmin, qmax;
} part;

/* Of n elements; whole blocks. */
static inline int64_t flash_bytes(assay_dtype t, int64_t n)
{
    switch (t) {
    case ASSAY_q8_0:
        return n / 32 * (int64_t)sizeof(assay_q8_0);
    case ASSAY_q4_0:
        return n / 32 * (int64_t)sizeof(assay_q4_0);
    case ASSAY_e4m3:
    case ASSAY_e5m2:
        return n;
    default:
        return n * (t == ASSAY_f32 ? 4 : 2);
    }
}
static inline int64_t flash_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}
static flash flash_open(const assay_args *a)
{
    const int64_t *n = a->dim;
    flash f = { .a = a,
                .p = a->params,
                .B = n[0],
                .T = n[1],
                .S = n[2],
                .H = n[3],
                .G = n[4],
                .D = n[5],
                .E = n[6],
                .P = n[7],
                .M = n[4] > 0 ? n[3] / n[4] : 0 };
    const assay_tensor *k = &a->operand[K], *v = &a->operand[V];
    f.block = f.M > 0 && f.M < BLOCK_ROWS ? BLOCK_ROWS / f.M : 1;
    f.block = f.T < f.block ? f.T : f.block;
    f.blocks = f.block > 0 ? (f.T + f.block - 1) / f.block : 0;
    f.splits = f.T * f.M <= SPLIT_ROWS && f.S >= 2 * SEGMENT ? (f.S + SEGMENT - 1) / SEGMENT : 1;
    f.ldo = flash_up(f.E, PANEL);
    f.scale = f.p->scale != 0 ? f.p->scale : f.D > 0 ? 1 / sqrtf((float)f.D) : 1;
    f.k_panel = k->layout == ASSAY_LAYOUT_kpanel16 && k->type != ASSAY_bf16;
    f.k_half = f.k_panel && k->type == ASSAY_f16;
    f.v_half = v->type == ASSAY_f16 && f.block * f.M <= 2 * ROWS;
    f.v_direct = !a->operand[PAGES].data && f.E % PANEL == 0 && (v->type == ASSAY_f32 || f.v_half);
    f.v_half = f.v_half && f.v_direct;
    f.direct = f.T * f.M <= DIRECT_ROWS && k->layout != ASSAY_LAYOUT_kpanel16 && f.D % DIRECT_D == 0 &&
               (k->type == ASSAY_f32 || k->type == ASSAY_f16 || k->type == ASSAY_q8_0);
    f.plain = !a->operand[MASK].data && !a->operand[ALLOW].data && !a->operand[SLOPES].data && !(f.p->softcap > 0);
    return f;
}

static inline int32_t flash_int(const assay_tensor *t, int64_t i, int64_t j)
{
    int32_t v;
    memcpy(&v, (const char *)t->data + i * t->stride[0] + (t->rank > 1 ? j * t->stride[1] : 0), sizeof v);
    return v;
}
static inline float flash_float(const assay_tensor *t, int64_t i)
{
    float v;
    memcpy(&v, (const char *)t->data + i * t->stride[0], sizeof v);
    return v;
}
static int64_t flash_len(const flash *f, int64_t b)
{
    const int64_t paged = f->P * f->p->page, most = f->a->operand[PAGES].data && paged < f->S ? paged : f->S;
    return f->a->operand[LEN].data ? flash_int(&f->a->operand[LEN], b, 0) : most;
}
/* Row of k or v (strided) that holds key j of sequence b. */
static const char *flash_row(const flash *f, int operand, int64_t b, int64_t g, int64_t j)
{
    const assay_tensor *t = &f->a->operand[operand], *pages = &f->a->operand[PAGES];
    if (pages->data) {
        const int64_t r = flash_int(pages, b, j / f->p->page) * (int64_t)f->p->page + j % f->p->page;
        b = r / f->S, j = r % f->S;
    }
    return (const char *)t->data + b * t->stride[0] + j * t->stride[1] + g * t->stride[2];
}
static int64_t flash_kpos(const flash *f, int64_t b, int64_t j)
{
    return f->a->operand[KPOS].data ? flash_int(&f->a->operand[KPOS], b, j) : j;
}
static int64_t flash_qpos(const flash *f, int64_t b, int64_t t, int64_t n)
{
    return f->a->operand[QPOS].data ? flash_int(&f->a->operand[QPOS], b, t) : n - f->T + t;
}

/* Positions that a query at q sees: lo .. hi, of which lo is not negative.  Both rise with q. */
static int64_t flash_lo(const assay_attention_params *p, int64_t q)
{
    const int64_t lo = p->window > 0 ? q - p->window + 1 : 0, chunk = p->chunk > 0 && q >= 0 ? q - q % p->chunk : 0;
    return lo > chunk ? lo : chunk;
}
static int64_t flash_hi(const assay_attention_params *p, int64_t q)
{
    const int64_t R = p->right ? p->right : p->window, past = q > p->prefix - 1 ? q : p->prefix - 1;
    int64_t hi = R > 0 ? q + R - 1 : INT32_MAX;
    hi = p->causal && past < hi ? past : hi;
    if (p->chunk > 0) {
        const int64_t last = q < 0 ? -1 : q - q % p->chunk + p->chunk - 1;
        hi = last < hi ? last : hi;
    }
    return hi;
}
static int32_t flash_near(int64_t position) /* as what is compared with positions of keys */
{
    return position < -1 ? -1 : position < INT32_MAX ? (int32_t)position : INT32_MAX;
}

/* Row of tiles of allow for query t and head h of sequence b. */
static const char *flash_tiles(const flash *f, int64_t b, int64_t h, int64_t t)
{
    const assay_tensor *x = &f->a->operand[ALLOW];
    return (const char *)x->data + b * x->stride[0] + h * x->stride[1] + t / f->p->tile * x->stride[2];
}
/* Is one of the tiles of keys from .. to - 1 open for one of the unit's rows? */
static bool flash_opens(const flash *f, const part *u, int64_t from, int64_t to)
{
    const int64_t tile = f->p->tile, step = f->a->operand[ALLOW].stride[3];
    for (int64_t m = 0; m < f->M; m++)
        for (int64_t t = u->t0 / tile * tile; t < u->t0 + u->T; t += tile)
            for (int64_t y = from / tile; y * tile < to; y++)
                if (flash_tiles(f, u->b, u->g * f->M + m, t)[y * step])
                    return true;
    return false;
}

/* Query of row r of a unit: where it lies, or as floats in room. */
static const float *flash_query(const flash *f, const part *u, int64_t r, float *room)
{
    const assay_tensor *q = &f->a->operand[Q];
    const char *at = (const char *)q->data + u->b * q->stride[0] + (u->t0 + r / f->M) * q->stride[1] +
                     (u->g * f->M + r % f->M) * q->stride[2];
    if (q->type == ASSAY_f32)
        return (const float *)(const void *)at;
    flash_widen(room, at, q->type, f->D);
    return room;
}

/* ---- blocks of K and V as the tiles want them ------------------------------------------------------------------- */

static const void *flash_keys(const flash *f, const part *u, int64_t from, int64_t to)
{
    const assay_tensor *k = &f->a->operand[K];
    const int64_t D = f->D;
    if (k->layout == ASSAY_LAYOUT_kpanel16) {
        const int64_t size = k->type == ASSAY_f32 ? 4 : 2, panels = (f->S + PANEL - 1) / PANEL;
        const char *p = (const char *)k->data + ((u->b * panels + from / PANEL) * f->G + u->g) * D * PANEL * size;
        if (f->k_panel)
            return p;
        for (int64_t i = 0; i * PANEL < to - from; i++)
            flash_widen(u->k + i * D * PANEL, p + i * f->G * D * PANEL * size, k->type, D * PANEL);
        return u->k;
    }
    for (int64_t j = from; j < to; j += PANEL) {
        const float *row[PANEL];
        for (int64_t i = 0; i < PANEL; i++) {
            row[i] = u->row + i * D;
            if (j + i >= to)
                memset(u->row + i * D, 0, (size_t)D * sizeof(float));
            else if (k->type == ASSAY_f32)
                row[i] = (const float *)flash_row(f, K, u->b, u->g, j + i);
            else
                flash_widen(u->row + i * D, flash_row(f, K, u->b, u->g, j + i), k->type, D);
        }
        vf_panel(u->k + (j - from) * D, row, D);
    }
    return u->k;
}

static const char *flash_vals(const flash *f, const part *u, int64_t from, int64_t to, int64_t *step)
{
    const assay_tensor *v = &f->a->operand[V];
    *step = f->v_direct ? v->stride[1] : f->ldo * (int64_t)sizeof(float);
    if (f->v_direct)
        return flash_row(f, V, u->b, u->g, from);
    for (int64_t j = from; j < to; j++)
        flash_widen(u->v + (j - from) * f->ldo, flash_row(f, V, u->b, u->g, j), v->type, f->E);
    return (const char *)u->v;
}

static void flash_scores_direct(const flash *f, const part *u, int R, int64_t from, int64_t first, int64_t last)
{
    for (int64_t j = first; j < last; j += DIRECT_KEYS) {
        const char *row[DIRECT_KEYS];
        for (int64_t i = 0; i < DIRECT_KEYS; i++)
            row[i] = flash_row(f, K, u->b, u->g, from + (j + i < last ? j + i : last - 1));
        flash_direct(R, f->a->operand[K].type, u->q, row, f->D, u->s + j);
    }
}

/* With few rows memory is what counts: the V rows of this block are asked for while its scores are computed.  Rows of
 * one head are short and lie apart, which no hardware prefetcher follows. */
static void flash_prefetch(const flash *f, const part *u, int64_t from, int64_t to)
{
    const assay_tensor *v = &f->a->operand[V];
    const int64_t bytes = flash_bytes(v->type, f->E);
    for (int64_t j = from; j < to; j++) {
        const char *row = flash_row(f, V, u->b, u->g, j);
        for (int64_t i = 0; i < bytes; i += 64)
            __builtin_prefetch(row + i);
    }
}

/* ---- the online softmax of one row ------------------------------------------------------------------------------- */

typedef struct bias {      /* what changes one row's scores */
    const float *mask;     /* of the block's keys; NULL: none */
    float all, slope, cap; /* one mask value for all keys; slope and cap 0: none */
    bool position;         /* positions decide */
    int32_t at, lo, hi;    /* the query's position; visible keys stand in lo .. hi */
} bias;

static void flash_bias(const bias *x, const int32_t *kpos, float *s, int64_t from, int64_t to)
{
    for (int64_t j = from; j < to; j += LANES) {
        vec z = vec_load(s + j);
        if (x->cap > 0)
            z = vec_mul(vec_set(x->cap), vec_tanh(vec_div(z, vec_set(x->cap))));
        z = vec_add(z, x->mask ? vec_load(x->mask + j) : vec_set(x->all));
        if (x->slope != 0)
            z = vec_sub(z, vec_mul(vec_set(x->slope), vf_distance(kpos + j, x->at)));
        vec_store(s + j, x->position ? vf_between(z, kpos + j, x->lo, x->hi) : z);
    }
}

/* The scores of R rows become weights relative to their new maxima; keep: the factors of what was summed before. */
static void flash_softmax(int R, float *s, int64_t from, int64_t to, float *m, float *l, float *keep)
{
    float up[ROOM], base[ROOM], sum[ROOM] = { 0 };
    for (int r = 0; r < ROOM; r++)
        up[r] = -INFINITY;
    for (int r = 0; r < R; r++) {
        vec top = vec_load(s + r * KEYS + from);
        for (int64_t j = from + LANES; j < to; j += LANES)
            top = vf_max(top, vec_load(s + r * KEYS + j));
        up[r] = vf_highest(top);
    }
    for (int r = 0; r < ROOM; r += LANES) { /* all rows at once: no branch that asks whether a maximum grew */
        const vec old = vec_load(m + r), high = vf_max(vec_load(up + r), old), none = vec_set(-INFINITY);
        const vec b = vf_pick_less(none, high, high, vec_set(0));
        vec_store(base + r, b);
        vec_store(up + r, high);
        vec_store(keep + r, vec_exp(vec_sub(old, b)));
    }
    for (int r = 0; r < R; r++) {
        const vec b = vec_set(base[r]);
        vec total = vec_set(0);
        for (int64_t j = from; j < to; j += LANES) {
            const vec w = vec_exp(vec_sub(vec_load(s + r * KEYS + j), b));
            vec_store(s + r * KEYS + j, w);
            total = vec_add(total, w);
        }
        sum[r] = vec_sum(total);
    }
    for (int r = 0; r < R; r++)
        m[r] = up[r], l[r] = l[r] * keep[r] + sum[r];
}

/* ---- one block of keys against all rows of a unit ------------------------------------------------------------ */

static bias flash_row_bias(const flash *f, const part *u, int64_t row, int64_t from, int64_t n, float *copy)
{
    const assay_tensor *mask = &f->a->operand[MASK];
    const int64_t t = row / f->M, h = u->g * f->M + row % f->M;
    const int32_t q = u->qpos[t];
    bias x = {
        .cap = f->p->softcap, .at = q, .lo = flash_near(flash_lo(f->p, q)), .hi = flash_near(flash_hi(f->p, q))
    };
    if (f->a->operand[SLOPES].data)
        x.slope = flash_float(&f->a->operand[SLOPES], h);
    if (mask->data) {
        const char *p = (const char *)mask->data + u->b * mask->stride[0] + h * mask->stride[1] +
                        (u->t0 + t) * mask->stride[2] + from * mask->stride[3];
        memset(copy, 0, KEYS * sizeof(float));
        flash_widen(copy, p, mask->type,
                    mask->stride[3] ? n : 1); /* the innermost stride of a plain type is its size */
        x.mask = mask->stride[3] ? copy : NULL;
        x.all = copy[0];
    }
    if (f->a->operand[ALLOW].data) { /* closed tiles are masked */
        const char *tiles = flash_tiles(f, u->b, h, u->t0 + t);
        for (int64_t j = 0; j < KEYS && !x.mask; j++)
            copy[j] = x.all;
        for (int64_t j = 0; j < n; j++)
            copy[j] = tiles[(from + j) / f->p->tile * f->a->operand[ALLOW].stride[3]] ? copy[j] : -INFINITY;
        x.mask = copy;
    }
    return x;
}

/* The block's keys that any of the queries qmin .. qmax may see; false: none.  *all: every one sees them all. */
static bool flash_range(const flash *f, const int32_t *kpos, int64_t qmin, int64_t qmax, int64_t *from, int64_t *to,
                        bool *all)
{
    const int64_t lo = flash_lo(f->p, qmin), hi = flash_hi(f->p, qmax);
    const int64_t all_lo = flash_lo(f->p, qmax), all_hi = flash_hi(f->p, qmin);
    int64_t first = KEYS, last = -1;
    *all = true;
    for (int64_t j = 0; j < KEYS; j++) {
        const bool seen = kpos[j] >= lo && kpos[j] <= hi;
        first = seen && first == KEYS ? j : first;
        last = seen ? j : last;
        *all = *all && kpos[j] >= all_lo && kpos[j] <= all_hi;
    }
    *from = first, *to = last + 1;
    return last >= 0;
}

static bool flash_block(const flash *f, part *u, int64_t from, int64_t to) /* false: none of the rows sees any */
{
    float mask[KEYS], keep[ROOM];
    int64_t first, last, step;
    bool all;
    for (int64_t j = 0; j < KEYS; j++)
        u->kpos[j] = from + j < to ? (int32_t)flash_kpos(f, u->b, from + j) : -1;
    if (!flash_range(f, u->kpos, u->qmin, u->qmax, &first, &last, &all) ||
        (f->a->operand[ALLOW].data && !flash_opens(f, u, from, to)))
        return false;
    if (u->rows <= SPLIT_ROWS)
        flash_prefetch(f, u, from, to);
    const void *k = f->direct ? NULL : flash_keys(f, u, from, to);
    const char *v = flash_vals(f, u, from, to, &step);
    const int64_t panel = f->k_panel ? f->G * f->D * PANEL : f->D * PANEL;
    for (int64_t r0 = 0; r0 < u->rows; r0 += ROWS) {
        const int R = (int)(u->rows - r0 < ROWS ? u->rows - r0 : ROWS);
        bool full = all;
        if (!all) {
            int32_t qmin = u->qpos[r0 / f->M], qmax = qmin;
            for (int64_t t = r0 / f->M; t <= (r0 + R - 1) / f->M; t++) {
                qmin = u->qpos[t] < qmin ? u->qpos[t] : qmin;
                qmax = u->qpos[t] > qmax ? u->qpos[t] : qmax;
            }
            if (!flash_range(f, u->kpos, qmin, qmax, &first, &last, &full))
                continue;
        }
        const int64_t p0 = first / PANEL, p1 = (last + PANEL - 1) / PANEL;
        if (f->direct)
            flash_scores_direct(f, u, R, from, p0 * PANEL, p1 * PANEL < to - from ? p1 * PANEL : to - from);
        else
            flash_scores(R, f->k_half, u->q + r0 * f->D, k, panel, f->D, p0, p1, u->s);
        for (int r = 0; r < R && !(full && f->plain); r++) {
            bias x = flash_row_bias(f, u, r0 + r, from, to - from, mask);
            x.position = !full;
            flash_bias(&x, u->kpos, u->s + r * KEYS, p0 * PANEL, p1 * PANEL);
        }
        flash_softmax(R, u->s, p0 * PANEL, p1 * PANEL, u->m + r0, u->l + r0, keep);
        flash_values(R, f->v_half, u->s, v, step, first, last, keep, u->o + r0 * f->ldo, f->ldo);
    }
    return true;
}
#endif
