/* SPDX-License-Identifier: MIT
 * Read at: ggml-org/llama.cpp 0054f9286949 tests/test-backend-ops.cpp; pytorch/pytorch 003029b0eb70
 * torch/testing/_comparison.py; onnx/onnx f7546912001b onnx/backend/test; uxlfoundation/oneDNN 3f27bec21fdc
 * tests/benchdnn; google/XNNPACK 75db3c093b6d test; ARM-software/kleidiai 495f6524d981 test; TOSA's reference model of
 * 2025, verify_dot_product.cc and generate_dot_product_states.cc. */
#include "rules.h"
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/tensor.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double step_of(assay_dtype t) /* from 1 to the next number of the type */
{
    return t == ASSAY_f16 ? 0x1p-10 : t == ASSAY_bf16 ? 0x1p-7 : 0x1p-23;
}

static bool is_integer(assay_dtype t)
{
    return t == ASSAY_i32;
}

static bool is_block(assay_dtype t)
{
    return assay_dtype_of(t)->block > 1;
}

/* The last row of a project that tests what we have: every op that has no row and no choice of right answers. */
#define OTHERS NULL
enum { NOT_TESTED = -1 };

/* ---- ggml: one normalized mean square error per tensor; p[0]: its limit for the op --------------------------- */

static bool inf_or_max(float x)
{
    return isinf(x) || fabsf(x) == FLT_MAX;
}

/* A tensor in blocks may be off by one code in one element: the estimate that its tests for copies use. */
static double ggml_limit(const assay_output *o)
{
    const double step = o->type == ASSAY_q8_0 ? 1.0 / 64 : 1.0 / 8;
    const bool known = o->type == ASSAY_q8_0 || o->type == ASSAY_q4_0 || o->type == ASSAY_q4_1;
    if (is_block(o->type))
        return known ? step * step / (0.25 * (double)o->n) : 1e-6;
    if (!strcmp(o->p->c.op->name, "attention")) {
        const int s = assay_op_dim(o->p->c.op, 'S');
        return o->row->p[0] * fmax(1, s < 0 ? 1 : (double)o->p->c.dim[s] / 20000);
    }
    return o->row->p[0];
}

static bool ggml(const assay_output *o)
{
    double error = 0, size = 0;
    for (int64_t k = 0; k < o->n; k++) {
        const float a = (float)o->got[k], b = (float)o->want[k], d = a - b;
        if (isnan(a) || isnan(b))
            return false;
        if (inf_or_max(a) != inf_or_max(b) || (inf_or_max(a) && signbit(a) != signbit(b)))
            return false;
        error += (double)(d * d);
        size += (double)(a * a);
    }
    return !(error / size > ggml_limit(o)); /* inf - inf makes it NaN, and NaN is not above the limit */
}

static const assay_rule_op ggml_ops[] = {
    { "matmul", { 5e-4 } },  { "gate_up", { 5e-4 } }, { "attention", { 5e-4 } }, { "quantize", { 1e-6 } },
    { "softmax", { 1e-6 } }, { "argmax", { 0 } },     { OTHERS, { 1e-7 } },
};

/* ---- element by element: |got - want| <= atol + rtol |want| -------------------------------------------------- */

static bool close_to(const assay_output *o, double rtol, double atol)
{
    for (int64_t k = 0; k < o->n; k++) {
        const double g = o->got[k], w = o->want[k];
        if (isnan(g) && isnan(w))
            continue;
        if (!(g == w) && !(isfinite(w) && fabs(g - w) <= atol + rtol * fabs(w)))
            return false;
    }
    return true;
}

/* assert_close's default tolerances, NaN equal to NaN as in TestCase.assertEqual. */
static bool pytorch(const assay_output *o)
{
    if (is_integer(o->type))
        return close_to(o, 0, 0);
    return close_to(o, o->type == ASSAY_f16 ? 1e-3 : o->type == ASSAY_bf16 ? 1.6e-2 : 1.3e-6, 1e-5);
}

