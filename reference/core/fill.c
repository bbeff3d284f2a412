/* SPDX-License-Identifier: MIT
 * The common generators (`assay list gens`).  Numbers are drawn one to a full expression: C leaves the order of
 * operands and arguments open, and a case must have the same numbers under every compiler.  They fill operands of real
 * numbers; indices, positions and masks are left to problem.c's defaults, what only an op understands to the op's
 * suite. */
#include "dtype.h"
#include "suite.h"
#include <math.h>

static bool special_role(const assay_case *c, int i)
{
    return (c->op->operands[i].flags & (ASSAY_INDEX | ASSAY_POSITION | ASSAY_COUNT | ASSAY_MASK)) != 0;
}

/* Integers that a block format holds exactly: its step is 1 when the block's pivot takes the extreme code. */
static int64_t on_grid(const assay_case *c, int i, int64_t at, int64_t v)
{
    const bool first = at % assay_dtype_of(c->type[i])->block == 0;
    switch (c->type[i]) {
    case ASSAY_q8_0:
    case ASSAY_q8_1:
    case ASSAY_q8_k:
        return first ? 127 : v;
    case ASSAY_q4_0:
        return first ? -8 : v < -8 ? -8 : v > 7 ? 7 : v;
    case ASSAY_q4_1:
        return first ? -8 : at % 32 == 1 ? 7 : v < -8 ? -8 : v > 7 ? 7 : v;
    case ASSAY_q5_0:
        return first ? -16 : v < -16 ? -16 : v > 15 ? 15 : v;
    case ASSAY_q5_1:
        return first ? -16 : at % 32 == 1 ? 15 : v < -16 ? -16 : v > 15 ? 15 : v;
    default:
        return v;
    }
}

static double log_uniform(assay_rng *r, double range)
{
    const double sign = assay_rng_u64(r) & 1 ? -1 : 1;
    return sign * exp2((2 * assay_rng_uniform(r) - 1) * range);
}
static double pick(assay_rng *r, const double *from, int64_t n)
{
    return from[assay_rng_below(r, n)];
}

static const double tie_step[] = { -3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5 };
static const double odd_values[] = { NAN, INFINITY, -INFINITY, 0.0, -0.0, 1.0, -1.0, 0.5 };

static double gauss(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return assay_rng_normal(r);
}
static double uniform(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return 2 * assay_rng_uniform(r) - 1;
}
static double positive(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return 0.5 + assay_rng_uniform(r);
}
static double ints_narrow(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    return (double)on_grid(c, i, j, assay_rng_below(r, 17) - 8);
}
static double ints_wide(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    if (i)
        return (double)on_grid(c, i, j, assay_rng_below(r, 5) - 2);
    const double v = (double)(2 * (1024 + assay_rng_below(r, 1024)) + 1);
    return assay_rng_u64(r) & 1 ? -v : v;
}
static double wide(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return log_uniform(r, 30);
}
static double denormal(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    return log_uniform(r, 4) * (j % 3 ? 0x1p-127 : 0x1p-126);
}
static double signed_zero(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)r;
    return j % 2 ? -0.0 : 0.0;
}
static double zero(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    (void)r;
    return 0;
}
static double ramp(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)r;
    return (double)(j % 97) - 48;
}
static double tiny(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return 0.003 * assay_rng_normal(r);
}
static double huge(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return 1e4 * assay_rng_normal(r);
}
static double saturate(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)r;
    return i == 0 ? 127 : (double)on_grid(c, i, j, 7);
}
static double ties(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return pick(r, tie_step, ASSAY_COUNT_OF(tie_step));
}
static double mean100(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return 100 + assay_rng_normal(r);
}

/* All rows of an operand equal to one number each: draws per innermost row. */
static int64_t row_length(const assay_case *c, int i)
{
    const char *shape = c->op->operands[i].shape;
    int64_t dim[ASSAY_MAX_RANK] = { 1 }, rank = 0;
    assay_op_shape(c->op, shape, c->dim, dim);
    while (shape[rank])
        rank++;
    return rank && dim[rank - 1] ? dim[rank - 1] : 1;
}

static bool equal(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (special_role(c, i))
        return false;
    const int64_t len = row_length(c, i);
    for (int64_t j = 0; j < n; j++)
        value[i][j] = j % len ? value[i][j - 1] : assay_rng_normal(r);
    return true;
}

/* One element 2^12 times larger, at a place that the seed sweeps over the row's end and every eighth column. */
static bool spike(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (special_role(c, i))
        return false;
    for (int64_t j = 0; j < n; j++)
        value[i][j] = assay_rng_normal(r);
    if (n == 0)
        return true;
    const int64_t len = row_length(c, i);
    for (int64_t row = 0; row * len < n; row++) {
        const int64_t from_end = assay_rng_below(r, len < 33 ? len : 33);
        value[i][(row + 1) * len - 1 - from_end] *= 4096;
    }
    return true;
}

