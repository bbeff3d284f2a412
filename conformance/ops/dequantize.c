/* SPDX-License-Identifier: MIT
 * dequantize: cases.  Encoders write only some of the blocks that a file may hold, so most cases take random bytes. */
#include "../../reference/core/dtype.h"
#include "tables.h"
#include "assay/blocks.h"
#include "formats_known.h"
#include "../judge/raw.h"
#include <stdio.h>
#include <string.h>

static const assay_gen gens[] = {
    RAW_GENS,
};

static bool raw(const assay_case *c, int i, void *data, size_t n, assay_rng *r)
{
    return raw_operand(c, i, 0, data, n, r);
}

#define MX     "mxfp8_e4m3,mxfp8_e5m2,mxfp6_e2m3,mxfp6_e3m2,mxint8"
#define GRIDS  "iq1_s,iq1_m,iq2_xxs,iq2_xs,iq2_s,iq3_xxs,iq3_s"
#define SUPERS "q2_k,q3_k,q4_k,q5_k,q6_k,iq4_xs,tq1_0,tq2_0,q8_k"
static const assay_rows rows[] = {
    { "R=3 C={1..17} x={f16,bf16,e4m3,e5m2,e4m3fnuz,e5m2fnuz} gen=codes", ASSAY_QUICK },
    { "R=2 C={33,1000} x={f16,bf16,e4m3,e5m2,e4m3fnuz,e5m2fnuz} "
      "gen={gauss,codes,any-bits,edges,special,denormal,signed-zero}",
      ASSAY_QUICK },
    { "R=3 C={32,64,96,128,160,224} x={q8_0,q8_1,q4_0,q4_1,q5_0,q5_1,iq4_nl,mxfp4} gen={codes,gauss}", ASSAY_QUICK },
    { "R=3 C=480 x={q8_0,q8_1,q4_0,q4_1,q5_0,q5_1,iq4_nl,mxfp4} gen={codes,any-bits,edges,zero,wide}", ASSAY_QUICK },
    { "R=3 C={32,64,96,128,160,224} x={" MX "} gen={codes,gauss}", ASSAY_QUICK },
    { "R=3 C=480 x={" MX "} gen={codes,any-bits,edges,zero,wide}", ASSAY_QUICK },
    { "R=3 C={64,128,192} x=nvfp4 gen={codes,gauss,any-bits,edges,zero,wide}", ASSAY_QUICK },
    { "R=3 C={256,512,768} x={" SUPERS "} gen={codes,gauss,any-bits,edges,zero}", ASSAY_QUICK },
    { "R=1 C={0,4064,4128,8256} x={q8_0,q8_1,q4_0,q4_1,q5_0,q5_1,iq4_nl,mxfp4,f16,bf16,e4m3,e5m2} gen=codes",
      ASSAY_QUICK },
    { "R=1 C={0,4128,8256} x={" MX ",e4m3fnuz,e5m2fnuz} gen=codes", ASSAY_QUICK },
    { "R=1 C={0,3840,4352} x={" SUPERS ",nvfp4} gen=codes", ASSAY_QUICK },
    { "R=2 C={256,768} x={" GRIDS "} gen={codes,any-bits,edges}", ASSAY_QUICK },
    { "R=1 C=3840 x={" GRIDS "} gen=codes", ASSAY_QUICK },
    { "R=0 C=256 x=* gen=codes", ASSAY_QUICK },
    { "R=16 C=8192 x=* gen={codes,any-bits,edges}", ASSAY_FULL },
    /* values at every place */
    { "R=5 C=37 x={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=512 x={q8_0,q8_1,q4_0,q4_1,q5_0,q5_1,iq4_nl,q2_k,q3_k,q4_k,q5_k,q6_k,iq4_xs,tq1_0,tq2_0," GRIDS
      "} gen=" ASSAY_SCALES "@x",
      ASSAY_QUICK },
    { "R=5 C=512 x={q4_1,q5_1,q2_k,q4_k,q5_k} gen=" ASSAY_MINIMA "@x", ASSAY_QUICK },
};

static bool no(assay_why *why, const char *type, const char *what)
{
    if (why)
        snprintf(why->text, sizeof why->text, "dequantize from %s: %s", type, what);
    return false;
}

static bool known(assay_why *why)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_decode); i++) {
        assay_dtype t;
        const assay_dtype_info *info = assay_dtype_find(known_decode[i].type, &t);
        const size_t n = (size_t)info->block, bytes = (size_t)info->bytes;
        unsigned char b[300];
        double y[256];
        float f[256] = { 0 };
        for (size_t k = 0; k < bytes; k++)
            b[k] = (unsigned char)(37 * k + 11);
        known_scale(b, known_decode[i].d);
        if (known_decode[i].m >= 0) {
            b[known_decode[i].m] = (unsigned char)(known_decode[i].second & 255);
            b[known_decode[i].m + 1] = (unsigned char)(known_decode[i].second >> 8);
        }
        if (known_crc(b, bytes) != known_decode[i].block)
            return no(why, info->name, "the test block itself differs from the known answer");
        info->decode(y, b, (int64_t)n);
        for (size_t k = 0; k < n; k++)
            f[k] = (float)y[k] + 0.0f;
        if (known_crc(f, n * sizeof *f) != known_decode[i].values)
            return no(why, info->name, "the values of the test block differ from the known answer");
    }
    return true;
}

