/* SPDX-License-Identifier: MIT
 * attention: kernels that are wrong on purpose, and legal ones that must pass: one flash-style kernel over blocks of
 * keys in plain floats, and what each mode does otherwise.  q, k, v in f32 rows; of other types a copy in f32. */
#include "assay/params/attention.h"
#include "variants.h"
#include "attention_modes.h"
#include "faults.h"
#include "../../reference/core/tensor.h"
#include <stdlib.h>

enum { Q, K, V, MASK, SLOPES, SINKS, QPOS, KPOS, LEN, PAGES, ALLOW, OUT, MOST = 64, WIDEST = 256 };

typedef struct state { /* a part of the keys: largest score, sum of weights, weighted sum of v */
    float m, l, acc[WIDEST];
    double wide[WIDEST], sum;
} state;

typedef struct query {
    const assay_args *a;
    const assay_attention_params *p;
    int64_t b, t, h, g, n, pos;
    float q[WIDEST], scale;
    int mode;
} query;

static const float *at(const assay_tensor *x, int64_t i, int64_t j, int64_t k)
{
    return (const float *)((const char *)x->data + i * x->stride[0] + j * x->stride[1] + k * x->stride[2]);
}
static int64_t whole(const assay_tensor *x, int64_t i, int64_t j)
{
    int32_t v;
    memcpy(&v, (const char *)x->data + i * x->stride[0] + (x->rank > 1 ? j * x->stride[1] : 0), sizeof v);
    return v;
}

static float flushed(float x)
{
    return fabsf(x) < 0x1p-126f ? 0 : x;
}
static float poly_exp(float x, int degree) /* Taylor on |r| <= ln 2 / 2, from below */
{
    if (!(x > -104))
        return x != x ? x : 0;
    const float n = rintf(x * 1.44269504f), r = fmaf(n, -0x1.62e430p-1f, x) + n * 0x1.05c610p-29f;
    static const float inv[] = { 1, 1, 1.0f / 2, 1.0f / 3, 1.0f / 4, 1.0f / 5, 1.0f / 6, 1.0f / 7 };
    float p = 1;
    for (int k = degree; k > 0; k--)
        p = fmaf(p * r, inv[k], 1);
    return ldexpf(p, (int)n);
}
static float weight(const query *x, float z, float m)
{
    switch (x->mode) {
    case POLY6:
        return poly_exp(z - m, 7);
    case POLY5:
        return poly_exp(z - m, 5);
    case BASE2:
        return exp2f((z - m) * 1.44269504f);
    case NO_MAX:
        return expf(z);
    case CONSTANT_MAX:
        return expf(z - 10);
    case P_BF16:
        return as_bf16(expf(z - m));
    default:
        return expf(z - m);
    }
}

static float dot(const query *x, const float *k, int64_t n)
{
    float s = 0, lane[8] = { 0 };
    double wide = 0;
    switch (x->mode) {
    case LANES8:
        for (int64_t d = 0; d < n; d++)
            lane[d % 8] += x->q[d] * k[d];
        for (int i = 0; i < 8; i++)
            s += lane[i];
        return s;
    case FMA:
        for (int64_t d = n - 1; d >= 0; d--)
            s = fmaf(x->q[d], k[d], s);
        return s;
    case DOUBLE:
        for (int64_t d = 0; d < n; d++)
            wide += (double)x->q[d] * (double)k[d];
        return (float)wide;
    case FLUSHED:
        for (int64_t d = 0; d < n; d++)
            s = flushed(s + flushed(flushed(x->q[d]) * flushed(k[d])));
        return s;
    case PAIRWISE:
        for (int64_t d = 0; d + 1 < n; d += 2)
            s += x->q[d] * k[d] + x->q[d + 1] * k[d + 1];
        return n % 2 ? s + x->q[n - 1] * k[n - 1] : s;
    default:
        for (int64_t d = 0; d < n; d++)
            s += x->q[d] * k[d];
        return s;
    }
}

