/* SPDX-License-Identifier: MIT
 * formats_known.h - known answers of the block formats: the sequences E, G, N and the test block, from their
 * definitions, and CRC-32 over bytes.  The numbers were computed by a program that shares no code with this one and
 * agree with compiled ggml (d99724f2) bit for bit. */
#ifndef ASSAY_FORMATS_KNOWN_H
#define ASSAY_FORMATS_KNOWN_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>

static inline uint32_t known_crc(const void *data, size_t n)
{
    const unsigned char *p = data;
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (0xedb88320u & -(c & 1));
    }
    return ~c;
}
/* A code of 1 + e + m bits without sign: its value.  inf counts as the next power of two. */
static inline double known_float(unsigned code, int m, int bias)
{
    const unsigned e = code >> m, f = code & ((1u << m) - 1);
    return e ? ldexp((double)(f + (1u << m)), (int)e - bias - m) : ldexp((double)f, 1 - bias - m);
}
/* E(n, M): half steps from -M/2 to M/2, so that every tie occurs; both ends are present */
static inline void known_E(double *x, int n, int M)
{
    for (int i = 0; i < n; i++)
        x[i] = ((73 * i + 29) % (2 * M + 1) - M) / 2.0;
    x[0] = -M / 2.0, x[17] = M / 2.0;
}
/* G(n): generic values */
static inline void known_G(double *x, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = (double)((float)((31LL * i * i + 7 * i + 3) % 1009 - 504) / 97.0f);
}
/* N(n): nearly normal, exact in f32 */
static inline void known_N(double *x, int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t z = (uint64_t)(i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        double s = -131070;
        for (int k = 0; k < 64; k += 16)
            s += (double)(z >> k & 0xffff);
        x[i] = s / 32768;
    }
}

/* K(n), n a multiple of 256, from N: eleven kinds of super-blocks in turn.  Of one sign, far from 0, constant in groups
 * of 32, groups of eight sizes, zeros of both signs, scales that are a subnormal f16 or 0 or infinite, ranges that f32
 * does not hold, a NaN or an infinity, first, last or elsewhere, and 16 values on a grid with one beside it. */
static inline void known_K(double *x, int n)
{
    known_N(x, n);
    for (int i = n - 1; i >= 0; i--) {
        const int kind = i / 256 % 11, round = i / 2816, j = i % 32;
        const double first = x[i / 32 * 32], group = ldexp(x[i], 2 * (i / 32 % 8) - 6);
        const int at = round % 4 == 0 ? 0 : round % 4 == 1 ? 255 : round % 4 == 2 ? 17 : 100;
        const double odd = round % 4 == 1 ? INFINITY : round % 4 == 2 ? -INFINITY : (double)NAN;
        const double grid = j == 0 ? 2.125 : j == 1 ? -14.5 : (int)fabs(64 * x[i]) % 16 - 14.5;
        const double of[] = { fabs(x[i]),
                              -fabs(x[i]),
                              x[i] + 8,
                              first,
                              group,
                              (i + i / 32) % 2 ? -0.0 : 0.0,
                              ldexp(x[i], round % 2 ? -26 : -20),
                              ldexp(x[i], 25),
                              ldexp(x[i], 126),
                              i % 256 == at ? odd : x[i],
                              grid };
        x[i] = of[kind];
    }
}

