/* SPDX-License-Identifier: MIT */
#include "assay/params/embed_sum.h"
#include "spec.h"
#include "../core/dtype.h"
#include "../core/status.h"

enum { IDS, TOKEN, POS, PLACE, SEGS, SEGMENT, Y };
static const assay_operand operands[] = {
    { .name = "ids", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_INDEX, .index_of = 'V' },
    { .name = "token", .shape = "VD", .types = TYPES(FLOATS), .flags = ASSAY_WEIGHT },
    { .name = "pos", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_POSITION },
    { .name = "place", .shape = "PD", .types = TYPES(FLOATS), .flags = ASSAY_WEIGHT },
    { .name = "segs", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_INDEX | ASSAY_OPTIONAL, .index_of = 'G' },
    { .name = "segment", .shape = "GD", .types = TYPES(FLOATS), .flags = ASSAY_WEIGHT | ASSAY_OPTIONAL },
    { .name = "y", .shape = "TD", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
static const assay_field fields[] = { ASSAY_FIELD(assay_embed_sum_params, offset, 0, 1 << 20) };
/* the largest sum of two of three terms */
static const assay_plane planes[] = { { "partial", "TD" } };
static const assay_said says[] = {
    { "T", "ids, one a row of y" },
    { "D", "length of a row" },
    { "V", "rows of the tokens' table" },
    { "P", "rows of the positions' table" },
    { "G", "rows of the segments' table" },
    { "ids", "which row of token" },
    { "token", "the tokens' table" },
    { "pos", "position of each row, from 0 on" },
    { "place", "the positions' table" },
    { "segs", "which row of segment" },
    { "segment", "the segments' table; left out: there are none" },
    { "offset", "what is added to a position before it is looked up" },
    { NULL, "pos + offset lies in the table of P rows" },
    { NULL, "segs and segment are both given, or neither" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    const assay_embed_sum_params *p = params;
    const int32_t *pos = a->operand[POS].data;
    if ((a->operand[SEGS].rank != 0) != (a->operand[SEGMENT].rank != 0))
        return assay_fail(why, ASSAY_ERR_ARG, "embed_sum: segs %s and segment %s given: both or neither",
                          a->operand[SEGS].rank ? "is" : "is not", a->operand[SEGMENT].rank ? "is" : "is not");
    for (int64_t t = 0; pos && t < a->dim[0]; t++)
        if (pos[t] < 0 || (int64_t)pos[t] + p->offset >= a->dim[3])
            return assay_fail(why, ASSAY_ERR_PARAM, "embed_sum: pos[%lld] = %d, with offset %d, is not below P=%lld",
                              (long long)t, pos[t], p->offset, (long long)a->dim[3]);
    return ASSAY_OK;
}

static double flops(const assay_args *a)
{
    return (a->operand[SEGS].rank ? 2.0 : 1.0) * (double)a->dim[0] * (double)a->dim[1];
}

static double bytes(const assay_args *a) /* the rows looked up, not the tables */
{
    double row = 4 * (double)a->dim[1] + 8;
    for (int i = TOKEN; i <= SEGMENT; i += 2)
        row += a->operand[i].rank ? (double)assay_dtype_bytes(a->operand[i].type, a->dim[1]) : 0;
    return (double)a->dim[0] * row;
}

SPEC(embed_sum) = {
    USUAL(embed_sum),
    BOUNDED(embed_sum),
    .formula = "y[t] = token[ids[t]] + place[pos[t] + offset] + segment[segs[t]]",
    .dims = "TDVPG",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_TABLE, ASSAY_ROLE_TABLE, ASSAY_ROLE_TABLE },
    .split = 'T',
    FIELDS(fields, assay_embed_sum_params),
    .resolve = resolve,
    .flops = flops,
    .bytes = bytes,
};
