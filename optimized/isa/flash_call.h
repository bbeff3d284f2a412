/* SPDX-License-Identifier: MIT
 * flash_call.h - attention as a kernel: work units and phases, scratch, the last division, rows done again with care.
 */
#ifndef ASSAY_ISA_FLASH_CALL_H
#define ASSAY_ISA_FLASH_CALL_H
#include "flash.h"

/* ---- scratch and shared -------------------------------------------------------------------------------------- */

static int64_t flash_rows(const flash *f)
{
    return flash_up(f->block * f->M, ROWS);
}
enum { ARRAYS = 13 };
/* Floats of each array of a part, in the order of its pointers; returns their sum. */
static int64_t flash_sizes(const flash *f, int64_t n[ARRAYS])
{
    const int64_t rows = flash_rows(f);
    const int64_t size[ARRAYS] = { rows * f->D,   ROWS * KEYS,   rows * f->ldo, rows + ROOM, rows,
                                   KEYS * f->D,   KEYS * f->ldo, PANEL * f->D,  KEYS,        f->block,
                                   rows * f->ldo, rows,          rows };
    int64_t sum = 0;
    for (int i = 0; i < ARRAYS; i++)
        sum += n[i] = flash_up(size[i], PANEL);
    return sum;
}
static size_t flash_scratch(const assay_args *a)
{
    const flash f = flash_open(a);
    int64_t n[ARRAYS];
    return (size_t)flash_sizes(&f, n) * sizeof(float);
}
/* Of one split: maxima, sums and outputs of its rows. */
static int64_t flash_partial(const flash *f)
{
    return flash_up(f->T * f->M * (2 + f->ldo), PANEL);
}
static size_t flash_shared(const assay_args *a)
{
    const flash f = flash_open(a);
    return f.splits > 1 ? (size_t)(f.B * f.G * f.splits * flash_partial(&f)) * sizeof(float) : 0;
}
static uint32_t flash_phases(const assay_args *a)
{
    return flash_open(a).splits > 1 ? 2 : 1;
}
static int64_t flash_units(const assay_args *a)
{
    const flash f = flash_open(a);
    return f.B * f.G * (a->phase == 1 ? 1 : f.splits > 1 ? f.splits : f.blocks);
}

/* ---- one row again, key by key: the reference's order of effects in floats ----------------------------------- */

static float flash_element(const flash *f, int operand, const part *u, int64_t j, int64_t i)
{
    const assay_tensor *t = &f->a->operand[operand];
    const char *p = t->layout == ASSAY_LAYOUT_kpanel16 ? t->data : flash_row(f, operand, u->b, u->g, j);
    if (t->layout == ASSAY_LAYOUT_kpanel16)
        i = (((u->b * ((f->S + PANEL - 1) / PANEL) + j / PANEL) * f->G + u->g) * f->D + i) * PANEL + j % PANEL;
    float wide[32];
    const int64_t block = t->type == ASSAY_q8_0 || t->type == ASSAY_q4_0 ? 32 : 1;
    flash_widen(wide, p + flash_bytes(t->type, i / block * block), t->type, block);
    return wide[i % block];
}
static bool flash_score(const flash *f, const part *u, int64_t row, int64_t j, float *z)
{
    float mask[KEYS];
    bias x = flash_row_bias(f, u, row, j, 1, mask);
    const int64_t s = flash_kpos(f, u->b, j), ahead = s - x.at;
    const float *q = flash_query(f, u, row, u->row), add = x.mask ? x.mask[0] : x.all;
    if (s < 0 || s < x.lo || s > x.hi || add == -INFINITY)
        return false;
    float dot = 0;
    for (int64_t d = 0; d < f->D; d++)
        dot += q[d] * flash_element(f, K, u, j, d);
    dot *= f->scale;
    *z = (x.cap > 0 ? x.cap * tanhf(dot / x.cap) : dot) + add - x.slope * (float)(ahead < 0 ? -ahead : ahead);
    return true;
}
static void flash_careful(const flash *f, const part *u, int64_t row, float *o)
{
    const int64_t h = u->g * f->M + row % f->M;
    float m = -INFINITY, l = 0, z;
    for (int64_t j = 0; j < u->n; j++)
        if (flash_score(f, u, row, j, &z))
            m = z > m || z != z ? z : m;
    for (int64_t e = 0; e < f->E; e++)
        o[e] = 0;
    if (m == -INFINITY)
        return;
    if (f->a->operand[SINKS].data) {
        const float sink = flash_float(&f->a->operand[SINKS], h);
        m = sink > m ? sink : m;
        l = expf(sink - m);
    }
    for (int64_t j = 0; j < u->n; j++)
        if (flash_score(f, u, row, j, &z)) {
            const float w = expf(z - m);
            l += w;
            for (int64_t e = 0; e < f->E; e++)
                o[e] += w * flash_element(f, V, u, j, e);
        }
    for (int64_t e = 0; e < f->E; e++)
        o[e] /= l;
}