/* What the harness has read once more from the bytes (second_formats.c), rounded to y's type. */
SECOND(dequantize)
{
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        ((double *)a->operand[1])[i] = ((const double *)a->operand[0])[i];
}

static const assay_workload workloads[] = {
    /* a weight matrix or a part of it, unpacked for a float kernel; the rows of a KV cache */
    { "smollm2-135m.ffn_up", "R=576 C=1536 x=*", 0 },
    { "smollm2-135m.kv512", "R=512 C=192 x=q8_0", 0 },
    { "llama3-8b.o.64rows", "R=64 C=4096 x=*", 0 },
    { "llama3-8b.o", "R=4096 C=4096 x=*", 0 },
};

static const assay_vector_case vectors[] = {
    { "f16", "R=2 C=100 x=f16 gen=any-bits" },
    { "bf16", "R=2 C=100 x=bf16 gen=any-bits" },
    { "q8_0", "R=3 C=96 x=q8_0 gen=codes" },
    { "q8_1", "R=3 C=96 x=q8_1 gen=codes" },
    { "q4_0", "R=3 C=96 x=q4_0 gen=codes" },
    { "q4_1", "R=3 C=96 x=q4_1 gen=codes" },
    { "q5_0", "R=3 C=96 x=q5_0 gen=codes" },
    { "q5_1", "R=3 C=96 x=q5_1 gen=codes" },
    { "e4m3", "R=2 C=300 x=e4m3 gen=any-bits" },
    { "e5m2", "R=2 C=300 x=e5m2 gen=any-bits" },
    { "iq4_nl", "R=3 C=96 x=iq4_nl gen=codes" },
    { "mxfp4", "R=3 C=96 x=mxfp4 gen=codes" },
    { "mxfp4_edges", "R=3 C=480 x=mxfp4 gen=edges" },
    { "q2_k", "R=2 C=512 x=q2_k gen=codes" },
    { "q3_k", "R=2 C=512 x=q3_k gen=codes" },
    { "q5_k", "R=2 C=512 x=q5_k gen=codes" },
    { "q4_k", "R=2 C=512 x=q4_k gen=codes" },
    { "q6_k", "R=2 C=512 x=q6_k gen=codes" },
    { "iq4_xs", "R=2 C=512 x=iq4_xs gen=codes" },
    { "nvfp4", "R=3 C=256 x=nvfp4 gen=any-bits" },
    { "tq1_0", "R=2 C=512 x=tq1_0 gen=codes" },
    { "tq2_0", "R=2 C=512 x=tq2_0 gen=codes" },
    { "q8_k", "R=2 C=512 x=q8_k gen=codes" },
    { "mxint8", "R=3 C=96 x=mxint8 gen=codes" },
    { "mxfp8_e4m3", "R=3 C=192 x=mxfp8_e4m3 gen=codes" },
    { "mxfp8_e5m2", "R=3 C=192 x=mxfp8_e5m2 gen=any-bits" },
    { "mxfp6_e2m3", "R=3 C=96 x=mxfp6_e2m3 gen=codes" },
    { "mxfp6_e3m2", "R=3 C=96 x=mxfp6_e3m2 gen=edges" },
    { "iq1_s", "R=2 C=256 x=iq1_s gen=codes" },
    { "iq1_m", "R=2 C=256 x=iq1_m gen=codes" },
    { "iq2_xxs", "R=2 C=256 x=iq2_xxs gen=codes" },
    { "iq2_xs", "R=2 C=256 x=iq2_xs gen=codes" },
    { "iq2_s", "R=2 C=256 x=iq2_s gen=codes" },
    { "iq3_xxs", "R=2 C=256 x=iq3_xxs gen=codes" },
    { "iq3_s", "R=2 C=256 x=iq3_s gen=codes" },
    { "e4m3fnuz", "R=2 C=300 x=e4m3fnuz gen=any-bits" },
    { "e5m2fnuz", "R=2 C=300 x=e5m2fnuz gen=any-bits" },
};

static const assay_relation relations[] = {
    ALONG(REVERSE, "rows in reverse: in y too", "R=3 C=64 x={f16,bf16,q8_0,q4_0,q4_1} gen=gauss seed=3", "R", 0),
    AFFINE("4 x: 4 y", "R=3 C=64 x={f16,bf16,q8_0} gen=gauss seed=3", "x", 4, 0, 4, 0),
};

const assay_suite assay_suite_dequantize = {
    .op = "dequantize",
    .draws_own = true,
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .raw = raw,
    .second = second_dequantize,
    .known = known,
};
TABLES(dequantize);
