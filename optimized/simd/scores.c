/* SPDX-License-Identifier: MIT
 * scores: a unit is a block of queries of all heads that share one of keys: rows of q, S scores of each in scratch.  A
 * few keys at a time are decoded once for all rows; products in tiles of 2 rows x 4 keys, along the head.  Then each
 * row by itself: cap, mask, what is hidden, and the softmax. */
#include "../isa/decode.h"
#include "../isa/encode.h"
#include "../isa/simd_math.h"
#include "assay/params/scores.h"

enum { Q, K, MASK, SINKS, QPOS, KPOS, LEN, OUT };
enum { B, T, S, H, G, D };
enum { ROWS = 16, KEYS = 4, PAIR = 2 };

typedef struct unit { /* queries t0 .. t0 + n - 1 of sequence b, the M heads that read head g of k; row = (t - t0) M + m
                       */
    int64_t b, g, t0, n, M, ld;
    float *z, *open, *mask, *k; /* (rows, ld); of one query: 0 or -inf, of a row: its mask (ld); keys (KEYS, D) */
} unit;

static const void *at(const assay_tensor *t, int64_t i, int64_t j, int64_t k)
{
    return (const char *)t->data + i * t->stride[0] + j * t->stride[1] + k * t->stride[2];
}
static int64_t whole(const assay_tensor *t, int64_t i, int64_t j)
{
    int32_t v;
    memcpy(&v, (const char *)t->data + i * t->stride[0] + (t->rank > 1 ? j * t->stride[1] : 0), sizeof v);
    return v;
}
static int64_t in_use(const assay_args *a, int64_t b)
{
    return a->operand[LEN].data ? whole(&a->operand[LEN], b, 0) : a->dim[S];
}

/* Products of two rows with four keys, all along n */
static inline __attribute__((always_inline)) void tile(const float *const *q, const float *const *k, int64_t n,
                                                       float *out)
{
    vec s[PAIR * KEYS];
    int64_t d = 0;
    for (int i = 0; i < PAIR * KEYS; i++)
        s[i] = vec_zero();
    for (; d + LANES <= n; d += LANES) {
        const vec a = vec_load_once(q[0] + d), b = vec_load_once(q[1] + d);
        for (int i = 0; i < KEYS; i++) {
            const vec x = vec_load_once(k[i] + d);
            s[i] = vec_fma(a, x, s[i]), s[KEYS + i] = vec_fma(b, x, s[KEYS + i]);
        }
    }
    if (d < n) {
        const vec a = vec_load_n(q[0] + d, n - d), b = vec_load_n(q[1] + d, n - d);
        for (int i = 0; i < KEYS; i++) {
            const vec x = vec_load_n(k[i] + d, n - d);
            s[i] = vec_fma(a, x, s[i]), s[KEYS + i] = vec_fma(b, x, s[KEYS + i]);
        }
    }
    for (int i = 0; i < PAIR * KEYS; i++)
        out[i] = vec_sum(s[i]);
}

static const float *query(const assay_args *a, const unit *u, int64_t row)
{
    return at(&a->operand[Q], u->b, u->t0 + row / u->M, u->g * u->M + row % u->M);
}

/* Keys j .. j + n - 1, n <= KEYS, against all rows; what is over is computed twice. */
static void products(const assay_args *a, const unit *u, int64_t j, int64_t n, float scale)
{
    const assay_tensor *keys = &a->operand[K];
    const int64_t rows = u->n * u->M, length = a->dim[D];
    const float *k[KEYS];
    for (int64_t i = 0; i < KEYS; i++) {
        const void *key = at(keys, u->b, j + (i < n ? i : 0), u->g);
        k[i] = keys->type == ASSAY_f32 ? key : u->k + i * length;
        if (keys->type != ASSAY_f32 && i < n)
            row_decode(u->k + i * length, key, keys->type, length);
        else if (i >= n)
            k[i] = k[0];
    }
    for (int64_t r = 0; r < rows; r += PAIR) {
        const int64_t last = r + 1 < rows ? r + 1 : r;
        const float *q[PAIR] = { query(a, u, r), query(a, u, last) };
        float out[PAIR * KEYS];
        tile(q, k, length, out);
        for (int64_t i = 0; i < n; i++) {
            u->z[r * u->ld + j + i] = scale * out[i];
            u->z[last * u->ld + j + i] = scale * out[(last - r) * KEYS + i];
        }
    }
}

/* Of query t: 0 where it sees the key, else -inf */
static void look(const assay_args *a, const unit *u, int64_t t)
{
    const assay_scores_params *p = a->params;
    const int64_t used = in_use(a, u->b), n = a->dim[S];
    const int64_t here = a->operand[QPOS].data ? whole(&a->operand[QPOS], u->b, t) : used - a->dim[T] + t;
    const int64_t most = INT64_C(1) << 40, W = p->window ? p->window : most, R = p->right ? p->right : W;
    const int64_t end = p->causal && R > 1 ? 1 : R;
    for (int64_t j = 0; j < u->ld; j++) {
        const int64_t s = j < n && a->operand[KPOS].data ? whole(&a->operand[KPOS], u->b, j) : j, ahead = s - here;
        u->open[j] = j < used && s >= 0 && -ahead < W && ahead < end ? 0 : -INFINITY;
    }
}

/* Row (b, h, t) of the mask, which may be broadcast */
static void read_mask(const assay_args *a, const unit *u, int64_t h, int64_t t)
{
    const assay_tensor *m = &a->operand[MASK];
    const float *row = at(m, u->b, h, t);
    for (int64_t j = 0; j < a->dim[S]; j++)
        u->mask[j] = m->stride[3] ? row[j] : row[0];
}

