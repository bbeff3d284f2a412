/* SPDX-License-Identifier: MIT
 * l2norm: cases; norms about eps, from where it is the divisor to where it is nothing. */
#include "../../reference/core/values.h"
#include "assay/params/l2norm.h"
#include "norm.h"
#include "tables.h"

/* NaN and zeros, in two rows of three. */
static double special(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, 0.0, -0.0, 0x1p60, 0x1p-70 };
    const int64_t C = c->dim[1] ? c->dim[1] : 1;
    (void)i;
    return j / C % 3 < 2 && assay_rng_below(rng, C) < 2 ? odd[assay_rng_below(rng, 6)] : assay_rng_normal(rng);
}
/* Rows whose norm is eps, up to a 1024th, or a few times more or less. */
static bool about_eps(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const assay_l2norm_params *p = (const assay_l2norm_params *)(const void *)c->params;
    const int64_t C = c->dim[1] ? c->dim[1] : 1;
    for (int64_t r = 0; r + C <= n; r += C) {
        static const double times[] = { 1, 1 + 0x1p-10, 1 - 0x1p-10, 0.25, 3, 0.9, 1.1 };
        const double to = times[r / C % 7] * (p->form == ASSAY_L2_SUM ? sqrt(p->eps) : p->eps);
        double squares = 0;
        for (int64_t k = r; k < r + C; k++)
            value[i][k] = assay_rng_normal(rng), squares += value[i][k] * value[i][k];
        for (int64_t k = r; k < r + C; k++)
            value[i][k] *= to / sqrt(squares);
    }
    return true;
}
static const assay_gen gens[] = {
    NEAR_EPS,
    TIGHT_FILL("about-eps", ADVERSARIAL, about_eps, "norms of eps (max) or its root (sum), and a little beside"),
    GEN_DRAW("special", CLASS, special, "NaN, inf, zeros and large numbers, in two rows of three"),
};

static const char *const unseen[] = { "out-inf-y: no element is longer than its row", NULL };

static const assay_rows rows[] = {
    { "R={1,3} C={1..17} eps={1e-12,1e-06} form={max,sum} gen={gauss,positive,spike}", ASSAY_QUICK },
    { "R=70 C={31,64,576} eps=1e-06 form={max,sum} gen={gauss,uniform}", ASSAY_QUICK },
    { "R=2 C={8,33} eps={0,1e-12,1e-06,1} form={max,sum} gen={gauss,tiny,wide,equal}", ASSAY_QUICK },
    { "R=14 C={1,5,16,33,64} eps={1e-06,0.01,0.5} form={max,sum} gen={near-eps,about-eps}", ASSAY_QUICK },
    { "R=7 C=33 eps=1e-30 form={max,sum} gen={zero,tiny,about-eps}", ASSAY_QUICK }, /* eps^2 is 0 */
    { "R=2 C={17,32} eps=1e-06 form={max,sum} x={f16,bf16} y={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    { "R={0,1} C=0 eps=1e-06 gen=gauss", ASSAY_QUICK },
    { "R=6 C={9,40} eps=1e-06 form={max,sum} gen={special,zero,signed-zero,denormal}", ASSAY_QUICK },
    { "R=66 C={1..8} eps=1e-06 gen=short", ASSAY_QUICK },
    { "R=1 C={4096,32768} eps=1e-06 form={max,sum} gen={gauss,positive,equal,ramp,spike}", ASSAY_QUICK },
    { "R=2 C={1021,4096} eps=1e-06 form={max,sum} gen={gauss,positive,equal,ramp}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=70 eps={0,1e-06} form={max,sum} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=37 eps={0,1e-06} form={max,sum} gen={square-under,square-over}@x", ASSAY_QUICK },
    { "R=5 C=35 x={f16,bf16} y={f16,bf16} form={max,sum} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
};

static const assay_known_answer answers[] = {
    { "C=2 eps=1e-06 form=sum", { { 3, 4 } }, { 0.599999988, 0.799999984 } },
    { "C=2 eps=1e-12", { { 3, 4 } }, { 0.6, 0.8 } },
    { "C=2 eps=1", { { 0.3, -0.4 } }, { 0.3, -0.4 } },
    { "C=3 eps=0.5", { { 0, -0.0, 0 } }, { 0, -0.0, 0 } },
};

/* Each element over the root, of the sum from its end. */
SECOND(l2norm)
{
    const assay_l2norm_params *p = a->params;
    const double *x = a->operand[0];
    double *y = a->operand[1];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        const int64_t C = a->dim[1], first = r * C;
        long double squares = p->form == ASSAY_L2_SUM ? (long double)p->eps : 0;
        for (int64_t c = C - 1; c >= 0; c--)
            squares += (long double)x[first + c] * x[first + c];
        long double n = sqrtl(squares);
        if (p->form == ASSAY_L2_MAX && n <= p->eps)
            n = p->eps;
        for (int64_t c = 0; c < C; c++)
            y[first + c] = (double)(x[first + c] / n);
    }
}

static const assay_workload workloads[] = {
    { "qwen3-next.decode.qk", "R=32 C=128 eps=1e-06 form=sum", 1 }, /* 16 heads of queries, 16 of keys */
    { "qwen3-next.prefill512.qk", "R=16384 C=128 eps=1e-06 form=sum", 512 },
    { "minilm-l6.embed32", "R=32 C=384 eps=1e-12", 0 },
    { "bge-large.embed512", "R=512 C=1024 eps=1e-12", 0 },
};

static const assay_vector_case vectors[] = {
    { "max", "R=3 C=17 eps=1e-12 gen=gauss" },
    { "sum", "R=3 C=17 eps=1e-06 form=sum gen=gauss" },
    { "max_about_eps", "R=7 C=9 eps=0.01 gen=about-eps" },
    { "sum_about_eps", "R=7 C=9 eps=0.01 form=sum gen=about-eps" },
    { "special", "R=6 C=9 eps=1e-06 gen=special" },
    { "f16", "R=2 C=31 x=f16 y=bf16 eps=1e-06 form=sum gen=gauss" },
};

#define L2 "R=5 C={7,43} form={max,sum} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("16 x, eps 0: the same", L2, "x", 16, 0, 1, LOOSE),
    AFFINE("-x: -y", L2 " eps=1e-6", "x", -1, 0, -1, 0),
    ALONG(REVERSE, "columns in reverse: in y too", L2 " eps=1e-6", "C", LOOSE),
    ALONG(REVERSE, "rows in reverse: in y too", L2 " eps=1e-6", "R", LOOSE),
    ALONG(CUT, "rows in two calls: the same", L2 " eps=1e-6", "R", LOOSE),
    MORE("three zeros more: the same", L2 " eps=1e-6", "C", "", 0, LOOSE),
};

SUITE(l2norm) = { USUAL_TABLES(l2norm), .unseen = unseen };
TABLES(l2norm);
