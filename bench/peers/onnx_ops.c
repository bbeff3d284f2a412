/* SPDX-License-Identifier: MIT
 * onnx_ops.c - our ops as nodes: ONNX's operators, and com.microsoft's where ONNX has none.  Left out:
 * GroupQueryAttention, which appends to a cache of another order besides; DynamicQuantizeMatMul, whose one scale for
 * all of x is no op of ours. */
#include "assay/params.h"
#include "onnx_ops.h"
#include <string.h>

#define MICROSOFT "com.microsoft"
/* clang-format off */
#define LENGTHS(...) sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), { __VA_ARGS__ }, false
#define FLOATS(name, operand, ...) ((onnx_tensor){ name, ONNX_FLOAT, operand, false, LENGTHS(__VA_ARGS__) })
#define CONSTANT(name, type, operand, ...) ((onnx_tensor){ name, type, operand, true, LENGTHS(__VA_ARGS__) })
#define INT(name, value) { name, ONNX_IS_INT, value, 0, NULL }
#define REAL(name, value) { name, ONNX_IS_REAL, 0, value, NULL }
#define TEXT(name, value) { name, ONNX_IS_TEXT, 0, 0, value }
/* clang-format on */

static bool given(const assay_args *a, int i)
{
    return a->operand[i].data || a->operand[i].rank;
}
static bool filled(const assay_args *a, int dims)
{
    for (int i = 0; i < dims; i++)
        if (a->dim[i] <= 0)
            return false;
    return true;
}
static bool floats(const assay_args *a)
{
    return filled(a, 2);
}
static void set(onnx_node *n, const char *op, const char *domain, int n_in, onnx_tensor out)
{
    n->op = op, n->domain = domain, n->n_in = n_in, n->out = out;
}
static const void *at(const assay_tensor *t, int64_t i, int64_t j)
{
    return (const char *)t->data + (t->dim[0] > 1 ? i * t->stride[0] : 0) +
           (t->rank > 1 && t->dim[1] > 1 ? j * t->stride[1] : 0);
}

/* ---- products ---- */
static void gemm(const assay_args *a, onnx_node *n)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    set(n, "Gemm", "", given(a, 2) ? 3 : 2, FLOATS("y", 3, T, N));
    n->in[0] = FLOATS("x", 0, T, K);
    n->in[1] = CONSTANT("w", ONNX_FLOAT, 1, N, K);
    if (given(a, 2))
        n->in[2] = CONSTANT("bias", ONNX_FLOAT, 2, N);
    n->attribute[0] = (onnx_attribute)INT("transB", 1);
}
static void rows(const assay_args *a, const onnx_node *n, int i, void *dst, onnx_packed *p)
{
    const onnx_tensor *t = &n->in[i];
    const size_t row = onnx_size(t) / (size_t)(t->rank > 1 ? t->dim[0] : 1);
    (void)p;
    for (int64_t r = 0; r < (t->rank > 1 ? t->dim[0] : 1); r++)
        memcpy((char *)dst + (size_t)r * row, at(&a->operand[t->operand], r, 0), row);
}

enum { X8, W8, X_SCALE, W_SCALE, X_ZERO, W_ZERO, BIAS, Y8 };
static void codes(const assay_args *a, onnx_node *n)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    set(n, "MatMulIntegerToFloat", MICROSOFT, 7, FLOATS("y", Y8, T, N));
    n->in[0] = (onnx_tensor){ "x", ONNX_INT8, X8, false, LENGTHS(T, K) };
    n->in[1] = CONSTANT("w", ONNX_INT8, W8, K, N);
    n->in[2] = (onnx_tensor){ "x_scale", ONNX_FLOAT, X_SCALE, false, 0, { 0 }, false };
    n->in[3] = CONSTANT("w_scale", ONNX_FLOAT, W_SCALE, N);
    if (given(a, W_ZERO))
        n->in[5] = CONSTANT("w_zero", ONNX_INT8, W_ZERO, N);
    if (given(a, BIAS))
        n->in[6] = CONSTANT("bias", ONNX_FLOAT, BIAS, N);
}
static void codes_fill(const assay_args *a, const onnx_node *n, int i, void *dst, onnx_packed *p)
{
    const assay_tensor *t = &a->operand[n->in[i].operand];
    (void)p;
    for (int64_t c = 0; c < a->dim[1]; c++)
        if (i == 1)
            for (int64_t k = 0; k < a->dim[2]; k++)
                ((int8_t *)dst)[k * a->dim[1] + c] = ((const int8_t *)at(t, c, 0))[k];
        else if (i == 5)
            ((int8_t *)dst)[c] = *(const int8_t *)at(t, t->stride[0] ? c : 0, 0);
        else
            ((float *)dst)[c] = *(const float *)at(t, t->stride[0] ? c : 0, 0);
}
static bool codes_accepts(const assay_args *a) /* one scale of x, and no zero point of it */
{
    return filled(a, 3) && (a->dim[0] == 1 || !a->operand[X_SCALE].stride[0]) && !given(a, X_ZERO);
}

