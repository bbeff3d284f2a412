/* SPDX-License-Identifier: MIT
 * unfold: cases. */
#include "assay/params/unfold.h"
#include "tables.h"
#include "../../reference/core/status.h"
#include <string.h>

enum { X, Y };

/* Of 251 elements in a row each has a number of its own that every type holds. */
static double numbered(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)i, (void)r;
    return 1 + (double)(j % 251);
}
static const assay_gen gens[] = {
    GEN_DRAW("numbered", EXACT, numbered, "numbers from 1 to 251, so that an element has a name"),
};

/* Every tail of a patch, a pixel in C channels */
#define PIXELS(C)                                                                                                      \
    {                                                                                                                  \
        "B=2 C=" #C " H=2 W=3 T=6 K=" #C " gen=gauss", ASSAY_QUICK                                                     \
    }
#define SIGNAL  "B=2 C=3 H=1 W=9 K=9 kernel_w=3 pad_w=1 "
#define OBLIQUE "B=2 C=2 H=7 W=8 T=15 K=12 kernel_h=3 kernel_w=2 stride_h=2 stride_w=3 pad_h=2 pad_w=1 "
#define GENS    "gen={gauss,numbered,special,zero,signed-zero,denormal,wide} "
static const assay_rows rows[] = {
    { OBLIQUE GENS, ASSAY_QUICK },
    { SIGNAL "T=9 stride_w=1 gen={gauss,numbered}", ASSAY_QUICK },
    { SIGNAL "T=5 stride_w=2 gen={gauss,special}", ASSAY_QUICK },
    { "B={1,3} C=3 H=6 W=9 T=6 K=27 kernel_h=3 kernel_w=3 gen={gauss,numbered}", ASSAY_QUICK },
    PIXELS(1),
    PIXELS(2),
    PIXELS(3),
    PIXELS(4),
    PIXELS(5),
    PIXELS(6),
    PIXELS(7),
    PIXELS(8),
    PIXELS(9),
    PIXELS(10),
    PIXELS(11),
    PIXELS(12),
    PIXELS(13),
    PIXELS(14),
    PIXELS(15),
    PIXELS(16),
    { "B=2 C=3 H=2 W={18..33} T=4 K=6 kernel_w=2 stride_w=16 gen=gauss", ASSAY_QUICK },
    { "B=2 C=2 H={18..30} W=3 T=4 K=8 kernel_h=2 kernel_w=2 stride_h=16 stride_w=1 gen=gauss", ASSAY_QUICK },
    { "B=2 C=3 H={7,8} W={10,11} T=6 K=27 kernel_h=3 kernel_w=3 gen={gauss,numbered}", ASSAY_QUICK },
    { "B=2 C=3 H=6 W=5 T=18 K=18 kernel_h=3 kernel_w=2 stride_h=1 stride_w=2 pad_h=1 pad_w=1 gen=numbered",
      ASSAY_QUICK },
    { "B=1 C=4 H=5 W=6 T=10 K=36 kernel_h=3 kernel_w=3 stride_h=1 stride_w=2 pad_h=1 gen=numbered", ASSAY_QUICK },
    { OBLIQUE "x=f16 y=f16 gen={gauss,special}", ASSAY_QUICK },
    { OBLIQUE "x=bf16 y=bf16 gen={gauss,special}", ASSAY_QUICK },
    { "B=1 C=2 H=3 W=36 T=2 K=204 kernel_h=3 kernel_w=34 stride_w=2 gen=gauss", ASSAY_QUICK },
    { "B=1 C=2 H=5 W=5 T=4 K=8 x=f32 y=f32 kernel_h=2 kernel_w=2 stride_h=3 stride_w=3 gen=numbered", ASSAY_QUICK },
    { "B=1 C=2 H=5 W=5 T=4 K=8 x=f16 y=f16 kernel_h=2 kernel_w=2 stride_h=3 stride_w=3 gen=numbered", ASSAY_QUICK },
    { "B=1 C=2 H=5 W=5 T=4 K=8 x=bf16 y=bf16 kernel_h=2 kernel_w=2 stride_h=3 stride_w=3 gen=numbered", ASSAY_QUICK },
    /* lengths of 0, and beyond 2^16 */
    { "B={0,2} C=0 H=3 W=4 T=6 K=0 kernel_w=3 pad_w=1 gen=gauss", ASSAY_QUICK },
    { "B=2 C=2 H=0 W=3 T=2 K=8 kernel_h=2 kernel_w=2 pad_h=1 pad_w=1 gen=gauss", ASSAY_QUICK },
    { "C=65600 K=65600 gen=gauss", ASSAY_QUICK },
    { "H=65600 T=3 stride_h=32768 gen=gauss", ASSAY_QUICK },
    { "W=65600 T=65600 gen=gauss", ASSAY_QUICK },
    /* values at every place */
    { OBLIQUE "gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { OBLIQUE "x=f16 y=f16 gen={nan,inf,subnormal,end}@x", ASSAY_QUICK },
    { OBLIQUE "x=bf16 y=bf16 gen={nan,inf,subnormal,end}@x", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "field-zero-kernel_?: K, C and the other side leave one",
    "field-before-kernel_?: the same",
    "field-twice-stride_?: T tells it from any multiple of it, unless there is one patch",
    NULL,
};

/* Kernel and padding as drawn, where they are legal; else such as fit, and what follows. */
static void axis(int64_t n, int32_t *kernel, int32_t *stride, int32_t *pad, int64_t *patches)
{
    enum { WIDEST = 64 };
    int64_t k = *kernel > 1 ? *kernel : 1;
    *pad = *pad < WIDEST ? *pad : 0;
    if (n == 0 && *pad == 0)
        *pad = 1;
    if (k <= *pad)
        k = *pad + 1;
    if (k > n + 2 * *pad)
        k = n + 2 * *pad;
    if (k != 1 || *kernel < 0)
        *kernel = (int32_t)k;
    *patches = (n + 2 * *pad - k) / (*stride ? *stride : k) + 1;
}
static void mend(assay_case *c)
{
    assay_unfold_params *p = (void *)c->params;
    int64_t down, across;
    axis(c->dim[2], &p->kernel_h, &p->stride_h, &p->pad_h, &down);
    axis(c->dim[3], &p->kernel_w, &p->stride_w, &p->pad_w, &across);
    c->dim[4] = down * across;
    c->dim[5] = c->dim[1] * (p->kernel_h ? p->kernel_h : 1) * (p->kernel_w ? p->kernel_w : 1);
    c->type[Y] = c->type[X];
}

/* No value of an element has anything to do with how many images there are. */
static bool fits(const assay_case *c, assay_why *why)
{
    if (c->dim[0] <= 1 << 16 || !strcmp(c->gen->name, "gauss"))
        return true;
    assay_fail(why, ASSAY_OK, "unfold: gen=%s is left to fewer images than 2^16", c->gen->name);
    return false;
}

static const assay_known_answer answers[] = {
    { "C=2 H=1 W=2 T=2 K=2", { { 1, 2, 3, 4 } }, { 1, 3, 2, 4 } },
    { "H=2 W=4 T=2 K=4 kernel_h=2 kernel_w=2", { { 1, 2, 3, 4, 5, 6, 7, 8 } }, { 1, 2, 5, 6, 3, 4, 7, 8 } },
    { "W=3 T=2 K=3 kernel_w=3 stride_w=2 pad_w=1", { { 1, 2, 3 } }, { 0, 1, 2, 2, 3, 0 } },
    { "H=3 T=2 K=3 kernel_h=3 stride_h=2 pad_h=1", { { 1, 2, 3 } }, { 0, 1, 2, 2, 3, 0 } },
};

/* How many steps of a kernel's length fit in. */
static int64_t steps(int64_t n, int64_t kernel, int64_t stride, int64_t pad)
{
    int64_t k = 0;
    while (k * stride + kernel <= pad + n + pad)
        k++;
    return k;
}
/* Each element of the image goes to the patches that hold it. */
SECOND(unfold)
{
    const assay_unfold_params *p = a->params;
    const double *x = a->operand[X];
    double *y = a->operand[Y];
    const int64_t C = a->dim[1], H = a->dim[2], W = a->dim[3], T = a->dim[4], K = a->dim[5];
    const int64_t kh = p->kernel_h > 1 ? p->kernel_h : 1, kw = p->kernel_w > 1 ? p->kernel_w : 1;
    const int64_t sh = p->stride_h > 0 ? p->stride_h : kh, sw = p->stride_w > 0 ? p->stride_w : kw;
    const int64_t across = steps(W, kw, sw, p->pad_w), down = steps(H, kh, sh, p->pad_h);
    for (int64_t i = 0; i < a->dim[0] * T * K; i++)
        y[i] = 0;
    for (int64_t i = 0; i < a->dim[0] * C * H * W; i++)
        for (int64_t r = 0; r < kh; r++) {
            const int64_t top = i / W % H + p->pad_h - r, c = i / W / H % C;
            for (int64_t s = 0; s < kw && top >= 0 && top % sh == 0 && top / sh < down; s++) {
                const int64_t left = i % W + p->pad_w - s, t = top / sh * across + left / sw;
                if (left >= 0 && left % sw == 0 && left / sw < across)
                    y[(i / W / H / C * T + t) * K + (c * kh + r) * kw + s] = x[i];
            }
        }
}

static const assay_workload workloads[] = {
    { "vit-base.224", "B=1 C=3 H=224 W=224 T=196 K=768 kernel_h=16 kernel_w=16", 196 },
    { "dinov2-large.518", "B=1 C=3 H=518 W=518 T=1369 K=588 kernel_h=14 kernel_w=14", 1369 },
    { "ast-base.1024.batch3", "B=3 C=1 H=128 W=1024 T=1212 K=256 kernel_h=16 kernel_w=16 stride_h=10 stride_w=10",
      3636 },
    { "whisper-large-v3.30s.conv1", "B=1 C=128 W=3000 T=3000 K=384 kernel_w=3 stride_w=1 pad_w=1", 1500 },
    { "whisper-tiny.30s.conv2.channels", "B=1 C=384 W=3000 T=1500 K=1152 kernel_w=3 stride_w=2 pad_w=1", 1500 },
    /* of tokens */
    { "whisper-large-v3.30s.conv2", "B=1 C=1 H=3000 W=1280 T=1500 K=3840 kernel_h=3 kernel_w=1280 stride_h=2 pad_h=1",
      1500 },
};

static const assay_vector_case vectors[] = {
    { "patches", "B=2 C=3 H=4 W=6 T=6 K=12 kernel_h=2 kernel_w=2 gen=gauss" },
    { "signal", "B=2 C=3 W=7 T=7 K=9 kernel_w=3 stride_w=1 pad_w=1 gen=gauss" },
    { "signal_by_2", "B=2 C=3 W=7 T=4 K=9 kernel_w=3 stride_w=2 pad_w=1 gen=special" },
    { "oblique", "B=1 C=2 H=7 W=8 T=15 K=12 kernel_h=3 kernel_w=2 stride_h=2 stride_w=3 pad_h=2 pad_w=1 gen=numbered" },
    { "f16", "B=1 C=2 H=3 W=5 T=8 K=8 x=f16 y=f16 kernel_h=2 kernel_w=2 stride_h=1 stride_w=1 gen=gauss" },
    { "bf16", "B=1 C=2 H=2 W=5 T=6 K=8 x=bf16 y=bf16 kernel_h=2 kernel_w=2 pad_h=1 pad_w=1 gen=gauss" },
};

#define IMAGE "B=3 C=3 H=7 W=43 T=66 K=18 kernel_h=3 kernel_w=2 stride_h=3 stride_w=2 pad_h=1 pad_w=1 gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 x: 4 y", IMAGE, "x", 4, 0, 4, 0),
    AFFINE("-x: -y", "B=3 C=3 H=7 W=43 T=42 K=18 kernel_h=3 kernel_w=2 gen=gauss seed=3", "x", -1, 0, -1, 0),
    ALONG(REVERSE, "images in reverse: in y too", IMAGE, "B", 0),
    ALONG(CUT, "images in two calls: the same", IMAGE, "B", 0),
};

SUITE(unfold) = { USUAL_TABLES(unfold), .mend = mend, .fits = fits, .unseen = unseen };
TABLES(unfold);
