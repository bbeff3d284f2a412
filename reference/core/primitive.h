/* SPDX-License-Identifier: MIT
 * primitive.h - a vector primitive as an array function, so that it can be tested alone: exactly the inline function
 * that the kernels use, in a loop.  What it computes is known by its name (conformance/primitives/primitives.c). */
#ifndef ASSAY_CORE_PRIMITIVE_H
#define ASSAY_CORE_PRIMITIVE_H
#include "assay/assay.h"

enum { ASSAY_PRIMITIVE_STEP = 32 };

typedef struct assay_primitive {
    const char *name, *tier;
    uint64_t isa;
    void (*run)(const void *x, void *y, int64_t n); /* n: a multiple of ASSAY_PRIMITIVE_STEP */
    float promised; /* in units of u, what its comment says; 0: what contracts assume, no better */
} assay_primitive;

const assay_primitive *
assay_primitive_at(size_t i); /* of this build, in the order of primitives.def; NULL past the last */
#endif
