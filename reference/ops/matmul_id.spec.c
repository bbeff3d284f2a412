/* SPDX-License-Identifier: MIT */
#include "spec.h"
#include "../core/dtype.h"

enum { X, W, IDS, BIAS, Y };
static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "XNK", .types = TYPES(FLOATS | T(e4m3) | T(e5m2) | BLOCKS), .flags = ASSAY_WEIGHT },
    { .name = "ids", .shape = "TA", .types = TYPES(T(i32)), .flags = ASSAY_INDEX, .index_of = 'X' },
    { .name = "bias", .shape = "XN", .types = TYPES(T(f32)), .flags = ASSAY_WEIGHT | ASSAY_OPTIONAL },
    { .name = "y", .shape = "TAN", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
/* no spread: an expert may be named many times by one token, and errors are then no independent ones */
static const assay_plane planes[] = { { "A", "TAN" }, { "M", "TAN" } };
static const assay_said says[] = {
    { "T", "tokens" },
    { "A", "experts of a token" },
    { "X", "experts" },
    { "N", "outputs of an expert" },
    { "K", "inputs, summed over" },
    { "x", "activations" },
    { "w", "the experts' weights, an output a row" },
    { "ids", "which experts a token has; one may be named twice, or by none" },
    { "bias", "of each expert, added; left out: nothing" },
    { "y", "what each expert of a token returns, in the order of its ids" },
};

FLOPS(2 * DIM(0) * DIM(1) * DIM(3) * DIM(4))

static double bytes(const assay_args *a) /* of the experts at most one for each id */
{
    const double ids = DIM(0) * DIM(1), experts = ids < DIM(2) ? ids : DIM(2);
    const double row = (double)assay_dtype_bytes(a->operand[W].type, a->dim[4]) + (a->operand[BIAS].rank ? 4 : 0);
    return experts * DIM(3) * row + DIM(0) * (double)assay_dtype_bytes(a->operand[X].type, a->dim[4]) +
           ids * (4 + (double)assay_dtype_bytes(a->operand[Y].type, a->dim[3]));
}

SPEC(matmul_id) = {
    USUAL(matmul_id), /* its bound is that of "matmul" */
    BOUNDED(matmul_id), .formula = "y[t,a] = W[ids[t,a]] x[t] + bias[ids[t,a]]",
    .dims = "TAXNK",    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_KEPT, ASSAY_ROLE_FEW, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'T',       .flops = flops,
    .bytes = bytes,
};
