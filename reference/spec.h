/* SPDX-License-Identifier: MIT
 * spec.h - the few macros that keep spec entries short; nothing else. */
#ifndef ASSAY_SPEC_H
#define ASSAY_SPEC_H
#include "names.h"
#define COUNT_OF(a)     (sizeof(a) / sizeof *(a))
#define OPERANDS(o)     .operands = o, .n_operands = COUNT_OF(o)
#define FIELDS(f, type) .fields = f, .n_fields = COUNT_OF(f), .params_size = sizeof(type)
#define PLANES(p)       .planes = p, .n_planes = COUNT_OF(p)
#define PARTS(p, t)     .parts = p, .n_parts = COUNT_OF(p), .temps = t, .n_temps = COUNT_OF(t)
#define SAYS(s)         .says = s, .n_says = COUNT_OF(s)
#define TYPES(mask)     ASSAY_TYPES(mask)
#define T(t)            ASSAY_T(t)
#define FLOATS          (T(f32) | T(f16) | T(bf16))
#define BLOCKS                                                                                                         \
    (T(q8_0) | T(q4_0) | T(q4_1) | T(q5_0) | T(q5_1) | T(iq4_nl) | T(mxfp4) | T(q2_k) | T(q3_k) | T(q4_k) | T(q5_k) |  \
     T(q6_k) | T(iq4_xs)) /* of files, that kernels multiply */
#define FLOATS_8       (T(e4m3) | T(e5m2) | T(e4m3fnuz) | T(e5m2fnuz))
#define OCP_BLOCKS     (T(mxfp8_e4m3) | T(mxfp8_e5m2) | T(mxfp6_e2m3) | T(mxfp6_e3m2) | T(mxint8))
#define GRIDS          (T(iq1_s) | T(iq1_m) | T(iq2_xxs) | T(iq2_xs) | T(iq2_s) | T(iq3_xxs) | T(iq3_s))
#define ACTIVATIONS    (T(q8_1) | T(q8_k))                       /* blocks that no file holds */
#define FILE_BLOCKS    (BLOCKS | T(nvfp4) | T(tq1_0) | T(tq2_0)) /* read and written */
#define REFERENCES(op) .oracle = assay_##op##_double, .scalar = assay_##op##_float
#define BOUNDS(op)     .kappa = assay_##op##_kappa, .bound = assay_##op##_bound /* <op>.bound.c */
/* Of dims "RC", where no more is to be said */
#define ROWS_AND_ELEMENTS                                                                                              \
    { "R", "rows" },                                                                                                   \
    {                                                                                                                  \
        "C", "elements of a row"                                                                                       \
    }
/* What flops() returns, of the lengths DIM(0), ... */
#define DIM(i) ((double)a->dim[i])
#define FLOPS(count)                                                                                                   \
    static double flops(const assay_args *a)                                                                           \
    {                                                                                                                  \
        return (void)a, count;                                                                                         \
    }
/* SPEC(silu) = { USUAL(silu), BOUNDED(silu), .formula = ... };  a fused op (parts) has no reference of its own, an op
 * with one right answer no bound */
#define DECLARE_BOUNDS(op)                                                                                             \
    KAPPA(op);                                                                                                         \
    BOUND(op)
#define SPEC(op)                                                                                                       \
    REFERENCE_OF(op, double);                                                                                          \
    REFERENCE_OF(op, float);                                                                                           \
    DECLARE_BOUNDS(op);                                                                                                \
    const assay_op assay_op_##op
#define USUAL(op)   .name = #op, OPERANDS(operands), SAYS(says), REFERENCES(op)
#define BOUNDED(op) PLANES(planes), BOUNDS(op)
#endif
