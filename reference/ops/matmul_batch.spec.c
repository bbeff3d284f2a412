/* SPDX-License-Identifier: MIT */
#include "spec.h"
#include "../core/dtype.h"
#include "../core/status.h"

enum { X, XT, W, WT, Y };
/* An operand that lies the other way round is another one: its shape says so, and it has strides and shares as any. */
#define GIVEN (ASSAY_OPTIONAL | ASSAY_BROADCAST)
static const assay_operand operands[] = {
    { .name = "x", .shape = "BTK", .types = TYPES(FLOATS), .flags = GIVEN },
    { .name = "xt", .shape = "BKT", .types = TYPES(FLOATS), .flags = GIVEN },
    { .name = "w", .shape = "BNK", .types = TYPES(FLOATS), .flags = GIVEN },
    { .name = "wt", .shape = "BKN", .types = TYPES(FLOATS), .flags = GIVEN },
    { .name = "y", .shape = "BTN", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
/* no spread: rows that batches share make the same errors many times over */
static const assay_plane planes[] = { { "A", "BTN" }, { "sizes", "BTN" } };
static const assay_said says[] = {
    { "B", "products: sequences times heads" },
    { "T", "rows of x" },
    { "N", "rows of w" },
    { "K", "length of both, summed over" },
    { "x", "the left factor, a row of terms an output row: queries, or weights of attention" },
    { "xt", "x transposed, in place of x" },
    { "w", "the right factor, a row of terms an output column: keys" },
    { "wt", "w transposed, in place of w: values" },
    { "y", "each row of x times each row of w" },
    { NULL, "one of x and xt is given, and one of w and wt" },
    { NULL, "x=f32 w=f32/NK: all products share w; heads of queries that share keys are rows (T) of one product" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    for (int i = X; i <= W; i += W - X)
        if (!a->operand[i].rank == !a->operand[i + 1].rank)
            return assay_fail(why, ASSAY_ERR_ARG, "matmul_batch: %s and %s are both %s, one of them is needed",
                              operands[i].name, operands[i + 1].name, a->operand[i].rank ? "given" : "left out");
    return ASSAY_OK;
}

FLOPS(2 * DIM(0) * DIM(1) * DIM(2) * DIM(3))

SPEC(matmul_batch) = {
    USUAL(matmul_batch),
    BOUNDED(matmul_batch),
    .formula = "y[b] = x[b] w[b]^T",
    .dims = "BTNK",
    /* N, keys or a head's length, takes the shorter ladder, for the time of it; a row of the suite is longer. */
    .role = { ASSAY_ROLE_GROUPS, ASSAY_ROLE_ROWS, ASSAY_ROLE_HEAD, ASSAY_ROLE_SUM },
    .split = 'B',
    .resolve = resolve,
    .flops = flops,
};
