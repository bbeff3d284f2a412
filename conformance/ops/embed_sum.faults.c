/* SPDX-License-Identifier: MIT
 * embed_sum: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/embed_sum.h"
#include "faults.h"
#include "variants.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(OFFSET_LOST, "offset-lost", "own: BART and OPT begin at row 2")                                                  \
    X(ROW_NUMBER, "row-number-for-position", "own: wrong with a cache")                                                \
    X(SEGMENT_0, "first-segment-for-all", "own: token types left at their default")                                    \
    X(NO_SEGMENT, "segments-left-out", "own")                                                                          \
    X(TWICE, "places-twice", "own")                                                                                    \
    X(PRODUCT, "places-multiplied", "own")                                                                             \
    X(SCALED, "tokens-scaled-by-root-d", "own: the original Transformer scales, BERT does not")                        \
    X(BF16_SUM, "sum-in-bf16", "own")                                                                                  \
    X(NEXT_ROW, "next-token", "off by one")                                                                            \
    X(LAST_LOST, "last-channel-without-place", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: tokens, places, segments")                                                               \
    X(PLACES_FIRST, "places-first", "legal: places and segments first")                                                \
    X(SEGMENTS_FIRST, "tokens-and-segments-first", "legal: places last")                                               \
    X(DOUBLE, "double", "legal: in double, rounded once")

enum { FAULTS(MODE) LEGAL(MODE) };

static int64_t at(const assay_tensor *t, int64_t i)
{
    int32_t id;
    memcpy(&id, (const char *)t->data + i * t->stride[0], sizeof id);
    return id;
}

static float sum_of(float x, float p, float s, int mode)
{
    switch (mode) {
    case TWICE:
        return x + p + p + s;
    case PRODUCT:
        return x * p + s;
    case BF16_SUM:
        return chop(chop(x + p, 7) + s, 7);
    case PLACES_FIRST:
        return x + (p + s);
    case SEGMENTS_FIRST:
        return x + s + p;
    case DOUBLE:
        return (float)((double)x + (double)p + (double)s);
    default:
        return x + p + s;
    }
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_embed_sum_params *p = a->params;
    const int64_t D = a->dim[1], V = a->dim[2];
    const bool given = a->operand[4].rank != 0 && mode != NO_SEGMENT;
    for (int64_t t = a->begin; t < a->end; t++) {
        const int64_t id = at(&a->operand[0], t), next = mode == NEXT_ROW && id + 1 < V ? id + 1 : id;
        const int64_t pos = mode == ROW_NUMBER ? t % (a->dim[3] - p->offset) : at(&a->operand[2], t);
        const int64_t seg = given && mode != SEGMENT_0 ? at(&a->operand[4], t) : 0;
        float *y = (float *)(void *)((char *)a->operand[6].data + t * a->operand[6].stride[0]);
        for (int64_t d = 0; d < D; d++) {
            float x, q, s = 0;
            assay_vary_read(&a->operand[1], next, d, 1, &x);
            assay_vary_read(&a->operand[3], pos + (mode == OFFSET_LOST ? 0 : p->offset), d, 1, &q);
            if (given)
                assay_vary_read(&a->operand[5], seg, d, 1, &s);
            y[d] = sum_of(mode == SCALED ? x * sqrtf((float)D) : x, mode == LAST_LOST && d + 1 == D ? 0 : q, s, mode);
        }
    }
    return ASSAY_OK;
}

#define I32    ASSAY_TYPES(ASSAY_T(i32))
#define FLOATS ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16))
static const assay_typeset types[] = { I32, FLOATS, I32, FLOATS, I32, FLOATS, ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "embed_sum", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_embed_sum = { "embed_sum", table, ASSAY_COUNT_OF(table) };
