/* SPDX-License-Identifier: MIT
 * What stands before the layers of an encoder, as lists of ops (docs/models.md): windows of a signal and patches of an
 * image by unfold, which a matmul takes; a class token and positions by embed_sum or add; positions of rows and columns
 * by sinusoid and rope.  Beside numbers of NumPy, which convolves without patches (stems.def). */
#include "../../../reference/core/registry.h"
#include "../../../reference/models/lone.h"
#include "assay/params/rope.h"
#include "assay/params/sinusoid.h"
#include "assay/params/unfold.h"
#include "unit.h"
#include <math.h>
#include <string.h>

static const char *const impls[] = { "scalar", "best", "oracle" };
enum { IMPLS = sizeof impls / sizeof *impls };

typedef struct stem {
    const char *name;
    double first, sum, weighted;
} stem;
static const stem stems[] = {
#define STEM(name, ...) { #name, __VA_ARGS__ },
#include "stems.def"
#undef STEM
};

/* Numbers that every type holds, other ones for each seed */
static const float *made(int seed, int n, float *v)
{
    for (int i = 0; i < n; i++)
        v[i] = (float)((7 * i + 3 * seed) % 11 - 5) / 8;
    return v;
}
#define MADE(seed, n) made(seed, n, (float[n]){ 0 })

static void run(const assay_impl *impl, const char *op, const int64_t *dim, const void *params, void *const *operand)
{
    assay_why why = { "" };
    ck_assert_msg(assay_lone(impl, op, dim, params, operand, &why) == ASSAY_OK, "%s", why.text);
}
#define DIMS (const int64_t[])
#define GIVE (void *const[])

static void expect(const char *name, const char *how, const float *v, int n)
{
    const stem *s = stems;
    while (strcmp(s->name, name))
        s++;
    double sum = 0, weighted = 0;
    for (int i = 0; i < n; i++)
        sum += (double)v[i], weighted += (i + 1) * (double)v[i];
    ck_assert_msg(fabs((double)v[0] - s->first) < 1e-6 && fabs(sum - s->sum) < 1e-6 * n &&
                      fabs(weighted - s->weighted) < 1e-6 * n * n,
                  "%s by %s: %.9g %.9g %.9g, not %.9g %.9g %.9g", name, how, (double)v[0], sum, weighted, s->first,
                  s->sum, s->weighted);
}

/* y (T', D): a conv1d of 3 taps, padded by 1, of x (C, T), W (D, C, 3), and gelu */
static void conv(const assay_impl *impl, const float *x, int C, int T, const float *w, const float *bias, int D,
                 int stride, float *y)
{
    const assay_unfold_params p = { .kernel_w = 3, .stride_w = stride, .pad_w = 1 };
    const int n = (T - 1) / stride + 1, K = 3 * C;
    float rows[64], z[64];
    run(impl, "unfold", DIMS{ 1, C, 1, T, n, K }, &p, GIVE{ (void *)x, rows });
    run(impl, "matmul", DIMS{ n, D, K }, NULL, GIVE{ rows, (void *)w, (void *)bias, z });
    run(impl, "gelu", DIMS{ n, D }, NULL, GIVE{ z, y });
}

/* The same of tokens x (T, C), as a matmul leaves them: an image of one channel, a patch of it three whole rows, and
 * W (D, 3, C). */
static void conv_of_tokens(const assay_impl *impl, const float *x, int C, int T, const float *w, const float *bias,
                           int D, int stride, float *y)
{
    const assay_unfold_params p = { .kernel_h = 3, .kernel_w = C, .stride_h = stride, .pad_h = 1 };
    const int n = (T - 1) / stride + 1, K = 3 * C;
    float rows[64], z[64], turned[64];
    for (int i = 0; i < D * K; i++)
        turned[i / K * K + i % 3 * C + i % K / 3] = w[i];
    run(impl, "unfold", DIMS{ 1, 1, T, C, n, K }, &p, GIVE{ (void *)x, rows });
    run(impl, "matmul", DIMS{ n, D, K }, NULL, GIVE{ rows, turned, (void *)bias, z });
    run(impl, "gelu", DIMS{ n, D }, NULL, GIVE{ z, y });
}

static assay_impl parsed(const char *how)
{
    assay_impl impl;
    ck_assert_int_eq(assay_impl_parse(how, assay_cpu(), &impl, NULL), ASSAY_OK);
    return impl;
}

