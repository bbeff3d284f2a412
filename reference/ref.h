/* SPDX-License-Identifier: MIT
 * ref.h - a reference is plain C over dense arrays of `real`, which is double (the oracle) or float (the baseline). */
#ifndef ASSAY_REF_H
#define ASSAY_REF_H
#include "names.h"
#include <tgmath.h>
#ifndef ASSAY_REAL
#define ASSAY_REAL double
#endif
typedef ASSAY_REAL real;
#define REF_CAT_(op, r)         assay_##op##_##r
#define REF_CAT(op, r)          REF_CAT_(op, r)
#define REFERENCE_CAT(op, real) REFERENCE_OF(op, real)
#define REFERENCE(op)           REFERENCE_CAT(op, ASSAY_REAL)
#endif
