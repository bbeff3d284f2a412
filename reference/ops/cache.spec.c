/* SPDX-License-Identifier: MIT */
#include "spec.h"
#include "../core/dtype.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "TGD", .types = TYPES(T(f32)) },
    { .name = "pos", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_INDEX, .index_of = 'S' },
    { .name = "cache",
      .shape = "SGD",
      .types = TYPES(FLOATS | T(q8_0) | T(q4_0) | T(e4m3)),
      .access = ASSAY_INOUT,
      .verdict = ASSAY_EXACT,
      .layouts = 1u << ASSAY_LAYOUT_kpanel16 },
};
static const assay_said says[] = {
    { "T", "rows to be written" },
    { "S", "slots of the cache" },
    { "G", "heads of a row" },
    { "D", "length of a head" },
    { "x", "the rows" },
    { "pos", "the slot of each row; of two rows with one slot the last wins" },
    { "cache", "what was there stays, but for the rows written" },
    { NULL, "kpanel16 holds f32, f16 and bf16 only" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    const assay_dtype_info *type = assay_dtype_of(a->operand[2].type);
    (void)params;
    if (a->operand[2].layout == ASSAY_LAYOUT_kpanel16 && type->bytes < 2 * type->block)
        return assay_fail(why, ASSAY_ERR_LAYOUT, "cache: cache is %s, and kpanel16 holds f32, f16 and bf16 only",
                          type->name);
    return ASSAY_OK;
}

FLOPS(0)

/* Rows read and written, not the rest of the cache. */
static double bytes(const assay_args *a)
{
    const double n = (double)a->dim[0] * (double)a->dim[2] * (double)a->dim[3];
    const assay_dtype_info *type = assay_dtype_of(a->operand[2].type);
    return n * 4 + n * type->bytes / type->block + 4 * (double)a->dim[0];
}

SPEC(cache) = {
    USUAL(cache),   .formula = "cache[pos[t]] = x[t]",
    .dims = "TSGD", .role = { ASSAY_ROLE_ANY, ASSAY_ROLE_KEYS, ASSAY_ROLE_FEW, ASSAY_ROLE_HEAD },
    .split = 'G',   .resolve = resolve,
    .flops = flops, .bytes = bytes,
};
