/* SPDX-License-Identifier: MIT
 * dropout: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/dropout.h"
#include "rows.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NOT_SCALED, "kept-not-scaled", "own: as the paper has it, which scales when it infers")                          \
    X(SCALED_BY_P, "divided-by-p", "own: p taken for the chance to be kept, in the scale alone")                       \
    X(TIMES_KEPT, "times-1-minus-p", "own: the other way round")                                                       \
    X(EXPECTED, "nothing-dropped", "own: left in the mode of inference")                                               \
    X(INVERTED, "mask-inverted", "own: p taken for the chance to be kept, in the mask alone")                          \
    X(ABOVE, "equal-is-dropped", "own: > for >=")                                                                      \
    X(BY_U, "u-compared-with-p", "own: another threshold where p is no multiple of 2^-24")                             \
    X(CUT, "threshold-cut", "own: p 2^24 not rounded")                                                                 \
    X(HALF_IN_F32, "half-added-in-f32", "own: p 2^24 + 1/2 has 25 bits from p = 1/2 on")                               \
    X(HALF_EVEN, "halves-to-even", "own: rint for floor(z + 1/2)")                                                     \
    X(LOW_BITS, "lower-24-bits", "own")                                                                                \
    X(BITS_16, "upper-16-bits", "own")                                                                                 \
    X(SIGNED, "word-as-signed", "own: a signed comparison of whole words")                                             \
    X(BACKWARDS, "words-in-reverse", "own")                                                                            \
    X(ONE_WORD, "one-word-a-block", "own: a block for each element")                                                   \
    X(STUCK, "counter-not-advanced", "own: the first block again and again")                                           \
    X(EVERY_8, "counter-advanced-by-eight-elements", "own: the second four take the first four's words")               \
    X(BLOCK_32, "block-of-32-bits", "own")                                                                             \
    X(NO_CARRY, "no-carry-into-the-upper-half", "JuliaRandom/Random123.jl#5")                                          \
    X(OFFSET_ELEMENTS, "offset-in-elements", "own")                                                                    \
    X(NO_OFFSET, "offset-ignored", "own: the same mask in each call")                                                  \
    X(KEY_32, "key-of-32-bits", "own")                                                                                 \
    X(STEP_32, "step-of-32-bits", "own")                                                                               \
    X(NO_STEP, "step-ignored", "own: one mask for all layers")                                                         \
    X(COUNTER_SWAPPED, "step-before-block", "own: the halves of the counter")                                          \
    X(ROUNDS_7, "seven-rounds", "own: Philox4x32-7, which is as good a generator")                                     \
    X(ROUNDS_9, "nine-rounds", "own")                                                                                  \
    X(KEY_STILL, "key-not-raised", "own: between rounds")                                                              \
    X(ROWS_ALIKE, "each-row-begins-anew", "own: all rows have one mask")                                               \
    X(ROWS_PADDED, "each-row-begins-a-block", "own: rows whose length is no multiple of four")                         \
    X(MULTIPLIED, "mask-multiplied", "own: 0 NaN and 0 inf are NaN: x mask scale")                                     \
    X(SCALED_AT_1, "scale-at-1", "own: 1/(1 - p) at p = 1: 0 inf is NaN")                                              \
    X(SCALE_BF16, "scale-in-bf16", "own")                                                                              \
    X(NAN_DROPPED, "nan-dropped", "own: a maximum passes it over")                                                     \
    X(TAIL, "rest-of-a-row-kept", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(DIVIDED, "divided", "legal: x / (1 - p)")                                                                        \
    X(RECIPROCAL, "reciprocal", "legal: times 1/(1 - p)")                                                              \
    X(NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")                                     \
    X(WIDE_SCALE, "scale-in-double", "legal: 1/(1 - p) in f64, rounded, times x")                                      \
    X(IN_DOUBLE, "double", "legal: in f64, rounded once")                                                              \
    X(NEGATIVE_ZERO, "zeros-with-the-sign-of-x", "legal: the sign of what is dropped is not asked")                    \
    X(LAST_FIRST, "last-first", "legal: elements from last to first")

/* Subnormal numbers are 0, read and written */
#define DECLARED_LEGAL(X) X(FLUSHED, "flushed", &flushes, "legal: by contract: flush to zero")

enum { FAULTS(MODE) LEGAL(MODE) FLUSHED };

