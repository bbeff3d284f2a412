/* SPDX-License-Identifier: MIT
 * ggml_attention.c - ggml's flash_attn_ext.  TYPE walks the keys one by one for each query, q rounded to the type that
 * goes with k's, sums in f16 where v is f16; TYPE_tiled, from 64 queries on, takes tiles of queries and keys in f32.
 * Its result must be dense: where ours is not it is copied.  What causal and window hide is a mask in f16, kept from
 * call to call, as llama.cpp makes one for all layers. */
#include "assay/params/attention.h"
#include "ggml_peer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { Q, K, V, MASK, SLOPES, SINKS, QPOS, KPOS, LEN, PAGES, ALLOW, O, OPERANDS, TILE = 64 };
enum { B, T, S, H, G, D, E };

static struct {
    int64_t T, S, window;
    ggml_fp16_t *hidden;
} kept;

static bool hides(const assay_args *a)
{
    const assay_attention_params *p = a->params;
    return p->window > 0 || (p->causal && a->dim[T] > 1);
}

/* Query t is at position S - T + t. */
static bool hide(const assay_args *a)
{
    const assay_attention_params *p = a->params;
    const int64_t rows = a->dim[T], keys = a->dim[S], window = p->window > 0 ? p->window : INT64_MAX;
    const ggml_fp16_t none = ggml_fp32_to_fp16(0), all = ggml_fp32_to_fp16(-INFINITY);
    if (kept.hidden && kept.T == rows && kept.S == keys && kept.window == (p->causal ? -window : window))
        return true;
    free(kept.hidden);
    kept.hidden = malloc((size_t)(rows * keys) * sizeof none);
    for (int64_t t = 0; kept.hidden && t < rows; t++)
        for (int64_t s = 0; s < keys; s++) {
            const int64_t back = keys - rows + t - s;
            kept.hidden[t * keys + s] = (p->causal && back < 0) || llabs(back) >= window ? all : none;
        }
    kept.T = rows, kept.S = keys, kept.window = p->causal ? -window : window;
    return kept.hidden;
}

static struct ggml_tensor *tensor(struct ggml_context *ctx, enum ggml_type type, const assay_tensor *t, int64_t length)
{
    struct ggml_tensor *f = ggml_new_tensor_4d(ctx, type, length, t->dim[1], t->dim[2], t->dim[0]);
    peer_place(f, t->data, t->stride[1], t->stride[2], t->stride[0]);
    return f;
}

static struct ggml_tensor *attention(struct ggml_context *ctx, const assay_args *a)
{
    const assay_attention_params *p = a->params;
    const assay_tensor *o = a->operand;
    const enum ggml_type type = ((const peer_way *)a->variant)->type;
    struct ggml_tensor *q = tensor(ctx, GGML_TYPE_F32, &o[Q], a->dim[D]), *k = tensor(ctx, type, &o[K], a->dim[D]),
                       *v = tensor(ctx, type, &o[V], a->dim[E]), *mask = NULL;
    if (hides(a)) {
        mask = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, a->dim[S], a->dim[T]);
        mask->data = kept.hidden;
    }
    struct ggml_tensor *y = ggml_flash_attn_ext(ctx, q, k, v, mask, p->scale, 0, p->softcap);
    y->data = o[O].data;
    if (o[SINKS].data) {
        struct ggml_tensor *sinks = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, a->dim[H]);
        sinks->data = o[SINKS].data;
        ggml_flash_attn_ext_add_sinks(y, sinks);
    }
    return y;
}

static int64_t rows_of(const assay_args *a)
{
    return a->dim[B] * a->dim[T] * a->dim[H];
}
static const char *row_of(const assay_args *a, int64_t r)
{
    const assay_tensor *o = &a->operand[O];
    const int64_t h = r % a->dim[H], t = r / a->dim[H] % a->dim[T], b = r / a->dim[H] / a->dim[T];
    return (const char *)o->data + b * o->stride[0] + t * o->stride[1] + h * o->stride[2];
}
static bool dense(const assay_args *a)
{
    const int64_t row = a->dim[E] * 4, *stride = a->operand[O].stride;
    return (a->dim[H] == 1 || stride[2] == row) && (a->dim[T] == 1 || stride[1] == row * a->dim[H]) &&
           (a->dim[B] == 1 || stride[0] == row * a->dim[H] * a->dim[T]);
}

