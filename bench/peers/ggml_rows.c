/* SPDX-License-Identifier: MIT
 * ggml_rows.c - ggml's softmax, norms, activations, rope and encoders of blocks.  Functions that build its graphs ask
 * for dense rows of some operands where those that compute heed strides: tensors are placed after the graph is built.
 */
#include "assay/params.h"
#include "ggml_peer.h"

static bool floats(const assay_args *a)
{
    return peer_not_empty(a, 2);
}

/* A row each in ggml's third dimension, along which its sinks differ. */
static struct ggml_tensor *softmax(struct ggml_context *ctx, const assay_args *a)
{
    const assay_tensor *o = a->operand;
    struct ggml_tensor *x = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, a->dim[1], 1, a->dim[0]), *mask = NULL;
    if (o[1].data)
        mask = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, a->dim[1], 1, a->dim[0]);
    struct ggml_tensor *y = ggml_soft_max_ext(ctx, x, mask, ((const assay_softmax_params *)a->params)->scale, 0);
    if (o[2].data) {
        struct ggml_tensor *sinks = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, a->dim[0]);
        sinks->data = o[2].data;
        ggml_soft_max_add_sinks(y, sinks);
    }
    peer_place(x, o[0].data, 0, o[0].stride[0], 0);
    peer_place(y, o[3].data, 0, o[3].stride[0], 0);
    if (mask)
        peer_place(mask, o[1].data, 0, o[1].stride[0], 0);
    return y;
}

/* y with w multiplied, or added: over y itself, as llama.cpp's allocator lays it. */
static struct ggml_tensor *with(struct ggml_context *ctx, const assay_args *a, const assay_tensor *w,
                                const assay_tensor *y, struct ggml_tensor *x, bool added)
{
    struct ggml_tensor *f = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, a->dim[1]);
    f->data = w->data;
    struct ggml_tensor *both = added ? ggml_add(ctx, x, f) : ggml_mul(ctx, x, f);
    peer_rows_at(both, y);
    return both;
}

static struct ggml_tensor *rmsnorm(struct ggml_context *ctx, const assay_args *a)
{
    struct ggml_tensor *x = peer_rows(ctx, a);
    peer_rows_at(x, &a->operand[0]);
    struct ggml_tensor *y = ggml_rms_norm(ctx, x, ((const assay_rmsnorm_params *)a->params)->eps);
    peer_rows_at(y, &a->operand[2]);
    return with(ctx, a, &a->operand[1], &a->operand[2], y, false);
}
static bool rmsnorm_accepts(const assay_args *a)
{
    return floats(a) && !((const assay_rmsnorm_params *)a->params)->plus_one;
}

static struct ggml_tensor *layernorm(struct ggml_context *ctx, const assay_args *a)
{
    struct ggml_tensor *x = peer_rows(ctx, a);
    peer_rows_at(x, &a->operand[0]);
    struct ggml_tensor *y = ggml_norm(ctx, x, ((const assay_layernorm_params *)a->params)->eps);
    peer_rows_at(y, &a->operand[3]);
    for (int i = 1; i < 3; i++)
        if (a->operand[i].data)
            y = with(ctx, a, &a->operand[i], &a->operand[3], y, i == 2);
    return y;
}

static struct ggml_tensor *unary(struct ggml_context *ctx, const assay_args *a,
                                 struct ggml_tensor *f(struct ggml_context *, struct ggml_tensor *))
{
    struct ggml_tensor *x = peer_rows(ctx, a), *y = f(ctx, x);
    peer_rows_at(x, &a->operand[0]);
    peer_rows_at(y, &a->operand[1]);
    return y;
}
static struct ggml_tensor *silu(struct ggml_context *ctx, const assay_args *a)
{
    return unary(ctx, a, ggml_silu);
}
static struct ggml_tensor *gelu(struct ggml_context *ctx, const assay_args *a)
{
    const int form = ((const assay_gelu_params *)a->params)->form;
    return unary(ctx, a,
                 form == ASSAY_GELU_ERF    ? ggml_gelu_erf
                 : form == ASSAY_GELU_TANH ? ggml_gelu
                                           : ggml_gelu_quick);
}

static struct ggml_tensor *swiglu(struct ggml_context *ctx, const assay_args *a)
{
    struct ggml_tensor *gate = peer_rows(ctx, a), *up = peer_rows(ctx, a), *y = ggml_swiglu_split(ctx, gate, up);
    peer_rows_at(gate, &a->operand[0]);
    peer_rows_at(up, &a->operand[1]);
    peer_rows_at(y, &a->operand[2]);
    return y;
}

