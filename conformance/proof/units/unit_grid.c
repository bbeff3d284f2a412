/* SPDX-License-Identifier: MIT
 * Blocks whose codes are places in a grid: the encoder finds any block again, takes the nearest entries there are,
 * keeps more than plain rounding and than ggml, and says what it erred. */
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/dtype_grid.h"
#include "../../../reference/core/dtype_weighted.h"
#include "../../../reference/core/rng.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { N = 256, MOST = 128 };

/* How the first octet lies, in bits: places from `at` on, `digits` numbers each, upper bits of the first from `upper`
 * on; what octets share; what the encoder may lose of normal numbers, a hundredth more than was measured. */
typedef struct kind {
    assay_dtype type;
    int entries, base, digits, at, width, upper;
    assay_grid_sharing share;
    double most;
} kind;
static const kind kinds[] = {
    { ASSAY_iq2_xxs, 256, 3, 8, 16, 8, 0, { 4, 0, true, true, 0.125, 15 }, 0.1084 },
    { ASSAY_iq2_xs, 512, 3, 8, 16, 9, 0, { 2, 0, true, true, 0.125, 15 }, 0.0829 },
    { ASSAY_iq2_s, 1024, 3, 8, 16, 8, 528, { 2, 0, false, true, 0.125, 15 }, 0.0573 },
    { ASSAY_iq3_xxs, 256, 8, 4, 16, 8, 0, { 4, 0, true, true, 0.25, 15 }, 0.0312 },
    { ASSAY_iq3_s, 512, 8, 4, 16, 8, 528, { 4, 0, false, true, 1, 15 }, 0.0167 },
    { ASSAY_iq1_s, 2048, 3, 8, 16, 8, 272, { 4, 4, false, false, 1, 7 }, 0.1977 },
    { ASSAY_iq1_m, 2048, 3, 8, 0, 8, 256, { 2, 1, false, false, 1, 7 }, 0.1718 },
};

static void set_d(assay_dtype t, unsigned char *b, unsigned d)
{
    for (int k = 0; k < 4 && t == ASSAY_iq1_m; k++)
        b[49 + 2 * k] = (unsigned char)((b[49 + 2 * k] & 15) | (d >> 4 * k & 15) << 4);
    if (t != ASSAY_iq1_m)
        b[0] = (unsigned char)d, b[1] = (unsigned char)(d >> 8);
}

/* Any bytes, any scale above 0 that is finite */
static void any_block(const kind *k, unsigned char *b, assay_rng *r)
{
    const int bytes = assay_dtype_of(k->type)->bytes;
    for (int i = 0; i < bytes; i++)
        b[i] = (unsigned char)assay_rng_u64(r);
    set_d(k->type, b, (unsigned)(1 + assay_rng_below(r, 0x7bff)));
}

START_TEST(found_again)
{
    const kind *k = &kinds[_i];
    const assay_dtype_info *d = assay_dtype_of(k->type);
    assay_rng r = { 5, (uint64_t)_i, 0 };
    for (int n = 0; n < 60; n++) {
        unsigned char block[MOST], again[MOST];
        double x[N], y[N];
        float weight[N];
        any_block(k, block, &r);
        d->decode(x, block, N);
        d->encode(again, x, N);
        d->decode(y, again, N);
        ck_assert_msg(!memcmp(x, y, sizeof x), "%s: block %d", d->name, n);
        for (int i = 0; i < N; i++)
            weight[i] = (float)(1 + assay_rng_below(&r, 9));
        assay_dtype_encode_weighted(k->type, again, x, N, weight);
        d->decode(y, again, N);
        ck_assert_msg(!memcmp(x, y, sizeof x), "%s: block %d, weighted", d->name, n);
    }
}
END_TEST

/* The numbers of each entry, of a block with d = 1 and nothing else that is not 0 */
static void take_entries(const kind *k, double entry[][8])
{
    for (unsigned e = 0; e < (unsigned)k->entries; e++) {
        unsigned char b[MOST] = { 0 };
        double y[N];
        for (int i = 0; i < 11; i++) {
            const int at = i < k->width ? k->at + i : k->upper + i - k->width;
            if (e >> i & 1)
                b[at / 8] |= (unsigned char)(1 << at % 8);
        }
        set_d(k->type, b, 0x3c00);
        assay_dtype_of(k->type)->decode(y, b, N);
        for (int j = 0; j < k->digits; j++)
            entry[e][j] = y[j] / k->share.unit - (k->share.delta ? 0.125 : 0);
    }
}

/* The same for assay_grid_nearest() */
static void take_grid(const kind *k, double entry[][8], assay_grid *g)
{
    double value[8], top = -INFINITY;
    *g = (assay_grid){ .base = k->base, .digits = k->digits, .half = k->digits == 8 ? 81 : 64 };
    for (int v = 0; v < k->base; v++) { /* the next larger one */
        value[v] = INFINITY;
        for (int i = 0; i < k->entries * k->digits; i++)
            if (entry[i / k->digits][i % k->digits] > top)
                value[v] = fmin(value[v], entry[i / k->digits][i % k->digits]);
        g->value[v] = top = value[v];
    }
    for (int e = 0; e < k->entries; e++) {
        int number = 0;
        for (int j = k->digits - 1; j >= 0; j--)
            for (int v = 0, at = number * k->base; v < k->base; v++)
                if (entry[e][j] == value[v])
                    number = at + v;
        g->low[e] = (uint8_t)(number % g->half);
        for (int h = number / g->half + 1; h <= g->half; h++)
            g->first[h] = e + 1;
    }
}

