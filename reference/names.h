/* SPDX-License-Identifier: MIT
 * names.h - the functions that the files of an op define for each other: `KAPPA(silu) { ... }` in silu.bound.c,
 * `KAPPA(silu);` in silu.spec.c, so that both mean the same. */
#ifndef ASSAY_NAMES_H
#define ASSAY_NAMES_H
#include "assay/assay.h"
#define REFERENCE_OF(op, real) void assay_##op##_##real(const assay_dense *a) /* double: oracle; float: baseline */
#define KAPPA(op)              void assay_##op##_kappa(const assay_dense *a, double *const *planes)
#define BOUND(op)                                                                                                      \
    void assay_##op##_bound(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b)
#define VERIFY(op)                                                                                                     \
    bool assay_##op##_verify(const assay_dense *a, void *const *got, const assay_contract *c, assay_why *why)
#endif
