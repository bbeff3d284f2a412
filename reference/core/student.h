/* SPDX-License-Identifier: MIT
 * student.h - medians, and Student's t for any chance: what intervals of measured times are made of. */
#ifndef ASSAY_CORE_STUDENT_H
#define ASSAY_CORE_STUDENT_H
#include <stdint.h>

/* The middle one of n > 0 numbers, which are sorted here; of an even n the mean of the middle two. */
double assay_median(double *x, int64_t n);

/* The chance that a number of Student's t with so many degrees of freedom (1 and more) lies further from 0 than t
 * (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4; absolute error about 1e-15), and the t of a chance in (0, 1]. */
double assay_student_tail(double t, int64_t freedom);
double assay_student_quantile(double tail, int64_t freedom);
#endif