/* numpy's assert_allclose for every op and type, indices included. */
static bool onnx(const assay_output *o)
{
    return close_to(o, 1e-3, 1e-7);
}

/* Our formats of quantize are ONNX's to compare decoded, nobody else's. */
static const assay_rule_op pytorch_ops[] = { { "quantize", { NOT_TESTED } }, { OTHERS, { 0 } } };
static const assay_rule_op onnx_ops[] = { { OTHERS, { 0 } } };

/* ---- benchdnn: exact or within a relative threshold.  p[0]: it for f32; p[1]: it in steps of a narrower output type;
 * p[2]: 1 softmax (absolute step), 2 an activation follows (post-op's thresholds), 3 attention */

static bool benchdnn_more(const assay_output *o, int64_t k, double diff, double rel)
{
    const double step = step_of(o->type);
    if (o->row->p[2] == 1)
        return diff < 0x1p-23;
    if (o->row->p[2] == 2)
        return diff <= fmax(step, 2e-5) || rel <= fmax(step, 8e-6);
    return o->row->p[2] == 3 && diff <= step * o->p->plane[0][k]; /* sum of |weight v| */
}

static bool benchdnn(const assay_output *o)
{
    double limit = o->type == ASSAY_f32 ? o->row->p[0] : o->row->p[1] * step_of(o->type);
    if (o->row->p[2] == 3)
        limit = 8 * (1 + (double)o->p->c.dim[assay_op_dim(o->p->c.op, 'S')]) * step_of(o->type);
    for (int64_t k = 0; k < o->n; k++) {
        const double g = o->got[k], w = o->want[k], diff = fabs(w - g), rel = diff / (fabs(w) > FLT_MIN ? fabs(w) : 1);
        if (g == w || (o->type == ASSAY_f16 && isnan(g) && isnan(w)))
            continue;
        if (fabs(w) <= 1e-5 && diff < 0x1p-23)
            continue;
        if (!((fabs(w) > 1e-5 ? rel : diff) <= limit) && !benchdnn_more(o, k, diff, rel))
            return false;
    }
    return true;
}

static const assay_rule_op benchdnn_ops[] = {
    { "rmsnorm", { 5e-7, 4.2 } }, { "matmul", { 0 } },
    { "gate_up", { 0, 0, 2 } },   { "dequantize", { 0 } },
    { "silu", { 4e-5, 1 } },      { "swiglu", { 4e-5, 1, 2 } },
    { "add", { 0x1p-23, 1 } },    { "softmax", { 10 * 0x1p-23, 1, 1 } },
    { "mul", { 0x1p-23, 1 } },    { "attention", { 0, 0, 3 } },
};

/* ---- XNNPACK: an absolute tolerance from K, or a relative one.  p[0]: relative, p[1]: absolute; 0 and 0: by K ---- */

static double largest(const assay_problem *p, int i)
{
    double most = 0;
    for (int64_t k = 0, n = assay_tensor_count(&p->t[i]); k < n; k++)
        most = fmax(most, fabs(p->value[i][k]));
    return most;
}

static bool xnnpack(const assay_output *o)
{
    double absolute = o->row->p[1];
    if (o->row->p[0] == 0) {
        const double product = largest(o->p, 0) * largest(o->p, 1);
        const double k = (double)o->p->c.dim[assay_op_dim(o->p->c.op, 'K')], step = step_of(o->type);
        absolute = product * (k * 0x1p-23 + step) + step;
    }
    for (int64_t k = 0; k < o->n; k++) {
        const double g = o->got[k], w = o->want[k];
        if (!(g == w) && !(fabs(g - w) <= absolute + o->row->p[0] * fabs(w)))
            return false;
    }
    return true;
}

static const assay_rule_op xnnpack_ops[] = {
    { "matmul", { 0, 0 } },    { "softmax", { 1e-5, 0 } }, { "rope", { 1e-4, 0 } },
    { "add", { 1e-6, 1e-6 } }, { "mul", { 1e-6, 1e-6 } },
};

