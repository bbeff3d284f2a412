/* SPDX-License-Identifier: MIT */
#include "onnx_rules.h"
#include "../core/registry.h"
#include "../core/tensor.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static const char not_known[] = "a shape or type is not known", not_ours[] = "no op of ours";

static bool known(const assay_onnx_tensor *t, int rank)
{
    return t && t->rank >= 0 && (rank < 0 || t->rank == rank);
}

/* Of floats; NULL: another. */
static const char *type(const assay_onnx_tensor *t)
{
    return !t                        ? NULL
           : t->type == ONNX_FLOAT   ? "f32"
           : t->type == ONNX_FLOAT16 ? "f16"
           : t->type == ONNX_BF16    ? "bf16"
                                     : NULL;
}

/* Product of the lengths from one axis to before another; above 2^50 it is no size of ours anyway. */
static int64_t count(const assay_onnx_tensor *t, int from, int to)
{
    int64_t n = 1;
    for (int i = from; i < to; i++)
        n = n > INT64_C(1) << 50 ? n : n * t->dim[i];
    return n;
}

static int64_t rows(const assay_onnx_tensor *t)
{
    return count(t, 0, t->rank - 1);
}

static int64_t last(const assay_onnx_tensor *t)
{
    return t->dim[t->rank - 1];
}

static void choose(const assay_onnx_work *w, const assay_case *x, const assay_args *a, char kernel[64])
{
    const assay_kernel *found = NULL, *k;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++)
        if (k->run && !strcmp(k->op, x->op->name) && !(k->isa & ~w->isa) &&
            (!found || __builtin_popcountll(k->isa) >= __builtin_popcountll(found->isa)) &&
            assay_kernel_takes(x->op, k, a) && assay_kernel_accepts(k, *a))
            found = k;
    snprintf(kernel, 64, "%s", found ? found->name : "scalar");
}