START_TEST(test_conv)
{
    const assay_impl impl = parsed(impls[_i]);
    for (int stride = 1; stride <= 2; stride++) {
        const int n = stride == 1 ? 5 : 3;
        float y[15], turned[15], again[15], tokens[10];
        conv(&impl, MADE(1, 10), 2, 5, MADE(2, 18), MADE(3, 3), 3, stride, y);
        for (int i = 0; i < 3 * n; i++)
            turned[i % 3 * n + i / 3] = y[i];
        expect(stride == 1 ? "conv" : "conv_by_2", impls[_i], turned, 3 * n);
        for (int i = 0; i < 10; i++)
            tokens[i % 5 * 2 + i / 5] = MADE(1, 10)[i];
        conv_of_tokens(&impl, tokens, 2, 5, MADE(2, 18), MADE(3, 3), 3, stride, again);
        for (int i = 0; i < 3 * n; i++)
            ck_assert(fabsf(again[i] - y[i]) < 1e-6F);
    }
}
END_TEST

/* Two convolutions, the second of the tokens that the first left and by 2, and positions */
START_TEST(test_whisper)
{
    const assay_impl impl = parsed(impls[_i]);
    const assay_sinusoid_params places = { ASSAY_SINUSOID_CONCATENATED, ASSAY_SINUSOID_TENSOR2TENSOR };
    float h[36], z[20], y[20];
    conv(&impl, MADE(1, 18), 2, 9, MADE(2, 24), MADE(3, 4), 4, 1, h);
    conv_of_tokens(&impl, h, 4, 9, MADE(4, 48), MADE(5, 4), 4, 2, z);
    run(&impl, "sinusoid", DIMS{ 5, 4 }, &places, GIVE{ z, (int32_t[]){ 0, 1, 2, 3, 4 }, y });
    expect("whisper", impls[_i], y, 20);
}
END_TEST

/* n images (2, H, W) in patches of 2 x 2: y (n T, D) */
static void patches(const assay_impl *impl, int n, const float *x, int H, int W, const float *bias, int D, float *y)
{
    const assay_unfold_params p = { .kernel_h = 2, .kernel_w = 2 };
    const int T = H / 2 * (W / 2);
    float rows[96];
    run(impl, "unfold", DIMS{ n, 2, H, W, T, 8 }, &p, GIVE{ (void *)x, rows });
    run(impl, "matmul", DIMS{ n * T, D, 8 }, NULL, GIVE{ rows, (void *)MADE(2, 64), (void *)bias, y });
}

START_TEST(test_patches)
{
    static const float want[] = { -0.28125F, -0.28125F, -0.96875F,  -0.6875F, -0.65625F, 0.0625F,
                                  0.15625F,  0.109375F, -0.796875F, 0.09375F, 0.078125F, 0.578125F };
    const assay_impl impl = parsed(impls[_i]);
    float y[12];
    patches(&impl, 1, MADE(1, 32), 4, 4, NULL, 3, y);
    for (int i = 0; i < 12; i++)
        ck_assert(y[i] == want[i]);
}
END_TEST

/* The matmul writes the rows of a table behind the class token's: of two images at once by embed_sum, and of each by
 * itself by two calls of add, which write a row, and those behind it. */
START_TEST(test_vit)
{
    enum { D = 5, T = 6, N = 2 };
    const assay_impl impl = parsed(impls[_i]);
    float images[N * 48], table[(1 + N * T) * D], y[N * (1 + T) * D], z[N * (1 + T) * D];
    int32_t ids[N * (1 + T)], pos[N * (1 + T)];
    made(1, 48, images), made(6, 48, images + 48), made(4, D, table);
    patches(&impl, N, images, 4, 6, MADE(3, D), D, table + D);
    for (int i = 0; i < N * (1 + T); i++)
        pos[i] = i % (1 + T), ids[i] = pos[i] ? i / (1 + T) * T + pos[i] : 0;
    run(&impl, "embed_sum", DIMS{ N * (1 + T), D, 1 + N * T, 1 + T, 1 }, NULL,
        GIVE{ ids, table, pos, (void *)MADE(5, (1 + T) * D), NULL, NULL, y });
    expect("vit", impls[_i], y, N * (1 + T) * D);
    for (int b = 0; b < N; b++) {
        float *place = (float *)MADE(5, (1 + T) * D), *x = z + b * (1 + T) * D;
        run(&impl, "add", DIMS{ 1, D }, NULL, GIVE{ table, place, x });
        run(&impl, "add", DIMS{ T, D }, NULL, GIVE{ table + (1 + b * T) * D, place + D, x + D });
    }
    ck_assert(!memcmp(y, z, sizeof y));
}
END_TEST

/* Columns in the first half of each row, rows in the second: each half is a row of sinusoid. */
START_TEST(test_mae)
{
    const assay_impl impl = parsed(impls[_i]);
    const assay_sinusoid_params places = { ASSAY_SINUSOID_CONCATENATED, ASSAY_SINUSOID_PAPER };
    float x[48], y[48];
    int32_t pos[12];
    patches(&impl, 1, MADE(1, 48), 4, 6, MADE(3, 8), 8, x);
    for (int t = 0; t < 6; t++)
        pos[2 * t] = t % 3, pos[2 * t + 1] = t / 3;
    run(&impl, "sinusoid", DIMS{ 12, 4 }, &places, GIVE{ x, pos, y });
    expect("mae", impls[_i], y, 48);
}
END_TEST