/* One-hot rows: a power of two at one place that moves with the row, zeros elsewhere; other operands ones to eight. */
static bool probe(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (special_role(c, i))
        return false;
    const int64_t len = row_length(c, i), shift = assay_rng_below(r, len);
    for (int64_t j = 0; j < n; j++) {
        const int64_t row = j / len, k = j % len;
        value[i][j] = i == 0 ? (k == len - 1 - (row + shift) % len ? exp2((double)(k % 8)) : 0)
                             : (double)on_grid(c, i, j, 1 + (k + row) % 7);
    }
    return true;
}

/* Pairs that cancel: row element 2k+1 is minus element 2k, up to one part in 2^10. */
static bool cancel(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (special_role(c, i))
        return false;
    const int64_t len = row_length(c, i);
    for (int64_t j = 0; j < n; j++)
        value[i][j] = i == 0 && j % len % 2 ? -value[i][j - 1] * (1 + 0x1p-10 * assay_rng_uniform(r))
                      : i == 0              ? assay_rng_normal(r)
                      : j % len % 2         ? value[i][j - 1]
                                            : 0.5 + assay_rng_uniform(r);
    return true;
}

/* NaN, infinities and zeros at the head, middle and tail of some rows; the first operand only. */
static bool special(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (special_role(c, i))
        return false;
    for (int64_t j = 0; j < n; j++)
        value[i][j] = assay_rng_normal(r);
    if (i || n == 0)
        return true;
    const int64_t len = row_length(c, i), at[3] = { 0, len / 2, len - 1 };
    for (int64_t row = 0; row * len < n; row++)
        if (row % 3 != 2) {
            const double odd = pick(r, odd_values, ASSAY_COUNT_OF(odd_values));
            value[i][row * len + at[assay_rng_below(r, 3)]] = odd;
        }
    return true;
}

const assay_gen assay_gens[] = {
    { "gauss", ASSAY_TAG_RANDOM, NULL, gauss, "normal deviates" },
    { "uniform", ASSAY_TAG_RANDOM, NULL, uniform, "-1 to 1, evenly" },
    { "short", ASSAY_TAG_RANDOM, NULL, gauss, "normal deviates, for rows of 1 to 8, where bounds are sharp" },
    { "positive", ASSAY_TAG_ADVERSARIAL, NULL, positive, "0.5 to 1.5: nothing cancels" },
    { "ints-narrow", ASSAY_TAG_EXACT, NULL, ints_narrow, "integers from -8 to 8" },
    { "ints-wide", ASSAY_TAG_EXACT, NULL, ints_wide, "odd integers of 11 bits against -2 to 2" },
    { "probe", ASSAY_TAG_EXACT, probe, NULL, "rows with one power of two among zeros, against 1 to 7" },
    { "spike", ASSAY_TAG_ADVERSARIAL, spike, NULL, "one element of each row 4,096 times larger, within the last 33" },
    { "cancel", ASSAY_TAG_ADVERSARIAL, cancel, NULL, "neighbours that cancel to one part in 2^10" },
    { "wide", ASSAY_TAG_ADVERSARIAL, NULL, wide, "exponents from -30 to 30", 0x1p30 },
    { "denormal", ASSAY_TAG_ADVERSARIAL, NULL, denormal, "around the smallest normal f32, subnormals among them" },
    { "special", ASSAY_TAG_CLASS, special, NULL,
      "NaN, infinities and zeros at the head, middle and tail of the first operand's rows" },
    { "signed-zero", ASSAY_TAG_CLASS, NULL, signed_zero, "0 and -0 in turn" },
    { "zero", ASSAY_TAG_EXACT, NULL, zero, "zeros" },
    { "equal", ASSAY_TAG_ADVERSARIAL, equal, NULL, "rows of one number each" },
    { "ramp", ASSAY_TAG_ADVERSARIAL, NULL, ramp, "-48 to 48, rising, again and again" },
    { "tiny", ASSAY_TAG_ADVERSARIAL, NULL, tiny, "normal deviates times 0.003" },
    { "huge", ASSAY_TAG_ADVERSARIAL, NULL, huge, "normal deviates times 10,000" },
    { "saturate", ASSAY_TAG_EXACT, NULL, saturate, "127 against the largest code" },
    { "ties", ASSAY_TAG_ADVERSARIAL, NULL, ties, "half steps from -3.5 to 3.5" },
    { "mean100", ASSAY_TAG_ADVERSARIAL, NULL, mean100, "normal deviates about 100" },
};
const size_t assay_n_gens = ASSAY_COUNT_OF(assay_gens);