/* Least error of numbers x by the entries; *odd: with one sign given up */
static double least(const kind *k, double entry[][8], const double *x, const double *w, double s, double delta,
                    double *odd)
{
    double best = INFINITY;
    *odd = INFINITY;
    for (int e = 0; e < k->entries; e++) {
        double error = 0, flip = INFINITY;
        for (int j = 0; j < k->digits; j++) {
            const double size = k->share.signs ? fabs(x[j]) : x[j], v = s * (entry[e][j] + delta);
            error += w[j] * (size - v) * (size - v);
            flip = fmin(flip, w[j] * ((size + v) * (size + v) - (size - v) * (size - v)));
        }
        best = fmin(best, error), *odd = fmin(*odd, error + flip);
    }
    return best;
}

static double least_of_octet(const kind *k, double entry[][8], const double *x, const double *w, double s, double delta)
{
    double even[2] = { 0, 0 }, odd[2] = { INFINITY, INFINITY };
    bool minus = false;
    for (int p = 0; p < 8 / k->digits; p++)
        even[p] = least(k, entry, x + p * k->digits, w + p * k->digits, s, delta, &odd[p]);
    for (int j = 0; j < 8; j++)
        minus ^= x[j] < 0;
    return k->share.even && minus ? fmin(even[0] + odd[1], odd[0] + even[1]) : even[0] + even[1];
}

/* No entry, sign or delta is better than what was chosen, and the error is that of what was chosen. */
START_TEST(nearest)
{
    static double entry[2048][8];
    const kind *k = &kinds[_i];
    const int run = k->share.delta ? k->share.delta : k->share.scale, n = 8 * k->share.scale;
    assay_grid g;
    assay_rng r = { 6, (uint64_t)_i, 0 };
    take_entries(k, entry);
    take_grid(k, entry, &g);
    for (int t = 0; t < 40; t++) {
        double x[32], w[32], want = 0, shown = 0;
        assay_octet octet[4];
        const double s = (1 + assay_rng_uniform(&r)) / fabs(g.value[k->base - 1]);
        for (int j = 0; j < n; j++) {
            x[j] = assay_rng_normal(&r);
            w[j] = (double)assay_rng_below(&r, 5);
        }
        const double said = assay_grid_nearest(&g, &k->share, x, w, s, octet);
        for (int o = 0; o < k->share.scale; o += run) {
            double sum[2] = { 0, 0 };
            for (int i = 8 * o; i < 8 * (o + run); i += 8)
                for (int down = 0; down < 2; down++)
                    sum[down] += least_of_octet(k, entry, x + i, w + i, s, k->share.delta ? down ? -0.125 : 0.125 : 0);
            want += fmin(sum[0], sum[1]);
        }
        for (int j = 0; j < n; j++)
            shown += w[j] * pow(x[j] - s * octet[j / 8].q[j % 8], 2);
        ck_assert_msg(fabs(said - want) <= 1e-12 * want, "%d: %.17g, want %.17g", t, said, want);
        ck_assert_msg(fabs(shown - want) <= 1e-12 * want, "%d: shows %.17g, want %.17g", t, shown, want);
        for (int o = 0; o < k->share.scale && k->share.even; o++)
            ck_assert_int_eq(__builtin_popcount(octet[o].signs) % 2, 0);
    }
}
END_TEST

/* Of normal numbers: no more is lost than was, never more than by plain rounding, and the error is the one that was
 * said.  Equal numbers, one alone, zeros, subnormal scales and such beyond f16: the same, or not finite. */
START_TEST(kept)
{
    const kind *k = &kinds[_i];
    const assay_dtype_info *d = assay_dtype_of(k->type);
    assay_rng r = { 7, (uint64_t)_i, 0 };
    double lost = 0, all = 0;
    for (int n = 0; n < 72; n++) {
        unsigned char block[MOST], plain[MOST];
        double x[N], y[N], error = 0;
        const int form = n < 60 ? 0 : n % 6;
        const double size = form < 4 ? 1 : form == 4 ? 0x1p-30 : 0x1p40;
        for (int i = 0; i < N; i++)
            x[i] = form == 1 ? 0.75 : form == 2 ? 0 : form == 3 ? (i == 77) : size * (float)assay_rng_normal(&r);
        const double said = assay_grid_write(k->type, block, x, NULL);
        d->decode(y, block, N);
        for (int i = 0; i < N; i++)
            error += (x[i] - y[i]) * (x[i] - y[i]), all += n < 60 ? x[i] * x[i] : 0;
        lost += n < 60 ? error : 0;
        if (form == 5) {
            ck_assert(!isfinite(y[0]));
            continue;
        }
        ck_assert_msg(fabs(said - error) <= 1e-12 * error, "%s %d: %.17g, said %.17g", d->name, n, error, said);
        ck_assert(said <= assay_grid_write_plain(k->type, plain, x));
        ck_assert(form != 2 || error == 0);
    }
    ck_assert_msg(lost <= k->most * all, "%s: %.5g", d->name, lost / all);
}
END_TEST

Suite *assay_unit_grid(void)
{
    Suite *s = suite_create("grid");
    TCase *c = tcase_create("grid");
    tcase_set_tags(c, "quantize dequantize");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, found_again, 0, sizeof kinds / sizeof *kinds);
    tcase_add_loop_test(c, nearest, 0, sizeof kinds / sizeof *kinds);
    tcase_add_loop_test(c, kept, 0, sizeof kinds / sizeof *kinds);
    suite_add_tcase(s, c);
    return s;
}
