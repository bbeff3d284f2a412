/* SPDX-License-Identifier: MIT
 * The weighted search of blocks: as good as ggml's with an importance matrix, never worse than without, and the plain
 * encoder's blocks where weights say nothing. */
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/dtype_weighted.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { N = 65536, ROW = 4096 };
static double x[N], y[N];
static float weight[N];
static unsigned char plain[N * 8], heeding[N * 8];

/* Four 16-bit words of splitmix64, added: about normal, and exact in f32. */
static double normal(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return ((double)((z & 65535) + (z >> 16 & 65535) + (z >> 32 & 65535) + (z >> 48)) - 131070) / 32768;
}

static void fill(void)
{
    for (int i = 0; i < N; i++) {
        x[i] = normal((uint64_t)i);
        weight[i] = 1 + (float)(37 * (i % ROW) % 64) / 8;
    }
}

static double error_of(const assay_dtype_info *d, const unsigned char *codes, int n)
{
    double e = 0, all = 0;
    d->decode(y, codes, n);
    for (int i = 0; i < n; i++) {
        e += (double)weight[i] * (y[i] - x[i]) * (y[i] - x[i]);
        all += (double)weight[i] * x[i] * x[i];
    }
    return e / all;
}

/* Weighted square error over weighted squares, of ggml's own search with these weights (measured, compiled), and one
 * per cent. */
static const struct {
    assay_dtype type;
    double theirs;
} floors[] = { { ASSAY_q2_k, 6.4631e-2 },   { ASSAY_q3_k, 1.8900e-2 },   { ASSAY_q4_k, 4.5131e-3 },
               { ASSAY_q5_k, 1.1301e-3 },   { ASSAY_q6_k, 2.6835e-4 },   { ASSAY_q4_0, 5.8522e-3 },
               { ASSAY_q4_1, 4.4094e-3 },   { ASSAY_q5_0, 1.4300e-3 },   { ASSAY_q5_1, 1.0242e-3 },
               { ASSAY_iq4_nl, 5.1686e-3 }, { ASSAY_iq4_xs, 5.2625e-3 }, { ASSAY_iq2_xxs, 1.0536e-1 },
               { ASSAY_iq2_xs, 8.0676e-2 }, { ASSAY_iq2_s, 5.5873e-2 },  { ASSAY_iq3_xxs, 2.9026e-2 },
               { ASSAY_iq3_s, 1.6198e-2 },  { ASSAY_iq1_s, 2.1185e-1 },  { ASSAY_iq1_m, 1.7980e-1 } };

START_TEST(quality)
{
    fill();
    const assay_dtype t = floors[_i].type;
    const assay_dtype_info *d = assay_dtype_of(t);
    const int n = d->grid ? N / 4 : N; /* their search is slow */
    ck_assert(assay_dtype_weighs(t));
    d->encode(plain, x, n);
    assay_dtype_encode_weighted(t, heeding, x, n, weight);
    const double without = error_of(d, plain, n), with = error_of(d, heeding, n);
    ck_assert_msg(with <= 1.01 * floors[_i].theirs, "%s: %.5g, ggml %.5g", d->name, with, floors[_i].theirs);
    ck_assert_msg(with < without, "%s: %.5g, without weights %.5g", d->name, with, without);
}
END_TEST

/* Values that the plain encoder's block holds exactly come back in the same bytes, whatever the weights are. */
START_TEST(exact)
{
    const assay_dtype t = floors[_i].type;
    const assay_dtype_info *d = assay_dtype_of(t);
    const int n = d->grid ? N / 16 : N;
    int same = 0;
    fill();
    d->encode(plain, x, n);
    d->decode(x, plain, n);
    d->encode(plain, x, n);
    d->decode(y, plain, n);
    assay_dtype_encode_weighted(t, heeding, x, n, weight);
    for (int i = 0; i < n / d->block; i++) {
        if (memcmp(x + i * d->block, y + i * d->block, (size_t)d->block * sizeof *x) != 0)
            continue;
        ck_assert_msg(!memcmp(plain + i * d->bytes, heeding + i * d->bytes, (size_t)d->bytes), "%s: block %d", d->name,
                      i);
        same++;
    }
    ck_assert_msg(same > 0, "%s: no block that its encoder gives back", d->name);
}
END_TEST

/* A NaN, weights of 0, a block of zeros, one number alone: what the plain encoder makes of it, or better, and finite.
 */
START_TEST(ends)
{
    for (int t = 0; t < ASSAY_DTYPE_END; t++) {
        const assay_dtype_info *d = assay_dtype_of((assay_dtype)t);
        if (!d || d->u > 0 || d->block == 1)
            continue;
        for (int kind = 0; kind < 4; kind++) {
            fill();
            for (int i = 0; i < 512; i++) {
                x[i] = kind == 0 && i == 5 ? NAN : kind == 2 ? 0 : kind == 3 ? (i == 7) * 3e-5 : x[i];
                weight[i] = kind == 1 ? 0 : weight[i];
            }
            d->encode(plain, x, 512);
            assay_dtype_encode_weighted((assay_dtype)t, heeding, x, 512, weight);
            if (kind < 3 || !assay_dtype_weighs((assay_dtype)t))
                ck_assert_msg(!memcmp(plain, heeding, (size_t)d->bytes), "%s: kind %d", d->name, kind);
            else
                ck_assert_msg(error_of(d, heeding, 512) <= error_of(d, plain, 512), "%s", d->name);
        }
    }
}
END_TEST

Suite *assay_unit_weighted(void)
{
    Suite *s = suite_create("weighted");
    TCase *c = tcase_create("weighted");
    tcase_set_tags(c, "quantize");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, quality, 0, sizeof floors / sizeof *floors);
    tcase_add_loop_test(c, exact, 0, sizeof floors / sizeof *floors);
    tcase_add_test(c, ends);
    suite_add_tcase(s, c);
    return s;
}