/* Its factors of frequencies divide, which rounds once more than our inv_freq does: angles come from the base. */
static struct ggml_tensor *rope(struct ggml_context *ctx, const assay_args *a)
{
    const assay_rope_params *p = a->params;
    const assay_tensor *x = &a->operand[0], *y = &a->operand[6];
    struct ggml_tensor *heads = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, a->dim[2], a->dim[1], a->dim[0]);
    struct ggml_tensor *pos = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, a->dim[0]);
    struct ggml_tensor *turned = ggml_rope_ext(ctx, heads, pos, NULL, p->n_dims,
                                               p->mode == ASSAY_ROPE_HALF ? GGML_ROPE_TYPE_NEOX : GGML_ROPE_TYPE_NORMAL,
                                               0, p->base, 1, 0, p->magnitude, 32, 1);
    pos->data = a->operand[1].data;
    peer_place(heads, x->data, x->stride[1], x->stride[0], 0);
    peer_place(turned, y->data, y->stride[1], y->stride[0], 0);
    return turned;
}
static bool rope_accepts(const assay_args *a)
{
    return peer_not_empty(a, 3) && a->dim[4] == 1 && !a->operand[2].rank && !a->operand[3].rank && !a->operand[4].rank;
}

/* The encoder that the CPU backend uses of each type, row by row: no graph. */
static assay_status encode(const assay_args *a)
{
    const assay_tensor *x = &a->operand[0], *y = &a->operand[1];
    const ggml_from_float_t from = ggml_get_type_traits_cpu(((const peer_way *)a->variant)->type)->from_float;
    for (int64_t r = a->begin; r < a->end; r++)
        from((const float *)(const void *)((const char *)x->data + r * x->stride[0]),
             (char *)y->data + r * y->stride[0], a->dim[1]);
    return ASSAY_OK;
}
static bool encode_accepts(const assay_args *a)
{
    const enum ggml_type type = ((const peer_way *)a->variant)->type;
    return floats(a) && a->dim[1] % ggml_blck_size(type) == 0 && ggml_get_type_traits_cpu(type)->from_float;
}

static const assay_typeset two[] = { PEER_OF(f32), PEER_OF(f32) },
                           three[] = { PEER_OF(f32), PEER_OF(f32), PEER_OF(f32) },
                           four[] = { PEER_OF(f32), PEER_OF(f32), PEER_OF(f32), PEER_OF(f32) },
                           turns[] = { PEER_OF(f32), PEER_OF(i32), PEER_OF(f32), PEER_OF(i32),
                                       PEER_OF(f32), PEER_OF(f32), PEER_OF(f32) };
/* A row that is masked wholly is a sum of NaN to its softmax. */
static const assay_contract masked = { .masked_nan = 1 };

#define ENCODED(X)                                                                                                     \
    X(f16, F16)                                                                                                        \
    X(bf16, BF16)                                                                                                      \
    X(q8_0, Q8_0)                                                                                                      \
    X(q8_1, Q8_1)                                                                                                      \
    X(q8_k, Q8_K)                                                                                                      \
    X(q4_0, Q4_0)                                                                                                      \
    X(q4_1, Q4_1)                                                                                                      \
    X(q5_0, Q5_0)                                                                                                      \
    X(q5_1, Q5_1)                                                                                                      \
    X(q2_k, Q2_K)                                                                                                      \
    X(q3_k, Q3_K)                                                                                                      \
    X(q4_k, Q4_K)                                                                                                      \
    X(q5_k, Q5_K)                                                                                                      \
    X(q6_k, Q6_K)                                                                                                      \
    X(iq4_nl, IQ4_NL)                                                                                                  \
    X(iq4_xs, IQ4_XS)                                                                                                  \
    X(mxfp4, MXFP4)                                                                                                    \
    X(nvfp4, NVFP4)                                                                                                    \
    X(tq1_0, TQ1_0)                                                                                                    \
    X(tq2_0, TQ2_0)
#define TYPES(ours, theirs) static const assay_typeset types_##ours[] = { PEER_OF(f32), PEER_OF(ours) };
ENCODED(TYPES)

#define GRAPH(op_, types_, accepts_, contract_)                                                                        \
    {                                                                                                                  \
        PEER_GRAPHED, .op = #op_, .name = "f32", .types = types_, .accepts = accepts_, .contract = contract_,          \
                      .variant = &(const peer_way)                                                                     \
        {                                                                                                              \
            op_, GGML_TYPE_F32, false                                                                                  \
        }                                                                                                              \
    }
#define ENCODER(ours, theirs)                                                                                          \
    { .op = "quantize",                                                                                                \
      .name = #ours,                                                                                                   \
      .flags = ASSAY_OWN_THREADS,                                                                                      \
      .types = types_##ours,                                                                                           \
      .run = encode,                                                                                                   \
      .accepts = encode_accepts,                                                                                       \
      .variant = &(const peer_way){ NULL, GGML_TYPE_##theirs, false } },
const assay_kernel peer_rows_kernels[] = {
    GRAPH(softmax, four, floats, &masked),  GRAPH(rmsnorm, three, rmsnorm_accepts, NULL),
    GRAPH(layernorm, four, floats, NULL),   GRAPH(silu, two, floats, NULL),
    GRAPH(gelu, two, floats, NULL),         GRAPH(swiglu, three, floats, NULL),
    GRAPH(rope, turns, rope_accepts, NULL), ENCODED(ENCODER)
};
const size_t peer_n_rows_kernels = sizeof peer_rows_kernels / sizeof *peer_rows_kernels;