/* ---- a unit -------------------------------------------------------------------------------------------------- */

/* most: queries from t0 on, if the sequence has that many. */
static part flash_part(const flash *f, int64_t b, int64_t g, int64_t t0, int64_t most)
{
    int64_t n[ARRAYS];
    flash_sizes(f, n);
    float *at[ARRAYS], *p = f->a->scratch;
    for (int i = 0; i < ARRAYS; i++)
        at[i] = p, p += n[i];
    part u = { .b = b,
               .g = g,
               .t0 = t0,
               .q = at[0],
               .s = at[1],
               .o = at[2],
               .m = at[3],
               .l = at[4],
               .k = at[5],
               .v = at[6],
               .row = at[7],
               .kpos = (int32_t *)(void *)at[8],
               .qpos = (int32_t *)(void *)at[9],
               .all_o = at[10],
               .all_m = at[11],
               .all_l = at[12] };
    u.T = f->T - u.t0 < most ? f->T - u.t0 : most;
    u.rows = u.T * f->M;
    u.n = flash_len(f, u.b);
    u.qmin = INT32_MAX, u.qmax = INT32_MIN;
    for (int64_t t = 0; t < u.T; t++) {
        const int32_t q = u.qpos[t] = (int32_t)flash_qpos(f, u.b, u.t0 + t, u.n);
        u.qmin = q < u.qmin ? q : u.qmin, u.qmax = q > u.qmax ? q : u.qmax;
    }
    return u;
}

/* Scaled queries, row by row; no segment yet. */
static void flash_start(const flash *f, part *u)
{
    const int64_t rows = flash_up(u->rows, ROWS);
    const vec scale = vec_set(f->scale);
    for (int64_t r = 0; r < u->rows; r++) {
        float *dst = u->q + r * f->D;
        const float *src = flash_query(f, u, r, dst);
        int64_t d = 0;
        for (; d + LANES <= f->D; d += LANES)
            vec_store(dst + d, vec_mul(scale, vec_load(src + d)));
        for (; d < f->D; d++)
            dst[d] = src[d] * f->scale;
        u->all_m[r] = -INFINITY, u->all_l[r] = 0;
    }
    memset(u->q + u->rows * f->D, 0, (size_t)((rows - u->rows) * f->D) * sizeof(float));
    if (f->ldo != f->E) /* columns behind the last: else what stood there decides whether a row is done again */
        memset(u->v, 0, (size_t)(KEYS * f->ldo) * sizeof(float));
}

/* Outputs, maxima and sums over the keys from .. to - 1, which begin a segment; false: no row sees any. */
static bool flash_segment(const flash *f, part *u, int64_t from, int64_t to)
{
    const int64_t rows = flash_up(u->rows, ROWS);
    bool seen = false;
    for (int64_t r = 0; r < rows + ROOM; r++)
        u->m[r] = -INFINITY;
    memset(u->l, 0, (size_t)rows * sizeof(float));
    memset(u->o, 0, (size_t)(rows * f->ldo) * sizeof(float));
    for (int64_t j = from; j < to; j += KEYS)
        seen |= flash_block(f, u, j, j + KEYS < to ? j + KEYS : to);
    return seen;
}

