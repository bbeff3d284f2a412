/* SPDX-License-Identifier: MIT
 * cache: cases. */
#include "tables.h"
#include "../../reference/core/values.h"

/* Positions: the next ones after some past, in a ring; every fifth case position is written twice (the last wins). */
static bool append(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t S = c->dim[1], past = S > 0 ? assay_rng_below(r, S) : 0;
    for (int64_t k = 0; k < n && i == 1 && S > 0; k++)
        value[i][k] = (double)((past + k) % S);
    return i == 1;
}
static bool scatter(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t S = c->dim[1];
    for (int64_t k = 0; k < n && i == 1 && S > 0; k++)
        value[i][k] = (double)(k % 5 == 4 ? (int64_t)value[i][k - 1] : assay_rng_below(r, S));
    return i == 1;
}
/* Every row and column carries its own numbers: a wrong row, head or column has a name. */
static bool numbered(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (i == 1)
        return append(c, i, n, value, r);
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (double)((k % 2039) * (i == 0 ? 1 : -1));
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("append", EXACT, append, "rows in order from anywhere, around the end"),
    GEN_FILL("scatter", EXACT, scatter, "rows anywhere, some twice"),
    GEN_FILL("numbered", EXACT, numbered, "appended rows in which every element has a number of its own"),
};
/* One rounding is all that happens. */
static const char *const exact[] = { "gauss", "uniform", "wide", "denormal", "signed-zero", "zero", "ties", NULL };

static const assay_rows rows[] = {
    { "T={0,1,3} S=7 G={1,3} D={1..17} cache=f32 gen=append", ASSAY_QUICK },
    { "T={1,3} S=7 G=2 D={1..17} cache={f16,bf16,e4m3,f32:kpanel16,f16:kpanel16,bf16:kpanel16} gen=append",
      ASSAY_QUICK },
    { "T={1,16,17,40} S={1,16,17,33,48} G=2 D=24 cache={f32,f16,f32:kpanel16,f16:kpanel16,bf16:kpanel16} "
      "gen={append,scatter}",
      ASSAY_QUICK },
    { "T={1,3,20} S=33 G=3 D={32,64,96,128} cache=* gen={append,scatter}", ASSAY_QUICK },
    { "T={2,18} S=35 G=2 D=16 cache={f32,f16,bf16,e4m3,f32:kpanel16,f16:kpanel16,bf16:kpanel16} "
      "gen={numbered,wide,denormal,signed-zero,special}",
      ASSAY_QUICK },
    { "T=4 S=9 G=2 D=64 cache={q8_0,q4_0} gen={gauss,numbered,wide,denormal,signed-zero,zero,ties,special}",
      ASSAY_QUICK },
    { "T={0,2} S=5 G={0,2} D={0,32} gen=append", ASSAY_QUICK },
    { "T=9 S=131073 cache=f16 gen=scatter", ASSAY_QUICK },
    { "T=100 S=1000 G=3 D=64 cache={f32,f16,q8_0,f32:kpanel16,f16:kpanel16} gen=append", ASSAY_FULL },
    /* values at every place */
    { "T=3 S=9 G=2 D=37 cache={f32,f16,bf16,e4m3} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "T=3 S=9 G=2 D=37 cache={f16,bf16,e4m3} gen=end@cache", ASSAY_QUICK },
    { "T=64 S=70001 D=1 gen=scatter", ASSAY_QUICK }, /* slots beyond 2^16 */
    { "T=65601 S=5 D=1 gen=scatter", ASSAY_QUICK },  /* as many rows */
    { "T=3 S=9 G=2 D=64 cache={q8_0,q4_0} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "T=3 S=9 G=2 D=64 cache={q8_0,q4_0} gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
};

static void mend(assay_case *c)
{
    if (c->type[2] == ASSAY_q8_0 || c->type[2] == ASSAY_q4_0 || c->type[2] == ASSAY_e4m3) /* kpanel16 holds none */
        c->layout[2] = 0;
}

static double land(const assay_case *c, int i, int64_t j)
{
    return i == 0 ? assay_landing(c, j) : (double)(j % 7);
}

/* Three tokens into four slots; two of them into one; what nobody writes stays as it was, the first slot too. */
static const assay_known_answer answers[] = {
    { "T=3 S=4 G=1 D=2",
      { { 1, 2, 3, 4, 5, 6 }, { 2, 1, 2 }, { 7, 8, 9, 10, 11, 12, 13, 14 } },
      { 7, 8, 3, 4, 5, 6, 13, 14 } },
};

/* Each slot has the last row that names it, else what it had. */
SECOND(cache)
{
    const double *x = a->operand[0], *pos = a->operand[1], *was = a->before[2];
    double *cache = a->operand[2];
    const int64_t T = a->dim[0], row = a->dim[2] * a->dim[3];
    for (int64_t s = 0; s < a->dim[1]; s++) {
        int64_t t = T - 1;
        while (t >= 0 && pos[t] != (double)s)
            t--;
        for (int64_t k = 0; k < row; k++)
            cache[s * row + k] = t < 0 ? was[s * row + k] : x[t * row + k];
    }
}

static const assay_workload workloads[] = {
    /* the keys of one layer */
    { "smollm2-135m.decode", "T=1 S=4096 G=3 D=64 cache=*", 1 },
    { "smollm2-135m.decode.panel", "T=1 S=4096 G=3 D=64 cache=f32:kpanel16", 1 },
    { "smollm2-135m.prefill512", "T=512 S=4096 G=3 D=64 cache=*", 512 },
    { "smollm2-135m.prefill512.panel", "T=512 S=4096 G=3 D=64 cache=f32:kpanel16", 512 },
    { "smollm2-135m.prefill512.f16-panel", "T=512 S=4096 G=3 D=64 cache=f16:kpanel16", 512 },
    { "llama3-8b.prefill512", "T=512 S=4096 G=8 D=128 cache=*", 512 },
};

static const assay_vector_case vectors[] = {
    { "f32", "T=2 S=7 G=2 D=5 gen=append" },
    { "f16", "T=3 S=7 G=2 D=5 cache=f16 gen=scatter" },
    { "q8_0", "T=2 S=5 G=2 D=32 cache=q8_0 gen=gauss" },
    { "bf16", "T=3 S=7 G=2 D=5 cache=bf16 gen=wide" },
    { "e4m3", "T=3 S=7 G=2 D=5 cache=e4m3 gen=gauss" },
    { "q4_0", "T=2 S=5 G=2 D=32 cache=q4_0 gen=gauss" },
    { "kpanel16", "T=3 S=20 G=2 D=5 cache=f16:kpanel16 gen=append" },
};

static const assay_relation relations[] = {
    AFFINE("4 x, 4 cache: 4 cache", "T=3 S=9 G=3 D=8 cache={f32,f16} gen=gauss seed=3", "x cache", 4, 0, 4, 0),
    ALONG(REVERSE, "heads in reverse: in the cache too", "T=3 S=9 G=3 D=8 gen=gauss seed=3", "G", 0),
    ALONG(REVERSE, "channels in reverse: in the cache too", "T=3 S=9 G=3 D=8 gen=gauss seed=3", "D", 0),
};

SUITE(cache) = { USUAL_TABLES(cache), .land = land, .exact = exact, .mend = mend };
TABLES(cache);
