/* SPDX-License-Identifier: MIT
 * alibi: cases.  All that a kernel is given is positions and how many heads there are. */
#include "assay/params/alibi.h"
#include "tables.h"
#include <math.h>

enum { Q, K, BIAS };

static void place(int64_t n, double *value, const int32_t *what, size_t n_what)
{
    for (int64_t k = 0; k < n; k++)
        value[k] = what[(size_t)k % n_what];
}
/* The last queries of the keys in a cache. */
static bool decode(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t first = c->dim[2] > c->dim[1] ? c->dim[2] - c->dim[1] : 0;
    (void)r;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (double)(k + (i == Q ? first : 0));
    return true;
}
static bool far(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t q[] = { 131071, 65536, 65537, 100003 }, k[] = { 0, 65535, 65536, 65537, 1, 131072, 32768 };
    (void)c, (void)r;
    place(n, value[i], i == Q ? q : k, i == Q ? ASSAY_COUNT_OF(q) : ASSAY_COUNT_OF(k));
    return true;
}
/* Distances beyond 2^24, which a float rounds. */
static bool farthest(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t q[] = { 1 << 24, (1 << 24) - 1, 5 }, k[] = { -(1 << 24), 2 - (1 << 24), -3, 0, 1 << 24, 7 };
    (void)c, (void)r;
    place(n, value[i], i == Q ? q : k, i == Q ? ASSAY_COUNT_OF(q) : ASSAY_COUNT_OF(k));
    return true;
}
static bool scattered(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (double)assay_rng_below(r, 5000) - 100;
    return true;
}

static const assay_gen gens[] = {
    TIGHT_FILL("decode", ADVERSARIAL, decode, "the last queries of a cache"),
    TIGHT_FILL("far", ADVERSARIAL, far, "positions up to 131,072"),
    TIGHT_FILL("farthest", ADVERSARIAL, farthest, "distances up to 2^25"),
    TIGHT_FILL("scattered", ADVERSARIAL, scattered, "positions in no order, some negative, some twice"),
};

/* Of the common generators, which know no positions: in order, from anywhere on. */
static bool in_order(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const double first = (double)assay_rng_below(r, 3000);
    bool own = c->gen_at == i + 1;
    for (size_t g = 0; g < ASSAY_COUNT_OF(gens); g++)
        own |= c->gen->fill == gens[g].fill;
    if (own)
        return false;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = first + (double)k;
    return true;
}

static const assay_rows rows[] = {
    { "H={1..17} T=3 S=7 symmetric={0,1} gen={gauss,scattered}", ASSAY_QUICK },
    { "H={1,3,12,20,32,71,112} T=4 S={5,33} symmetric={0,1} gen={decode,far,farthest,scattered}", ASSAY_QUICK },
    { "H={2,6,8} T=2 S={1..16,31} max_bias={0,0.3,5.3,16,64} gen=scattered", ASSAY_QUICK },
    { "H={0,1} T={0,1} S={0,1,17} symmetric={0,1} gen=decode", ASSAY_QUICK },
    { "H=1 T=3 S=70 symmetric={0,1} gen=uniform", ASSAY_QUICK }, /* the least bound: any rounding of it counts */
    { "H=12 T=130 S=65 gen=scattered", ASSAY_QUICK },
    { "H=20 T=70 S=300 symmetric={0,1} gen={decode,far}", ASSAY_FULL },
};

static const char *const holes[] = { "tag exact: of most numbers of heads the slopes are rounded",
                                     "tag class: positions hold no NaN and no infinity", NULL };

static const char *const unseen[] = {
    "out-nan-bias: of positions and slopes nothing is made that is not finite",
    "out-inf-bias: the same",
    "out-flushed-bias: nor anything below 2^-64",
    NULL,
};

static const assay_known_answer answers[] = {
    { "H=8", { { 1 }, { 0 } }, { -0.5, -0.25, -0.125, -0.0625, -0.03125, -0.015625, -0.0078125, -0.00390625 } },
    { "H=6", { { 1 }, { 0 } }, { -0.25, -0.0625, -0.015625, -0.00390625, -0.5, -0.125 } },
    { "H=3", { { 5 }, { 3 } }, { -0.125, -0.0078125, -0.5 } },
    { "S=3", { { 2 }, { 0, 2, 5 } }, { -0.0078125, -0.0, 0.01171875 } },
    { "S=3 symmetric=1", { { 2 }, { 0, 2, 5 } }, { -0.0078125, -0.0, -0.01171875 } },
    { "max_bias=1", { { 7 }, { 1 } }, { -3 } },
};

/* As the paper's own code: a series for a power of two, and for what is over every second one of the next. */
static long double slope(int64_t h, int64_t n, long double most)
{
    int64_t closest = 1;
    while (closest * 2 <= n)
        closest += closest;
    if (h >= closest)
        return slope(2 * (h - closest), 2 * closest, most);
    long double ratio = powl(2, -most / closest), m = ratio;
    for (int64_t i = 0; i < h; i++)
        m *= ratio;
    return m;
}

SECOND(alibi)
{
    const assay_alibi_params *p = a->params;
    const double *q = a->operand[Q], *k = a->operand[K];
    double *bias = a->operand[BIAS];
    for (int64_t h = 0; h < a->dim[0]; h++) {
        const long double m = slope(h, a->dim[0], p->max_bias > 0 ? (long double)p->max_bias : 8);
        for (int64_t t = 0; t < a->dim[1]; t++)
            for (int64_t s = 0; s < a->dim[2]; s++) {
                const long double ahead = (long double)k[s] - q[t];
                *bias++ = (double)(m * (p->symmetric && ahead > 0 ? -ahead : ahead));
            }
    }
}

static const assay_workload workloads[] = {
    { "bloom-560m.prefill512", "H=16 T=512 S=512", 512 },
    { "bloom-560m.decode", "H=16 T=1 S=2048", 1 },
    { "bloom-176b.prefill512", "H=112 T=512 S=512", 512 },
    { "mpt-7b.decode", "H=32 T=1 S=2048", 1 },
    { "falcon-rw-1b.encode128", "H=32 T=128 S=128 symmetric=1", 128 },
};

static const assay_vector_case vectors[] = {
    { "power_of_two", "H=8 T=3 S=5 gen=decode" },
    { "between", "H=12 T=3 S=5 gen=scattered" },
    { "symmetric", "H=3 T=4 S=5 symmetric=1 gen=scattered" },
    { "max_bias", "H=7 T=2 S=5 max_bias=5.5 gen=far" },
    { "farthest", "H=20 T=3 S=6 gen=farthest" },
};

#define ALIBI "H={3,8,12} T=4 S=19 symmetric={0,1} gen=scattered seed=3"
static const assay_relation relations[] = {
    AFFINE("all positions 5 later: the same", ALIBI, "qpos kpos", 1, 5, 1, 0),
    AFFINE("distances doubled: twice", ALIBI, "qpos kpos", 2, 0, 2, 0),
    ALONG(REVERSE, "queries in reverse: in the bias too", ALIBI, "T", 0),
    ALONG(REVERSE, "keys in reverse: in the bias too", ALIBI, "S", 0),
    ALONG(CUT, "queries in two calls: the same", ALIBI, "T", 0),
};

SUITE(alibi) = { USUAL_TABLES(alibi), .fill = in_order, .holes = holes, .unseen = unseen };
TABLES(alibi);
