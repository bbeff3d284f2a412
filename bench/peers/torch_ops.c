/* SPDX-License-Identifier: MIT
 * torch_ops.c - our ops as PyTorch's operators, operands as they lie, in f32, f16 and bf16: products, softmax, norms,
 * gelu, silu and attention.  What has no form that writes into memory of the caller's (norms, attention) is copied
 * from PyTorch's own. */
#include "assay/params.h"
#include "torch_door.h"

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
static void let_go(torch_tensor *t)
{
    if (t)
        aoti_torch_delete_tensor_object(t);
}
static assay_status done(bool ok)
{
    return ok ? ASSAY_OK : ASSAY_UNSUPPORTED;
}

/* ---- products ---- */
static assay_status matmul(const assay_args *a)
{
    const assay_tensor *w = &a->operand[1];
    const int64_t turned[] = { w->dim[1], w->dim[0] }, stride[] = { 1, torch_step(w, 0) };
    torch_threads();
    torch_tensor *x = torch_matrix(&a->operand[0]), *wt = torch_view(w->data, torch_type(w->type), 2, turned, stride),
                 *y = torch_matrix(&a->operand[3]), *bias = given(a, 2) ? torch_matrix(&a->operand[2]) : NULL;
    const bool ok =
        x && wt && y && !(bias ? aoti_torch_cpu_addmm_out(y, bias, x, wt, 1, 1) : aoti_torch_cpu_mm_out(y, x, wt));
    let_go(x), let_go(wt), let_go(y), let_go(bias);
    return done(ok);
}
static bool matmul_accepts(const assay_args *a) /* a bias is of the type of all others */
{
    return filled(a, 3) && (a->operand[0].type == ASSAY_f32 || !given(a, 2));
}

/* ---- rows ---- */
static assay_status into(const assay_args *a, int y, const char *op, uint64_t *stack, int n)
{
    torch_tensor *out = torch_matrix(&a->operand[y]);
    stack[0] = torch_of(torch_matrix(&a->operand[0]));
    stack[n - 1] = torch_of(out);
    const bool ok = stack[0] && out && torch_call(op, "out", stack);
    if (ok)
        let_go((torch_tensor *)(uintptr_t)stack[0]);
    return done(ok);
}
static assay_status softmax(const assay_args *a)
{
    uint64_t stack[] = { 0, 1, false, 0 };
    torch_threads();
    return into(a, 3, "aten::_softmax", stack, 4);
}
static bool softmax_accepts(const assay_args *a)
{
    return filled(a, 2) && ((const assay_softmax_params *)a->params)->scale == 1 && !given(a, 1) && !given(a, 2);
}
static assay_status silu(const assay_args *a)
{
    uint64_t stack[] = { 0, 0 };
    torch_threads();
    return into(a, 1, "aten::silu", stack, 2);
}
static bool silu_accepts(const assay_args *a)
{
    return filled(a, 2);
}
static assay_status gelu(const assay_args *a)
{
    const bool erf = ((const assay_gelu_params *)a->params)->form == ASSAY_GELU_ERF;
    uint64_t stack[] = { 0, torch_text(erf ? "none" : "tanh"), 0 };
    torch_threads();
    return into(a, 1, "aten::gelu", stack, 3);
}
static bool gelu_accepts(const assay_args *a)
{
    return filled(a, 2) && ((const assay_gelu_params *)a->params)->form != ASSAY_GELU_QUICK;
}

static assay_status layernorm(const assay_args *a)
{
    const assay_tensor *o = a->operand;
    torch_threads();
    uint64_t stack[] = { torch_of(torch_matrix(&o[0])), torch_lengths(a->dim[1]),
                         torch_maybe(given(a, 1) ? torch_matrix(&o[1]) : NULL),
                         torch_maybe(given(a, 2) ? torch_matrix(&o[2]) : NULL),
                         torch_real(((const assay_layernorm_params *)a->params)->eps) };
    if (!torch_call("aten::native_layer_norm", "", stack))
        return ASSAY_UNSUPPORTED;
    let_go((torch_tensor *)(uintptr_t)stack[1]);
    let_go((torch_tensor *)(uintptr_t)stack[2]);
    return torch_copied(true, torch_matrix(&o[3]), (torch_tensor *)(uintptr_t)stack[0]);
}
static bool layernorm_accepts(const assay_args *a)
{
    return filled(a, 2);
}
static assay_status rmsnorm(const assay_args *a)
{
    double eps = ((const assay_rmsnorm_params *)a->params)->eps;
    torch_tensor *y = NULL, *rstd = NULL;
    torch_threads();
    torch_tensor *x = torch_matrix(&a->operand[0]), *w = torch_matrix(&a->operand[1]);
    const bool ok = x && w && !aoti_torch_cpu__fused_rms_norm(x, &a->dim[1], 1, &w, &eps, &y, &rstd);
    let_go(x), let_go(w), let_go(rstd);
    return torch_copied(ok, torch_matrix(&a->operand[2]), y);
}
static bool rmsnorm_accepts(const assay_args *a) /* 1 + w would be another operator's work */
{
    return filled(a, 2) && !((const assay_rmsnorm_params *)a->params)->plus_one;
}