static uint32_t word_of(const assay_dropout_params *p, uint64_t i, int mode)
{
    const int rounds = mode == ROUNDS_7 ? 7 : mode == ROUNDS_9 ? 9 : 10;
    const uint64_t offset = mode == NO_OFFSET ? 0 : (uint64_t)p->offset, step = mode == NO_STEP ? 0 : (uint64_t)p->step;
    const uint64_t on = mode == ONE_WORD ? i : mode == STUCK ? 0 : mode == EVERY_8 ? i / 8 : i / 4;
    const uint64_t block = mode == OFFSET_ELEMENTS ? (offset + i) / 4 : offset + on;
    const uint64_t high = mode == BLOCK_32 ? 0 : (mode == NO_CARRY ? offset : block) >> 32;
    const uint32_t half[4] = { (uint32_t)block, (uint32_t)high, (uint32_t)step,
                               mode == STEP_32 ? 0 : (uint32_t)(step >> 32) };
    uint32_t c[4], k[2] = { (uint32_t)p->key, mode == KEY_32 ? 0 : (uint32_t)((uint64_t)p->key >> 32) };
    for (int w = 0; w < 4; w++)
        c[w] = half[mode == COUNTER_SWAPPED ? (w + 2) % 4 : w];
    for (int round = 0; round < rounds; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
        c[0] = (uint32_t)(b >> 32) ^ c[1] ^ k[0], c[1] = (uint32_t)b;
        c[2] = (uint32_t)(a >> 32) ^ c[3] ^ k[1], c[3] = (uint32_t)a;
        k[0] += mode == KEY_STILL ? 0 : 0x9E3779B9u, k[1] += mode == KEY_STILL ? 0 : 0xBB67AE85u;
    }
    return c[mode == BACKWARDS ? 3 - i % 4 : mode == ONE_WORD ? 0 : i % 4];
}

static bool is_kept(const assay_dropout_params *p, uint64_t i, int mode)
{
    const uint32_t word = word_of(p, i, mode), top = mode == LOW_BITS ? word & 0xffffff : word >> 8;
    const double z = (double)p->p * 0x1p24;
    const double least = mode == CUT           ? floor(z)
                         : mode == HALF_EVEN   ? rint(z)
                         : mode == BY_U        ? z
                         : mode == HALF_IN_F32 ? (double)floorf(p->p * 0x1p24F + 0.5F)
                                               : floor(z + 0.5);
    switch (mode) {
    case EXPECTED:
        return true;
    case INVERTED:
        return top < least;
    case ABOVE:
        return top > least;
    case BITS_16:
        return (top & 0xffff00) >= least;
    case SIGNED:
        return word < 0x80000000u && top >= least; /* the upper half of all words is below 0 */
    default:
        return top >= least;
    }
}

static float flush(float x)
{
    return fabsf(x) < 0x1p-126F ? 0 : x;
}

static float scaled(float x, float p, int mode)
{
    const float rest = 1 - p, guess = chop(1 / rest, 12);
    switch (mode) {
    case NOT_SCALED:
    case EXPECTED:
        return x;
    case SCALED_BY_P:
        return p > 0 ? x / p : x;
    case TIMES_KEPT:
        return x * rest;
    case SCALE_BF16:
        return x * as_bf16(1 / rest);
    case NAN_DROPPED:
        return fmaxf(x, -INFINITY) / rest;
    case RECIPROCAL:
    case MULTIPLIED:
        return x * (1 / rest);
    case NEWTON:
        return x * fmaf(guess, fmaf(-rest, guess, 1), guess);
    case WIDE_SCALE:
        return x * (float)(1 / (1 - (double)p));
    case IN_DOUBLE:
        return (float)((double)x / (1 - (double)p));
    case FLUSHED:
        return flush(flush(x) / rest);
    default:
        return x / rest;
    }
}

static float one(const assay_row *k, uint64_t i, float x)
{
    const assay_dropout_params *p = k->params;
    const bool kept = is_kept(p, i, k->mode);
    switch (k->mode) {
    case MULTIPLIED:
        return p->p < 1 ? x * (kept ? 1 : 0) * (1 / (1 - p->p)) : 0;
    case SCALED_AT_1:
        return kept ? x / (1 - p->p) : 0 * (1 / (1 - p->p));
    case NEGATIVE_ZERO:
        return kept ? scaled(x, p->p, k->mode) : copysignf(0, x);
    default:
        return kept ? scaled(x, p->p, k->mode) : 0;
    }
}

static void one_row(const assay_row *k)
{
    const int64_t C = k->n;
    for (int64_t j = 0; j < C; j++) {
        const int64_t c = k->mode == LAST_FIRST ? C - 1 - j : j;
        const int64_t row = k->mode == ROWS_ALIKE ? 0 : k->mode == ROWS_PADDED ? k->r * ((C + 3) / 4 * 4) : k->r * C;
        k->out[c] = k->mode == TAIL && C > 8 && c >= C / 8 * 8 ? k->in[0][c] : one(k, (uint64_t)(row + c), k->in[0][c]);
    }
}
BY_ROWS(1, one_row)

static const assay_contract flushes = { .ftz = 1 };
#define KERNEL_BASE                     .op = "dropout", .types = assay_types_floats
#define DECLARED_ROW(m, name, k, where) DECLARED(m, name, k, where),
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) DECLARED_LEGAL(DECLARED_ROW) };

const assay_faults assay_faults_dropout = { "dropout", table, ASSAY_COUNT_OF(table) };
