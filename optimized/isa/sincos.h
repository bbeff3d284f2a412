/* SPDX-License-Identifier: MIT
 * sincos.h - the numbers behind the vector sines and cosines of angles p * f, f32 to f32.
 *
 * The product is taken exactly, as hi + lo (one FMA).  k = nearest integer to hi 2/pi comes out of adding 1.5 * 2^23,
 * whose low mantissa bits are then k's: the quadrant.  r = hi - k pi/2 + lo, pi/2 in two parts: the first step is exact
 * (both ends are multiples of 2^-24 and the result fits 24 bits), so |r| <= pi/4 is right to u, whatever the angle.
 *   sin r = r + r z S(z),  cos r = 1 - z/2 + z^2 C(z),  z = r^2: minimax on |r| <= 0.79, 0.07 u and 0.002 u.
 * Together sine and cosine are within 2.1 u, absolute, up to angles of SINCOS_FAR; beyond, libm takes over: r is off by
 * two roundings (1 u, 0.7 u of it in the cosine), z by one (0.25 u), 1 - z/2 and the result by one each (1 u).
 * docs/primitives.md has what is measured. */
#ifndef ASSAY_ISA_SINCOS_H
#define ASSAY_ISA_SINCOS_H

#define SINCOS_MAGIC 0x1.8p23f
#define SINCOS_2_PI  0x1.45f306p-1f
#define SINCOS_PI_2A 0x1.921fb6p+0f
#define SINCOS_PI_2B -0x1.777a5cp-25f
#define SINCOS_FAR   0x1p20f
#define SINCOS_S0    -0x1.555546p-3f
#define SINCOS_S1    0x1.11076ap-7f
#define SINCOS_S2    -0x1.994c2ap-13f
#define SINCOS_C0    0x1.55554ap-5f
#define SINCOS_C1    -0x1.6c0c1ap-10f
#define SINCOS_C2    0x1.99e0e4p-16f
#endif