/* ---- attention ---- */
enum { Q, K, V, MASK, O = 11 };

/* Heads that share keys and values are a batch each, and those steps of the shared ones are 0: PyTorch takes as many
 * heads of keys as of queries.  t is (B,T,H,D); n is of its heads, or where they are shared, of the queries' for each.
 */
static torch_tensor *heads(const assay_tensor *t, int64_t b, int64_t groups, int64_t each)
{
    const int64_t own = t->dim[2] / groups, head = torch_step(t, 2);
    const int64_t dim[] = { groups, each, t->dim[1], t->dim[3] },
                  stride[] = { own * head, own > 1 ? head : 0, torch_step(t, 1), 1 };
    const int64_t size = t->type == ASSAY_f32 ? 4 : 2;
    return torch_view((char *)t->data + b * torch_step(t, 0) * size, torch_type(t->type), 4, dim, stride);
}
static assay_status attention(const assay_args *a)
{
    const assay_attention_params *p = a->params;
    const int64_t G = a->dim[4], each = a->dim[3] / G;
    double scale = p->scale;
    assay_status status = ASSAY_OK;
    torch_threads();
    for (int64_t b = 0; status == ASSAY_OK && b < a->dim[0]; b++) {
        torch_tensor *o = NULL, *lse = NULL, *in[3];
        bool ok = true;
        for (int i = 0; i < 3; i++)
            ok &= !!(in[i] = heads(&a->operand[i], b, G, each));
        ok = ok && !aoti_torch_cpu__scaled_dot_product_flash_attention_for_cpu(
                       in[Q], in[K], in[V], 0, p->causal && a->dim[1] > 1, NULL, &scale, &o, &lse);
        for (int i = 0; i < 3; i++)
            let_go(in[i]);
        let_go(lse);
        status = torch_copied(ok, heads(&a->operand[O], b, G, each), o);
    }
    return status;
}
/* Its causal mask begins at the first key: as ours where there are as many queries as keys, or one. */
static bool attention_accepts(const assay_args *a)
{
    const assay_attention_params *p = a->params;
    for (int i = MASK; i < O; i++)
        if (given(a, i))
            return false;
    return filled(a, 7) && p->softcap == 0 && !p->window && !p->right && !p->prefix && !p->chunk &&
           a->dim[5] == a->dim[6] && (!p->causal || a->dim[1] == 1 || a->dim[1] == a->dim[2]);
}

#define OF(t) ASSAY_TYPES(ASSAY_T(t))
#define FOUR(t)                                                                                                        \
    {                                                                                                                  \
        OF(t), OF(t), OF(t), OF(t)                                                                                     \
    }
#define ALL(t)                                                                                                         \
    {                                                                                                                  \
        OF(t), OF(t), OF(t), OF(t), OF(f32), OF(f32), OF(i32), OF(i32), OF(i32), OF(i32), OF(i8), OF(t)                \
    }
#define PRODUCT(t)                                                                                                     \
    {                                                                                                                  \
        OF(t), OF(t), OF(f32), OF(t)                                                                                   \
    }
static const assay_typeset four[3][4] = { FOUR(f32), FOUR(f16), FOUR(bf16) },
                           product[3][4] = { PRODUCT(f32), PRODUCT(f16), PRODUCT(bf16) },
                           all[3][12] = { ALL(f32), ALL(f16), ALL(bf16) };
/* oneDNN's instruction for bf16 takes subnormals as 0. */
static const assay_contract flushes = { .ftz = 1 };
#define KERNEL(of, name_, types_, promise)                                                                             \
    {                                                                                                                  \
        .op = #of, .name = name_, .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS, .types = types_, .run = of,             \
        .accepts = of##_accepts, .contract = promise                                                                   \
    }
#define KERNELS(of, types_)                                                                                            \
    KERNEL(of, "f32", types_[0], NULL), KERNEL(of, "all_f16", types_[1], NULL),                                        \
        KERNEL(of, "all_bf16", types_[2], &flushes)
const assay_kernel torch_kernels[] = { KERNELS(matmul, product), KERNELS(softmax, four), KERNELS(layernorm, four),
                                       KERNELS(rmsnorm, four),   KERNELS(silu, four),    KERNELS(gelu, four),
                                       KERNELS(attention, all) };
const size_t torch_n_kernels = sizeof torch_kernels / sizeof *torch_kernels;