/* The copy stands at the end of scratch. */
static size_t scratch(const assay_args *a)
{
    return (peer_scratch(a) + 63) / 64 * 64 + (dense(a) ? 0 : (size_t)(rows_of(a) * a->dim[E]) * 4);
}

static assay_status run(const assay_args *a)
{
    assay_tensor o[OPERANDS];
    assay_args copied = *a;
    const size_t row = (size_t)a->dim[E] * 4;
    if (hides(a) && !hide(a))
        return ASSAY_ERR_NOMEM;
    memcpy(o, a->operand, sizeof o);
    copied.operand = o;
    if (!dense(a))
        o[O].data = (char *)a->scratch + (peer_scratch(a) + 63) / 64 * 64;
    const assay_status s = peer_run(&copied);
    for (int64_t r = 0; !s && o[O].data != a->operand[O].data && r < rows_of(a); r++)
        memcpy((void *)row_of(a, r), (const char *)o[O].data + (size_t)r * row, row);
    return s;
}

/* No positions, slopes of its own, lists of pages or tiles, and no mask of ours: it takes one in f16 alone. */
static bool accepts(const assay_args *a)
{
    const assay_attention_params *p = a->params;
    const peer_way *v = a->variant;
    const assay_tensor *o = a->operand;
    for (int i = MASK; i < O; i++)
        if (i != SINKS && o[i].rank)
            return false;
    return peer_not_empty(a, 7) && p->right == 0 && p->prefix == 0 && p->chunk == 0 &&
           a->dim[D] % ggml_blck_size(v->type) == 0 && a->dim[E] % ggml_blck_size(v->type) == 0 &&
           (ggml_is_quantized(v->type) || v->type == GGML_TYPE_BF16 || v->plain == (a->dim[T] < TILE));
}

#define CACHE(t)                                                                                                       \
    static const assay_typeset types_##t[] = { PEER_OF(f32), PEER_OF(t),   PEER_OF(t),   PEER_OF(f32),                 \
                                               PEER_OF(f32), PEER_OF(f32), PEER_OF(i32), PEER_OF(i32),                 \
                                               PEER_OF(i32), PEER_OF(i32), PEER_OF(i8),  PEER_OF(f32) };               \
    static const assay_contract rounds_##t = { .acc = ASSAY_##t == ASSAY_f16 ? ASSAY_f16 : ASSAY_f32,                  \
                                               .round = {                                                              \
                                                   { ASSAY_##t == ASSAY_f32 ? NULL : "q", PEER_ROUND_##t, 0 } } }
#define PEER_ROUND_f16  ASSAY_f16
#define PEER_ROUND_bf16 ASSAY_bf16
#define PEER_ROUND_q8_0 ASSAY_q8_0
#define PEER_ROUND_q4_0 ASSAY_q8_0
#define PEER_ROUND_f32  ASSAY_f32
CACHE(f32);
CACHE(f16);
CACHE(bf16);
CACHE(q8_0);
CACHE(q4_0);

#define KERNEL(t, theirs, suffix, alone, promise)                                                                      \
    {                                                                                                                  \
        .op = "attention", .name = #t suffix, .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS, .types = types_##t,         \
        .contract = promise, .run = run, .scratch = scratch, .accepts = accepts, .variant = &(const peer_way)          \
        {                                                                                                              \
            attention, GGML_TYPE_##theirs, alone                                                                       \
        }                                                                                                              \
    }
const assay_kernel peer_attention_kernels[] = {
    KERNEL(f32, F32, "", true, &rounds_f32),    KERNEL(f32, F32, "_tiled", false, NULL),
    KERNEL(f16, F16, "", true, &rounds_f16),    KERNEL(f16, F16, "_tiled", false, NULL),
    KERNEL(bf16, BF16, "", true, &rounds_bf16), KERNEL(q8_0, Q8_0, "", true, &rounds_q8_0),
    KERNEL(q4_0, Q4_0, "", true, &rounds_q4_0),
};
const size_t peer_n_attention_kernels = sizeof peer_attention_kernels / sizeof *peer_attention_kernels;
