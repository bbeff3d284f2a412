/* SPDX-License-Identifier: MIT */
#include "assay/params/scores.h"
#include "spec.h"
#include "../core/status.h"

enum { Q, K, MASK, SINKS, QPOS, KPOS, LEN, OUT };

static const assay_operand operands[] = {
    { .name = "q", .shape = "BTHD", .types = TYPES(T(f32)) },
    { .name = "k", .shape = "BSGD", .types = TYPES(FLOATS | T(q8_0)) },
    { .name = "mask", .shape = "BHTS", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_BROADCAST | ASSAY_MASK },
    { .name = "sinks", .shape = "H", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "qpos", .shape = "BT", .types = TYPES(T(i32)), .flags = ASSAY_OPTIONAL | ASSAY_POSITION },
    { .name = "kpos", .shape = "BS", .types = TYPES(T(i32)), .flags = ASSAY_OPTIONAL | ASSAY_POSITION },
    { .name = "len", .shape = "B", .types = TYPES(T(i32)), .flags = ASSAY_OPTIONAL },
    { .name = "s", .shape = "BHTS", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const char *const stages[] = { "masked", "product", "capped", "weights", NULL };
static const assay_field fields[] = {
    ASSAY_FIELD(assay_scores_params, scale, 0, 1e6),
    ASSAY_FIELD(assay_scores_params, softcap, 0, 1e6),
    ASSAY_FIELD(assay_scores_params, causal, 0, 1),
    ASSAY_FIELD_ALONG(assay_scores_params, window, 0, 1 << 30, 'S'),
    ASSAY_FIELD_ALONG(assay_scores_params, right, 0, 1 << 30, 'S'),
    ASSAY_FIELD_ENUM(assay_scores_params, stage, stages),
};
/* Of each score: sum of |products|, |product|, of |q| and |k|, the largest |q|; how large with the mask, how far below
 * the largest of the row, and how often a running maximum is raised from there on.  Of each row: the last two of the
 * sink */
static const assay_plane planes[] = {
    { "sigma", "BHTS" }, { "dot", "BHTS" },    { "sizes", "BHTS" },   { "most", "BHTS" },       { "sum", "BHTS" },
    { "far", "BHTS" },   { "raises", "BHTS" }, { "sink far", "BHT" }, { "sink raises", "BHT" },
};
static const assay_said says[] = {
    { "B", "sequences" },
    { "T", "queries of a sequence" },
    { "S", "keys that a sequence has room for" },
    { "H", "heads of queries" },
    { "G", "heads of keys; query head h reads head h G / H" },
    { "D", "length of a query and of a key" },
    { "q", "queries" },
    { "k", "keys" },
    { "mask", "added to each score, ALiBi's and T5's biases with it; -inf hides the key" },
    { "sinks", "a score per head that takes its part of the weights and is not written" },
    { "qpos", "position of each query; left out: the last T of the keys in use" },
    { "kpos", "position of each key, negative: an empty slot; left out: 0 1 2 ..." },
    { "len", "keys in use of each sequence; left out: all S" },
    { "s", "what the stage says, of each query and key" },
    { "scale", "of q.k; 0: 1/sqrt(D)" },
    { "softcap", "c tanh(score / c) before the mask; 0: off" },
    { "causal", "1: a key is visible if its position is not after the query's" },
    { "window", "W: |query position - key position| < W; 0: all keys" },
    { "right", "R: key position - query position < R, in place of the window's W; 0: as the window" },
    { "stage", "masked: what the softmax is given, -inf where a key is hidden; product: scale q.k of every key, hidden "
               "or not; capped: the same behind the softcap; weights: behind the softmax" },
    { NULL, "H is a multiple of G; len[b] is at most S" },
    { NULL, "a query that sees no key, or scores of -inf alone (sinks, too), has weights of 0" },
    { NULL, "the weight of a hidden key is 0; beside a NaN of its row NaN is as right" },
    { NULL, "kernels never see scale=0: 1/sqrt(D) stands there" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_scores_params *p = params;
    const int64_t H = a->dim[3], G = a->dim[4], D = a->dim[5];
    if (G <= 0 ? H > 0 : H % G)
        return assay_fail(why, ASSAY_ERR_SHAPE, "scores: H=%lld is not a multiple of G=%lld", (long long)H,
                          (long long)G);
    if (p->scale == 0)
        p->scale = D > 0 ? 1 / __builtin_sqrtf((float)D) : 1;
    for (int64_t b = 0; b < a->dim[0] && a->operand[LEN].data; b++) {
        int32_t n;
        __builtin_memcpy(&n, (const char *)a->operand[LEN].data + b * a->operand[LEN].stride[0], sizeof n);
        if (n < 0 || n > a->dim[2])
            return assay_fail(why, ASSAY_ERR_PARAM, "scores: len[%lld]=%d, but S=%lld", (long long)b, (int)n,
                              (long long)a->dim[2]);
    }
    return ASSAY_OK;
}

/* a product a pair; an exponential and a quotient of each are few beside it */
FLOPS(2 * DIM(0) * DIM(1) * DIM(2) * DIM(3) * DIM(5))

SPEC(scores) = {
    USUAL(scores),
    BOUNDED(scores),
    .formula = "s = cap(scale q.k) + mask over visible keys, or what stands before it, or its softmax",
    .dims = "BTSHGD",
    .role = { ASSAY_ROLE_GROUPS, ASSAY_ROLE_GROUPS, ASSAY_ROLE_TABLE, ASSAY_ROLE_HEADS, ASSAY_ROLE_GROUPS,
              ASSAY_ROLE_FEW },
    .split = 'T',
    FIELDS(fields, assay_scores_params),
    .resolve = resolve,
    .flops = flops,
};
