/* SPDX-License-Identifier: MIT
 * gen=end@OUTPUT: outputs at and beyond the largest number of their type. What inputs bring them there only the op
 * knows (assay_suite.land); where they shall lie stands here. */
#include "dtype.h"
#include "secret.h"
#include "values.h"
#include <math.h>

static double largest(assay_dtype t)
{
    return t == ASSAY_f16                           ? 65504
           : t == ASSAY_bf16                        ? 0x1.fep127
           : t == ASSAY_e4m3                        ? 448
           : t == ASSAY_e4m3fnuz                    ? 240
           : t == ASSAY_e5m2 || t == ASSAY_e5m2fnuz ? 57344
                                                    : 0x1.fffffep127;
}

/* In steps of the type from its largest number: half a step more is the first that rounds to infinity (e4m3: the last
 * that does not, beyond it is NaN), a whole one the
 * next power of two. */
double assay_landing(const assay_case *c, int64_t at)
{
    static const double steps[] = { -2,   -1, -0.5,       -0x1p-5, 0, 0x1p-5, 0.25, 0.5 - 0x1p-12, 0.5, 0.5 + 0x1p-12,
                                    0.75, 1,  1 + 0x1p-5, 1.5,     2, 4 };
    const assay_dtype t = c->type[c->gen_at - 1];
    assay_rng r = { assay_secret_seed(c->seed), UINT64_C(800) << 32, (uint64_t)at };
    const uint64_t draw = assay_rng_u64(&r);
    const double most = largest(t), step = ldexp(assay_dtype_of(t)->u, ilogb(most) + 1);
    return (draw & 16 ? -1 : 1) * (most + steps[draw & 15] * step);
}

double assay_held(assay_dtype t, double v)
{
    const assay_dtype_info *ty = assay_dtype_of(t);
    double held = copysign(fmin(fabs(v), largest(t)), v);
    uint32_t code;
    if (ty->block > 1)
        return v;
    ty->encode(&code, &held, 1);
    ty->decode(&held, &code, 1);
    return held;
}
