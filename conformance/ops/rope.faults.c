/* SPDX-License-Identifier: MIT
 * rope: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/rope.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(PAIRS, "pairs-of-the-other-layout", "vllm-project/vllm#49323")                                                   \
    X(SIGN, "sine-negated", "slip: docs/museum.md")                                                                    \
    X(NEXT_POSITION, "position-plus-one", "slip: docs/museum.md")                                                      \
    X(NO_BASE, "base-ignored", "slip: docs/museum.md")                                                                 \
    X(HEAD_WIDTH, "head-width-in-exponent", "pie-project/pie#603")                                                     \
    X(ITERATED, "frequency-by-iterated-f32-multiply", "slip: docs/museum.md")                                          \
    X(BF16_ANGLE, "angle-in-bf16", "huggingface/candle#3520")                                                          \
    X(REST_DROPPED, "rest-not-copied", "slip: partial dims")                                                           \
    X(NO_TWO, "exponent-without-the-two", "slip: i/d")                                                                 \
    X(LAST_PAIR, "last-pair-not-turned", "slip: tail")                                                                 \
    X(TABLE_ORDER, "table-in-pair-order", "raiyanyahya/how-to-train-your-gpt#6")                                       \
    X(HEAD_PAIRS, "pairs-over-head-width", "pie-project/pie#603")                                                      \
    X(SECOND_FIRST, "second-from-the-turned-first", "own")                                                             \
    X(ROW_NUMBER, "row-number-for-position", "own")                                                                    \
    X(FIRST_HEAD, "first-head-only", "own")                                                                            \
    X(TAYLOR, "sine-of-degree-5", "slip: short polynomial")                                                            \
    X(F16_TABLE, "table-in-bf16", "huggingface/candle#3520")                                                           \
    X(NO_SIGN, "minus-lost", "own")                                                                                    \
    X(COS_TWICE, "cosine-for-sine", "own")                                                                             \
    X(NO_INV_FREQ, "inv-freq-ignored", "own")                                                                          \
    X(ONE_PAIRING, "magnitude-in-half-alone", "GaijinEntertainment/daScript#3479")                                     \
    X(ONE_BUILDER, "magnitude-lost-with-tables", "GaijinEntertainment/daScript#3479")                                  \
    X(COSINE_ALONE, "magnitude-on-cosine-alone", "own")                                                                \
    X(SQUARED, "magnitude-squared", "own")                                                                             \
    X(REST_TOO, "magnitude-on-the-rest", "own")                                                                        \
    X(LONGER_ANGLE, "magnitude-on-the-angle", "own")                                                                   \
    X(BY_ELEMENT, "axis-by-element", "own")                                                                            \
    X(NEXT_SECTION, "sections-one-pair-on", "own")                                                                     \
    X(RESTARTED, "frequencies-anew-in-each-section", "own")                                                            \
    X(TABLE_ROW, "table-by-row-number", "own")                                                                         \
    X(TABLES_SWAPPED, "tables-swapped", "own")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: f32 angle, double sine")                                                                 \
    X(DOUBLE, "double", "legal: everything in double, rounded once")                                                   \
    X(FUSED, "fma", "legal: second product fused")                                                                     \
    X(FUSED_OTHER, "fma-other", "legal: first product fused")                                                          \
    X(RECIPROCAL, "reciprocal-power", "legal: 1 / base^(2r/R) in f32")                                                 \
    X(F32_POWER, "f32-power", "legal: powf")                                                                           \
    X(ITERATED_F64, "iterated-f64", "legal: repeated multiplication in double")                                        \
    X(LAST_HEAD_FIRST, "last-head-first", "legal: order")                                                              \
    X(LAST_PAIR_FIRST, "last-pair-first", "legal: order")                                                              \
    X(LIBM_SINCOS, "libm-f32", "legal: sinf, cosf")                                                                    \
    X(NEGATED, "negated", "legal: -(b s - a c)")                                                                       \
    X(ANGLE_SUM, "angle-sum", "legal: sine of a sum of two angles")                                                    \
    X(EXP_OF_LOG, "exp-of-log", "legal: exp(e log base) in double")                                                    \
    X(ON_RESULT, "magnitude-on-the-result", "legal: m (a c - b s)")

enum { FAULTS(MODE) LEGAL(MODE) };
enum { X, POS, FREQ, AXIS, COS, SIN, Y };

static double base_of(const assay_rope_params *p)
{
    return p->base > 0 ? (double)p->base : 10000;
}

/* Frequency of pair r of R rotated elements; given: the operand or NULL. */
static double frequency(const assay_rope_params *p, const float *given, int64_t r, int64_t R, int64_t D, int mode)
{
    const int64_t width = mode == HEAD_WIDTH ? D : R;
    const double base = mode == NO_BASE ? 10000 : base_of(p);
    if (given && mode != NO_INV_FREQ)
        return (double)given[mode == TABLE_ORDER ? r / 2 : r];
    if (mode == TABLE_ORDER)
        r /= 2;
    if (mode == ITERATED || mode == ITERATED_F64) {
        const double scale = pow(base, -2 / (double)R);
        double f = 1;
        for (int64_t i = 0; i < r; i++)
            f = mode == ITERATED ? (double)((float)f * (float)scale) : f * scale;
        return f;
    }
    const double e = (mode == NO_TWO ? -1 : -2) * (double)r / (double)width;
    switch (mode) {
    case DOUBLE:
        return pow(base, e);
    case RECIPROCAL:
        return (double)(1.0f / powf((float)base, (float)-e));
    case F32_POWER:
        return (double)powf((float)base, (float)e);
    case EXP_OF_LOG:
        return (double)(float)exp(e * log(base));
    default:
        return (double)(float)pow(base, e);
    }
}

