/* SPDX-License-Identifier: MIT */
#include "assay/params/matmul_scaled.h"
#include "spec.h"
#include "../core/dtype.h"
#include "../core/status.h"

enum { W = 1, ZERO = 3 };

static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = TYPES(FLOATS | T(e4m3) | T(e2m1)) },
    { .name = "w", .shape = "NK", .types = TYPES(T(i8) | T(u4) | T(e2m1) | T(e4m3) | T(e5m2)), .flags = ASSAY_WEIGHT },
    { .name = "scale", .shape = "RG", .types = TYPES(FLOATS | T(e4m3)), .flags = ASSAY_WEIGHT },
    { .name = "zero", .shape = "RG", .types = TYPES(T(i8)), .flags = ASSAY_OPTIONAL | ASSAY_BROADCAST | ASSAY_WEIGHT },
    { .name = "x_scale", .shape = "TG", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_BROADCAST },
    { .name = "y", .shape = "TN", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_field fields[] = {
    ASSAY_FIELD_ALONG(assay_matmul_scaled_params, rows, 0, 1 << 30, 'N'),
    ASSAY_FIELD_ALONG(assay_matmul_scaled_params, group, 0, 1 << 30, 'K'),
};
static const assay_plane planes[] = { { "A", "TN" }, { "small", "TN" }, { "most", "TN" } };
static const assay_said says[] = {
    { "T", "tokens" },
    { "N", "channels: outputs of a token" },
    { "K", "inputs of a token, summed over; even where w or x has 4 bits" },
    { "R", "blocks of rows of w, the last one with what is left: N / rows, rounded up" },
    { "G", "groups of columns, the last one with what is left: K / group, rounded up" },
    { "x", "activations" },
    { "w",
      "codes of the weights, a channel a row; u4: 0 to 15, e2m1: floats up to 6, two to a byte, the lower half first" },
    { "scale", "what a step of w is worth, by block; e4m3: of NVFP4, by 16" },
    { "zero", "the code that means 0, by block or spread over all (8: symmetric u4); left out: 0" },
    { "x_scale", "what a step of x is worth, by token and group, or spread over either; left out: 1; NVFP4's scale of "
                 "the tensor w "
                 "is a factor of it" },
    { "rows", "rows of w that share a scale: 1 in AWQ, GPTQ and scales by channel, 128 in DeepSeek-V3; 0: all" },
    { "group",
      "columns that share a scale: 16 in NVFP4, 32 to 128 in AWQ, GPTQ and DeepSeek-V3; 0: all, so one by channel or "
      "tensor" },
    { NULL, "floats of 4 and 8 bits have no zero point" },
    { NULL,
      "an order of activations (GPTQ's g_idx) is no operand: columns of w, and x, are sorted by group beforehand" },
};

static assay_status along(const char *what, const char *field, char letter, int64_t n, int64_t field_value,
                          int64_t blocks, assay_why *why)
{
    const int64_t size = field_value ? field_value : n, want = n ? (n - 1) / size + 1 : 0;
    return blocks == want
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_SHAPE,
                            "matmul_scaled: scale has %lld blocks of %s, %c=%lld by %s=%lld makes %lld",
                            (long long)blocks, what, letter, (long long)n, field, (long long)size, (long long)want);
}

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    const assay_matmul_scaled_params *p = params;
    const assay_dtype w = a->operand[W].type;
    const assay_status s = along("rows", "rows", 'N', a->dim[1], p->rows, a->dim[3], why);
    if (s)
        return s;
    if (a->operand[ZERO].data && w != ASSAY_i8 && w != ASSAY_u4)
        return assay_fail(why, ASSAY_ERR_DTYPE, "matmul_scaled: w=%s has no zero point: zero is for whole codes",
                          assay_dtype_of(w)->name);
    return along("columns", "group", 'K', a->dim[2], p->group, a->dim[4], why);
}

FLOPS(2 * DIM(0) * DIM(1) * DIM(2))

SPEC(matmul_scaled) = {
    USUAL(matmul_scaled),
    BOUNDED(matmul_scaled),
    .formula = "y[t,n] = sum_k x[t,k] x_scale[t,k/group] (w[n,k] - zero[n/rows,k/group]) scale[n/rows,k/group]",
    .dims = "TNKRG",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM, ASSAY_ROLE_DERIVED, ASSAY_ROLE_DERIVED },
    .split = 'N',
    FIELDS(fields, assay_matmul_scaled_params),
    .resolve = resolve,
    .flops = flops,
};
