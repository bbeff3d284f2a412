/* SPDX-License-Identifier: MIT
 * primitives_judge.h - what is known of a primitive by its name, and how far from it one was. */
#ifndef ASSAY_PRIMITIVES_JUDGE_H
#define ASSAY_PRIMITIVES_JUDGE_H
#include "../../reference/core/primitive.h"
#include "../../reference/core/suite.h"

typedef enum measure { RELATIVE, ABSOLUTE, EXACT } measure;

typedef struct meaning { /* of a name */
    const char *name;
    assay_dtype from, to;
    measure measure;
    double bound; /* in u: what contracts assume of every kernel (docs/contracts.md) */
    double far;   /* beyond this input the kernels do not use it; 0: they always do */
    double (*golden)(double x);
} meaning;

typedef struct result {
    int64_t inputs, far, wrong; /* wrong: another class, or another bit of an exact one */
    double u, ulp;              /* the worst, and where */
    uint32_t u_at, ulp_at, wrong_at;
    double got, want; /* there: of the first wrong one, else of the worst */
} result;

const meaning *assay_primitive_meaning(const assay_primitive *p); /* NULL: no such name */
result assay_primitive_judge(const assay_primitive *p, const meaning *m, assay_level level);
#endif
