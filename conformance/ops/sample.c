/* SPDX-License-Identifier: MIT
 * sample: cases. */
#include "tables.h"
#include "sample_known.h"
#include "vocabulary.h"
#include <math.h>
#include <stdlib.h>

static const assay_gen gens[] = {
    VOCABULARY_GENS,
};

#define EACH "gen={model,few-values,halving,near-ties,forbidden,peaked}"
static const assay_rows rows[] = {
    { "R=5 V={1..17} temp={0,1} top_p={0,0.9} gen={model,one-left}", ASSAY_QUICK },
    { "R=20 V={1,2,3,5,17,64} temp={0,1} " EACH, ASSAY_QUICK },
    { "R=28 V=40 temp={0.25,0.7,1,3} key=42 step=7 " EACH, ASSAY_QUICK },
    { "R=28 V=40 temp=0.8 top_k={1,2,5,39,40,41} key=7 step=9 " EACH, ASSAY_QUICK },
    { "R=28 V={2,3,5,8,9} temp=1 top_k={1,2,3} key=7 step=2 " EACH, ASSAY_QUICK },
    { "R=28 V=40 temp=1 top_p={1e-7,0.001,0.5,0.75,0.9,1} key=1 step=3 " EACH, ASSAY_QUICK },
    { "R=28 V=40 temp=2 top_k={3,10} top_p={0.3,0.8} key=5000000000 step={0,1,4294967296} " EACH, ASSAY_QUICK },
    /* of each half the highest bit, which is no sign */
    { "R=28 V=40 temp=2 key={3000000000,12884901888} step={3000000000,12884901888} gen=model", ASSAY_QUICK },
    { "R=16 V=40 temp={0,0.001,1} top_k={0,3} gen={huge,invalid,gauss}", ASSAY_QUICK },
    /* u = 0 in row 1, 0, 2, 2: the first id that has any weight */
    { "R=4 V=40 temp=1 key=77 step={13613258,14228752,14639693,15119672} gen={forbidden,low-first}", ASSAY_QUICK },
    /* u = 2^-24 in row 0, 3, 2, 1: of fewer bits it is 0, which alone brings the first id */
    { "R=4 V=40 temp=1 key=77 step={3202976,3673220,16266180,36693010} gen=low-first", ASSAY_QUICK },
    /* u = 1 - 2^-24, the largest, in row 1, 0, 3, 0: the last id that has any weight; temperatures at their ends */
    { "R=4 V=40 temp={1e-30,0.7,1,1e6} key=77 step={1204173,3654333,15149740,18975035} gen={forbidden,one-left,peaked}",
      ASSAY_QUICK },
    { "R=4 V=40 temp=1 key=77 step={1204173,18975035,13613258} top_k={0,3} top_p={0,0.9} gen=" ASSAY_VALUES "@logits",
      ASSAY_QUICK },
    { "R=3 V=1000 temp=0.9 top_k={0,50} top_p={0,0.95} key=3 gen={model,few-values}", ASSAY_QUICK },
    { "R=9 V=3001 temp=0.9 top_k={0,50} top_p={0,0.95} key=3 gen={model,few-values}", ASSAY_FULL },
    { "R={0,1} V=1 temp=1 gen=model", ASSAY_QUICK },
    { "R=28 V=40 temp=1 key={16777217,4294967297} " EACH, ASSAY_QUICK }, /* a key that no float holds */
    { "R=40 V=4103 temp=0 gen=spike", ASSAY_QUICK },                     /* the maximum in what is over of a long row */
    { "R=1 V=65601 temp=2 top_k=65537 key=3 gen=gauss", ASSAY_QUICK },
    { "R=4 V=49152 temp=0.8 top_k={0,40} top_p={0,0.95} key=11 gen=model", ASSAY_FULL },
    /* values at every place */
    { "R=7 V={37,150} temp={0,1} key=3 gen=" ASSAY_VALUES "@logits", ASSAY_QUICK },
    { "R=7 V=150 temp=1.5 top_k=5 top_p=0.9 key=3 gen=" ASSAY_VALUES "@logits", ASSAY_QUICK },
    { "R=7 V=37 temp={0.25,0.7} top_k={0,3} key=3 gen={end,one-spike,all-low}@logits", ASSAY_QUICK },
};

/* ---- once more: all ids of a row sorted, the sums along the order and then along the ids written down ------- */

typedef struct entry {
    double z;
    int64_t id;
    long double weight;
    bool stays;
} entry;