/* One call, the line as of printf; else why it is none. */
static const char *call(assay_onnx_work *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *call(assay_onnx_work *w, const char *format, ...)
{
    char line[ASSAY_CASE_LINE];
    assay_case x;
    assay_tensor t[ASSAY_MAX_OPND];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (assay_case_parse(line, &x, &w->why) || assay_case_check(&x, &w->why))
        return w->why.text;
    assay_case_tensors(&x, t);
    assay_model_call m = { .op = x.op };
    const assay_args a = { .operand = t, .dim = x.dim, .params = x.params, .end = INT64_MAX };
    assay_case_print(&x, m.line, sizeof m.line);
    char *inputs = strstr(m.line, " gen=");
    if (inputs)
        *inputs = 0;
    m.flops = x.op->flops ? x.op->flops(&a) : 0;
    m.bytes = x.op->bytes ? x.op->bytes(&a) : assay_operand_bytes(x.op, t, true, true);
    choose(w, &x, &a, m.kernel);
    assay_calls_add(w->c, &m, 1);
    return NULL;
}

static const char *matmul(assay_onnx_work *w)
{
    const assay_onnx_tensor *a = w->in[0], *b = w->in[1];
    if (!known(a, -1) || !known(b, -1) || a->rank < 2 || b->rank < 2 || !type(a) || !type(b))
        return not_known;
    const int64_t K = last(a), N = last(b);
    if (b->dim[b->rank - 2] != K)
        return "the factors' lengths differ";
    if (b->constant && b->rank == 2)
        return call(w, "matmul T=%" PRId64 " N=%" PRId64 " K=%" PRId64 " x=%s w=%s", rows(a), N, K, type(a), type(b));
    int64_t B = count(a, 0, a->rank - 2), T = a->dim[a->rank - 2];
    if (b->rank == 2)
        T = rows(a), B = 1;
    else if (a->rank != b->rank || memcmp(a->dim, b->dim, (size_t)(a->rank - 2) * sizeof *a->dim) != 0)
        return "factors that are broadcast over each other";
    return call(w, "matmul_batch B=%" PRId64 " T=%" PRId64 " N=%" PRId64 " K=%" PRId64 " x=%s wt=%s", B, T, N, K,
                type(a), type(b));
}

static const char *gemm(assay_onnx_work *w)
{
    const assay_onnx_tensor *a = w->in[0], *b = w->in[1], *c = w->in[2];
    const float alpha = assay_onnx_real(w->n, "alpha", 1), beta = assay_onnx_real(w->n, "beta", 1);
    if (!known(a, 2) || !known(b, 2) || !type(a) || !type(b) || (c && c->rank < 0))
        return not_known;
    const bool turned = assay_onnx_int(w->n, "transB", 0) != 0;
    const int64_t N = b->dim[turned ? 0 : 1];
    if (!(alpha >= 1 && alpha <= 1) || (c && !(beta >= 1 && beta <= 1)) || assay_onnx_int(w->n, "transA", 0) ||
        (c && (count(c, 0, c->rank) != N || !c->rank || last(c) != N)))
        return "alpha, beta, transA or an addend that is no bias";
    if (b->dim[turned ? 1 : 0] != a->dim[1])
        return "the factors' lengths differ";
    return call(w, "matmul T=%" PRId64 " N=%" PRId64 " K=%" PRId64 " x=%s w=%s%s", a->dim[0], N, a->dim[1], type(a),
                type(b), c ? " bias=f32" : "");
}

static const char *matmul_nbits(assay_onnx_work *w)
{
    const assay_onnx_tensor *a = w->in[0], *scale = w->in[2];
    const int64_t K = assay_onnx_int(w->n, "K", 0), N = assay_onnx_int(w->n, "N", 0);
    const int64_t group = assay_onnx_int(w->n, "block_size", 0);
    if (!known(a, -1) || !a->rank || !type(a) || !type(scale))
        return not_known;
    if (assay_onnx_int(w->n, "bits", 4) != 4)
        return "codes of other than 4 bits";
    if (w->in[4] || w->in[5] || (w->in[3] && type(w->in[3])))
        return "an order of columns, a bias, or zero points that are floats";
    if (last(a) != K || K < 1 || group < 1)
        return "the factors' lengths differ";
    return call(w,
                "matmul_scaled T=%" PRId64 " N=%" PRId64 " K=%" PRId64 " R=%" PRId64 " G=%" PRId64
                " x=%s w=u4 scale=%s zero=i8%s rows=1 group=%" PRId64,
                rows(a), N, K, N, K / group + (K % group != 0), type(a), type(scale), w->in[3] ? "" : "/", group);
}

/* Rows of the last axis alone: R C of x; NULL where they are such. */
static const char *rows_of(const assay_onnx_work *w, int64_t axis)
{
    const assay_onnx_tensor *x = w->in[0];
    if (!known(x, -1) || !x->rank || !type(x))
        return not_known;
    return axis == -1 || axis == x->rank - 1 ? NULL : "another axis than the last";
}

static const struct norm { /* an operator of ONNX and ours; inputs: that of w and of bias */
    const char *onnx, *op;
    int w, bias;
    bool adds;
    float eps;
} norms[] = {
    { "LayerNormalization", "layernorm", 1, 2, false, 1e-5f },
    { "SimplifiedLayerNormalization", "rmsnorm", 1, -1, false, 1e-5f },
    { "RMSNormalization", "rmsnorm", 1, -1, false, 1e-5f },
    { "SkipLayerNormalization", "add_layernorm", 2, 3, true, 1e-12f },
    { "SkipSimplifiedLayerNormalization", "add_rmsnorm", 2, -1, true, 1e-12f },
};

static const char *normalize(assay_onnx_work *w)
{
    const struct norm *n = norms;
    while (!assay_span_is(w->n->op, n->onnx))
        n++;
    const assay_onnx_tensor *x = w->in[0], *g = w->in[n->w], *bias = n->bias < 0 ? NULL : w->in[n->bias];
    const char *no = rows_of(w, n->adds ? -1 : assay_onnx_int(w->n, "axis", -1));
    if (no || !type(g) || (bias && !type(bias)))
        return no ? no : not_known;
    if (n->adds && (w->in[n->bias < 0 ? 3 : 4] || !known(w->in[1], x->rank) || rows(w->in[1]) != rows(x)))
        return "a bias besides, or a residual of another shape";
    return call(w, "%s R=%" PRId64 " C=%" PRId64 " x=%s%s%s w=%s%s%s%s y=%s eps=%.9g", n->op, rows(x), last(x), type(x),
                n->adds ? " residual=" : "", n->adds ? type(x) : "", type(g), bias ? " bias=" : "",
                bias ? type(bias) : "", n->adds && n->bias >= 0 && assay_onnx_out(w->g, w->n, 3) ? " sum=f32" : "",
                type(x), (double)assay_onnx_real(w->n, "epsilon", n->eps));
}

static const char *softmax(assay_onnx_work *w)
{
    const assay_onnx_tensor *x = w->in[0];
    const char *no = rows_of(w, assay_onnx_int(w->n, "axis", w->g->opset < 13 ? 1 : -1));
    return no ? no : call(w, "softmax R=%" PRId64 " C=%" PRId64 " x=%s y=%s", rows(x), last(x), type(x), type(x));
}

static const struct unary {
    const char *onnx, *op, *form;
} unaries[] = {
    { "Gelu", "gelu", "erf" },        { "FastGelu", "gelu", "tanh" },         { "Relu", "activation", "relu" },
    { "Tanh", "activation", "tanh" }, { "Sigmoid", "activation", "sigmoid" },
};

static const char *elementwise(assay_onnx_work *w)
{
    const assay_onnx_tensor *x = w->in[0];
    const struct unary *u = unaries;
    const char *no = rows_of(w, -1);
    while (!assay_span_is(w->n->op, u->onnx))
        u++;
    if (no || w->in[1])
        return no ? no : "a bias besides";
    const bool tanh_form = assay_span_is(assay_onnx_text(w->n, "approximate"), "tanh");
    return call(w, "%s R=%" PRId64 " C=%" PRId64 " x=%s y=%s form=%s", u->op, rows(x), last(x), type(x), type(x),
                tanh_form ? "tanh" : u->form);
}

static const char *binary(assay_onnx_work *w)
{
    const assay_onnx_tensor *a = w->in[0], *b = w->in[1];
    if (!known(a, -1) || !known(b, -1))
        return not_known;
    if (!type(a) || !type(b))
        return "of whole numbers, as shapes and masks are computed";
    if (a->rank != b->rank || !a->rank || memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) != 0)
        return "operands that are broadcast over each other";
    return call(w, "%s R=%" PRId64 " C=%" PRId64 " a=%s b=%s y=%s", w->n->op.at[0] == 'A' ? "add" : "mul", rows(a),
                last(a), type(a), type(b), type(a));
}

