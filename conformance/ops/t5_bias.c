/* SPDX-License-Identifier: MIT
 * t5_bias: cases; the edges of buckets. */
#include "assay/params/t5_bias.h"
#include "tables.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include <math.h>

enum { TABLE, QPOS, KPOS, BIAS };

static bool placed(int64_t n, double *value, const int32_t *what, size_t n_what, double plus)
{
    for (int64_t k = 0; k < n; k++)
        value[k] = what[(size_t)k % n_what] + plus;
    return true;
}
/* Every distance on both sides of a query in the middle. */
static bool around(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)r;
    for (int64_t k = 0; i != TABLE && k < n; k++)
        value[i][k] = i == QPOS ? (double)(c->dim[2] / 2 + k) : (double)k;
    return i != TABLE;
}
/* Edges of the buckets of released models, and what lies beside them. */
static bool edges(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t k[] = { 16, -16,  32,  -32,  64, -64, 128, -128, 15,  -15, 31,  -31, 63, -63, 127, -127, 8,
                                 -8, 11,   -11, 12,   23, -23, 22,  -22,  45,  -45, 46,  -46, 90, -90, 91,  -91,  7,
                                 -7, 1000, 256, -256, 80, 800, 160, -320, 400, 500, 505, 640, 2,  -2,  4,   0,    1 };
    (void)c;
    return i != TABLE && placed(n, value[i], i == QPOS ? (const int32_t[]){ 0, 1, -1 } : k,
                                i == QPOS ? 3 : ASSAY_COUNT_OF(k), i == QPOS ? 0 : (double)assay_rng_below(r, 2));
}
static bool far(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t q[] = { 1 << 24, 65536, 131071, -(1 << 24) },
                         k[] = { 0, 65535, -(1 << 24), 65537, 1 << 24, 7 };
    (void)c, (void)r;
    return i != TABLE && placed(n, value[i], i == QPOS ? q : k, i == QPOS ? ASSAY_COUNT_OF(q) : ASSAY_COUNT_OF(k), 0);
}
static bool scattered(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; i != TABLE && k < n; k++)
        value[i][k] = (double)assay_rng_below(r, 400) - 50;
    return i != TABLE;
}

static const assay_gen gens[] = {
    { "around", ASSAY_TAG_EXACT, around, .says = "every distance on both sides of a query" },
    { "edges", ASSAY_TAG_EXACT, edges, .says = "edges of the buckets of released models, and beside them" },
    { "far", ASSAY_TAG_EXACT, far, .says = "distances up to 2^25" },
    { "scattered", ASSAY_TAG_EXACT, scattered, .says = "positions in no order, some negative, some twice" },
};

#define BOTH "causal={0,1} "
static const assay_rows rows[] = {
    { "H={1,3} T=3 S={1..16,51} N=32 " BOTH "table={f32,f16,bf16} gen={edges,around}", ASSAY_QUICK },
    { "H=2 T=3 S=51 N={4,6,8,10,16,20,64} max_distance={128,256,800,1000} " BOTH "gen={edges,scattered,around}",
      ASSAY_QUICK },
    { "H=1 T=3 S=51 N=320 max_distance={800,1000} " BOTH "gen={edges,scattered}", ASSAY_QUICK },
    { "H=2 T=3 S=51 N={2,3,5,7,31} causal=1 max_distance={17,100,128} gen={edges,scattered}", ASSAY_QUICK },
    { "H={1..16} T=2 S=9 N=32 " BOTH "gen={gauss,scattered}", ASSAY_QUICK },
    { "H=12 T=2 S=300 N=32 " BOTH "gen={around,scattered,far}", ASSAY_QUICK },
    { "H={0,1,5} T={0,1} S={0,7} N=32 " BOTH "gen={edges,special,denormal}", ASSAY_QUICK },
    { "H=7 T=40 S=9 N=32 table={f32,f16,bf16} gen={scattered,far}", ASSAY_QUICK },
    { "H=8 T=64 S=1024 N=32 " BOTH "gen={around,scattered}", ASSAY_FULL },
    /* values at every place */
    { "H=5 T=3 S=51 N=32 table={f32,f16,bf16} gen=" ASSAY_VALUES "@table", ASSAY_QUICK },
};

/* Of two sides an even number, at least 4; of one 2. */
static void mend(assay_case *c)
{
    assay_t5_bias_params *p = (void *)c->params;
    int64_t N = p->causal ? c->dim[3] : c->dim[3] & ~(int64_t)1;
    N = N < 2 ? 2 : N;
    N = !p->causal && N < 4 ? 4 : N;
    c->dim[3] = N;
    if ((p->max_distance ? p->max_distance : 128) <= (p->causal ? N / 2 : N / 4))
        p->max_distance = (int32_t)(N + 3);
}

static const char *const holes[] = { "N=0: there is a bucket at least", "N=1: and two a side", NULL };

static const assay_known_answer answers[] = {
    { "H=2 T=1 S=3 N=4", { { 10, 20, 11, 21, 12, 22, 13, 23 }, { 5 }, { 5, 4, 6 } }, { 10, 11, 13, 20, 21, 23 } },
    { "S=8 N=8 causal=1 max_distance=16",
      { { 0, 1, 2, 3, 4, 5, 6, 7 }, { 100 }, { 97, 96, 95, 94, 92, 89, 88, 101 } },
      { 3, 4, 4, 5, 6, 6, 7, 0 } },
};