static void turn_by(double p, double f, int mode, float *c, float *s)
{
    float theta = (float)p * (float)f;
    if (mode == BF16_ANGLE)
        theta = as_bf16((float)p) * as_bf16((float)f);
    if (mode == DOUBLE) {
        *c = (float)cos(p * f), *s = (float)sin(p * f);
    } else if (mode == TAYLOR) { /* degree 5 in [-pi/4, pi/4]: 4e-5 */
        const double k = nearbyint((double)theta / 1.57079632679489662), r = (double)theta - k * 1.57079632679489662;
        const double sine = r - r * r * r / 6 + r * r * r * r * r / 120, cosine = 1 - r * r / 2 + r * r * r * r / 24;
        const int64_t q = (int64_t)k & 3;
        *s = (float)(q == 0 ? sine : q == 1 ? cosine : q == 2 ? -sine : -cosine);
        *c = (float)(q == 0 ? cosine : q == 1 ? -sine : q == 2 ? -cosine : sine);
    } else if (mode == ANGLE_SUM) { /* of 256 steps and a rest, in double */
        const double far = 256 * floor(p / 256) * f, near = (p - 256 * floor(p / 256)) * f;
        *c = (float)(cos(far) * cos(near) - sin(far) * sin(near));
        *s = (float)(sin(far) * cos(near) + cos(far) * sin(near));
    } else if (mode == LIBM_SINCOS) {
        *c = cosf(theta), *s = sinf(theta);
    } else {
        *c = (float)cos((double)theta), *s = (float)sin((double)theta);
    }
    if (mode == F16_TABLE)
        *c = as_bf16(*c), *s = as_bf16(*s);
    if (mode == SIGN)
        *s = -*s;
}

static void turn(const assay_rope_params *p, const float *x, float *y, int64_t r, int64_t R, int64_t D, float c,
                 float s, int mode)
{
    const bool half = (p->mode == ASSAY_ROPE_HALF) != (mode == PAIRS);
    const int64_t width = mode == HEAD_PAIRS ? D - D % 2 : R;
    const int64_t i = half ? r : 2 * r, j = half ? r + width / 2 : 2 * r + 1;
    const float v = x[i], w = x[j];
    switch (mode) {
    case SECOND_FIRST: /* the second sees the first already turned */
        y[i] = v * c - w * s;
        y[j] = y[i] * s + w * c;
        break;
    case NO_SIGN:
        y[i] = v * c + w * s, y[j] = v * s + w * c;
        break;
    case COS_TWICE:
        y[i] = v * c - w * s, y[j] = v * c + w * c;
        break;
    case FUSED:
        y[i] = fmaf(v, c, -(w * s)), y[j] = fmaf(v, s, w * c);
        break;
    case FUSED_OTHER:
        y[i] = fmaf(-w, s, v * c), y[j] = fmaf(w, c, v * s);
        break;
    case NEGATED:
        y[i] = -(w * s - v * c), y[j] = -(-v * s - w * c);
        break;
    case DOUBLE:
        y[i] = (float)((double)v * (double)c - (double)w * (double)s);
        y[j] = (float)((double)v * (double)s + (double)w * (double)c);
        break;
    case ON_RESULT:
        y[i] = (v * c - w * s) * p->magnitude, y[j] = (v * s + w * c) * p->magnitude;
        break;
    default:
        y[i] = v * c - w * s, y[j] = v * s + w * c;
    }
}