static const char *gather(assay_onnx_work *w)
{
    const assay_onnx_tensor *x = w->in[0], *ids = w->in[1];
    if (!known(x, -1) || !known(ids, -1))
        return not_known;
    if (!x->constant || x->rank != 2 || assay_onnx_int(w->n, "axis", 0) || !type(x))
        return "picks parts of a shape or activation, no rows of a table";
    return call(w, "embedding T=%" PRId64 " V=%" PRId64 " D=%" PRId64 " table=%s", count(ids, 0, ids->rank), x->dim[0],
                x->dim[1], type(x));
}

static const char *rotate(assay_onnx_work *w, int64_t T, int64_t H, int64_t D, const assay_onnx_tensor *cos)
{
    const int64_t n = 2 * last(cos);
    const char *key = assay_span_is(w->n->op, "RotaryEmbedding") ? "interleaved" : "rotary_interleaved";
    return call(w,
                "rope T=%" PRId64 " H=%" PRId64 " D=%" PRId64 " F=%" PRId64 " P=%" PRId64
                " cos=f32 sin=f32 mode=%s n_dims=%" PRId64,
                T, H, D, n / 2, cos->dim[0], assay_onnx_int(w->n, key, 0) ? "interleaved" : "half", n == D ? 0 : n);
}

static const char *rope(assay_onnx_work *w)
{
    const assay_onnx_tensor *x = w->in[0], *cos = w->in[2];
    if (!assay_span_is(w->n->domain, "com.microsoft"))
        return not_ours; /* ONNX 1.18 orders the inputs otherwise */
    if (!known(x, -1) || !known(cos, 2) || x->rank < 3 || x->rank > 4)
        return not_known;
    const int64_t H = x->rank == 4 ? x->dim[1] : assay_onnx_int(w->n, "num_heads", 0);
    if (x->rank == 3 && (H < 1 || x->dim[2] % H))
        return "heads whose number is not said";
    return rotate(w, x->dim[0] * x->dim[x->rank - 2], H, x->rank == 4 ? x->dim[3] : x->dim[2] / H, cos);
}

