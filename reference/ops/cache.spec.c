/* SPDX-License-Identifier: MIT */
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "TGD", .types = TYPES(T(f32)) },
    { .name = "pos", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_INDEX, .index_of = 'S' },
    { .name = "cache",
      .shape = "SGD",
      .types = TYPES(T(f32) | T(f16) | T(q8_0)),
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
    { NULL, "kpanel16 holds plain numbers only: not with cache=q8_0" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->operand[2].layout == ASSAY_LAYOUT_kpanel16 && a->operand[2].type == ASSAY_q8_0)
        return assay_fail(why, ASSAY_ERR_LAYOUT, "cache: cache is q8_0, and kpanel16 holds plain numbers only");
    return ASSAY_OK;
}

FLOPS(0)

/* Rows read and written, not the rest of the cache. */
static double bytes(const assay_args *a)
{
    const double n = (double)a->dim[0] * (double)a->dim[2] * (double)a->dim[3];
    const assay_dtype t = a->operand[2].type;
    return n * 4 + n * (t == ASSAY_q8_0 ? 34.0 / 32 : t == ASSAY_f16 ? 2 : 4) + 4 * (double)a->dim[0];
}

SPEC(cache) = {
    USUAL(cache),   .formula = "cache[pos[t]] = x[t]",
    .dims = "TSGD", .role = { ASSAY_ROLE_ANY, ASSAY_ROLE_KEYS, ASSAY_ROLE_ANY, ASSAY_ROLE_HEAD },
    .split = 'G',   .resolve = resolve,
    .flops = flops, .bytes = bytes,
};
