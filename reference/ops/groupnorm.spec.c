/* SPDX-License-Identifier: MIT
 * groupnorm: the groups are a dimension, so that no length is tied to a field: (B, C, S) in G groups is (B, G, C/G, S).
 */
#include "assay/params/groupnorm.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "BGDS", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "GD", .types = TYPES(FLOATS), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "bias", .shape = "GD", .types = TYPES(FLOATS), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "y", .shape = "BGDS", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_field fields[] = { ASSAY_FIELD(assay_groupnorm_params, eps, 0, 1) };
static const assay_plane planes[] = {
    { "mean", "BG" }, { "variance", "BG" }, { "size", "BG" }, { "factor", "GDS" }, { "shift", "GDS" },
};
static const assay_said says[] = {
    { "B", "samples" },
    { "G", "groups" },
    { "D", "channels of a group" },
    { "S", "places of a channel (height times width, or 1)" },
    { "w", "a factor per channel; left out: 1" },
    { "bias", "per channel, added last" },
    { "eps", "added to the variance" },
    { NULL, "x of (B, C, S) in G groups is x of (B, G, C/G, S); with one group per channel it is instance norm" },
    { NULL, "nothing is asked of a group whose elements are equal where eps is 0" },
};

/* mean (one), difference, square and its sum, two products, sum */
FLOPS(7 * DIM(0) * DIM(1) * DIM(2) * DIM(3))

SPEC(groupnorm) = {
    USUAL(groupnorm),
    BOUNDED(groupnorm),
    .formula = "y = w (x - mean(x)) / sqrt(variance(x) + eps) + bias, over the channels and places of a group",
    .dims = "BGDS",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_GROUPS, ASSAY_ROLE_SUM, ASSAY_ROLE_SUM },
    .split = 'B',
    FIELDS(fields, assay_groupnorm_params),
    .flops = flops,
};