/* The buckets of T5 itself, whose table is longer than a known answer may be: Raffel et al. and Hugging Face. */
static bool known(assay_why *why)
{
    static const double distance[] = { 0,  1,  7,  8,  11, 12, 15, 16,  22,  23,  31,
                                       32, 45, 46, 63, 64, 90, 91, 127, 128, 1000 };
    static const double behind[] = { 0, 1, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 15, 15 };
    static const double ahead[] = { 0, 17, 23, 24, 24, 25, 25, 26, 26, 27, 27, 28, 28, 29, 29, 30, 30, 31, 31, 31, 31 };
    static const double causal[] = { 0, 1, 7, 8, 11, 12, 15, 16, 18, 18, 21, 21, 23, 24, 26, 26, 29, 29, 31, 31, 31 };
    static const struct {
        const double *want, sign;
        int32_t causal;
    } sides[] = { { behind, -1, 0 }, { ahead, 1, 0 }, { causal, -1, 1 } };
    enum { N = 32, S = ASSAY_COUNT_OF(distance) };
    const assay_op *op = assay_op_find("t5_bias");
    double table[N], kpos[S], got[S], qpos[] = { 0 };
    void *operand[] = { table, qpos, kpos, got }, *before[] = { NULL, NULL, NULL, NULL };
    const int64_t dim[] = { 1, 1, S, N };
    for (int b = 0; b < N; b++)
        table[b] = b;
    for (size_t i = 0; i < ASSAY_COUNT_OF(sides); i++) {
        const assay_t5_bias_params p = { sides[i].causal, 128 };
        for (int s = 0; s < S; s++)
            kpos[s] = sides[i].sign * distance[s];
        op->oracle(&(assay_dense){ .operand = operand, .before = before, .dim = dim, .params = &p });
        for (int s = 0; s < S; s++)
            if (got[s] != sides[i].want[s])
                return assay_fail(why, ASSAY_ERR_ARG, "t5_bias, causal=%d: a key at %g is in bucket %g, not %g",
                                  (int)p.causal, kpos[s], got[s], sides[i].want[s]),
                       false;
    }
    return true;
}

/* b^n modulo two primes of 31 bits, together. */
static void power(uint64_t b, int64_t n, uint64_t out[2])
{
    static const uint64_t prime[] = { 2147483647, 2147483629 };
    for (int i = 0; i < 2; i++)
        for (int64_t k = 0; k < n; k++)
            out[i] = out[i] * (b % prime[i]) % prime[i];
}

/* (most / e)^j <= (d / e)^K, as integers: most^j e^(K - j) <= d^K.  By logarithms where they are apart; else both sides
 * are equal if they are so modulo the primes. */
static bool reaches(int64_t d, int64_t e, int64_t most, int64_t j, int64_t K)
{
    const long double left = j * logl(most) + (K - j) * logl(e), right = K * logl(d);
    uint64_t l[] = { 1, 1 }, r[] = { 1, 1 };
    if (fabsl(left - right) > 1e-9L * (left + right))
        return left < right;
    power((uint64_t)most, j, l);
    power((uint64_t)e, K - j, l);
    power((uint64_t)d, K, r);
    return (l[0] == r[0] && l[1] == r[1]) || left < right;
}

/* Bucket after bucket, as long as the next one's edge is not beyond. */
SECOND(t5_bias)
{
    const assay_t5_bias_params *p = a->params;
    const double *table = a->operand[TABLE], *q = a->operand[QPOS], *k = a->operand[KPOS];
    double *bias = a->operand[BIAS];
    const int64_t H = a->dim[0], T = a->dim[1], S = a->dim[2], N = a->dim[3], n = p->causal ? N : N / 2, e = n / 2;
    for (int64_t i = 0; i < T * S; i++) {
        const double off = q[i / S] - k[i % S];
        const int64_t d = (int64_t)(off >= 0 ? off : p->causal ? 0 : -off);
        int64_t bucket = d < e ? d : e;
        while (bucket >= e && bucket + 1 < n &&
               reaches(d, e, p->max_distance ? p->max_distance : 128, bucket + 1 - e, n - e))
            bucket++;
        for (int64_t h = 0; h < H; h++)
            bias[h * T * S + i] = table[(bucket + (off < 0 && !p->causal ? n : 0)) * H + h];
    }
}

static const assay_workload workloads[] = {
    { "t5-small.encode512", "H=8 T=512 S=512 N=32", 512 },
    { "t5-small.decode", "H=8 T=1 S=512 N=32 causal=1", 1 },
    { "flan-t5-xxl.encode512", "H=64 T=512 S=512 N=32 table=bf16", 512 },
};

static const assay_vector_case vectors[] = {
    { "both_sides", "H=2 T=3 S=51 N=32 gen=edges" },
    { "causal", "H=2 T=3 S=51 N=32 causal=1 gen=edges" },
    { "far", "H=3 T=4 S=6 N=16 max_distance=64 gen=far" },
    { "many", "H=1 T=2 S=40 N=320 max_distance=800 gen=scattered" },
    { "bf16", "H=3 T=2 S=9 N=32 table=bf16 gen=around" },
    { "odd", "H=2 T=3 S=20 N=7 causal=1 max_distance=100 gen=scattered" },
};

#define T5 "H=3 T=4 S=19 N=32 table={f32,f16} causal={0,1} gen=scattered seed=3"
static const assay_relation relations[] = {
    AFFINE("all positions 5 later: the same", T5, "qpos kpos", 1, 5, 1, 0),
    AFFINE("4 table: 4 times", T5, "table", 4, 0, 4, 0),
    ALONG(REVERSE, "queries in reverse: in the bias too", T5, "T", 0),
    ALONG(REVERSE, "heads in reverse: in the bias too", T5, "H", 0),
    ALONG(CUT, "queries in two calls: the same", T5, "T", 0),
};

SUITE(t5_bias) = { USUAL_TABLES(t5_bias), .mend = mend, .holes = holes, .known = known };
TABLES(t5_bias);