static int likelier(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    return a->z > b->z ? -1 : a->z < b->z ? 1 : a->id < b->id ? -1 : 1;
}
static int by_id(const void *x, const void *y)
{
    return ((const entry *)x)->id < ((const entry *)y)->id ? -1 : 1;
}

/* e sorted from the likeliest on: an id stays if it is one of k, and what the k before it hold is less than p of what
 * all k do.  Returns the sum of what stays. */
static long double stay(entry *e, int64_t V, const assay_sample_params *p)
{
    const int64_t k = p->top_k > 0 && p->top_k < V ? p->top_k : V;
    long double all = 0, before = 0, sum = 0;
    for (int64_t i = 0; i < k; i++)
        all += e[i].weight;
    for (int64_t i = 0; i < k; before += e[i++].weight) {
        e[i].stays = p->top_p <= 0 || p->top_p >= 1 || before < p->top_p * all;
        sum += e[i].stays ? e[i].weight : 0;
    }
    return sum;
}

/* What a double cannot hold of a weight is none. */
static int64_t drawn(const assay_dense *a, int64_t row, entry *e)
{
    const assay_sample_params *p = a->params;
    const int64_t V = a->dim[1];
    const uint64_t key = (uint64_t)p->key, step = (uint64_t)p->step, block = (uint64_t)row / 4;
    uint32_t word[4];
    for (int64_t i = 0; i < V; i++) {
        e[i] = (entry){ .z = ((const double *)a->operand[0])[row * V + i], .id = i };
        if (isnan(e[i].z) || e[i].z == INFINITY)
            return -1;
    }
    qsort(e, (size_t)V, sizeof *e, likelier);
    if (e[0].z == -INFINITY || p->temp <= 0)
        return e[0].z == -INFINITY ? -1 : e[0].id;
    for (int64_t i = 0; i < V; i++)
        e[i].weight = (double)expl(((long double)e[i].z - e[0].z) / p->temp);
    assay_philox4x32(
        (const uint32_t[]){ (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)step, (uint32_t)(step >> 32) },
        (const uint32_t[]){ (uint32_t)key, (uint32_t)(key >> 32) }, word);
    const long double aim = stay(e, V, p) * (word[row % 4] >> 8) / 0x1p24L;
    long double upto = 0;
    qsort(e, (size_t)V, sizeof *e, by_id);
    for (int64_t i = 0; i < V; i++) {
        upto += e[i].stays ? e[i].weight : 0;
        if (aim < upto)
            return i;
    }
    return -2; /* never: u is below 1 */
}

SECOND(sample)
{
    entry *e = malloc((size_t)a->dim[1] * sizeof *e);
    for (int64_t r = 0; r < a->dim[0]; r++)
        ((double *)a->operand[1])[r] = e ? (double)drawn(a, r, e) : NAN;
    free(e);
}

static const assay_workload workloads[] = {
    /* one token by usual settings */
    { "smollm2-135m.decode.temp", "R=1 V=49152 temp=0.8", 1 },
    { "smollm2-135m.decode.topk40", "R=1 V=49152 temp=0.8 top_k=40 top_p=0.95", 1 },
    { "llama3-8b.decode.topp", "R=1 V=128256 temp=0.6 top_p=0.9", 1 },
};

static const assay_vector_case vectors[] = {
    { "greedy", "R=6 V=20 gen=few-values" },
    { "temp", "R=40 V=40 temp=0.7 key=42 step=7 gen=model" },
    { "top_k", "R=40 V=40 temp=1 top_k=5 key=7 step=9 gen=few-values" },
    { "top_p", "R=40 V=40 temp=1.5 top_p=0.9 key=1 step=3 gen=model" },
    { "both", "R=40 V=40 temp=2 top_k=10 top_p=0.8 key=5000000000 step=4294967296 gen=model" },
    { "invalid", "R=8 V=12 temp=1 gen=invalid" },
};

static const assay_relation relations[] = {
    MORE("three logits of -inf more: the same", "R=9 V={5,43} temp={0,0.7} gen=gauss seed=3", "V", "logits",
         (double)-INFINITY, 0),
    AFFINE("logits + 8: the same", "R=9 V={5,43} temp={0,0.7} gen=ints-narrow seed=3", "logits", 1, 8, 1, 0),
};

const assay_suite assay_suite_sample = {
    .op = "sample",
    .draws_own = true,
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .second = second_sample,
    .known = sample_known,
};
TABLES(sample);
