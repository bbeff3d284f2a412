/* SPDX-License-Identifier: MIT
 * quantize_k.h - super-blocks as our search writes them, then spoilt, or bettered: what verify() of quantize must tell
 * apart. */
#ifndef ASSAY_FAULTS_QUANTIZE_K_H
#define ASSAY_FAULTS_QUANTIZE_K_H
#include "../../reference/core/dtype.h"
#include "assay/blocks.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define K_FAULTS(X)                                                                                                    \
    X(K_SCALE_UP, "k-scale-of-one-group", "numerics 3: K-quant scales")                                                \
    X(K_MIN_DROPPED, "k-minimum-dropped", "numerics 3")                                                                \
    X(K_FLOOR, "k-codes-rounded-down", "microsoft/onnxruntime#32452")                                                  \
    X(K_LOW_BIT, "k-low-bit-lost", "numerics 1.3: quantise by search")                                                 \
    X(K_NOT_FINITE_LOST, "k-not-finite-lost", "numerics 2, generator 10")                                              \
    X(K_ZERO_NAN, "k-zero-block-nan", "ggml-org/llama.cpp#3010")                                                       \
    X(K_HALF_LOST, "k-half-of-the-codes-lost", "numerics 3")

#define K_LEGAL(X)                                                                                                     \
    X(K_PLAIN, "k-plain", "legal: our search")                                                                         \
    X(K_BETTER, "k-better", "legal: a search that goes on")
enum mode_k { K_FAULTS(MODE) K_LEGAL(MODE) K_MODES };

enum { SUPER = 256 };

static double k_error(const double *x, assay_dtype type, const void *block)
{
    double y[SUPER], e = 0;
    assay_dtype_of(type)->decode(y, block, SUPER);
    for (int i = 0; i < SUPER; i++)
        e += (x[i] - y[i]) * (x[i] - y[i]);
    return e;
}

/* Tries d one unit of f16 up and down, with the codes of q4_k as they are, and keeps what errs least. */
static void k_better(const double *x, assay_dtype type, unsigned char *block, int at)
{
    unsigned char best[SUPER];
    const size_t bytes = (size_t)assay_dtype_of(type)->bytes;
    memcpy(best, block, bytes);
    for (int step = -1; step <= 1; step += 2) {
        unsigned char t[SUPER];
        uint16_t d;
        memcpy(t, block, bytes);
        memcpy(&d, t + at, 2);
        if ((d & 0x7fff) == 0 || (d & 0x7c00) == 0x7c00)
            continue;
        d = (uint16_t)(d + step);
        memcpy(t + at, &d, 2);
        if (k_error(x, type, t) < k_error(x, type, best))
            memcpy(best, t, bytes);
    }
    memcpy(block, best, bytes);
}

static void k_floor(const double *x, assay_q4_k *b) /* codes rounded down */
{
    double y[SUPER];
    assay_dtype_of(ASSAY_q4_k)->decode(y, b, SUPER);
    for (int i = 0; i < SUPER; i++) {
        uint8_t *q = &b->q[32 * (i / 64) + i % 32];
        const int shift = 4 * (i / 32 % 2);
        if (y[i] > x[i] && (*q >> shift & 15))
            *q = (uint8_t)(*q - (1 << shift));
    }
}

static void k_spoil(const double *x, assay_dtype type, unsigned char *block, int mode)
{
    assay_q4_k *b4 = (assay_q4_k *)(void *)block;
    assay_q6_k *b6 = (assay_q6_k *)(void *)block;
    const bool four = type == ASSAY_q4_k;
    const uint16_t d = four ? b4->d : b6->d;
    const bool finite = (d & 0x7c00) != 0x7c00;
    switch (mode) {
    case K_SCALE_UP:
        if (four)
            b4->sc[2] = (uint8_t)((b4->sc[2] & 0xc0) | ((b4->sc[2] + 4) & 63));
        else
            b6->sc[5] = (int8_t)(b6->sc[5] ^ 8);
        break;
    case K_MIN_DROPPED:
        if (four && finite)
            b4->dmin = 0;
        else if (finite) /* q6_k has none: its sign */
            b6->d ^= 0x8000;
        break;
    case K_FLOOR:
        if (four && finite)
            k_floor(x, b4);
        break;
    case K_LOW_BIT:
        for (int i = 0; finite && i < 128; i++)
            *(four ? &b4->q[i] : &b6->ql[i]) &= 0xee;
        break;
    case K_NOT_FINITE_LOST:
        if (!finite)
            memset(block, 0, (size_t)assay_dtype_of(type)->bytes);
        break;
    case K_ZERO_NAN:
        if (d == 0 || d == 0x8000)
            *(four ? &b4->d : &b6->d) = 0x7e00;
        break;
    case K_HALF_LOST:
        if (finite)
            memset(four ? b4->q + 64 : b6->ql + 64, 0, 64);
        break;
    case K_BETTER:
        if (finite)
            k_better(x, type, block, four ? 0 : 208);
        break;
    default:
        break;
    }
}

static void k_row(char *y, const float *x, int64_t n, assay_dtype type, int mode)
{
    const int64_t bytes = assay_dtype_of(type)->bytes;
    for (int64_t i = 0; i < n; i++, x += SUPER, y += bytes) {
        double v[SUPER];
        _Alignas(16) unsigned char block[SUPER];
        for (int k = 0; k < SUPER; k++)
            v[k] = (double)x[k];
        assay_dtype_of(type)->encode(block, v, SUPER);
        k_spoil(v, type, block, mode);
        memcpy(y, block, (size_t)bytes);
    }
}
#endif
