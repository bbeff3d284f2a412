/* SPDX-License-Identifier: MIT */
#include "../core/dtype.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "ids", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_INDEX, .index_of = 'V' },
    { .name = "table",
      .shape = "VD",
      .types = TYPES(FLOATS | FLOATS_8 | FILE_BLOCKS | OCP_BLOCKS | GRIDS),
      .flags = ASSAY_WEIGHT },
    { .name = "y",
      .shape = "TD",
      .types = TYPES(T(f32)),
      .access = ASSAY_OUT,
      .flags = ASSAY_ANY_ZERO,
      .verdict = ASSAY_EXACT },
};
static const assay_said says[] = {
    { "T", "ids, one a row of y" },
    { "V", "rows of the table" },
    { "D", "length of a row" },
    { "ids", "which row of the table" },
    { "table", "of any type that can be read" },
};

FLOPS(0)

static double bytes(const assay_args *a) /* the rows looked up, not the table */
{
    const int64_t T = a->dim[0], D = a->dim[2];
    return (double)T * (double)(4 + assay_dtype_bytes(a->operand[1].type, D) + 4 * D);
}

SPEC(embedding) = {
    USUAL(embedding), .formula = "y[t] = table[ids[t]]",
    .dims = "TVD",    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_TABLE },
    .split = 'T',     .flops = flops,
    .bytes = bytes,
};