/* Row and column are two axes of positions; frequencies begin anew with the second.  Tokens come in blocks of 2 x 2. */
START_TEST(test_qwen2_vl)
{
    const assay_impl impl = parsed(impls[_i]);
    const assay_rope_params half = { .mode = ASSAY_ROPE_HALF };
    float y[256];
    int32_t pos[2][16];
    for (int t = 0; t < 16; t++)
        pos[0][t] = t / 8 * 2 + t / 2 % 2, pos[1][t] = t / 4 % 2 * 2 + t % 2;
    run(&impl, "rope", DIMS{ 16, 2, 8, 4, 2, 1 }, &half,
        GIVE{ (void *)MADE(1, 256), pos, (float[]){ 1, 0.01F, 1, 0.01F }, (int32_t[]){ 0, 0, 1, 1 }, NULL, NULL, y });
    expect("qwen2_vl", impls[_i], y, 256);
}
END_TEST

/* An image (H, W, C) is one of one channel, of W C columns: elements of a patch come in order of row, column, channel.
 */
START_TEST(test_channels_last)
{
    enum { C = 3, H = 5, W = 4, T = 15, K = 12 };
    const assay_impl impl = parsed(impls[_i]);
    const assay_unfold_params p = { 2, 2, 2, 1, 1, 1 }, q = { 2, 2 * C, 2, C, 1, C };
    float last[C * H * W], y[T * K], z[T * K];
    const float *first = MADE(1, C * H * W);
    for (int i = 0; i < C * H * W; i++)
        last[i % (H * W) * C + i / (H * W)] = first[i];
    run(&impl, "unfold", DIMS{ 1, C, H, W, T, K }, &p, GIVE{ (void *)first, y });
    run(&impl, "unfold", DIMS{ 1, 1, H, W * C, T, K }, &q, GIVE{ last, z });
    for (int i = 0; i < T * K; i++)
        ck_assert(z[i / K * K + i % K % 4 * C + i % K / 4] == y[i]);
}
END_TEST

/* What is refused, and in which words */
START_TEST(test_refused)
{
    static const struct {
        int64_t dim[6];
        assay_unfold_params p;
        const char *why;
    } cases[] = {
        { { 1, 1, 2, 9, 3, 9 },
          { 3, 3, 1, 3, 0, 0 },
          "unfold: kernel_h=3 does not fit into H=2 with pad_h=0 on either side" },
        { { 1, 1, 1, 0, 0, 3 },
          { 1, 3, 1, 1, 0, 1 },
          "unfold: kernel_w=3 does not fit into W=0 with pad_w=1 on either side" },
        { { 1, 1, 9, 9, 1, 9 },
          { 3, 3, 1, 1, 0, 3 },
          "unfold: pad_w=3 is not below kernel_w=3: a patch would be of zeros alone" },
        { { 1, 1, 9, 9, 8, 9 }, { 3, 3, 0, 0, 0, 0 }, "unfold: y has T=8 patches, x has 3 x 3" },
        { { 1, 1, 9, 9, 0, 9 }, { 3, 3, 0, 0, 0, 0 }, "unfold: y has T=0 patches, x has 3 x 3" },
        { { 1, 2, 9, 9, 9, 9 }, { 3, 3, 0, 0, 0, 0 }, "unfold: y has K=9 elements of a patch, x has C=2 x 3 x 3" },
        { { 1, 1, 9, 9, 9, 9 }, { 3, 3, 0, 0, 0, -1 }, "unfold: pad_w=-1 is outside 0 .. 32768" },
    };
    const assay_impl impl = parsed("best");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_why why = { "" };
        float x[162] = { 0 }, y[162];
        ck_assert_int_ne(assay_lone(&impl, "unfold", cases[i].dim, &cases[i].p, GIVE{ x, y }, &why), ASSAY_OK);
        ck_assert_str_eq(why.text, cases[i].why);
    }
}
END_TEST

Suite *assay_unit_stems(void)
{
    Suite *s = suite_create("stems");
    TCase *c = tcase_create("lists of ops");
    tcase_set_tags(c, "add embed_sum gelu matmul rope sinusoid unfold");
    tcase_add_loop_test(c, test_conv, 0, IMPLS);
    tcase_add_loop_test(c, test_whisper, 0, IMPLS);
    tcase_add_loop_test(c, test_patches, 0, IMPLS);
    tcase_add_loop_test(c, test_vit, 0, IMPLS);
    tcase_add_loop_test(c, test_mae, 0, IMPLS);
    tcase_add_loop_test(c, test_qwen2_vl, 0, IMPLS);
    tcase_add_loop_test(c, test_channels_last, 0, IMPLS);
    tcase_add_test(c, test_refused);
    suite_add_tcase(s, c);
    return s;
}