/* ---- KleidiAI: a mismatch is above both thresholds; so many in a hundred are allowed.  p: absolute
 * ------------------- */

static bool kleidiai(const assay_output *o, double absolute, double relative, double rate)
{
    int64_t mismatches = 0;
    for (int64_t k = 0; k < o->n; k++) {
        const float g = (float)o->got[k], w = (float)o->want[k], diff = fabsf(g - w);
        mismatches += diff > absolute && (w != 0 ? diff / fabsf(w) : 0) > relative; /* false for NaN */
    }
    return mismatches == 0 || (double)mismatches / (double)o->n <= rate;
}

static bool kleidiai_older(const assay_output *o)
{
    const bool plain = o->p->c.type[1] == ASSAY_f32 || o->p->c.type[1] == ASSAY_f16;
    return kleidiai(o, 0, plain ? 0.1 : 0.02, plain ? 0.1 : 0.05);
}

static bool kleidiai_next(const assay_output *o)
{
    return kleidiai(o, 1e-3, 1e-3, 0);
}

static const assay_rule_op kleidiai_ops[] = { { "matmul", { 0 } } };

/* ---- TOSA: each error within 2 K of half a step of sum |x w|; their squares, and in three sets their sum, on average
 */

static double tosa_error(double got, double want, double size, double most, bool *right)
{
    const double step = fmax(size * 0x1p-24, FLT_MIN);
    if (isnan(want))
        *right = isnan(got);
    if (isnan(want) || isnan(size) || isinf((float)(size * (1 + most * 0x1p-24))))
        return 0; /* it may overflow: nothing is asked */
    if (size == 0)
        *right = want == 0 && got == 0;
    return size == 0 ? 0 : (got - want) / step;
}

static bool tosa(const assay_output *o)
{
    const assay_case *c = &o->p->c;
    const double terms = (double)c->dim[assay_op_dim(c->op, 'K')] + (c->present >> 2 & 1), most = 2 * terms;
    const double n = (double)o->n, spread = 4 * 0.4 * terms;
    double sum = 0, squares = 0;
    for (int64_t k = 0; k < o->n; k++) {
        bool right = true;
        const double e = tosa_error(o->got[k], o->p->value[o->operand][k], o->p->plane[0][k], most, &right);
        if (!right || !(fabs(e) <= most))
            return false;
        sum += e, squares += e * e;
    }
    return squares <= spread * n && (assay_tosa_set(c) < 3 || fabs(sum) <= sqrt(10 * spread * n));
}

static const assay_rule_op tosa_ops[] = { { "matmul", { 0 } } };

#define OPS(list) list, ASSAY_COUNT_OF(list)
const assay_rule assay_rules[ASSAY_RULES] = {
    { "ggml", "NMSE of the tensor at most 1e-7 (softmax 1e-6; matmul, attention 5e-4)",
      "uniform in [-1, 1]; norm +-10, activations +-150", &assay_gen_ggml, OPS(ggml_ops), ggml },
    { "PyTorch", "rtol 1.3e-6 atol 1e-5 (f16 1e-3, bf16 1.6e-2)", "randn", &assay_gen_pytorch, OPS(pytorch_ops),
      pytorch },
    { "ONNX", "rtol 1e-3 atol 1e-7", "randn; rand for attention and rope", &assay_gen_onnx, OPS(onnx_ops), onnx },
    { "benchdnn", "per op: matmul exact, norm 5e-7, softmax 1.2e-6, swish 4e-5, attention 8 (1 + n) steps",
      "small integers; per op: 88 and around for softmax, +-0.25 and +-1 for the norm", &assay_gen_benchdnn,
      OPS(benchdnn_ops), benchdnn },
    { "XNNPACK", "matmul absolute, (K + 1) steps of the largest product; softmax 1e-5, rope 1e-4, add 1e-6",
      "uniform in [-1, 1]; softmax 90 to 100; add and mul any bits", &assay_gen_xnnpack, OPS(xnnpack_ops), xnnpack },
    { "KleidiAI", "10 % of the elements may be off by more than 10 % (blocks 5 %, 2 %)", "uniform in [-1, 1]",
      &assay_gen_ggml, OPS(kleidiai_ops), kleidiai_older },
    { "KleidiAI next", "no element off by more than 1e-3 and by more than 1e-3 of its size", "uniform in [-1, 1]",
      &assay_gen_ggml, OPS(kleidiai_ops), kleidiai_next },
    { "TOSA", "products of floats to f32: within 2 K of 2^-24 sum |x w|, squares and sums of the errors on average",
      "its six sets of data in turn, by the seed", &assay_gen_tosa, OPS(tosa_ops), tosa },
};

