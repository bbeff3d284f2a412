/* SPDX-License-Identifier: MIT
 * formula.h - evaluates the formulas of docs/bounds.md and of the ops' pages in binary128.  A statement is a line (it
 * goes on while the next one is indented):
 *
 *   name[t, r < R/2, -s] = expression     for all t < T (the dimension of that letter), r < R/2, and s from S - 1 down
 *   name = expression
 *   name(a, b) = expression               a function; an argument shadows what has its name outside
 *
 * Expressions: numbers, names, name[i, j], name(..), + - * / ^, < <= > >= == !=, & for and, c ? a : b (without b: 0),
 * |x|; sum(k: e), most(k: e), sum(k < n: e); least(k < n: condition), last(...): the first, the last k for which it
 * holds, else n, -1; given(name): 1 if there is such a name; f32(x): rounded; philox(key, step, block, i): the
 * i-th word of Philox4x32-10 at a counter of these halves; exp expm1 log log1p log2 sqrt sin cos
 * tanh erf erfc floor ceil min max. */
#ifndef ASSAY_FORMULA_H
#define ASSAY_FORMULA_H
#include <stdbool.h>
#include <stdint.h>

#if defined(HAVE_QUADMATH)
__extension__ typedef __float128 wide;
#else
typedef long double wide; /* binary128 on aarch64 */
#endif

typedef struct formula formula;
formula *formula_open(void);
void formula_close(formula *f);
/* Defines name (inf, for example); rank 0: a scalar.  dim may be NULL for rank 0. */
void formula_set(formula *f, const char *name, int rank, const int64_t *dim, const double *value);
/* Runs the statements of text; NULL, or what is wrong with them. */
const char *formula_run(formula *f, const char *text);
/* A name's values, n of them; NULL if there is no such name. */
const wide *formula_get(const formula *f, const char *name, int64_t *n);
#endif