static int64_t row(const query *x, int64_t j)
{
    const assay_tensor *pages = &x->a->operand[PAGES];
    if (x->mode == STALE_ROW && j == x->n - 1 && j > 0)
        j--;
    if (!pages->data || x->mode == NO_PAGES)
        return x->b * x->a->dim[2] + j;
    return whole(pages, x->b, j / x->p->page) * x->p->page + j % x->p->page;
}
static const float *rows(const query *x, int operand, int64_t j)
{
    const int64_t r = row(x, j), S = x->a->dim[2];
    return at(&x->a->operand[operand], r / S, r % S, x->g);
}
static int64_t position(const query *x, int64_t j)
{
    const assay_tensor *kpos = &x->a->operand[KPOS];
    return kpos->data && (x->mode != BY_CELL || whole(kpos, x->b, j) < 0) ? whole(kpos, x->b, j) : j;
}

/* Whether the key at s is within the query's reach, as the op says or as the mode has it. */
static bool reached(const query *x, int64_t s)
{
    const assay_attention_params *p = x->p;
    const int64_t ahead = s - x->pos, W = p->window + (x->mode == WINDOW_PLUS && p->window > 0);
    const int64_t R = p->right ? p->right + (x->mode == RIGHT_PLUS) : W, C = p->chunk;
    const int64_t slack = x->mode == CAUSAL_PLUS ? 1 : x->mode == CAUSAL_MINUS ? -1 : 0;
    const int64_t prefix = p->prefix + (x->mode == PREFIX_PLUS && p->prefix > 0);
    const int64_t far = x->mode == WINDOW_PAGES ? ahead / 16 * 16 : ahead;
    const bool chunk = C == 0 || (x->mode == CHUNK_SLIDES ? -ahead < C : x->pos >= 0 && s / C == x->pos / C);
    return s >= 0 && !(p->causal && ahead > slack && (s >= prefix || x->mode == PREFIX_AFTER)) &&
           !(W > 0 && -far >= W) && !(R > 0 && far >= R) && chunk;
}
static bool allowed(const query *x, int64_t j)
{
    const assay_tensor *t = &x->a->operand[ALLOW];
    if (!t->data)
        return true;
    const int64_t tile = x->p->tile, h = x->mode == ALLOW_HEAD ? 0 : x->h;
    const int64_t y = x->mode == ALLOW_TILE_DOWN && j / tile > 0 && j == x->n - 1 ? j / tile - 1 : j / tile;
    const int8_t v = *((const int8_t *)at(t, x->b, h, x->t / tile) + y * t->stride[3]);
    return x->mode == ALLOW_HIDES ? v == 0 : x->mode == ALLOW_ONE ? v == 1 : v != 0;
}

/* The score of key j after everything; -inf where it is not seen. */
static float score(const query *x, int64_t j)
{
    const assay_tensor *mask = &x->a->operand[MASK], *slopes = &x->a->operand[SLOPES];
    const int64_t s = position(x, j), ahead = s - x->pos;
    if (!reached(x, s) || !allowed(x, j))
        return -INFINITY;
    float bias = 0, z = dot(x, rows(x, K, j), x->a->dim[5]) * x->scale;
    const float cap = x->p->softcap;
    if (x->mode == S_BF16)
        z = as_bf16(z);
    if (mask->data)
        memcpy(&bias, (const char *)at(mask, x->b, x->mode == MASK_HEAD ? 0 : x->h, x->t) + j * mask->stride[3],
               sizeof bias);
    if (x->mode == MASK_LATE && bias == -INFINITY)
        bias = 0;
    if (cap > 0)
        z = x->mode == CAP_LATE ? cap * tanhf((z + bias) / cap) - bias * (bias > -INFINITY) : cap * tanhf(z / cap);
    if (bias == -INFINITY && !(x->mode == CAP_LATE && cap > 0))
        return bias; /* whatever the slope of a key that is hidden */
    if (bias != -INFINITY)
        z = x->mode == SUM_F16 && mask->data ? assay_f16_to_f32(assay_f16_from_f64((double)(z + bias))) : z + bias;
    if (slopes->data) {
        const int64_t h = x->mode == NEXT_SLOPE ? (x->h + 1) % x->a->dim[3] : x->h;
        float m;
        memcpy(&m, (const char *)slopes->data + h * slopes->stride[0], sizeof m);
        z -= m * (float)(ahead < 0 ? -ahead : ahead);
    }
    return z;
}
static bool late(const query *x, int64_t j) /* MASK_LATE: takes part in the sum, its value does not */
{
    const assay_tensor *mask = &x->a->operand[MASK];
    float bias = 0;
    if (x->mode == MASK_LATE && mask->data)
        memcpy(&bias, (const char *)at(mask, x->b, x->h, x->t) + j * mask->stride[3], sizeof bias);
    return bias == -INFINITY;
}

