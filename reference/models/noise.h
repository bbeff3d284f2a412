/* SPDX-License-Identifier: MIT
 * noise.h - rounding at random: the floor under which the difference of two models in f32 says nothing.
 *
 * A number x between two neighbours of f32, a < x < b, becomes b with the chance (x - a) / (b - a), else a: right on
 * average (Forsythe 1950, Croci et al. 2022).  The chance is a whole number of 2^-32. */
#ifndef ASSAY_MODELS_NOISE_H
#define ASSAY_MODELS_NOISE_H
#include <stdint.h>

/* u: 32 bits at random.  What f32 holds stays as it is, and so does what lies beyond its end. */
double assay_noise_round(double x, uint32_t u);
/* n numbers in place; bits from Philox by the seed, a number of the call, and the index: never by who rounds. */
void assay_noise_rows(double *x, int64_t n, uint64_t seed, uint64_t call);
#endif