/* com.microsoft's, of separate q (B, T, H D), k and v (B, T, G D) */
static const char *attention(assay_onnx_work *w)
{
    const bool grouped = assay_span_is(w->n->op, "GroupQueryAttention");
    const assay_onnx_tensor *q = w->in[0], *k = w->in[1], *v = w->in[2], *past = grouped ? w->in[3] : w->in[6];
    const int64_t H = assay_onnx_int(w->n, "num_heads", 0), G = assay_onnx_int(w->n, "kv_num_heads", H);
    if (!known(q, 3) || (k && !known(k, 3)) || (v && !known(v, 3)) || (past && !known(past, 4)) || !type(q))
        return not_known;
    if (!k || !v || !type(k) || !type(v))
        return "q, k and v in one tensor";
    if (!grouped && (w->in[3] || w->in[4] || w->in[5]))
        return "a bias or a mask besides";
    if (H < 1 || G < 1 || q->dim[2] % H || k->dim[2] % G || v->dim[2] % G || q->dim[2] / H != k->dim[2] / G ||
        (grouped && assay_onnx_real(w->n, "softcap", 0) > 0))
        return "heads that do not divide the width, or a softcap";
    const int64_t T = q->dim[1], D = q->dim[2] / H, S = k->dim[1] + (past ? past->dim[2] : 0);
    const int64_t window = grouped ? assay_onnx_int(w->n, "local_window_size", -1) : -1;
    const bool turns = grouped && assay_onnx_int(w->n, "do_rotary", 0) != 0;
    if (turns && !known(w->in[7], 2))
        return not_known;
    if (q->dim[0] * T > INT32_MAX)
        return "more rows than our ops take";
    const char *no = call(w,
                          "attention B=%" PRId64 " T=%" PRId64 " S=%" PRId64 " H=%" PRId64 " G=%" PRId64 " D=%" PRId64
                          " E=%" PRId64 " q=%s k=%s v=%s o=%s causal=%d window=%" PRId64 " scale=%.9g",
                          q->dim[0], T, S, H, G, D, v->dim[2] / G, type(q), type(k), type(v), type(q),
                          grouped || assay_onnx_int(w->n, "unidirectional", 0), window > 0 ? window : 0,
                          (double)assay_onnx_real(w->n, "scale", 0));
    if (!no && turns)
        no = rotate(w, q->dim[0] * T, H, D, w->in[7]);
    return no || !turns ? no : rotate(w, q->dim[0] * k->dim[1], G, D, w->in[7]);
}

static const struct rule {
    const char *ops; /* each between spaces */
    const char *(*of)(assay_onnx_work *w);
} rules[] = {
    { " MatMul ", matmul },
    { " Gemm ", gemm },
    { " MatMulNBits ", matmul_nbits },
    { " LayerNormalization SimplifiedLayerNormalization RMSNormalization SkipLayerNormalization "
      "SkipSimplifiedLayerNormalization ",
      normalize },
    { " Softmax ", softmax },
    { " Gelu FastGelu Relu Tanh Sigmoid ", elementwise },
    { " Add Mul ", binary },
    { " Gather ", gather },
    { " RotaryEmbedding ", rope },
    { " GroupQueryAttention MultiHeadAttention ", attention },
};
static const char shapes_only[] = " Reshape Transpose Unsqueeze Squeeze Concat Shape Constant ConstantOfShape Identity "
                                  "Cast Slice Split Expand Flatten "
                                  "Dropout Range Size Tile Pad ";

/* Its operators are ours to know, and its name is one word: another's function may have any. */
static bool is_known_kind(const assay_onnx_node *n)
{
    bool word = n->op.n < 37;
    for (size_t i = 0; i < n->op.n && word; i++)
        word = isalnum((unsigned char)n->op.at[i]);
    return word && (!n->domain.n || assay_span_is(n->domain, "ai.onnx") || assay_span_is(n->domain, "com.microsoft"));
}

const char *assay_onnx_call(assay_onnx_work *w)
{
    char name[40] = "?";
    const char *reason = not_ours;
    if (is_known_kind(w->n))
        snprintf(name, sizeof name, " %.*s ", (int)w->n->op.n, w->n->op.at);
    for (int k = 0; k < ASSAY_ONNX_INPUTS; k++)
        w->in[k] = assay_onnx_in(w->g, w->n, k);
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
        if (strstr(rules[r].ops, name)) {
            reason = rules[r].of(w);
            break;
        }
    if (reason == not_ours && strstr(shapes_only, name))
        reason = "moves elements or makes shapes; computes nothing";
    return reason;
}