static void cap(float *z, int64_t n, float c)
{
    const vec by = vec_set(c);
    for (int64_t j = 0; j < n; j += LANES)
        vec_store(z + j, vec_mul(by, vec_tanh(vec_div(vec_load(z + j), by))));
}

static void hide(const unit *u, float *z, bool masks)
{
    const vec none = vec_set(-INFINITY);
    for (int64_t j = 0; j < u->ld; j += LANES) {
        const vec mask = vec_load((masks ? u->mask : u->open) + j), open = vec_load(u->open + j);
        const vec x = vec_add(vec_load(z + j), mask);
        vec_store(z + j, vec_pick(vec_either(vec_eq(mask, none), vec_eq(open, none)), none, x));
    }
}

/* Softmax of a row in whole vectors, hidden ones at -inf */
static void weigh(float *z, int64_t n, const float *sink)
{
    vec top = vec_set(-INFINITY), sum = vec_zero();
    for (int64_t j = 0; j < n; j += LANES)
        top = vec_max(top, vec_load(z + j));
    float m = vec_top(top);
    if (m == -INFINITY) { /* nothing, or NaN alone */
        bool nan = false;
        for (int64_t j = 0; j < n; j++)
            nan |= isnan(z[j]);
        for (int64_t j = 0; j < n; j++)
            z[j] = nan ? NAN : 0;
        return;
    }
    m = sink && *sink > m ? *sink : m;
    const vec most = vec_set(m);
    if (sink)
        sum = vec_first_n(vec_exp(vec_sub(vec_set(*sink), most)), 1, sum);
    for (int64_t j = 0; j < n; j += LANES) {
        const vec e = vec_exp(vec_sub(vec_load(z + j), most));
        sum = vec_add(sum, e);
        vec_store(z + j, e);
    }
    const vec by = vec_set(1 / vec_sum(sum));
    for (int64_t j = 0; j < n; j += LANES)
        vec_store(z + j, vec_mul(by, vec_load(z + j)));
}

static void write(const assay_args *a, const unit *u, int64_t h, int64_t t, const float *z)
{
    const assay_tensor *o = &a->operand[OUT];
    void *row = (char *)o->data + u->b * o->stride[0] + h * o->stride[1] + t * o->stride[2];
    if (o->type == ASSAY_f16)
        ENCODE(f16)(row, z, a->dim[S]);
    else if (o->type == ASSAY_bf16)
        ENCODE(bf16)(row, z, a->dim[S]);
    else
        memcpy(row, z, (size_t)a->dim[S] * sizeof *z);
}

static void compute(const assay_args *a, const unit *u)
{
    const assay_scores_params *p = a->params;
    const bool masked = p->stage == ASSAY_SCORES_MASKED || p->stage == ASSAY_SCORES_WEIGHTS;
    const float *sinks = a->operand[SINKS].data;
    for (int64_t j = 0; j < a->dim[S]; j += KEYS)
        products(a, u, j, a->dim[S] - j < KEYS ? a->dim[S] - j : KEYS, p->scale);
    for (int64_t r = 0; r < u->n * u->M; r++) {
        const int64_t t = u->t0 + r / u->M, h = u->g * u->M + r % u->M;
        float *z = u->z + r * u->ld;
        if (masked && r % u->M == 0)
            look(a, u, t);
        if (masked && a->operand[MASK].data)
            read_mask(a, u, h, t);
        if (p->softcap > 0 && p->stage != ASSAY_SCORES_PRODUCT)
            cap(z, u->ld, p->softcap);
        if (masked)
            hide(u, z, a->operand[MASK].data != NULL);
        if (p->stage == ASSAY_SCORES_WEIGHTS)
            weigh(z, u->ld, sinks ? &sinks[h] : NULL);
        write(a, u, h, t, z);
    }
}

/* Heads that share a head of k; queries of a unit */
static int64_t shared_by(const assay_args *a)
{
    return a->dim[G] > 0 ? a->dim[H] / a->dim[G] : 0;
}
static int64_t block(const assay_args *a)
{
    const int64_t M = shared_by(a);
    return M == 0 || M >= ROWS ? 1 : ROWS / M;
}
static int64_t row_length(const assay_args *a)
{
    return (a->dim[S] + LANES - 1) / LANES * LANES;
}
static int64_t units(const assay_args *a)
{
    return a->dim[S] == 0 ? 0 : a->dim[B] * a->dim[G] * ((a->dim[T] + block(a) - 1) / block(a));
}
static size_t scratch(const assay_args *a)
{
    return (size_t)((block(a) * shared_by(a) + 2) * row_length(a) + KEYS * a->dim[D]) * sizeof(float);
}

static assay_status run(const assay_args *a)
{
    const int64_t size = block(a), blocks = (a->dim[T] + size - 1) / size;
    for (int64_t i = a->begin; i < a->end; i++) {
        const int64_t t0 = i % blocks * size, left = a->dim[T] - t0;
        unit u = { .b = i / blocks / a->dim[G], .g = i / blocks % a->dim[G], .t0 = t0, .n = left < size ? left : size };
        u.M = shared_by(a), u.ld = row_length(a);
        u.z = a->scratch, u.open = u.z + size * u.M * u.ld, u.mask = u.open + u.ld;
        u.k = u.mask + u.ld;
        compute(a, &u);
    }
    return ASSAY_OK;
}

#define FLOATS ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16))
#define F32    ASSAY_TYPES(ASSAY_T(f32))
#define I32    ASSAY_TYPES(ASSAY_T(i32))
static const assay_typeset types[] = {
    F32, ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0)), F32, F32, I32, I32, I32, FLOATS
};
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, LANES, 0 } };

SIMD_KERNEL(scores) = {
    .op = "scores",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
    .units = units,
    .scratch = scratch,
};
