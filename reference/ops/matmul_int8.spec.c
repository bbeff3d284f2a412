/* SPDX-License-Identifier: MIT */
#include "core/status.h"
#include "spec.h"

enum { X_ZERO = 4, W_ZERO };

static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = TYPES(T(i8)) },
    { .name = "w", .shape = "NK", .types = TYPES(T(i8)), .flags = ASSAY_WEIGHT },
    { .name = "x_scale", .shape = "T", .types = TYPES(T(f32)), .flags = ASSAY_BROADCAST },
    { .name = "w_scale", .shape = "N", .types = TYPES(T(f32)), .flags = ASSAY_BROADCAST | ASSAY_WEIGHT },
    { .name = "x_zero", .shape = "T", .types = TYPES(T(i8)), .flags = ASSAY_OPTIONAL | ASSAY_BROADCAST },
    { .name = "w_zero", .shape = "N", .types = TYPES(T(i8)), .flags = ASSAY_OPTIONAL | ASSAY_BROADCAST | ASSAY_WEIGHT },
    { .name = "bias", .shape = "N", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "y", .shape = "TN", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_plane planes[] = { { "sum", "TN" } };
static const assay_said says[] = {
    { "T", "tokens" },
    { "N", "channels: outputs of a token" },
    { "K", "inputs of a token, summed over" },
    { "x", "activations, codes of 8 bits; unsigned ones are these with 128 subtracted from codes and zero point" },
    { "w", "the weights, a channel a row" },
    { "x_scale", "what a step of x is worth, by token, or spread over all" },
    { "w_scale", "of w, by channel, or spread over all" },
    { "x_zero", "the code that means 0, by token, or spread over all; left out: 0" },
    { "w_zero", "of w, by channel, or spread over all; left out: 0" },
    { "bias", "added last; left out: nothing" },
    { NULL,
      "K so long that the sum might not fit 32 bits is refused: above 131071, with a zero point on one side 65793, "
      "on both 33025" },
};

/* Sums of 32 bits wrap and come back: the result alone must fit.  Codes reach 128, with a zero point 255. */
static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    const bool x_zero = a->operand[X_ZERO].data != NULL, w_zero = a->operand[W_ZERO].data != NULL;
    const int64_t most = (int64_t)INT32_MAX / ((x_zero ? 255 : 128) * (w_zero ? 255 : 128));
    (void)params;
    return a->dim[2] <= most ? ASSAY_OK
                             : assay_fail(why, ASSAY_ERR_SHAPE,
                                          "matmul_int8: K is %lld: sums of more than %lld products of codes %s zero "
                                          "points may not fit 32 bits",
                                          (long long)a->dim[2], (long long)most,
                                          x_zero && w_zero   ? "with"
                                          : x_zero || w_zero ? "with and without"
                                                             : "without");
}

FLOPS(2 * DIM(0) * DIM(1) * DIM(2))

SPEC(matmul_int8) = {
    USUAL(matmul_int8),
    BOUNDED(matmul_int8),
    .formula = "y = x_scale w_scale sum_k (x - x_zero) (w - w_zero) + bias, of codes of 8 bits",
    .dims = "TNK",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'N',
    .resolve = resolve,
    .flops = flops,
};
