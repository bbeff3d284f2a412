/* SPDX-License-Identifier: MIT
 * sinusoid: cases. */
#include "../../reference/core/values.h"
#include "assay/params/sinusoid.h"
#include "tables.h"
#include <math.h>

enum { X, POS, Y };

/* Position 0: 0 and 1 in turn, bit for bit. */
static bool origin(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == POS ? 0 : (double)(assay_rng_below(r, 17) - 8);
    return true;
}

/* As positions, what[k]; x is left to gauss. */
static bool placed(int i, int64_t n, double *const *value, const int32_t *what, size_t n_what)
{
    for (int64_t k = 0; i == POS && k < n; k++)
        value[i][k] = what[(size_t)k % n_what];
    return i == POS;
}
static bool far(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 131071, 65536, 65537, 100003, 77777, 32768 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
static bool farthest(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 1 << 24, -(1 << 24), (1 << 24) - 1, 1 << 20, 1 - (1 << 20), 999999 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
static bool scattered(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 7, 0, 4096, 1, 131071, 2, 1024, -3, 7, 514 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
static bool neighbours(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 255, 256, 257, 258, 259, 260, 15962, 15963 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
/* The table itself: x is 0. */
static bool bare(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c, (void)r;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == POS ? (double)(3 * k + 1) : 0;
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("origin", EXACT, origin, "position 0: 0 and 1 are added"),
    TIGHT_FILL("far", ADVERSARIAL, far, "positions up to 131,071"),
    GEN_FILL("farthest", ADVERSARIAL, farthest, "positions up to 2^24, either sign"),
    TIGHT_FILL("scattered", ADVERSARIAL, scattered, "positions in no order, one negative, one twice"),
    TIGHT_FILL("neighbours", ADVERSARIAL, neighbours, "positions that follow each other"),
    TIGHT_FILL("bare", ADVERSARIAL, bare, "x is 0: the table itself"),
};

#define ALL "layout={interleaved,concatenated} spacing={paper,tensor2tensor} "
static const assay_rows rows[] = {
    { "T=3 D={2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34} " ALL "gen={gauss,origin,bare}", ASSAY_QUICK },
    { "T=7 D={64,66,130,256} " ALL "gen={gauss,far,farthest,scattered,neighbours,bare}", ASSAY_QUICK },
    { "T={0,1} D={0,2,34} " ALL "gen=gauss", ASSAY_QUICK },
    { "T=3 D={18,32} " ALL "gen={special,zero,signed-zero,denormal,equal,wide}", ASSAY_QUICK },
    { "T=70 D=512 " ALL "gen={gauss,far}", ASSAY_FULL },
    { "T=130 D=66 " ALL "gen=gauss", ASSAY_QUICK },
    /* values at every place */
    { "T=5 D=38 " ALL "gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
};

#define ODD(n) "D mod 16 = " #n ": a pair has two elements"
static const char *const holes[] = {
    "D=1: a pair has two elements", ODD(1), ODD(3), ODD(5), ODD(7), ODD(9), ODD(11), ODD(13), ODD(15), NULL
};

static const char *const unseen[] = {
    "flushed-x: a sine may be off by 4 u, beside which a subnormal is nothing",
    "out-flushed-y: the same",
    NULL,
};

static void mend(assay_case *c)
{
    c->dim[1] = c->dim[1] == 1 ? 2 : c->dim[1] & ~(int64_t)1;
}

/* Position 0 adds 0 or 1, which is nothing to numbers of that size. */
static double land(const assay_case *c, int i, int64_t j)
{
    return i == X ? assay_landing(c, j) : 0;
}

static const assay_known_answer answers[] = {
    { "D=6",
      { { 0, 0, 0, 0, 0, 0 }, { 3 } },
      { 0.1411200080599, -0.9899924966004, 0.1387981010801, 0.9903206991357, 0.00646325907019, 0.999979112923 } },
    { "D=6 layout=concatenated spacing=tensor2tensor",
      { { 0, 0, 0, 0, 0, 0 }, { 3 } },
      { 0.1411200080599, 0.0299955002025, 0.0002999999955, -0.9899924966004, 0.999550033749, 0.999999955 } },
    { "D=2 layout=concatenated spacing=tensor2tensor", { { 1, -1 }, { 3 } }, { 1.1411200080599, -1.9899924966004 } },
};

/* Each element by itself, as a sine: cosines are a quarter turn ahead; wavelengths, not frequencies, are spaced. */
SECOND(sinusoid)
{
    const assay_sinusoid_params *p = a->params;
    const int64_t D = a->dim[1];
    const double *x = a->operand[X], *pos = a->operand[POS];
    double *y = a->operand[Y];
    const long double quarter = 1.570796326794896619231321691639751442L, ln = logl(10000);
    for (int64_t i = 0; i < a->dim[0] * D; i++) {
        const int64_t d = i % D,
                      r = p->layout == ASSAY_SINUSOID_INTERLEAVED ? (d - d % 2) / 2 : d - (2 * d < D ? 0 : D / 2);
        const bool ahead = p->layout == ASSAY_SINUSOID_INTERLEAVED ? d % 2 : 2 * d >= D;
        const long double steps = p->spacing == ASSAY_SINUSOID_PAPER ? 0.5L * D : D == 2 ? 1 : 0.5L * (D - 2);
        y[i] = (double)(x[i] + sinl(pos[i / D] / expl(ln * r / steps) + (ahead ? quarter : 0)));
    }
}

static const assay_workload workloads[] = {
    { "transformer-base.encode512", "T=512 D=512", 512 },
    { "transformer-base.decode", "T=1 D=512", 1 },
    { "m2m100-418m.encode128", "T=128 D=1024 layout=concatenated spacing=tensor2tensor", 128 },
    { "whisper-tiny.encode1500", "T=1500 D=384 layout=concatenated spacing=tensor2tensor", 1500 },
    { "marian-en-de.encode128", "T=128 D=512 layout=concatenated", 128 },
};

static const assay_vector_case vectors[] = {
    { "paper", "T=3 D=20 gen=gauss" },
    { "concatenated", "T=3 D=20 layout=concatenated gen=scattered" },
    { "tensor2tensor", "T=6 D=34 layout=concatenated spacing=tensor2tensor gen=far" },
    { "mixed", "T=4 D=18 spacing=tensor2tensor gen=bare" },
    { "farthest", "T=6 D=8 gen=farthest" },
    { "origin", "T=2 D=16 gen=origin" },
};

#define SINUSOID "T=4 D={12,44} layout={interleaved,concatenated} spacing={paper,tensor2tensor} gen=gauss seed=3"
static const assay_relation relations[] = {
    ALONG(REVERSE, "tokens in reverse: in y too", SINUSOID, "T", 0),
    ALONG(CUT, "tokens in two calls: the same", SINUSOID, "T", 0),
};

SUITE(sinusoid) = { USUAL_TABLES(sinusoid), .mend = mend, .land = land, .holes = holes, .unseen = unseen };
TABLES(sinusoid);