static void rescale(const query *x, state *s, float up, int64_t E)
{
    const float keep = s->m == -INFINITY ? 0 : s->m == up ? 1 : expf(s->m - up);
    if (x->mode != SUM_STAYS)
        s->l *= keep, s->sum *= (double)keep;
    for (int64_t e = 0; e < E && x->mode != ACC_STAYS; e++)
        s->acc[e] *= keep, s->wide[e] *= (double)keep;
    s->m = up;
}

static void block(const query *x, state *s, int64_t from, int64_t to)
{
    const int64_t E = x->a->dim[6];
    float z[MOST], up = s->m;
    for (int64_t j = from; j < to; j++) {
        z[j - from] = score(x, j);
        up = z[j - from] > up || z[j - from] != z[j - from] ? z[j - from] : up;
    }
    if (up == -INFINITY)
        return;
    if (x->mode != TWO_PASS)
        rescale(x, s, up, E);
    for (int64_t j = from; j < to; j++) {
        if (z[j - from] == -INFINITY)
            continue;
        const float w = weight(x, z[j - from], s->m), *v = rows(x, V, j);
        if (!(x->mode == SUM_SHORT && j == x->n - 1))
            s->l = x->mode == SUM_BF16 ? as_bf16(s->l + w) : s->l + w;
        s->sum += (double)w;
        for (int64_t e = 0; e < E && !late(x, j); e++) {
            s->acc[e] = x->mode == FMA ? fmaf(w, v[e], s->acc[e]) : s->acc[e] + w * v[e];
            s->wide[e] += (double)w * (double)v[e];
        }
    }
}

static void part(const query *x, state *s, int64_t from, int64_t to)
{
    const int64_t size = x->mode == BLOCK1 || x->mode == ACC_STAYS || x->mode == SUM_STAYS ? 1
                         : x->mode == BLOCK7                                               ? 7
                                                                                           : MOST;
    if (x->mode == TWO_PASS) /* the maximum first */
        for (int64_t j = from; j < to; j++) {
            const float z = score(x, j);
            s->m = z > s->m || z != z ? z : s->m;
        }
    if (x->mode == BACKWARD)
        for (int64_t j = to; j > from; j -= size)
            block(x, s, j - size > from ? j - size : from, j);
    else
        for (int64_t j = from; j < to; j += size)
            block(x, s, j, j + size < to ? j + size : to);
}

static void sink(const query *x, state *s, bool any)
{
    const assay_tensor *sinks = &x->a->operand[SINKS];
    float z;
    if (!sinks->data || x->mode == NO_SINK || !any)
        return;
    memcpy(&z, (const char *)sinks->data + x->h * sinks->stride[0], sizeof z);
    if (x->mode != NO_MAX && x->mode != CONSTANT_MAX && z > s->m)
        rescale(x, s, z, x->a->dim[6]);
    const float w = weight(x, z, s->m);
    s->l += w, s->sum += (double)w;
}