/* A segment of one row, m, l and o, joins those before it; one that the row does not see (l = 0) changes nothing. */
static void flash_join(const flash *f, float m, float l, const float *o, float *all_m, float *all_l, float *all_o)
{
    if (l == 0)
        return;
    if (*all_l == 0) {
        *all_m = m, *all_l = l;
        memcpy(all_o, o, (size_t)f->ldo * sizeof(float));
        return;
    }
    const float high = m > *all_m ? m : *all_m;
    const vec old = vec_exp(vec_set(*all_m - high)), new = vec_exp(vec_set(m - high));
    *all_m = high;
    *all_l = vf_first(vec_fma(new, vec_set(l), vec_mul(old, vec_set(*all_l))));
    for (int64_t e = 0; e < f->ldo; e += LANES)
        vec_store(all_o + e, vec_fma(new, vec_load(o + e), vec_mul(old, vec_load(all_o + e))));
}

static void flash_keys_all(const flash *f, part *u)
{
    flash_start(f, u);
    for (int64_t j = 0; j < u->n; j += SEGMENT)
        if (flash_segment(f, u, j, j + SEGMENT < u->n ? j + SEGMENT : u->n))
            for (int64_t r = 0; r < u->rows; r++)
                flash_join(f, u->m[r], u->l[r], u->o + r * f->ldo, u->all_m + r, u->all_l + r, u->all_o + r * f->ldo);
}

/* Outputs of row r of a unit; written; spoiled: the first is NaN. */
static void *flash_out(const flash *f, const part *u, int64_t r)
{
    const assay_tensor *out = &f->a->operand[OUT];
    return (char *)out->data + u->b * out->stride[0] + (u->t0 + r / f->M) * out->stride[1] +
           (u->g * f->M + r % f->M) * out->stride[2];
}
static void flash_write(const flash *f, const part *u, int64_t r, const float *x)
{
    void *o = flash_out(f, u, r);
    if (f->a->operand[OUT].type == ASSAY_f16)
        ENCODE(f16)(o, x, f->E);
    else if (f->a->operand[OUT].type == ASSAY_bf16)
        ENCODE(bf16)(o, x, f->E);
    else
        memcpy(o, x, (size_t)f->E * sizeof(float));
}
static bool flash_spoiled(const flash *f, const part *u, int64_t r)
{
    float first[32] = { 0 }; /* room for whole vectors, which gcc would see one float overrun by */
    flash_widen(first, flash_out(f, u, r), f->a->operand[OUT].type, f->E > 0);
    return isnan(first[0]);
}

/* Row r of the unit, done: m, l and acc over all keys.  False: not all finite; its first output is NaN then. */
static bool flash_finish(const flash *f, const part *u, int64_t r, float m, float l, float *acc)
{
    float factor = 1;
    vec odd = vec_set(0);
    if (l == 0) {
        memset(acc, 0, (size_t)f->E * sizeof(float));
        flash_write(f, u, r, acc);
        return true;
    }
    if (f->a->operand[SINKS].data) {
        const float sink = flash_float(&f->a->operand[SINKS], u->g * f->M + r % f->M), up = sink > m ? sink : m;
        factor = vf_first(vec_exp(vec_set(m - up)));
        l = l * factor + vf_first(vec_exp(vec_set(sink - up)));
    }
    factor /= l;
    for (int64_t e = 0; e < f->ldo; e += LANES) { /* + 0: keys of weight 0 may have made 0 of a sum of -0 */
        const vec x = vec_add(vec_mul(vec_load(acc + e), vec_set(factor)), vec_set(0));
        odd = vec_fma(x, vec_set(0), odd);
        vec_store(acc + e, x);
    }
    const bool good = vec_sum(odd) == 0 || f->E == 0;
    acc[0] = good ? acc[0] : NAN;
    flash_write(f, u, r, acc);
    return good;
}

/* The row of a query t and a head m of group g again, as if the query were the only one of its call. */
static void flash_again(const flash *f, int64_t b, int64_t g, int64_t t, int64_t m)
{
    part u = flash_part(f, b, g, t, 1);
    flash_keys_all(f, &u);
    float *acc = u.all_o + m * f->ldo;
    if (flash_finish(f, &u, m, u.all_m[m], u.all_l[m], acc))
        return;
    flash_careful(f, &u, m, acc);
    flash_write(f, &u, m, acc);
}

