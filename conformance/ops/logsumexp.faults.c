/* SPDX-License-Identifier: MIT
 * logsumexp: kernels that are wrong on purpose, and legal ones: sums as softmax's, with seven logarithms. */
#include "logits_modes.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    LOGIT_FAULTS(X)                                                                                                    \
    OWN_FAULTS(X)
#define OWN_FAULTS(X)                                                                                                  \
    X(LOG_2, "logarithm-to-base-2", "own")                                                                             \
    X(LOG_12, "logarithm-12-bits", "own")                                                                              \
    X(NO_LOG, "sum-for-its-logarithm", "statement deleted")                                                            \
    X(NO_SUM, "maximum-alone", "statement deleted")                                                                    \
    X(NOT_BACK, "maximum-not-added-back", "statement deleted")                                                         \
    X(TWICE, "maximum-counted-once-more", "own: ln(1 + sum), for the maximum's own 1")                                 \
    X(MEAN, "mean-for-sum", "own: ln of the mean")                                                                     \
    X(EPS, "epsilon-in-the-logarithm", "own: ln(sum + 1e-6)")                                                          \
    X(PLUS_INF, "plus-infinity-where-nothing-is-seen", "Dao-AILab/flash-attention: its lse of such a row")             \
    X(ZERO_NONE, "zero-where-nothing-is-seen", "own: softmax's answer for such a row")                                 \
    X(FIRST_ROW, "first-row-for-all", "own")

enum { FIRST = LOGIT_MODES - 1, OWN_FAULTS(MODE) LAST };

static float logarithm(const assay_row *k, float sum)
{
    const int form = k->order->row;
    switch (k->mode) {
    case LOG_2:
        return log2f(sum);
    case LOG_12:
        return chop(logf(sum), 12);
    case NO_LOG:
        return sum;
    case NO_SUM:
        return 0;
    case TWICE:
        return log1pf(sum);
    case MEAN:
        return logf(sum / (float)k->n);
    case EPS:
        return logf(sum + 1e-6f);
    default:
        return assay_vary_log(form, sum);
    }
}

static void one_row(const assay_row *k)
{
    float *z = k->room, m;
    logits(k, k->in[MASK], z);
    const float sum = logits_sum(k, z, z + k->n, &m), ln = logarithm(k, sum);
    if (sum == 0 && k->mode != HOLLOW_NAN)
        *k->out = k->mode == PLUS_INF ? INFINITY : k->mode == ZERO_NONE ? 0 : -INFINITY;
    else
        *k->out = k->mode == NOT_BACK ? ln : k->order->row % 3 == 1 ? (float)((double)m + (double)ln) : m + ln;
}

static assay_status run(const assay_args *a)
{
    const assay_status s = assay_by_rows(a, 2, one_row, mode_of(a), &assay_sums[0]);
    float *lse = a->operand[2].data;
    for (int64_t r = a->begin; mode_of(a) == FIRST_ROW && r < a->end; r++)
        lse[r] = lse[a->begin];
    return s;
}
BY_ORDERS(2, one_row, PLAIN)

#define KERNEL_BASE .op = "logsumexp", .types = assay_types_f32
#undef VARY_BASE
#define VARY_BASE .op = "logsumexp", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_F32, VARY_F32 };
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) };

const assay_faults assay_faults_logsumexp = { "logsumexp", table, ASSAY_COUNT_OF(table) };
