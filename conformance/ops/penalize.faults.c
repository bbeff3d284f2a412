/* SPDX-License-Identifier: MIT
 * penalize: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/penalize.h"
#include "rows.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(DIVIDES, "negative-logits-divided", "huggingface/transformers#2302")                                             \
    X(MULTIPLIES, "positive-logits-multiplied", "own: the other branch for all")                                       \
    X(SIGNS_SWAPPED, "branches-swapped", "own")                                                                        \
    X(EACH_TIME, "repetition-each-time", "ohdearquant/lattice#312")                                                    \
    X(REPEATED_ONLY, "repetition-from-the-second-time", "own: counts > 1")                                             \
    X(GENERATED, "prompt-not-seen", "own: seen ignored, counts alone")                                                 \
    X(ALL_IDS, "repetition-for-all-ids", "own")                                                                        \
    X(EXPONENT, "repetition-taken-off", "own: a difference for a quotient")                                            \
    X(BIAS_LAST, "bias-added-last", "own: definitions T8, before all else")                                            \
    X(REPETITION_LAST, "repetition-after-counts", "own: the chain's order")                                            \
    X(ADDED, "penalties-added", "own: a sign")                                                                         \
    X(ONCE, "frequency-once", "own: frequency taken for presence")                                                     \
    X(PRESENT_EACH, "presence-each-time", "own: presence taken for frequency")                                         \
    X(PRESENT_ALL, "presence-for-all-ids", "own")                                                                      \
    X(PRESENT_SEEN, "presence-of-seen-ids", "own: the prompt counted in")                                              \
    X(PRESENT_ABOVE, "presence-from-the-second-time", "own: counts > 1")                                               \
    X(BYTE_COUNTS, "counts-end-at-15", "own: counts kept in 4 bits")                                                   \
    X(FLOORED, "not-below-0", "own: a penalised logit is cut at 0")                                                    \
    X(BANNED_BACK, "forbidden-becomes-lowest", "own: -inf made the largest negative number")                           \
    X(NAN_LOST, "nan-lost", "slip: docs/museum.md")                                                                    \
    X(RECIPROCAL_12, "reciprocal-12-bits", "ashvardanian/NumKong#153")                                                 \
    X(IN_BF16, "logits-in-bf16", "own")                                                                                \
    X(NO_TAIL, "tail-copied", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "sequential", "legal: both penalties, then the difference")                                               \
    X(ONE_BY_ONE, "one-by-one", "legal: frequency off, then presence (vLLM)")                                          \
    X(PRESENCE_FIRST, "presence-first", "legal: presence off, then frequency")                                         \
    X(FUSED, "fused", "legal: frequency by an fma")                                                                    \
    X(RECIPROCAL, "reciprocal", "legal: times the reciprocal of repetition")                                           \
    X(BY_EITHER, "factor-chosen-first", "legal: one product, by repetition or its reciprocal, then fma")               \
    X(BLENDED, "blended", "legal: the minimum of product and quotient, as repetition says")                            \
    X(DOUBLE, "double", "legal: f64, rounded once")

enum { FAULTS(MODE) LEGAL(MODE) };

typedef struct place {
    float z, count, bias;
    bool seen;
} place;

static float scaled(float z, float count, float r, int mode)
{
    const float reciprocal = mode == RECIPROCAL_12 ? chop(1 / r, 12) : 1 / r;
    switch (mode) {
    case DIVIDES:
        return z / r;
    case MULTIPLIES:
        return z * r;
    case SIGNS_SWAPPED:
        return z < 0 ? z / r : z * r;
    case EACH_TIME:
        return z < 0 ? z * powf(r, count) : z / powf(r, count);
    case EXPONENT:
        return z - r;
    case RECIPROCAL:
    case RECIPROCAL_12:
        return z < 0 ? z * r : z * reciprocal;
    case BY_EITHER:
        return z * (z < 0 ? r : reciprocal);
    case BLENDED: /* r >= 1: the lower of the two, else the higher */
        return z != z ? z : r >= 1 ? fminf(z * r, z / r) : fmaxf(z * r, z / r);
    default:
        return z < 0 ? z * r : z / r;
    }
}
static float in_double(const place *at, const assay_penalize_params *p)
{
    double z = (double)at->z + (double)at->bias;
    if (at->seen)
        z = z < 0 ? z * (double)p->repetition : z / (double)p->repetition;
    return (float)(z - (double)at->count * (double)p->frequency - (at->count > 0 ? (double)p->presence : 0));
}

static float one(const place *at, const assay_penalize_params *p, int mode)
{
    const float n = mode == BYTE_COUNTS && at->count > 15 ? 15 : at->count;
    const bool any = mode == PRESENT_ALL     ? true
                     : mode == PRESENT_SEEN  ? at->seen
                     : mode == PRESENT_ABOVE ? n > 1
                                             : n > 0;
    const float once = any ? (mode == PRESENT_EACH ? n * p->presence : p->presence) : 0;
    const float counted = mode == ONCE && n > 0 ? p->frequency : n * p->frequency;
    const bool seen = mode == ALL_IDS         ? true
                      : mode == GENERATED     ? n > 0
                      : mode == REPEATED_ONLY ? at->seen && n != 1
                                              : at->seen;
    const float first = mode == BIAS_LAST ? 0 : at->bias, whole = mode == IN_BF16 ? chop(at->z, 7) : at->z;
    float z = whole + first;
    if (seen && mode != REPETITION_LAST)
        z = scaled(z, n, p->repetition, mode);
    switch (mode) {
    case DOUBLE:
        return in_double(at, p);
    case ADDED:
        return z + (counted + once);
    case ONE_BY_ONE:
        return (z - counted) - once;
    case PRESENCE_FIRST:
        return (z - once) - counted;
    case FUSED:
    case BY_EITHER:
        return fmaf(-n, p->frequency, z - once);
    case REPETITION_LAST:
        z -= counted + once;
        return seen ? scaled(z, n, p->repetition, mode) : z;
    case FLOORED:
        return counted + once > 0 && z > 0 ? fmaxf(z - (counted + once), 0) : z - (counted + once);
    case BANNED_BACK:
        return z == -INFINITY ? -0x1.fffffep127f : z - (counted + once);
    case NAN_LOST:
        return z != z ? -INFINITY : z - (counted + once);
    default:
        return z - (counted + once) + (mode == BIAS_LAST ? at->bias : 0);
    }
}

static void one_row(const assay_row *k)
{
    const float *seen = k->in[2] ? k->in[2] : k->in[1];
    const int64_t n = k->mode == NO_TAIL && k->n > 8 ? k->n & ~INT64_C(7) : k->n;
    for (int64_t v = 0; v < k->n; v++) {
        const place at = { k->in[0][v], k->in[1][v], k->in[3] ? k->in[3][v] : 0, seen[v] > 0 };
        k->out[v] = v < n ? one(&at, k->params, k->mode) : at.z;
    }
}
BY_ROWS(4, one_row)

#define KERNEL_BASE .op = "penalize", .types = assay_types_f32
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_penalize = { "penalize", table, ASSAY_COUNT_OF(table) };