enum { X4, W4, SCALE, ZERO, EACH, Y4 };
static void nibbles(const assay_args *a, onnx_node *n)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2], G = a->dim[4], group = K / G;
    set(n, "MatMulNBits", MICROSOFT, 4, FLOATS("y", Y4, T, N));
    n->in[0] = FLOATS("x", X4, T, K);
    n->in[1] = CONSTANT("w", ONNX_UINT8, W4, N, G, group / 2);
    n->in[2] = CONSTANT("scale", ONNX_FLOAT, SCALE, N * G);
    n->in[3] = CONSTANT("zero", ONNX_UINT8, ZERO, N * ((G + 1) / 2));
    const onnx_attribute attributes[] = { INT("K", K), INT("N", N), INT("bits", 4), INT("block_size", group),
                                          INT("accuracy_level", ((const onnx_way *)a->variant)->level) };
    memcpy(n->attribute, attributes, sizeof attributes);
}
static float number(const assay_tensor *t, int64_t i, int64_t j)
{
    const uint16_t *half = at(t, i, j);
    uint32_t bits = (uint32_t)*half << 16;
    float f;
    if (t->type == ASSAY_f32)
        return *(const float *)(const void *)half;
    if (t->type == ASSAY_f16) {
        _Float16 h;
        memcpy(&h, half, sizeof h);
        return (float)h;
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}
/* A zero point that is left out is 0 to us and 8 to the node: where all are 8 it has none; 16 it cannot say. */
static void nibbles_fill(const assay_args *a, const onnx_node *n, int i, void *dst, onnx_packed *p)
{
    const int64_t N = a->dim[1], K = a->dim[2], G = a->dim[4];
    const assay_tensor *t = &a->operand[i];
    bool eights = true;
    if (i == W4)
        for (int64_t c = 0; c < N; c++)
            memcpy((char *)dst + c * (K / 2), at(t, c, 0), (size_t)K / 2);
    for (int64_t c = 0; i != W4 && c < N; c++)
        for (int64_t g = 0; g < G; g++) {
            const int zero =
                i == ZERO && t->data ? *(const int8_t *)at(t, t->stride[0] ? c : 0, t->stride[1] ? g : 0) : 0;
            if (i == SCALE)
                ((float *)dst)[c * G + g] = number(t, c, g);
            else
                ((uint8_t *)dst)[c * ((G + 1) / 2) + g / 2] |= (uint8_t)((zero & 15) << g % 2 * 4);
            eights &= zero == 8;
            p->refused |= zero > 15;
        }
    if (i == ZERO && eights)
        p->left_out |= 1u << ZERO;
    (void)n;
}
static bool nibbles_accepts(const assay_args *a) /* a scale for each row and each group of 16, 32, 64 ... columns */
{
    const int64_t N = a->dim[1], K = a->dim[2], G = a->dim[4], group = filled(a, 5) && K % G == 0 ? K / G : 0;
    const assay_matmul_scaled_params *p = a->params;
    return group >= 16 && !(group & (group - 1)) && (p->group == group || (p->group == 0 && G == 1)) &&
           a->dim[3] == N && !given(a, EACH);
}

/* ---- rows ---- */
static void softmax(const assay_args *a, onnx_node *n)
{
    set(n, "Softmax", "", 1, FLOATS("y", 3, a->dim[0], a->dim[1]));
    n->in[0] = FLOATS("x", 0, a->dim[0], a->dim[1]);
    n->attribute[0] = (onnx_attribute)INT("axis", -1);
}
static bool softmax_accepts(const assay_args *a) /* scale, mask and sinks are nodes of their own */
{
    const assay_softmax_params *p = a->params;
    return floats(a) && p->scale == 1 && !given(a, 1) && !given(a, 2);
}

static void norm(const assay_args *a, onnx_node *n, const char *op, float eps, int y)
{
    set(n, op, "", 2, FLOATS("y", y, a->dim[0], a->dim[1]));
    n->in[0] = FLOATS("x", 0, a->dim[0], a->dim[1]);
    n->in[1] = FLOATS("w", 1, a->dim[1]);
    n->attribute[0] = (onnx_attribute)INT("axis", -1);
    n->attribute[1] = (onnx_attribute)REAL("epsilon", eps);
}
static void layernorm(const assay_args *a, onnx_node *n)
{
    norm(a, n, "LayerNormalization", ((const assay_layernorm_params *)a->params)->eps, 3);
    if (given(a, 2))
        n->in[n->n_in++] = FLOATS("bias", 2, a->dim[1]);
}
static bool layernorm_accepts(const assay_args *a)
{
    return floats(a) && given(a, 1);
}
static void rmsnorm(const assay_args *a, onnx_node *n)
{
    norm(a, n, "SimplifiedLayerNormalization", ((const assay_rmsnorm_params *)a->params)->eps, 2);
}
static bool rmsnorm_accepts(const assay_args *a)
{
    return floats(a) && !((const assay_rmsnorm_params *)a->params)->plus_one;
}

static void sigmoid_of(const assay_args *a, onnx_node *n, float alpha)
{
    set(n, "QuickGelu", MICROSOFT, 1, FLOATS("y", 1, a->dim[0], a->dim[1]));
    n->in[0] = FLOATS("x", 0, a->dim[0], a->dim[1]);
    n->attribute[0] = (onnx_attribute)REAL("alpha", alpha);
}
static void silu(const assay_args *a, onnx_node *n)
{
    sigmoid_of(a, n, 1);
}
static void gelu(const assay_args *a, onnx_node *n)
{
    const int form = ((const assay_gelu_params *)a->params)->form;
    sigmoid_of(a, n, 1.702f);
    if (form == ASSAY_GELU_QUICK)
        return;
    n->op = "Gelu", n->domain = "";
    n->attribute[0] = (onnx_attribute)TEXT("approximate", form == ASSAY_GELU_ERF ? "none" : "tanh");
}

/* ---- heads ---- */
static void rope(const assay_args *a, onnx_node *n)
{
    const int64_t T = a->dim[0], H = a->dim[1], D = a->dim[2], F = a->dim[3], P = a->dim[5];
    const assay_rope_params *p = a->params;
    set(n, "RotaryEmbedding", MICROSOFT, 4, FLOATS("y", 6, 1, T, H * D));
    n->in[0] = FLOATS("x", 0, 1, T, H * D);
    n->in[1] = (onnx_tensor){ "pos", ONNX_INT64, 1, false, LENGTHS(1, T) };
    n->in[2] = FLOATS("cos", 4, P, F);
    n->in[3] = FLOATS("sin", 5, P, F);
    n->attribute[0] = (onnx_attribute)INT("interleaved", p->mode == ASSAY_ROPE_INTERLEAVED);
    if (p->n_dims != D) {
        n->attribute[1] = (onnx_attribute)INT("num_heads", H);
        n->attribute[2] = (onnx_attribute)INT("rotary_embedding_dim", p->n_dims);
    }
}
static bool rope_accepts(const assay_args *a) /* by tables alone, of one axis */
{
    return filled(a, 6) && a->dim[4] == 1 && given(a, 4) && !given(a, 3) &&
           ((const assay_rope_params *)a->params)->magnitude == 1;
}

enum { Q, K, V, MASK, O = 11 };
static void heads(const assay_args *a, onnx_node *n, const char *op, const char *domain)
{
    const int64_t B = a->dim[0], T = a->dim[1], S = a->dim[2], H = a->dim[3], G = a->dim[4], D = a->dim[5],
                  E = a->dim[6];
    set(n, op, domain, 3, FLOATS("o", O, B, T, H * E));
    n->in[0] = FLOATS("q", Q, B, T, H * D);
    n->in[1] = FLOATS("k", K, B, S, G * D);
    n->in[2] = FLOATS("v", V, B, S, G * E);
    n->in[0].last_known = n->in[1].last_known = n->in[2].last_known = n->out.last_known = true;
}
/* With one query, the last, all keys are visible. */
static int64_t masked(const assay_args *a)
{
    return ((const assay_attention_params *)a->params)->causal && a->dim[1] > 1;
}
static void attention(const assay_args *a, onnx_node *n)
{
    const assay_attention_params *p = a->params;
    const onnx_attribute attributes[] = { INT("q_num_heads", a->dim[3]), INT("kv_num_heads", a->dim[4]),
                                          INT("is_causal", masked(a)), REAL("scale", p->scale),
                                          REAL("softcap", p->softcap) };
    heads(a, n, "Attention", "");
    memcpy(n->attribute, attributes, sizeof attributes);
}
static void multi_head(const assay_args *a, onnx_node *n)
{
    const assay_attention_params *p = a->params;
    const onnx_attribute attributes[] = { INT("num_heads", a->dim[3]), INT("unidirectional", masked(a)),
                                          REAL("scale", p->scale) };
    heads(a, n, "MultiHeadAttention", MICROSOFT);
    memcpy(n->attribute, attributes, sizeof attributes);
}
/* Its causal mask begins at the first key: as ours where there are as many queries as keys, or one. */
static bool attention_accepts(const assay_args *a)
{
    const assay_attention_params *p = a->params;
    for (int i = MASK; i < O; i++)
        if (given(a, i))
            return false;
    return filled(a, 7) && !p->window && !p->right && !p->prefix && !p->chunk && (!masked(a) || a->dim[1] == a->dim[2]);
}
static bool multi_head_accepts(const assay_args *a)
{
    return attention_accepts(a) && a->dim[3] == a->dim[4] && ((const assay_attention_params *)a->params)->softcap == 0;
}

#define OF(t)  ASSAY_TYPES(ASSAY_T(t))
#define SCALES ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16))
static const assay_typeset f32[] = { OF(f32), OF(f32), OF(f32), OF(f32) },
                           int8[] = { OF(i8), OF(i8), OF(f32), OF(f32), OF(i8), OF(i8), OF(f32), OF(f32) },
                           int4[] = { OF(f32), OF(u4), SCALES, OF(i8), OF(f32), OF(f32) },
                           turned[] = { OF(f32), OF(i32), OF(f32), OF(i32), OF(f32), OF(f32), OF(f32) },
                           attended[] = { OF(f32), OF(f32), OF(f32), OF(f32), OF(f32), OF(f32),
                                          OF(i32), OF(i32), OF(i32), OF(i32), OF(i8),  OF(f32) };
/* Blocks of x are rounded with a scale in f32, q8_0 has one in f16: the same where it is a power of two. */
static const assay_contract rounds = { .round = { { "x", ASSAY_q8_0, 0 } } };

#define USUAL(op_, name_, types_, accepts_)                                                                            \
    .op = op_, .name = name_, .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS, .types = types_, .run = onnx_run,           \
    .accepts = accepts_, .scratch = onnx_scratch, .variant = &(const onnx_way)
#define KERNEL(op_, name_, types_, accepts_, describe_)                                                                \
    {                                                                                                                  \
        USUAL(op_, name_, types_, accepts_)                                                                            \
        {                                                                                                              \
            describe_, NULL, 0                                                                                         \
        }                                                                                                              \
    }
#define PACKED(op_, name_, types_, accepts_, contract_, ...)                                                           \
    {                                                                                                                  \
        .packed_bytes = onnx_packed_bytes, .pack = onnx_pack, .contract = contract_,                                   \
        USUAL(op_, name_, types_, accepts_)                                                                            \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
static bool any(const assay_args *a)
{
    return filled(a, 3);
}
const assay_kernel onnx_kernels[] = {
    PACKED("matmul", "f32", f32, any, NULL, gemm, rows, 0),
    PACKED("matmul_int8", "i8", int8, codes_accepts, NULL, codes, codes_fill, 0),
    PACKED("matmul_scaled", "u4", int4, nibbles_accepts, NULL, nibbles, nibbles_fill, 1),
    PACKED("matmul_scaled", "u4_int8", int4, nibbles_accepts, &rounds, nibbles, nibbles_fill, 4),
    KERNEL("softmax", "f32", f32, softmax_accepts, softmax),
    KERNEL("layernorm", "f32", f32, layernorm_accepts, layernorm),
    KERNEL("rmsnorm", "f32", f32, rmsnorm_accepts, rmsnorm),
    KERNEL("silu", "f32", f32, floats, silu),
    KERNEL("gelu", "f32", f32, floats, gelu),
    KERNEL("rope", "f32", turned, rope_accepts, rope),
    KERNEL("attention", "f32", attended, attention_accepts, attention),
    KERNEL("attention", "multi_head", attended, multi_head_accepts, multi_head),
};
const size_t onnx_n_kernels = sizeof onnx_kernels / sizeof *onnx_kernels;
