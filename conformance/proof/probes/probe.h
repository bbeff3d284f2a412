/* SPDX-License-Identifier: MIT
 * probe.h - what the design probes share.  A probe is a tiny op with its oracle in double, its bound, its cases and one
 * plain float kernel; it asks one question of include/assay/assay.h, which its first comment names. */
#ifndef ASSAY_PROBE_H
#define ASSAY_PROBE_H
#include "../../../reference/bound.h"
#include "../../../reference/core/status.h"
#include "../../../reference/core/suite.h"
#include "../../../reference/spec.h"
#include <string.h>

#define F32     ASSAY_TYPES(ASSAY_T(f32))
#define I32     ASSAY_TYPES(ASSAY_T(i32))
#define ROWS(r) .rows = r, .n_rows = COUNT_OF(r), .rows_only = true
#define GENS(g) .gens = g, .n_gens = COUNT_OF(g)

/* The element (i, j, k) of a strided tensor; indices past its rank are not used. */
static inline void *at(const assay_tensor *t, int64_t i, int64_t j, int64_t k)
{
    return (char *)t->data + (t->rank > 0 ? i * t->stride[0] : 0) + (t->rank > 1 ? j * t->stride[1] : 0) +
           (t->rank > 2 ? k * t->stride[2] : 0);
}
static inline float dot_f32(const float *a, const float *b, int64_t n)
{
    float s = 0;
    for (int64_t i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}
/* sum a b, and sum |a b| into *size if it is not NULL */
static inline double dot_f64(const double *a, const double *b, int64_t n, double *size)
{
    double s = 0, t = 0;
    for (int64_t i = 0; i < n; i++)
        s += a[i] * b[i], t += fabs(a[i] * b[i]);
    if (size)
        *size = t;
    return s;
}
#endif
