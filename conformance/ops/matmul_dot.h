/* SPDX-License-Identifier: MIT
 * matmul_dot.h - one sum over k in each mode: every legal order, and what goes wrong in it. */
#ifndef ASSAY_FAULTS_MATMUL_DOT_H
#define ASSAY_FAULTS_MATMUL_DOT_H
#include "faults.h"
#include "matmul_modes.h"

/* Sums of p[0], p[step], ...: the legal orders are made of these. */
static float chain(const float *x, const float *w, int64_t n, int64_t step, bool fused)
{
    float s = 0;
    for (int64_t k = 0; k < n; k += step)
        s = fused ? fmaf(x[k], w[k], s) : s + x[k] * w[k];
    return s;
}

static float tree(const float *x, const float *w, int64_t n, uint32_t hash)
{
    if (n <= 1)
        return n ? x[0] * w[0] : 0;
    const int64_t cut = hash ? 1 + hash % (uint32_t)(n - 1) : n / 2;
    hash = hash ? hash * 1664525u + 1013904223u : 0;
    return tree(x, w, cut, hash) + tree(x + cut, w + cut, n - cut, hash);
}

static float lanes(const float *x, const float *w, int64_t n, int64_t L, bool fused)
{
    float s[64] = { 0 };
    for (int64_t l = 0; l < L; l++)
        s[l] = l < n ? chain(x + l, w + l, n - l, L, fused) : 0;
    for (int64_t half = L / 2; half; half /= 2)
        for (int64_t l = 0; l < half; l++)
            s[l] += s[l + half];
    return s[0];
}

static float blocks(const float *x, const float *w, int64_t n, int64_t size, bool fused)
{
    float s = 0;
    for (int64_t k = 0; k < n; k += size)
        s += chain(x + k, w + k, n - k < size ? n - k : size, 1, fused);
    return s;
}

static float toward_zero(const float *x, const float *w, int64_t n)
{
    float s = 0;
    for (int64_t k = 0; k < n; k++) {
        const double exact = (double)x[k] * w[k] + s;
        s = (float)exact;
        if (fabs((double)s) > fabs(exact))
            s = nextafterf(s, 0);
    }
    return s;
}

static float kahan(const float *x, const float *w, int64_t n)
{
    volatile float s = 0, lost = 0;
    for (int64_t k = 0; k < n; k++) {
        const float p = x[k] * w[k] - lost, sum = s + p;
        if (isfinite(sum))
            lost = (sum - s) - p;
        s = sum;
    }
    return s;
}

static float pieces(const float *x, const float *w, int64_t n, float bias, mode m)
{
    float y = bias;
    for (int64_t k = 0; k < n; k += 256) {
        const float s = chain(x + k, w + k, n - k < 256 ? n - k : 256, 1, false);
        y = k == 0 ? s + bias : m == PIECE ? s : y + s + bias;
    }
    return y;
}

/* Eight lanes as vector code has them, and what goes wrong between the loop and the sum of the lanes. */
static float spoilt_lanes(const float *x, const float *w, int64_t n, mode m)
{
    const int64_t full = n & ~INT64_C(7);
    float s[8] = { 0 };
    for (int64_t k = 0; k < full; k++)
        s[k % 8] += x[m == UNROLLED && k % 32 >= 24 ? k - 8 : k] * w[k];
    for (int64_t l = n - full; m == MERGED && n > full && l < 8; l++)
        s[l] = 0; /* the lanes that the tail does not fill take the loaded zero */
    for (int64_t l = 4; m == HALF_LOST && l < 8; l++)
        s[l] = 0;
    for (int64_t k = full; k < n; k++)
        s[k - full] += x[k] * w[k];
    return (s[0] + s[4]) + (s[1] + s[5]) + ((s[2] + s[6]) + (s[3] + s[7]));
}

static float dot(const float *x, const float *w, int64_t n, mode m)
{
    float s = 0;
    double sum = 0;
    switch (m) {
    case LAST_K:
        return chain(x, w, n - 1, 1, false);
    case TAIL_K:
        return chain(x, w, n & ~INT64_C(7), 1, false);
    case TAIL_TWICE:
        return chain(x, w, n, 1, false) + (n % 8 ? x[n - 1] * w[n - 1] : 0);
    case BF16_IN:
        for (int64_t k = 0; k < n; k++)
            s += as_bf16(x[k]) * w[k];
        return s;
    case BF16_ACC:
        for (int64_t k = 0; k < n; k++)
            s = k % 64 == 63 ? as_bf16(s + x[k] * w[k]) : s + x[k] * w[k];
        return s;
    case TOWARD_ZERO:
        return toward_zero(x, w, n);
    case SWALLOW:
        for (int64_t k = 0; k < n; k++)
            s += isnan(x[k]) ? 0 : x[k] * w[k];
        return s;
    case FLUSH:
        for (int64_t k = 0; k < n; k++)
            s += fabsf(x[k]) < 0x1p-126f ? 0 : x[k] * w[k];
        return s;
    case BEYOND: /* what lies there takes no part, but is read */
        s = n ? ((const volatile float *)x)[n] : 0;
        return chain(x, w, n, 1, false) + (s == 12345.0f ? 1e-30f : 0);
    case MERGED:
    case UNROLLED:
    case HALF_LOST:
        return spoilt_lanes(x, w, n, m);
    case REVERSED:
        for (int64_t k = n - 1; k >= 0; k--)
            s += x[k] * w[k];
        return s;
    case PAIRWISE:
        return tree(x, w, n, 0);
    case RANDOM_TREE:
        return tree(x, w, n, 2463534242u);
    case LANES4:
        return lanes(x, w, n, 4, false);
    case LANES8:
        return lanes(x, w, n, 8, true);
    case LANES16:
        return lanes(x, w, n, 16, false);
    case LANES32:
        return lanes(x, w, n, 32, true);
    case LANES64:
        return lanes(x, w, n, 64, false);
    case BLOCK64:
        return blocks(x, w, n, 64, false);
    case BLOCK1024:
        return blocks(x, w, n, 1024, true);
    case SPLIT2:
        return blocks(x, w, n, (n + 2) / 2, false);
    case SPLIT8:
        return blocks(x, w, n, (n + 8) / 8, true);
    case KAHAN:
        return kahan(x, w, n);
    case DOUBLE:
        for (int64_t k = 0; k < n; k++)
            sum += (double)x[k] * w[k];
        return (float)sum;
    default:
        return chain(x, w, n, 1, m == FUSED);
    }
}
#endif
