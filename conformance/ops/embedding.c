/* SPDX-License-Identifier: MIT
 * embedding: cases. */
#include "tables.h"
#include "../judge/raw.h"

enum { IDS, TABLE, Y };

/* The last row for every other token, the first for the rest: an id off by one leaves the table or hits a neighbour. */
static bool ends(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)r;
    if (i != IDS)
        return false;
    for (int64_t t = 0; t < n; t++)
        value[i][t] = t % 2 ? 0 : (double)(c->dim[1] - 1);
    return true;
}

/* Every row in turn, from the last to the first */
static bool falling(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)r;
    if (i != IDS || !c->dim[1])
        return false;
    for (int64_t t = 0; t < n; t++)
        value[i][t] = (double)(c->dim[1] - 1 - t % c->dim[1]);
    return true;
}

static const assay_gen gens[] = {
    RAW_GENS,
    { "ends", ASSAY_TAG_EXACT, ends, .says = "the last row and the first in turn" },
    { "falling", ASSAY_TAG_EXACT, falling, .says = "every row in turn, from the last" },
};

static bool raw(const assay_case *c, int i, void *data, size_t n, assay_rng *r)
{
    return raw_operand(c, i, TABLE, data, n, r);
}

static const assay_rows rows[] = {
    { "T=5 V=7 D={1..19} table={f32,f16,bf16,e4m3,e5m2,e4m3fnuz,e5m2fnuz} gen=gauss", ASSAY_QUICK },
    { "T=6 V={1,50} D=63 table={f32,f16,bf16,e4m3,e5m2,e4m3fnuz,e5m2fnuz} "
      "gen={ends,falling,codes,any-bits,edges,special,denormal}",
      ASSAY_QUICK },
    { "T=4 V=9 D={32,96,160,576} table={q8_0,q4_0,q4_1,q5_0,q5_1,iq4_nl,mxfp4,mxfp8_e4m3,mxfp8_e5m2,"
      "mxfp6_e2m3,mxfp6_e3m2,mxint8} gen={gauss,codes,any-bits,edges}",
      ASSAY_QUICK },
    { "T=4 V=5 D={256,768} table={q2_k,q3_k,q4_k,q5_k,q6_k,iq4_xs,tq1_0,tq2_0,nvfp4} gen={gauss,codes,any-bits,edges}",
      ASSAY_QUICK },
    { "T=3 V=3 D={256,512} table={iq1_s,iq1_m,iq2_xxs,iq2_xs,iq2_s,iq3_xxs,iq3_s} gen={codes,any-bits,edges}",
      ASSAY_QUICK },
    { "T=9 V={1,4} D=256 table=* gen={ends,falling}", ASSAY_QUICK },
    { "T={0,1} V=3 D={0,256} table=* gen=codes", ASSAY_QUICK },
    { "T=40 V=300 D=2048 table=* gen={codes,falling}", ASSAY_FULL },
    /* values at every place */
    { "T=5 V=7 D=37 table={f32,f16,bf16} gen=" ASSAY_VALUES "@table", ASSAY_QUICK },
    { "T=5 V=7 D=512 table={q8_0,q4_0,q4_1,q5_0,q5_1,iq4_nl,q2_k,q3_k,q4_k,q5_k,q6_k,"
      "iq4_xs,tq1_0,tq2_0} gen=" ASSAY_SCALES "@table",
      ASSAY_QUICK },
    { "T=5 V=7 D=256 table={q4_1,q5_1,q2_k,q4_k,q5_k} gen=" ASSAY_MINIMA "@table", ASSAY_QUICK },
};

static const assay_known_answer answers[] = {
    { "T=3 V=2 D=2", { { 1, 0, 1 }, { 1, 2, 3, 4 } }, { 3, 4, 1, 2, 3, 4 } },
};

/* Every row of the table goes where its number is asked for. */
SECOND(embedding)
{
    const double *ids = a->operand[0], *table = a->operand[1];
    double *y = a->operand[2];
    const int64_t T = a->dim[0], D = a->dim[2];
    for (int64_t v = 0; v < a->dim[1]; v++)
        for (int64_t i = 0; i < T * D; i++)
            y[i] = ids[i / D] == (double)v ? table[v * D + i % D] : y[i];
}

static const assay_workload workloads[] = {
    /* the tables are those of the models, or (llama3-8b, 128256 rows) its first 16384 rows */
    { "smollm2-135m.decode", "T=1 V=49152 D=576 table=f32", 1 },
    { "smollm2-135m.decode", "T=1 V=49152 D=576 table=f16", 1 },
    { "smollm2-135m.decode", "T=1 V=49152 D=576 table=q8_0", 1 },
    { "smollm2-135m.prefill512", "T=512 V=49152 D=576 table=f32", 512 },
    { "smollm2-135m.prefill512", "T=512 V=49152 D=576 table=f16", 512 },
    { "smollm2-135m.prefill512", "T=512 V=49152 D=576 table=q8_0", 512 },
    { "llama3-8b.decode", "T=1 V=16384 D=4096 table=q4_k", 1 },
    { "llama3-8b.prefill512", "T=512 V=16384 D=4096 table=*", 512 },
};

static const assay_vector_case vectors[] = {
    { "f32", "T=5 V=7 D=19 gen=gauss" },
    { "bf16", "T=5 V=7 D=19 table=bf16 gen=gauss" },
    { "q8_0", "T=4 V=9 D=96 table=q8_0 gen=codes" },
    { "q4_0", "T=4 V=9 D=96 table=q4_0 gen=codes" },
    { "q4_1", "T=4 V=9 D=96 table=q4_1 gen=codes" },
    { "q5_0", "T=4 V=9 D=96 table=q5_0 gen=codes" },
    { "q5_1", "T=4 V=9 D=96 table=q5_1 gen=codes" },
    { "q4_k", "T=4 V=5 D=256 table=q4_k gen=codes" },
    { "q6_k", "T=4 V=5 D=256 table=q6_k gen=codes" },
    { "iq4_xs", "T=4 V=5 D=256 table=iq4_xs gen=codes" },
    { "nvfp4", "T=4 V=9 D=128 table=nvfp4 gen=codes" },
    { "mxfp6_e2m3", "T=4 V=9 D=96 table=mxfp6_e2m3 gen=codes" },
};

#define TABLE "T=6 V=9 D=43 table={f32,f16} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 table: 4 y", TABLE, "table", 4, 0, 4, 0),
    ALONG(REVERSE, "tokens in reverse: in y too", TABLE, "T", 0),
    ALONG(CUT, "tokens in two calls: the same", TABLE, "T", 0),
    ALONG(REVERSE, "channels in reverse: in y too", TABLE, "D", 0),
    MORE("three rows of the table more: the same", TABLE, "V", "", 0, 0),
};

SUITE(embedding) = { USUAL_TABLES(embedding), .raw = raw };
TABLES(embedding);
