/* SPDX-License-Identifier: MIT
 * What lies within a bound, and how much of the bound an output has used. */
#include "compare.h"
#include "dtype.h"
#include "status.h"
#include <stdlib.h>
#include <string.h>

/* x[] rounded to the type, or where `always` is false only what becomes an infinity by that. */
static void round_to(const assay_dtype_info *ty, bool always, double *x, int64_t n)
{
    if (!always && ty == assay_dtype_of(ASSAY_f32)) { /* the usual output: nothing is encoded for that */
        for (int64_t k = 0; k < n; k++)
            x[k] = fabs(x[k]) >= 0x1.ffffffp127 ? copysign(INFINITY, x[k]) : x[k];
        return;
    }
    void *code = assay_zeros((size_t)n, (size_t)ty->bytes);
    double *rounded = assay_zeros((size_t)n, sizeof *rounded);
    ty->encode(code, x, n);
    ty->decode(rounded, code, n);
    for (int64_t k = 0; k < n; k++)
        x[k] = always || isinf(rounded[k]) ? rounded[k] : x[k];
    free(code);
    free(rounded);
}

void assay_interval(assay_dtype type, bool rounds, const double *want, const double *b, int64_t n, double *lo,
                    double *hi)
{
    for (int64_t k = 0; k < n; k++) {
        const double bound = fabs(b[k]) * (1 + 0x1p-40) + 0x1p-50 * fabs(want[k]);
        lo[k] = want[k] - bound;
        hi[k] = want[k] + bound;
    }
    round_to(assay_dtype_of(type), rounds, lo, n);
    round_to(assay_dtype_of(type), rounds, hi, n);
}

assay_rounding assay_rounding_to(assay_dtype type, bool rounds)
{
    const double u = assay_dtype_of(type)->u;
    return (assay_rounding){ rounds, u,
                             type == ASSAY_f16    ? 0x1p-25
                             : type == ASSAY_bf16 ? 0x1p-134
                                                  : 0x1p-150,
                             ldexp(1 - u / 2, type == ASSAY_f16 ? 16 : 128) };
}

/* The largest power of two that is not above |x|, of a finite x; 0 for what no type but double holds. */
static double power_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    b &= UINT64_C(0x7ff) << 52;
    memcpy(&x, &b, sizeof x);
    return x;
}

double assay_share_used(double want, double got, double bound, const assay_rounding *r)
{
    if (isinf(got)) {
        const double excess = r->end - fabs(want);
        return excess <= 0 ? 0 : bound > 0 ? excess / bound : INFINITY;
    }
    const double half_step = r->rounds ? fmax(r->u * power_of(got), r->least) : 0;
    const double excess = fabs(got - want) - half_step;
    return excess <= 0 ? 0 : bound > 0 ? excess / bound : INFINITY;
}

double assay_least_used(double a, double b)
{
    return a > 0 && b > 0 ? fmin(a, b) : fmax(a, b);
}

double assay_typical(double *x, int64_t n)
{
    int64_t m = 0;
    for (int64_t k = 0; k < n; k++)
        if (x[k] > 0)
            x[m++] = x[k];
    const int64_t at = m / 4;
    for (int64_t lo = 0, hi = m - 1; lo < hi;) { /* until x[at] stands where sorting would put it */
        const double pivot = x[lo + (hi - lo) / 2];
        int64_t i = lo, j = hi;
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i <= j) {
                const double swap = x[i];
                x[i++] = x[j];
                x[j--] = swap;
            }
        }
        if (at <= j)
            hi = j;
        else if (at >= i)
            lo = i;
        else
            break;
    }
    return m >= 16 ? x[at] : 0;
}
