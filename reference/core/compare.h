/* SPDX-License-Identifier: MIT
 * compare.h - the verdicts of docs/judge.md. */
#ifndef ASSAY_CORE_COMPARE_H
#define ASSAY_CORE_COMPARE_H
#include "problem.h"
#include <math.h>

typedef enum assay_by {
    ASSAY_BY_NONE,
    ASSAY_BY_CLASS,
    ASSAY_BY_EX,
    ASSAY_BY_T1,
    ASSAY_BY_T2,
    ASSAY_BY_DISCRETE,
    ASSAY_BY_MEMORY,
    ASSAY_BY_CRASH,
    ASSAY_BY_TIMEOUT,
    ASSAY_BY_STATUS,
    ASSAY_BY_ABI,
    ASSAY_BY_PROMISE,   /* a property that the kernel's flags declare (conformance/certificate/certificate.h) */
    ASSAY_BY_RELATION,  /* two results that do not fit each other (conformance/relations/metamorphic.h) */
    ASSAY_BY_UNEXPECTED /* a pass where a known failure is expected (conformance/results/expected.h) */
} assay_by;
const char *assay_by_name(assay_by by);
const char *assay_by_words(assay_by by); /* for people: "T1 (bound)" */

typedef struct assay_finding {
    bool pass;
    assay_by by;   /* what failed; for a pass the strictest verdict applied */
    int operand;   /* of the worst element */
    int64_t index; /* dense; -1: none */
    double got, want, bound;
    double used;  /* largest share of the bound that any element used; 0 for EX and DISCRETE */
    double share; /* the largest share of one output: of several that are off, the one that used least */
    double
        typical; /* what three quarters of the elements that are off used, likewise; 0: under 16, or nothing to learn */
    bool bounded;       /* some element has a bound that is not 0: a share of it can be used */
    int place, threads; /* the call that was found wrong: where its operands lay (judge.h), size of its team */
    assay_why why;      /* one sentence when it failed */
    assay_why note;     /* what is legal, and worth knowing; empty: nothing */
    assay_why known;    /* of a failure that is expected: since when, and why; empty: it is none */
} assay_finding;

/* got[i]: views of the outputs as the kernel left them (in any strides); p is solved for contract k. */
void assay_compare(const assay_problem *p, const assay_contract *k, const assay_tensor *got, assay_finding *f);
/* Of a kernel that says ASSAY_BITEXACT, once it has passed: what a search has written is ours, byte for byte; else f
 * says where not. */
void assay_compare_bits(const assay_problem *p, const assay_tensor *got, assay_finding *f);

/* Is what a kernel has computed rounded once more on its way into an output of this type?  Not where the accumulator's
 * type, whose roundings B counts to the last, is no wider. */
bool assay_rounds_output(assay_dtype type, const assay_contract *k);
/* Of no bounded output that the case has: what the kernel computed stands there as it is. */
bool assay_unrounded(const assay_case *c, const assay_contract *k);
/* The share that three quarters of the elements with any error exceed (x is reordered); 0 if these are under 16. */
double assay_typical(double *x, int64_t n);
/* Of the shares of two outputs the one that says more of its bound: the smaller, but 0 says nothing. */
double assay_least_used(double a, double b);
/* rounds: [RN(g - B), RN(g + B)] in the output's type; else [g - B, g + B], where it rounds to an infinity that.  n is
 * a multiple of the type's block. */
void assay_interval(assay_dtype type, bool rounds, const double *want, const double *b, int64_t n, double *lo,
                    double *hi);
typedef struct assay_rounding { /* to the output's type */
    bool rounds;
    double u, least, end; /* half a step from 1 on; half of the smallest subnormal; what is rounded to infinity */
} assay_rounding;
assay_rounding assay_rounding_to(assay_dtype type, bool rounds);
/* The least share of its bound that what the kernel computed can have used: where that was rounded once more, half a
 * step of the output's type is no error of the kernel's; an infinity stands for the smallest number that rounds to it.
 */
double assay_share_used(double want, double got, double bound, const assay_rounding *r);
/* May an intermediate result have overflown on the way to this number? Of an infinite bound nothing is asked; a bound
 * below 0 allows infinities and NaN besides the numbers within its size. */
static inline bool assay_overflowed(double bound, double got)
{
    return isinf(bound) || (bound < 0 && !isfinite(got));
}
#endif
