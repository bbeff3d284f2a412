/* SPDX-License-Identifier: MIT
 * sinusoid: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/sinusoid.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(LAYOUT, "the-other-layout", "own: sines first, or side by side")                                                 \
    X(SPACING, "the-other-spacing", "own: tensor2tensor's for the paper's")                                            \
    X(COS_FIRST, "cosine-first", "own: as diffusion models have it")                                                   \
    X(COS_TWICE, "cosine-for-sine", "own")                                                                             \
    X(SIGN, "subtracted", "own")                                                                                       \
    X(X_LOST, "x-lost", "own: written, not added")                                                                     \
    X(SCALED, "x-scaled-by-root-d", "own: the original scales before")                                                 \
    X(NEXT_POSITION, "position-plus-one", "own: positions that start at 1")                                            \
    X(PADDING, "position-plus-two", "own: fairseq's padding_idx + 1")                                                  \
    X(ROW_NUMBER, "row-number-for-position", "own")                                                                    \
    X(NO_TWO, "exponent-without-the-two", "slip: r/D for 2r/D")                                                        \
    X(BY_ELEMENT, "exponent-by-element", "own: the cosine has an exponent of its own")                                 \
    X(BASE, "base-of-1000", "own")                                                                                     \
    X(ITERATED, "frequency-by-iterated-f32-multiply", "slip: docs/museum.md")                                          \
    X(BF16_ANGLE, "angle-in-bf16", "huggingface/candle#3520")                                                          \
    X(BF16_TABLE, "table-in-bf16", "huggingface/candle#3520")                                                          \
    X(TAYLOR, "sine-of-degree-5", "slip: short polynomial")                                                            \
    X(LAST_PAIR, "last-pair-not-added", "slip: tail")                                                                  \
    X(ONE_PAIR, "tensor2tensor-of-one-pair", "own: 0/0 where D is 2")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: f32 angle, double sine")                                                                 \
    X(DOUBLE, "double", "legal: everything in double, rounded once")                                                   \
    X(EXP_F32, "exp-f32", "legal: e^(-r c), c in f32, as in PyTorch's tutorial")                                       \
    X(F32_POWER, "f32-power", "legal: powf")                                                                           \
    X(RECIPROCAL, "reciprocal-power", "legal: 1 / 10000^(r/N) in f32")                                                 \
    X(ITERATED_F64, "iterated-f64", "legal: repeated multiplication in double")                                        \
    X(LIBM_SINCOS, "libm-f32", "legal: sinf, cosf")                                                                    \
    X(SHIFTED, "cosine-as-sine", "legal: the sine a quarter turn ahead, in double")                                    \
    X(ANGLE_SUM, "angle-sum", "legal: sine of a sum of two angles")                                                    \
    X(SINE_UP, "sine-up", "legal: 2.9 u too large, and rounded")                                                       \
    X(SINE_DOWN, "sine-down", "legal: 2.9 u too small, and rounded")                                                   \
    X(LAST_FIRST, "last-pair-first", "legal: order")

enum { FAULTS(MODE) LEGAL(MODE) };

/* Frequency of pair r, of element d, of D / 2. */
static double frequency(const assay_sinusoid_params *p, int64_t r, int64_t d, int64_t D, int mode)
{
    const int64_t pairs = D / 2;
    const bool paper = (p->spacing == ASSAY_SINUSOID_PAPER) != (mode == SPACING);
    const double N = (double)(paper || (pairs < 2 && mode != ONE_PAIR) ? pairs : pairs - 1);
    const double e = (mode == NO_TWO ? (double)r / 2 : mode == BY_ELEMENT ? (double)d / 2 : (double)r) / N;
    double f = 1;
    switch (mode) {
    case ITERATED:
    case ITERATED_F64:
        for (int64_t i = 0; i < r; i++)
            f = mode == ITERATED ? (double)((float)f * (float)pow(10000, -1 / N)) : f * pow(10000, -1 / N);
        return f;
    case EXP_F32:
        return (double)expf((float)r * -(float)(log(10000) / N));
    case F32_POWER:
        return (double)powf(10000, (float)-e);
    case RECIPROCAL:
        return (double)(1 / powf(10000, (float)e));
    case DOUBLE:
        return pow(10000, -e);
    default:
        return (double)(float)pow(mode == BASE ? 1000 : 10000, -e);
    }
}

