/* SPDX-License-Identifier: MIT
 * gumbel: samplers that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/gumbel.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(FROM_ZERO, "u-may-be-0", "own: (x >> 8) 2^-24")                                                                  \
    X(TO_ONE, "u-may-be-1", "own: ((x >> 8) + 1) 2^-24")                                                               \
    X(HALF, "half-rounds-to-1", "own: ((x >> 8) + 0.5) 2^-24 in f32")                                                  \
    X(LIFTED, "logarithms-lifted", "own: 1e-10 added to what each logarithm is of")                                    \
    X(BITS_16, "u-of-16-bits", "own")                                                                                  \
    X(BITS_22, "u-of-22-bits", "own")                                                                                  \
    X(LOW_BITS, "low-bits", "own")                                                                                     \
    X(MINUS, "noise-taken-off", "own: ln(-ln u), a sign lost")                                                         \
    X(ONE_LOG, "one-logarithm", "own: -ln u, exponential noise added")                                                 \
    X(TWO_LOG2, "base-two", "own: -log2(-log2 u)")                                                                     \
    X(SAME, "one-u-for-all-ids", "own")                                                                                \
    X(ALL_ROWS, "same-noise-in-all-rows", "own: the row is not in the counter")                                        \
    X(IN_A_LINE, "rows-in-a-line", "own: element r V + i of one stream")                                               \
    X(ONE_WORD, "one-word-of-four", "own: a block an id")                                                              \
    X(WORDS_BACK, "words-backwards", "own: word 3 - i % 4")                                                            \
    X(BY_RANK, "noise-in-order-of-rank", "own: llama.cpp's order of candidates")                                       \
    X(STEP_IGNORED, "step-ignored", "own")                                                                             \
    X(STEP_32, "step-of-32-bits", "JuliaRandom/Random123.jl#5")                                                        \
    X(KEY_32, "key-of-32-bits", "own")                                                                                 \
    X(NINE_ROUNDS, "nine-rounds", "own")                                                                               \
    X(NOISE_TOO, "noise-over-temperature", "own: (z + g) / temp")                                                      \
    X(TEMP_LOST, "temperature-ignored", "own")                                                                         \
    X(TEMP_TIMES, "times-temperature", "own")                                                                          \
    X(TEMP_5_PERCENT, "temperature-5-percent-off", "a total variation of 0.2 would accept it")                         \
    X(IN_BF16, "logits-in-bf16", "own")                                                                                \
    X(NEAR_TOP, "only-near-the-maximum", "own: ids below e^-12 of the likeliest left out")                             \
    X(LAST_TIE, "last-of-ties", "slip: argmax")                                                                        \
    X(ALWAYS, "noise-at-temperature-0", "own")                                                                         \
    X(TAIL, "tail-skipped", "slip: tail")                                                                              \
    X(NAN_LOST, "nan-passed-over", "vllm-project/vllm#50183")                                                          \
    X(SENTINEL, "first-id-where-there-is-none", "own")                                                                 \
    X(LONG_REST, "rest-of-a-long-row-lost", "own: beyond 4,096, what is over of 16")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: z/t + g")                                                                                \
    X(RECIPROCAL, "reciprocal", "legal: times 1/t")                                                                    \
    X(TOP_OFF, "maximum-taken-off", "legal: (z - max)/t + g")                                                          \
    X(DIVIDE_FIRST, "divide-first", "legal: z/t - max/t + g")                                                          \
    X(SCALED, "scaled-noise", "legal: z + t g")                                                                        \
    X(RACE, "race", "legal: e^((z - max)/t) / -ln u, the largest")                                                     \
    X(CLOCKS, "clocks", "legal: -ln u / e^((z - max)/t), the least")                                                   \
    X(FOLDED, "logarithms-base-two", "legal: log2 times ln 2")                                                         \
    X(LOG1P, "log1p", "legal: ln(1 + (u - 1))")                                                                        \
    X(SPOILED, "logarithms-up", "legal: both logarithms 3 u too large")                                                \
    X(IN_DOUBLE, "double", "legal: all in double")                                                                     \
    X(BACKWARDS, "backwards", "legal: last id to first")                                                               \
    X(LANES, "lanes8", "legal: 8 partial maxima")                                                                      \
    X(ROWS_BACKWARDS, "rows-backwards", "legal: order of rows")

enum { FAULTS(MODE) LEGAL(MODE) };

typedef struct row {
    const assay_gumbel_params *p;
    const float *z;
    int64_t V, r;
    float top;
    int mode;
} row;

/* Philox4x32 written again, from the paper. */
static void random_block(uint64_t key, const uint32_t counter[4], int rounds, uint32_t c[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    memcpy(c, counter, 4 * sizeof *c);
    for (int i = 0; i < rounds; i++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u) {
        const uint64_t a = (uint64_t)0xd2511f53u * c[0], b = (uint64_t)0xcd9e8d57u * c[2];
        const uint32_t next[4] = { (uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k1,
                                   (uint32_t)a };
        memcpy(c, next, sizeof next);
    }
}

static int64_t rank_of(const row *w, int64_t i)
{
    int64_t before = 0;
    for (int64_t j = 0; j < w->V; j++)
        before += j < i ? w->z[j] >= w->z[i] : w->z[j] > w->z[i];
    return before;
}

/* The word of id i. */
static uint32_t word_of(const row *w, int64_t i)
{
    uint64_t step = (uint64_t)w->p->step, key = (uint64_t)w->p->key, n = (uint64_t)i, r = (uint64_t)w->r;
    uint32_t c[4];
    step = w->mode == STEP_IGNORED ? 0 : w->mode == STEP_32 ? (uint32_t)step : step;
    key = w->mode == KEY_32 ? (uint32_t)key : key;
    if (w->mode == SAME)
        n = 0;
    else if (w->mode == IN_A_LINE)
        n += r * (uint64_t)w->V, r = 0;
    else if (w->mode == BY_RANK && w->V < 2000)
        n = (uint64_t)rank_of(w, i);
    r = w->mode == ALL_ROWS ? 0 : r;
    const uint64_t block = w->mode == ONE_WORD ? n : n / 4;
    const uint32_t counter[4] = { (uint32_t)block, (uint32_t)r, (uint32_t)step, (uint32_t)(step >> 32) };
    random_block(key, counter, w->mode == NINE_ROUNDS ? 9 : 10, c);
    return c[w->mode == ONE_WORD ? 0 : w->mode == WORDS_BACK ? 3 - n % 4 : n % 4];
}

static float uniform(const row *w, uint32_t x)
{
    switch (w->mode) {
    case FROM_ZERO:
        return (float)(x >> 8) * 0x1p-24F;
    case TO_ONE:
        return (float)((x >> 8) + 1) * 0x1p-24F;
    case HALF:
        return ((float)(x >> 8) + 0.5F) * 0x1p-24F;
    case BITS_16:
        return (float)(2 * (x >> 16) + 1) * 0x1p-17F;
    case BITS_22:
        return (float)(2 * (x >> 10) + 1) * 0x1p-23F;
    case LOW_BITS:
        return (float)(2 * (x & 0x7fffff) + 1) * 0x1p-24F;
    default:
        return (float)(2 * (x >> 9) + 1) * 0x1p-24F;
    }
}

static float noise(const row *w, float u)
{
    const float ln2 = 0.69314718F, lift = 1e-10F, up = 1 + 3 * 0x1p-24F;
    switch (w->mode) {
    case LIFTED:
        return -logf(-logf(u + lift) + lift);
    case MINUS:
        return logf(-logf(u));
    case ONE_LOG:
        return -logf(u);
    case TWO_LOG2:
        return -log2f(-log2f(u));
    case FOLDED:
        return -(log2f(-(log2f(u) * ln2)) * ln2);
    case LOG1P:
        return -logf(-log1pf(u - 1));
    case SPOILED:
        return -(logf(-(logf(u) * up)) * up);
    default:
        return -logf(-logf(u));
    }
}

/* What the largest is looked for of. */
static double score(const row *w, int64_t i)
{
    const float z = w->z[i], t = w->p->temp;
    if (!(t > 0) && w->mode != ALWAYS)
        return (double)z;
    if (w->mode == NEAR_TOP && (w->top - z) / t > 12)
        return (double)-INFINITY;
    const float u = uniform(w, word_of(w, i)), g = noise(w, u);
    switch (w->mode) {
    case NOISE_TOO:
        return (double)((z + g) / t);
    case TEMP_LOST:
        return (double)(z + g);
    case ALWAYS:
        return (double)(z / (t > 0 ? t : 1) + g);
    case TEMP_TIMES:
        return (double)(z * t + g);
    case TEMP_5_PERCENT:
        return (double)(z / (t * 1.05F) + g);
    case IN_BF16:
        return (double)(as_bf16(z) / t + g);
    case RECIPROCAL:
        return (double)(z * (1 / t) + g);
    case TOP_OFF:
        return (double)((z - w->top) / t + g);
    case DIVIDE_FIRST:
        return (double)(z == w->top ? g : z / t - w->top / t + g);
    case SCALED:
        return (double)(z + t * g);
    case RACE:
        return (double)(expf((z - w->top) / t) / -logf(u));
    case CLOCKS:
        return (double)-(-logf(u) / expf((z - w->top) / t));
    case IN_DOUBLE:
        return (double)z / (double)t - log(-log((double)u));
    default:
        return (double)(z / t + g);
    }
}

static int64_t scan(const row *w, int64_t first, int64_t end, int64_t by)
{
    int64_t best = -1;
    double most = (double)-INFINITY;
    for (int64_t k = first; k < end; k += by) {
        const int64_t i = w->mode == BACKWARDS ? first + end - 1 - k : k;
        const double s = w->z[i] > -INFINITY ? score(w, i) : (double)-INFINITY;
        const bool also = w->mode == LAST_TIE || w->mode == BACKWARDS;
        if (w->z[i] > -INFINITY && (best < 0 || (also ? s >= most : s > most)))
            best = i, most = s;
    }
    return best;
}

static int64_t draw(row *w)
{
    bool finite = false, bad = false;
    int64_t end = w->V;
    w->top = -INFINITY;
    for (int64_t i = 0; i < w->V; i++) {
        bad = bad || w->z[i] != w->z[i] || w->z[i] == INFINITY;
        finite = finite || (w->z[i] > -INFINITY && w->z[i] < INFINITY);
        w->top = w->z[i] > w->top ? w->z[i] : w->top;
    }
    if (w->mode == NAN_LOST ? !finite : bad || !finite)
        return w->mode == SENTINEL ? 0 : -1;
    if (w->mode == TAIL && end > 8)
        end &= ~INT64_C(7);
    if (w->mode == LONG_REST && end > 4096)
        end &= ~INT64_C(15);
    if (w->mode != LANES)
        return scan(w, 0, end, 1);
    int64_t best = scan(w, 0, end, 8);
    for (int64_t lane = 1; lane < 8; lane++) {
        const int64_t i = scan(w, lane, end, 8);
        const double s = i < 0 ? 0 : score(w, i), most = best < 0 ? 0 : score(w, best);
        if (i >= 0 && (best < 0 || s > most || (s == most && i < best)))
            best = i;
    }
    return best;
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    int32_t *id = a->operand[1].data;
    for (int64_t i = a->begin; i < a->end; i++) {
        const int64_t r = mode == ROWS_BACKWARDS ? a->end - 1 - (i - a->begin) : i;
        const void *z = (const char *)a->operand[0].data + r * a->operand[0].stride[0];
        row w = { .p = a->params, .z = z, .V = a->dim[1], .r = r, .mode = mode };
        id[r] = (int32_t)draw(&w);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)) };
#define KERNEL_BASE .op = "gumbel", .types = types

static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_gumbel = { "gumbel", table, ASSAY_COUNT_OF(table) };
