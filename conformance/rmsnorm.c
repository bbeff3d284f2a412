/* SPDX-License-Identifier: MIT
 * rmsnorm: cases. */
#include "../reference/core/suite.h"

static const assay_rows rows[] = {
    { "R={1,3} C={1..17} eps=1e-05 gen={gauss,positive,spike}", false },
    { "R=70 C={31,64,576} eps=1e-05 gen={gauss,uniform}", false },
    { "R=2 C={8,33} eps={0,1e-05,1e-06} plus_one={0,1} gen={gauss,tiny,wide,equal}", false },
    { "R={0,1} C=0 eps=1e-05 gen=gauss", false },
    { "R=3 C={9,40} eps=1e-05 gen={special,zero,signed-zero,denormal}", false },
    { "R=66 C={1..8} eps=1e-05 gen=short", false },
    { "R=2 C={1021,4096} eps=1e-05 gen={gauss,positive,equal,ramp}", true },
};

extern const assay_suite assay_suite_rmsnorm;
const assay_suite assay_suite_rmsnorm = { .op = "rmsnorm", .rows = rows, .n_rows = ASSAY_COUNT_OF(rows) };