static void attend(query *x)
{
    const int64_t E = x->a->dim[6],
                  parts = x->mode == SPLIT3 || x->mode == EMPTY_MERGE || x->mode == SINK_TWICE ? 3 : 1;
    state all = { .m = x->mode == FINITE_MIN ? -5e4f : -INFINITY };
    for (int64_t i = 0; i < parts; i++) {
        state s = { .m = x->mode == FINITE_MIN ? -5e4f : -INFINITY };
        part(x, &s, x->n * i / parts, x->n * (i + 1) / parts);
        if (x->mode == SINK_TWICE)
            sink(x, &s, true);
        const float m = s.m > all.m || s.m != s.m ? s.m : all.m;
        float a = all.m == -INFINITY ? 0 : expf(all.m - m), b = s.m == -INFINITY ? 0 : expf(s.m - m);
        if (x->mode == EMPTY_MERGE)
            a = expf(all.m - m), b = expf(s.m - m);
        if (parts == 1)
            a = 0, b = 1;
        all.l = all.l * a + s.l * b, all.sum = all.sum * (double)a + s.sum * (double)b, all.m = m;
        for (int64_t e = 0; e < E; e++) {
            all.acc[e] = all.acc[e] * a + s.acc[e] * b;
            all.wide[e] = all.wide[e] * (double)a + s.wide[e] * (double)b;
        }
    }
    const bool any = all.m != -INFINITY;
    if (x->mode != SINK_TWICE)
        sink(x, &all, any);
    float *o = (float *)((char *)x->a->operand[OUT].data + x->b * x->a->operand[OUT].stride[0] +
                         x->t * x->a->operand[OUT].stride[1] + x->h * x->a->operand[OUT].stride[2]);
    const float inverse = 1 / all.l;
    for (int64_t e = 0; e < E; e++) {
        const float r = x->mode == DOUBLE       ? (float)(all.wide[e] / all.sum)
                        : x->mode == RECIPROCAL ? all.acc[e] * inverse
                                                : all.acc[e] / all.l;
        o[e] = (any && !(x->mode == FINITE_MIN && all.l == 0)) || x->mode == MASKED_NAN ? r : 0;
    }
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_attention_params *p = a->params;
    const int64_t *n = a->dim, S = n[2], H = n[3], G = n[4], D = n[5], P = n[7], most = P * p->page;
    for (int64_t i = a->begin; i < a->end; i++)
        for (int64_t bh = 0; bh < n[0] * H; bh++) {
            query x = { .a = a, .p = p, .b = bh / H, .t = i, .h = bh % H, .mode = mode, .scale = p->scale };
            if (mode == PERMUTED) /* the group size as modulus and as stride: right where it equals the kv heads */
                x.h = ((x.h % (H / G)) * (H / G) + x.h / (H / G)) % H;
            const int64_t keys = a->operand[PAGES].data && most < S ? most : S;
            x.n = a->operand[LEN].data && mode != NO_LEN ? whole(&a->operand[LEN], x.b, 0) : keys;
            x.pos = a->operand[QPOS].data ? whole(&a->operand[QPOS], x.b, i) : mode == TOP_LEFT ? i : x.n - n[1] + i;
            x.n -= mode == LAST_DROPPED && x.n > 1;
            x.g = mode == HEAD_MOD ? x.h % G : mode == HEAD_DIV && x.h / G < G ? x.h / G : x.h * G / H;
            x.scale = mode == NO_SCALE ? 1 : mode == SCALE_D ? 1 / (float)D : x.scale;
            memcpy(x.q, at(&a->operand[Q], x.b, i, x.h), (size_t)D * sizeof(float));
            for (int64_t d = 0; d < D && mode == FOLDED; d++)
                x.q[d] *= x.scale;
            x.scale = mode == FOLDED ? 1 : x.scale;
            attend(&x);
        }
    return ASSAY_OK;
}

