/* SPDX-License-Identifier: MIT
 * layernorm: kernels that are wrong on purpose, and legal ones, in any order of both sums: one row serves them all. */
#include "assay/params/layernorm.h"
#include "layer_row.h"

static void one_row(const assay_row *k)
{
    layer_row(k, k->in[0], k->in[1], k->in[2], ((const assay_layernorm_params *)k->params)->eps);
}
BY_ROWS(3, one_row)
BY_ORDERS(3, one_row, PLAIN)

#define KERNEL_BASE .op = "layernorm", .types = assay_types_floats
static const assay_fault table[] = {
    SUMS(VARY_ROW) LAYER_FAULTS(BAD_ROW)
        DECLARED(ONE_PASS_DECLARED, "one-pass-declared", &one_pass, "legal: E[x^2] - E[x]^2, declared"),
    DECLARED(WELFORD, "welford", &one_pass, "legal: Welford's update, declared as one pass")
};

const assay_faults assay_faults_layernorm = { "layernorm", table, ASSAY_COUNT_OF(table) };