static void flash_whole(const flash *f, int64_t unit)
{
    part u = flash_part(f, unit / f->blocks / f->G, unit / f->blocks % f->G, unit % f->blocks * f->block, f->block);
    bool good = true;
    flash_keys_all(f, &u);
    for (int64_t r = 0; r < u.rows; r++)
        good &= flash_finish(f, &u, r, u.all_m[r], u.all_l[r], u.all_o + r * f->ldo);
    for (int64_t r = 0; !good && r < u.rows; r++)
        if (flash_spoiled(f, &u, r))
            flash_again(f, u.b, u.g, u.t0 + r / f->M, r % f->M);
}

static void flash_split(const flash *f, int64_t unit)
{
    part u = flash_part(f, unit / f->G / f->splits, unit % f->G, 0, f->block);
    const int64_t first = unit / f->G % f->splits * SEGMENT, last = first + SEGMENT < u.n ? first + SEGMENT : u.n;
    float *to = (float *)f->a->shared + unit * flash_partial(f);
    flash_start(f, &u);
    flash_segment(f, &u, first, last);
    memcpy(to, u.m, (size_t)u.rows * sizeof(float));
    memcpy(to + u.rows, u.l, (size_t)u.rows * sizeof(float));
    memcpy(to + 2 * u.rows, u.o, (size_t)(u.rows * f->ldo) * sizeof(float));
}

static void flash_merge(const flash *f, int64_t unit)
{
    const part u = flash_part(f, unit / f->G, unit % f->G, 0, f->block);
    const int64_t step = f->G * flash_partial(f);
    const float *from = (const float *)f->a->shared + (u.b * f->splits * f->G + u.g) * flash_partial(f);
    for (int64_t r = 0; r < u.rows; r++) {
        float m = -INFINITY, l = 0;
        for (int64_t i = 0; i < f->splits; i++) {
            const float *p = from + i * step;
            flash_join(f, p[r], p[u.rows + r], p + 2 * u.rows + r * f->ldo, &m, &l, u.all_o);
        }
        if (!flash_finish(f, &u, r, m, l, u.all_o))
            flash_again(f, u.b, u.g, r / f->M, r % f->M);
    }
}

static assay_status flash_run(const assay_args *a)
{
    const flash f = flash_open(a);
    for (int64_t i = a->begin; i < a->end; i++)
        if (a->phase == 1)
            flash_merge(&f, i);
        else if (f.splits > 1)
            flash_split(&f, i);
        else
            flash_whole(&f, i);
    return ASSAY_OK;
}

/* Pages are rows: with K panels they are not taken. */
static bool flash_accepts(const assay_args *a)
{
    return !(a->operand[K].layout == ASSAY_LAYOUT_kpanel16 && a->operand[PAGES].rank > 0);
}

#define FLASH_FLOATS (ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16))
#define FLASH_CACHED ASSAY_TYPES(FLASH_FLOATS | ASSAY_T(q8_0) | ASSAY_T(q4_0) | ASSAY_T(e4m3) | ASSAY_T(e5m2))
static const assay_typeset flash_types[] = {
    ASSAY_TYPES(FLASH_FLOATS),
    FLASH_CACHED,
    FLASH_CACHED,
    ASSAY_TYPES(FLASH_FLOATS),
    ASSAY_TYPES(ASSAY_T(f32)),
    ASSAY_TYPES(ASSAY_T(f32)),
    ASSAY_TYPES(ASSAY_T(i32)),
    ASSAY_TYPES(ASSAY_T(i32)),
    ASSAY_TYPES(ASSAY_T(i32)),
    ASSAY_TYPES(ASSAY_T(i32)),
    ASSAY_TYPES(ASSAY_T(i8)),
    ASSAY_TYPES(FLASH_FLOATS),
};
static const uint32_t flash_layouts[] = { 1, 1u | 1u << ASSAY_LAYOUT_kpanel16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

/* KERNEL members that every tier shares */
#define FLASH_KERNEL                                                                                                   \
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT, .types = flash_types, .layouts = flash_layouts,              \
    .run = flash_run, .accepts = flash_accepts, .phases = flash_phases, .units = flash_units, .shared = flash_shared,  \
    .scratch = flash_scratch
#endif