/* An operand as the mode reads it, dense, in f32, with nothing broadcast; *room: what is to be freed. */
static assay_tensor as_floats(const assay_args *a, int i, int mode, void **room)
{
    const float scale = ((const assay_attention_params *)a->params)->scale;
    assay_tensor from = a->operand[i], to = assay_tensor_dense(ASSAY_f32, 0, from.rank, from.dim);
    const int64_t n = assay_tensor_count(&from);
    double *wide = malloc((size_t)(n + 1) * sizeof *wide);
    const assay_dtype_info *type = assay_dtype_of(from.type);
    to.data = *room = malloc((size_t)(n + 1) * sizeof(float));
    if (mode == OTHER_8 && from.type != ASSAY_f32)
        from.type = from.type == ASSAY_e4m3 ? ASSAY_e5m2 : ASSAY_e4m3;
    if (mode == Q_OTHER && i == Q)
        from.type = from.type == ASSAY_f16 ? ASSAY_bf16 : ASSAY_f16;
    if (wide)
        assay_tensor_decode(wide, &from);
    for (int64_t k = 0; wide && to.data && k < n; k++) {
        if (mode == Q_ROUNDED && i == Q) {
            const double scaled = (double)((float)wide[k] * scale);
            char narrow[8];
            type->encode(narrow, &scaled, 1);
            type->decode(&wide[k], narrow, 1);
        }
        if (mode == LOWEST_HIDES && i == MASK && wide[k] == -65504)
            wide[k] = -INFINITY;
        ((float *)to.data)[k] = (float)wide[k];
    }
    free(wide);
    return to;
}
static assay_status run_narrow(const assay_args *a)
{
    const int mode = mode_of(a);
    assay_tensor operand[OUT + 1];
    assay_attention_params p = *(const assay_attention_params *)a->params;
    assay_args copy = *a;
    void *room[MASK + 1] = { NULL };
    bool ok = true;
    memcpy(operand, a->operand, sizeof operand);
    for (int i = Q; i <= MASK; i++)
        if (a->operand[i].data) {
            operand[i] = as_floats(a, i, mode, &room[i]);
            ok = ok && room[i];
        }
    if (mode == Q_ROUNDED)
        p.scale = 1;
    copy.operand = operand, copy.params = &p;
    const assay_status status = ok ? run(&copy) : ASSAY_ERR_NOMEM;
    for (int i = Q; i <= MASK; i++)
        free(room[i]);
    return status;
}
static bool accepts(const assay_args *a)
{
    const bool lost = mode_of(a) == FLUSHED && a->operand[SINKS].rank; /* all that a high one leaves may be, by any */
    return a->dim[5] <= WIDEST && a->dim[6] <= WIDEST && !lost;
}

#define F    ASSAY_TYPES(ASSAY_T(f32))
#define I    ASSAY_TYPES(ASSAY_T(i32))
#define BOOL ASSAY_TYPES(ASSAY_T(i8))
static const assay_typeset types[] = { F, F, F, F, F, F, I, I, I, I, BOOL, F };
#define OF_8   ASSAY_TYPES(ASSAY_T(e4m3) | ASSAY_T(e5m2))
#define OF_16  ASSAY_TYPES(ASSAY_T(f16) | ASSAY_T(bf16))
#define OF_F16 ASSAY_TYPES(ASSAY_T(f16))
static const assay_typeset caches_of_8[] = { F, OF_8, OF_8, F, F, F, I, I, I, I, BOOL, F },
                           queries_of_16[] = { OF_16, F, F, F, F, F, I, I, I, I, BOOL, F },
                           masks_of_f16[] = { F, F, F, OF_F16, F, F, I, I, I, I, BOOL, F };
#define KERNEL_BASE .op = "attention", .types = types, .accepts = accepts
#define NARROW_FAULT(m, title, where, t)                                                                               \
    { ASSAY_FAULT,                                                                                                     \
      { .op = "attention", .types = t, .accepts = accepts, .name = title, .run = run_narrow, .variant = MODE_OF(m) },  \
      where },

/* ---- legal ones, generated ---- */

#define CACHED                                                                                                         \
    ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) | ASSAY_T(q4_0) | ASSAY_T(e4m3) |          \
                ASSAY_T(e5m2))

#define VARY      assay_vary_attention
#define VARY_BASE .op = "attention", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, CACHED,   CACHED,   VARY_FLOATS, VARY_F32, VARY_F32,
                                            VARY_I32,    VARY_I32, VARY_I32, VARY_I32,    BOOL,     VARY_FLOATS };

static const assay_contract flushes = { .ftz = 1 };
static const assay_fault table[] = { DECLARED(FLUSHED, "flushed", &flushes,
                                              "legal under ftz: subnormals of q, k and products are 0"),
                                     SUMS(VARY_ROW) LEGAL(GOOD_ROW) FAULTS(BAD_ROW) NARROW_FAULTS(NARROW_FAULT) };

const assay_faults assay_faults_attention = { "attention", table, ASSAY_COUNT_OF(table) };