/* Degree 5 in [-pi/4, pi/4]: 4e-5 */
static double short_sine(double theta)
{
    const double k = nearbyint(theta / 1.57079632679489662), r = theta - k * 1.57079632679489662;
    const double sine = r - r * r * r / 6 + r * r * r * r * r / 120, cosine = 1 - r * r / 2 + r * r * r * r / 24;
    const int64_t q = (int64_t)k & 3;
    return q == 0 ? sine : q == 1 ? cosine : q == 2 ? -sine : -cosine;
}

static float wave(double p, double f, bool sine, int mode)
{
    const double quarter = 1.57079632679489662;
    const float theta = mode == BF16_ANGLE ? as_bf16((float)p) * as_bf16((float)f) : (float)p * (float)f;
    const double exact = sine ? sin((double)theta) : cos((double)theta);
    const double far = 256 * floor(p / 256) * f, near = (p - 256 * floor(p / 256)) * f;
    switch (mode) {
    case DOUBLE:
        return (float)(sine ? sin(p * f) : cos(p * f));
    case LIBM_SINCOS:
        return sine ? sinf(theta) : cosf(theta);
    case SHIFTED:
        return (float)sin((double)theta + (sine ? 0 : quarter));
    case ANGLE_SUM:
        return (float)(sine ? sin(far) * cos(near) + cos(far) * sin(near)
                            : cos(far) * cos(near) - sin(far) * sin(near));
    case TAYLOR:
        return (float)short_sine((double)theta + (sine ? 0 : quarter));
    case BF16_TABLE:
        return as_bf16((float)exact);
    case SINE_UP: /* 0 and 1 stay as they are: position 0 is known */
        return (float)(theta == 0 ? exact : exact + 2.9 * 0x1p-24);
    case SINE_DOWN:
        return (float)(theta == 0 ? exact : exact - 2.9 * 0x1p-24);
    default:
        return (float)exact;
    }
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_sinusoid_params *p = a->params;
    const int64_t D = a->dim[1], pairs = D / 2, count = pairs - (mode == LAST_PAIR && pairs > 1);
    const bool both = (p->layout == ASSAY_SINUSOID_CONCATENATED) != (mode == LAYOUT);
    const int32_t *pos = a->operand[1].data;
    for (int64_t t = a->begin; t < a->end; t++) {
        const float *x = (const float *)(const void *)((const char *)a->operand[0].data + t * a->operand[0].stride[0]);
        float *y = (float *)(void *)((char *)a->operand[2].data + t * a->operand[2].stride[0]);
        const double where =
            (double)(mode == ROW_NUMBER ? t : pos[t]) + (mode == NEXT_POSITION) + 2 * (mode == PADDING);
        const float scale = mode == X_LOST ? 0 : mode == SCALED ? sqrtf((float)D) : 1;
        if (mode == LAST_PAIR)
            memmove(y, x, (size_t)D * sizeof *y);
        for (int64_t i = 0; i < 2 * count; i++) {
            const int64_t k = mode == LAST_FIRST ? 2 * count - 1 - i : i, r = k / 2;
            const bool second = k % 2;
            const int64_t d = both ? r + (second ? pairs : 0) : k;
            const float w = wave(where, frequency(p, r, k, D, mode),
                                 mode == COS_TWICE ? false : second == (mode == COS_FIRST), mode);
            y[d] = scale * x[d] + (mode == SIGN ? -w : w);
        }
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "sinusoid", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_sinusoid = { "sinusoid", table, ASSAY_COUNT_OF(table) };
