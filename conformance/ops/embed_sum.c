/* SPDX-License-Identifier: MIT
 * embed_sum: cases. */
#include "assay/params/embed_sum.h"
#include "tables.h"

enum { IDS, TOKEN, POS, PLACE, SEGS, SEGMENT, Y };

static int64_t reach(const assay_case *c)
{
    const int64_t offset = ((const assay_embed_sum_params *)(const void *)c->params)->offset;
    return c->dim[3] > offset ? c->dim[3] - offset : 1;
}
/* The last row of each table for every other token, the first for the rest. */
static bool ends(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t rows = i == IDS ? c->dim[2] : i == POS ? reach(c) : c->dim[4];
    (void)r;
    for (int64_t t = 0; (i == IDS || i == POS || i == SEGS) && t < n; t++)
        value[i][t] = t % 2 ? 0 : (double)(rows - 1);
    return i == IDS || i == POS || i == SEGS;
}
/* Positions that the table has, in order from anywhere on. */
static bool in_table(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t first = assay_rng_below(r, reach(c));
    if (i != POS || c->gen_at == POS + 1 || c->gen->fill == ends)
        return false;
    for (int64_t t = 0; t < n; t++)
        value[i][t] = (double)((first + t) % reach(c));
    return true;
}
/* Terms that nearly cancel: which two are added first shows. */
static double cancel(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    const double little = assay_rng_normal(r);
    return i == TOKEN ? 1000 + little : i == PLACE ? little - 1000 : little * 30;
}

static const assay_gen gens[] = {
    TIGHT_FILL("ends", ADVERSARIAL, ends, "the last row and the first in turn"),
    GEN_DRAW("cancel", ADVERSARIAL, cancel, "tokens and places that nearly cancel"),
};

#define SEGMENTS "segs=i32 segment={f32,f16,bf16} "
static const assay_rows rows[] = {
    { "T=3 D=2 V=65540 P=3 gen=ends", ASSAY_QUICK }, /* ids beyond 2^16 */
    { "T=5 D={1..17} V=7 P=9 offset={0,2} gen={gauss,ends,cancel}", ASSAY_QUICK },
    { "T=5 D={1..17} V=7 P=9 G=3 segs=i32 segment=f32 offset={0,2} gen={gauss,ends,cancel}", ASSAY_QUICK },
    { "T=6 D={33,64} V=50 P=40 G=2 token={f32,f16,bf16} place={f32,f16,bf16} " SEGMENTS "gen={gauss,cancel}",
      ASSAY_QUICK },
    { "T={0,1} D={0,31} V={1,3} P={1,4} G=2 segs=i32 segment=f32 gen=gauss", ASSAY_QUICK },
    { "T=4 D=37 V=5 P=300 offset={255,256,299} gen={gauss,ends}", ASSAY_QUICK },
    { "T=4 D=3 V=3 P=70000 offset={0,3,66000} gen=ends", ASSAY_QUICK },
    { "T=40 D=768 V=300 P=64 G=2 segs=i32 segment=f32 gen={gauss,cancel}", ASSAY_FULL },
    /* values at every place */
    { "T=5 D=37 V=7 P=9 G=2 token={f32,f16,bf16} " SEGMENTS "gen=" ASSAY_VALUES "@{token,place,segment}", ASSAY_QUICK },
    { "T=5 D=37 V=7 P=9 gen=" ASSAY_VALUES "@{token,place}", ASSAY_QUICK },
    { "T=5 D=37 V=7 P=9 G=2 segs=i32 segment=f32 gen={special,zero,signed-zero,denormal,wide}", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "value-2?-pos: no table here has 2^20 rows",
    "made-up-segment: without segs none of its rows is asked for",
    NULL,
};

static void mend(assay_case *c)
{
    assay_embed_sum_params *p = (void *)c->params;
    const uint32_t both = 1u << SEGS | 1u << SEGMENT;
    for (int d = 2; d < 5; d++)
        c->dim[d] = c->dim[d] ? c->dim[d] : 1;
    p->offset = (int32_t)(p->offset % c->dim[3]);
    if (c->present & both)
        c->present |= both;
    else
        c->dim[4] = 1;
}

static const assay_known_answer answers[] = {
    { "T=3 V=1 P=8 offset=2", { { 0, 0, 0 }, { 10 }, { 0, 1, 5 }, { 0, 1, 2, 3, 4, 5, 6, 7 } }, { 12, 13, 17 } },
};

/* Every row of each table goes where its number is asked for; segments first. */
SECOND(embed_sum)
{
    const assay_embed_sum_params *p = a->params;
    double *y = a->operand[Y];
    const int64_t T = a->dim[0], D = a->dim[1];
    for (int64_t i = 0; i < T * D; i++) {
        long double sum = 0;
        for (int table = SEGMENT; table >= TOKEN; table -= 2) {
            const double *which = a->operand[table - 1], *from = a->operand[table];
            const int64_t n = a->dim[table == TOKEN ? 2 : table == PLACE ? 3 : 4];
            for (int64_t v = 0; which && v < n; v++)
                if (which[i / D] + (table == PLACE ? p->offset : 0) == (double)v)
                    sum += from[v * D + i % D];
        }
        y[i] = (double)sum;
    }
}

static const assay_workload workloads[] = {
    { "bert-base.encode512", "T=512 D=768 V=30522 P=512 G=2 segs=i32 segment=f32", 512 },
    { "gpt2.decode", "T=1 D=768 V=50257 P=1024", 1 },
    { "gpt2.prefill512", "T=512 D=768 V=50257 P=1024", 512 },
    { "opt-125m.prefill512", "T=512 D=768 V=50272 P=2050 offset=2 token=f16 place=f16", 512 },
};

static const assay_vector_case vectors[] = {
    { "tokens_and_places", "T=5 D=19 V=7 P=9 gen=gauss" },
    { "offset", "T=5 D=19 V=7 P=9 offset=2 gen=ends" },
    { "segments", "T=5 D=19 V=7 P=9 G=3 segs=i32 segment=f32 gen=cancel" },
    { "narrow", "T=5 D=19 V=7 P=9 G=2 token=bf16 place=f16 segs=i32 segment=f16 gen=gauss" },
};

#define SUM "T=6 D=43 V=9 P=8 G=2 segs=i32 segment=f32 offset={0,2} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 times all tables: 4 y", SUM, "token place segment", 4, 0, 4, 0),
    ALONG(REVERSE, "tokens in reverse: in y too", SUM, "T", 0),
    ALONG(REVERSE, "channels in reverse: in y too", SUM, "D", 0),
    ALONG(CUT, "tokens in two calls: the same", SUM, "T", 0),
};

SUITE(embed_sum) = { USUAL_TABLES(embed_sum), .fill = in_table, .mend = mend, .unseen = unseen };
TABLES(embed_sum);