static const struct {
    const char *type;
    int M;
    uint32_t e, g; /* CRC of the blocks of E(256, M) and of G(256) */
} known_encode[] = {
    { "q4_0", 16, 0x0b7115f2, 0x7423b321 },  { "q4_1", 15, 0xada002b2, 0x014b3cf5 },
    { "q5_0", 32, 0x3e59ee1e, 0x7d337cfb },  { "q5_1", 31, 0xf78778b3, 0xe841b80c },
    { "q8_0", 254, 0xb2754a11, 0xb08ecf4f }, { "q8_1", 254, 0x31f705b2, 0x9f2cedc9 },
    { "mxfp4", 24, 0xd34eff96, 0x54f56b26 }, { "nvfp4", 24, 0x5028be91, 0xa63fae37 },
    { "tq1_0", 2, 0x8ff23984, 0x78e85393 },  { "tq2_0", 2, 0xd6e0b205, 0xe8dee803 },
    { "q8_k", 254, 0xce7c3fd3, 0xf4ce923b },
};
/* CRC of the block, and of what it decodes to, of E(32, M) and of G(32)/8 */
static const struct {
    const char *type;
    int M;
    uint32_t e, e_values, g, g_values;
} known_mx[] = {
    { "mxfp8_e4m3", 1000, 0x51fb2efd, 0x8aad7edd, 0x853eee67, 0x642e3007 },
    { "mxfp8_e5m2", 1000, 0x9ad84891, 0x6c096851, 0x974dd04f, 0xf71d772f },
    { "mxfp6_e3m2", 60, 0x5bd9d469, 0x5145c458, 0x77222449, 0xf71d772f },
    { "mxfp6_e2m3", 30, 0x76ac394e, 0x1b179983, 0x1bd45335, 0xb02d7017 },
    { "mxint8", 255, 0x5dc18939, 0xefc2a871, 0x15280b83, 0x94945083 },
};
/* The scale of the test block: f16 3555, or in front the power 7e (ONE_BYTE), four scales of 8 bits (FOUR_BYTES), or an
 * f32 and behind its 256 codes sums of 16 (ONE_WORD), or the f16 in four nibbles (SPREAD) */
enum { ONE_BYTE = -1, FOUR_BYTES = -2, ONE_WORD = -3, SPREAD = -4 };
static inline void known_scale(unsigned char *b, int at)
{
    static const unsigned char four[] = { 0x38, 0x01, 0x7e, 0x43 }, word[] = { 0xab, 0xaa, 0xaa, 0x3e };
    if (at >= 0)
        b[at] = 0x55, b[at + 1] = 0x35;
    else if (at == ONE_BYTE)
        b[0] = 0x7e;
    for (int k = 0; at == SPREAD && k < 4; k++)
        b[49 + 2 * k] = (unsigned char)((b[49 + 2 * k] & 15) | (k < 3 ? 5 : 3) << 4);
    for (int k = 0; (at == FOUR_BYTES || at == ONE_WORD) && k < 4; k++)
        b[k] = at == ONE_WORD ? word[k] : four[k];
    for (int g = 0; at == ONE_WORD && g < 16; g++) {
        int sum = 0;
        for (int k = 0; k < 16; k++)
            sum += (b[4 + 16 * g + k] ^ 128) - 128;
        b[260 + 2 * g] = (unsigned char)(sum & 255), b[261 + 2 * g] = (unsigned char)((unsigned)sum >> 8);
    }
}
/* The block byte[i] = (37 i + 11) mod 256 with d = 3555 at offset d and second at offset m (-1: none); q8_1 has s
 * consistent with its codes.  CRC of the block and of its 32 or 256 values as f32, -0 as +0. */