static bool chooses(const assay_op *op)
{
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].access != ASSAY_IN && op->operands[i].verdict == ASSAY_DISCRETE)
            return true;
    return false;
}

static const assay_rule_op *row_of(const assay_rule *r, const assay_op *op)
{
    for (size_t i = 0; i < r->n_ops; i++)
        if (r->op[i].op ? !strcmp(r->op[i].op, op->name) : !chooses(op))
            return r->op[i].p[0] == NOT_TESTED ? NULL : &r->op[i];
    return NULL;
}

/* Blocks are compared as ggml and ONNX do (decoded); the others compare codes, which these outputs are not.  TOSA knows
 * no weights in blocks, and its bound for 16-bit outputs is not read here. */
static bool for_types(const assay_rule *r, const assay_case *c, assay_dtype output)
{
    if (r->accepts == tosa)
        return output == ASSAY_f32 && (c->type[1] == ASSAY_f32 || c->type[1] == ASSAY_f16 || c->type[1] == ASSAY_bf16);
    return !is_block(output) || r->accepts == ggml || r->accepts == onnx;
}

static assay_opinion opinion_of(const assay_rule *r, const assay_output *o)
{
    assay_output right = *o;
    right.got = o->want;
    return !o->n || r->accepts(o) ? ASSAY_ACCEPTS : r->accepts(&right) ? ASSAY_REJECTS : ASSAY_BLIND;
}

void assay_rules_judge(const assay_problem *p, const assay_tensor *got, assay_opinion opinion[ASSAY_RULES])
{
    const assay_op *op = p->c.op;
    for (int r = 0; r < ASSAY_RULES; r++)
        opinion[r] = got || !row_of(&assay_rules[r], op) ? ASSAY_NO_RULE : ASSAY_REJECTS;
    for (int i = 0; got && i < op->n_operands; i++) {
        if (op->operands[i].access == ASSAY_IN || !(p->c.present >> i & 1))
            continue;
        const int64_t n = assay_tensor_count(&got[i]);
        assay_tensor dense = assay_tensor_dense(got[i].type, 0, got[i].rank, got[i].dim);
        double *have = calloc((size_t)n + 1, sizeof *have), *want = calloc((size_t)n + 1, sizeof *want);
        dense.data = calloc(assay_tensor_bytes(&dense) + 1, 1);
        if (have && want && dense.data) {
            assay_tensor_decode(have, &got[i]);
            assay_tensor_encode(&dense, p->value[i]);
            assay_tensor_decode(want, &dense);
            for (int r = 0; r < ASSAY_RULES; r++) {
                const assay_rule_op *row = row_of(&assay_rules[r], op);
                const assay_output o = { p, i, got[i].type, n, have, want, row };
                const assay_opinion is = row && for_types(&assay_rules[r], &p->c, got[i].type)
                                             ? opinion_of(&assay_rules[r], &o)
                                             : ASSAY_NO_RULE;
                opinion[r] = is > opinion[r] ? is : opinion[r];
            }
        }
        free(have);
        free(want);
        free(dense.data);
    }
}