static const float *row(const assay_tensor *t, int64_t pos, int64_t head)
{
    return (const float *)(const void *)((const char *)t->data + pos * t->stride[0] + head * t->stride[1]);
}

/* The position by which pair r of row t turns. */
static int32_t place(const assay_args *a, int64_t t, int64_t r, int mode)
{
    const int32_t *axis = a->operand[AXIS].data;
    const int64_t F = a->dim[3], k = mode == BY_ELEMENT ? 2 * r % F : mode == NEXT_SECTION ? (r + 1) % F : r;
    const int64_t s = a->operand[AXIS].rank ? axis[k] : 0;
    return ((const int32_t *)(const void *)row(&a->operand[POS], s, 0))[t];
}
/* How many pairs before r have its axis, one behind the other. */
static int64_t in_section(const assay_args *a, int64_t r)
{
    const int32_t *axis = a->operand[AXIS].data;
    int64_t n = 0;
    while (n < r && axis[r - n - 1] == axis[r])
        n++;
    return n;
}

/* Cosine and sine of pair r of row t, with what of the magnitude is theirs. */
static void pair_of(const assay_args *a, int64_t t, int64_t r, int mode, float *c, float *s)
{
    const assay_rope_params *p = a->params;
    const int64_t D = a->dim[2], R = p->n_dims ? p->n_dims : D;
    const float *given = a->operand[FREQ].rank ? a->operand[FREQ].data : NULL;
    const int32_t at = place(a, t, r, mode);
    float m = p->magnitude > 0 ? p->magnitude : 1;
    if (a->operand[COS].rank) {
        const int64_t line = mode == TABLE_ROW ? t % a->dim[5] : at;
        *c = row(&a->operand[mode == TABLES_SWAPPED ? SIN : COS], line, 0)[r];
        *s = row(&a->operand[mode == TABLES_SWAPPED ? COS : SIN], line, 0)[r];
    } else {
        const int64_t k = mode == RESTARTED && a->operand[AXIS].rank ? in_section(a, r) : r;
        const double where = (double)(mode == ROW_NUMBER ? t : at) + (mode == NEXT_POSITION ? 1 : 0);
        turn_by(where, frequency(p, given, k, R, D, mode) * (mode == LONGER_ANGLE ? (double)m : 1), mode, c, s);
    }
    if ((mode == ONE_PAIRING && p->mode != ASSAY_ROPE_HALF) || (mode == ONE_BUILDER && a->operand[COS].rank) ||
        mode == LONGER_ANGLE || mode == ON_RESULT)
        m = 1;
    *c *= mode == SQUARED ? m * m : m;
    *s *= mode == SQUARED ? m * m : mode == COSINE_ALONE ? 1 : m;
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_rope_params *p = a->params;
    const int64_t H = a->dim[1], D = a->dim[2], R = p->n_dims ? p->n_dims : D;

    for (int64_t t = a->begin; t < a->end; t++)
        for (int64_t i = 0; i < H; i++) {
            const int64_t h = mode == LAST_HEAD_FIRST ? H - 1 - i : i;
            const float *x = row(&a->operand[X], t, h);
            float *y = (float *)(uintptr_t)row(&a->operand[Y], t, h);
            memmove(y, x, (size_t)(mode == REST_DROPPED ? R : D) * sizeof *y);
            for (int64_t d = R; d < D && (mode == REST_DROPPED || mode == REST_TOO); d++)
                y[d] = mode == REST_DROPPED ? 0 : x[d] * p->magnitude;
            for (int64_t k = 0; k < R / 2 - (mode == LAST_PAIR && R > 2); k++) {
                const int64_t r = mode == LAST_PAIR_FIRST ? R / 2 - 1 - k : k;
                float c, s;
                pair_of(a, t, r, mode, &c, &s);
                if (mode != FIRST_HEAD || h == 0)
                    turn(p, x, y, r, R, D, c, s, mode);
            }
        }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(i32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "rope", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_rope = { "rope", table, ASSAY_COUNT_OF(table) };
