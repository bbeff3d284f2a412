/* SPDX-License-Identifier: MIT
 * log_softmax: kernels that are wrong on purpose, and legal ones: sums as softmax's, with seven logarithms. */
#include "logits_modes.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    LOGIT_FAULTS(X)                                                                                                    \
    OWN_FAULTS(X)
#define OWN_FAULTS(X)                                                                                                  \
    X(OF_QUOTIENT, "logarithm-of-the-rounded-quotient", "own: -inf where the quotient underflows")                     \
    X(OF_EPS, "logarithm-of-quotient-and-1e-30", "own: an epsilon against -inf")                                       \
    X(ADDED_FIRST, "maximum-and-logarithm-added-first", "pytorch/pytorch#11752")                                       \
    X(LOG_2, "logarithm-to-base-2", "own")                                                                             \
    X(LOG_12, "logarithm-12-bits", "own")                                                                              \
    X(NO_LOG, "sum-for-its-logarithm", "statement deleted")                                                            \
    X(NO_SUM, "sum-left-out", "statement deleted")                                                                     \
    X(PLAIN_SOFTMAX, "softmax-for-log-softmax", "own")                                                                 \
    X(FINITE_LOW, "lowest-number-for-minus-infinity", "own: -FLT_MAX where -inf is right")                             \
    X(MASKED_ZERO, "masked-elements-zero", "softmax's answer for them")                                                \
    X(MEAN, "sum-over-columns-averaged", "own: ln of the mean")                                                        \
    X(ONE_PAST, "writes-one-past", "sonos/tract#2304")

enum { FIRST = LOGIT_MODES - 1, OWN_FAULTS(MODE) LAST };

static float logarithm(const assay_row *k, float sum)
{
    const float ln = assay_vary_log(k->order->row, sum);
    return k->mode == LOG_2    ? log2f(sum)
           : k->mode == LOG_12 ? chop(ln, 12)
           : k->mode == NO_LOG ? sum
           : k->mode == NO_SUM ? 0
           : k->mode == MEAN   ? ln - logf((float)k->n)
                               : ln;
}

static float element(const assay_row *k, float z, float m, float sum, float ln)
{
    switch (k->mode) {
    case OF_QUOTIENT:
        return logf(expf(z - m) / sum);
    case OF_EPS:
        return logf(expf(z - m) / sum + 1e-30f);
    case ADDED_FIRST:
        return z - (m + ln);
    case PLAIN_SOFTMAX:
        return expf(z - m) / sum;
    case FINITE_LOW:
        return fmaxf(z - m - ln, -0x1.fffffep127f);
    case MASKED_ZERO:
        return z == -INFINITY ? 0 : z - m - ln;
    default:
        return k->order->row % 3 == 1 ? (float)((double)(z - m) - (double)ln) : z - m - ln;
    }
}

static void one_row(const assay_row *k)
{
    const int64_t n = k->n;
    float *z = k->room, m;
    logits(k, k->in[MASK], z);
    const float sum = logits_sum(k, z, z + n, &m), ln = logarithm(k, sum);
    for (int64_t c = 0; c < n; c++)
        k->out[c] = sum == 0 && k->mode != HOLLOW_NAN ? (k->mode == FINITE_LOW ? -0x1.fffffep127f : -INFINITY)
                                                      : element(k, z[c], m, sum, ln);
    if (k->mode == ONE_PAST)
        k->out[n] = 0;
}
BY_ROWS(2, one_row)
BY_ORDERS(2, one_row, PLAIN)

#define KERNEL_BASE .op = "log_softmax", .types = assay_types_f32
#undef VARY_BASE
#define VARY_BASE .op = "log_softmax", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_F32, VARY_FLOATS };
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) };

const assay_faults assay_faults_log_softmax = { "log_softmax", table, ASSAY_COUNT_OF(table) };