static const struct {
    const char *type;
    int d, m, second;
    uint32_t block, values;
} known_decode[] = {
    { "q4_0", 0, -1, 0, 0xd0d3eada, 0x5fc086e4 },           { "q4_1", 0, 2, 0x8467, 0x3b3df57b, 0xd5dee929 },
    { "q5_0", 0, -1, 0, 0xc5af5660, 0xf5613566 },           { "q5_1", 0, 2, 0x8467, 0xe2f243ab, 0x8b760603 },
    { "q8_0", 0, -1, 0, 0x5dcb9c0a, 0x78100f60 },           { "q8_1", 0, 2, 0xd7aa, 0x49de7a06, 0xfbe5580e },
    { "q2_k", 80, 82, 0x0e67, 0xadf17b85, 0x347daf1b },     { "q3_k", 108, -1, 0, 0x99c026a0, 0x750a1594 },
    { "q5_k", 0, 2, 0x1e67, 0x149cc618, 0x63c24df1 },       { "iq4_nl", 0, -1, 0, 0xd0d3eada, 0xd5409bae },
    { "mxfp4", ONE_BYTE, -1, 0, 0x5de6a6b5, 0xab087fbd },   { "q4_k", 0, 2, 0x1e67, 0x2eaeaf8c, 0xd4ec54a0 },
    { "q6_k", 208, -1, 0, 0x8f291c71, 0xd9c6a59d },         { "iq4_xs", 0, -1, 0, 0x529a8e58, 0x32c89e22 },
    { "nvfp4", FOUR_BYTES, -1, 0, 0x4b942d5b, 0xafd4c9b8 }, { "tq1_0", 52, -1, 0, 0x48842393, 0x79ea8554 },
    { "tq2_0", 64, -1, 0, 0x480d7c73, 0xfb6b022b },         { "q8_k", ONE_WORD, -1, 0, 0x93a6af6c, 0xe1153d06 },
    { "iq2_xxs", 0, -1, 0, 0xb1cebcd9, 0x8ab724a7 },        { "iq2_xs", 0, -1, 0, 0x35951a96, 0xa34599d5 },
    { "iq2_s", 0, -1, 0, 0x81ed7a28, 0xb7f6fba4 },          { "iq3_xxs", 0, -1, 0, 0x6f3978f9, 0x19c4c653 },
    { "iq3_s", 0, -1, 0, 0xd39a319a, 0x693e613d },          { "iq1_s", 0, -1, 0, 0x0fa7a95f, 0x1b7a1d20 },
    { "iq1_m", SPREAD, -1, 0, 0x65fc016a, 0xb621072f },
};
/* CRC of the blocks of N(65536): by the PyPI package gguf 0.19.0 (q8_1, which it has with other fields, the
 * searches, and types whose encoder it lacks by vectors/independent/formats.py).  CRC of the blocks of K(11264), by
 * formats.py.  Square error over N(65536) relative to its sum of squares: what the best-known encoder reaches (q8_1: as
 * q8_0). */
static const struct {
    const char *type;
    uint32_t n, k;
    double floor;
} known_quality[] = {
    { "q8_0", 0x82258362, 0xc5d26a20, 2.5825e-5 },       { "q8_1", 0xb945bb9e, 0xac43e69d, 2.5825e-5 },
    { "q4_0", 0x4bda3133, 0x6156dfa7, 6.6860e-3 },       { "q4_1", 0x509315be, 0x0332c4b6, 5.7864e-3 },
    { "q5_0", 0x7941e57f, 0xd995e299, 1.6512e-3 },       { "q5_1", 0x994449ca, 0x6eb6d11e, 1.3493e-3 },
    { "q2_k", 0x6bb1dc7c, 0x2e677510, 8.3284e-2 },       { "q3_k", 0x605cb272, 0xab316810, 2.1498e-2 },
    { "q5_k", 0x9c73bc5b, 0x40e5ae4c, 1.2140e-3 },       { "iq4_nl", 0xfd957dc8, 0x8870a39e, 5.4831e-3 },
    { "mxfp4", 0xa30a7fd5, 0x0af6d8e4, 1.2407e-2 },      { "q4_k", 0x5e316034, 0x1965433d, 4.7756e-3 },
    { "q6_k", 0x13dd09a6, 0x9937022a, 2.9207e-4 },       { "iq4_xs", 0xc79f9edd, 0xfa30bf72, 5.5617e-3 },
    { "nvfp4", 0xb78dfb14, 0x787fc08e, 9.2144e-3 },      { "tq1_0", 0x0a7e35af, 0x220f12f8, 5.9228e-1 },
    { "tq2_0", 0x636fd689, 0x7711f684, 5.9228e-1 },      { "q8_k", 0xd825e270, 0x134e12c4, 3.9175e-5 },
    { "mxfp8_e4m3", 0xd2d4bac2, 0x52295b1b, 7.5256e-4 }, { "mxfp8_e5m2", 0xcec8bcbd, 0xfbeac561, 2.8354e-3 },
    { "mxfp6_e2m3", 0x05c465fc, 0x74c5deda, 7.7813e-4 }, { "mxfp6_e3m2", 0x1e774ccb, 0x0cd04cfd, 2.8355e-3 },
    { "mxint8", 0x5d0bdc5e, 0xadce3753, 5.8604e-5 },     { "e4m3fnuz", 0xae022684, 0x2c876ead, 7.1054e-4 },
    { "e5m2fnuz", 0xd6f66775, 0xf5f1208b, 2.8039e-3 },
};
#endif
