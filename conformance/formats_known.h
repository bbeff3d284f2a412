/* SPDX-License-Identifier: MIT
 * formats_known.h - known answers of the block formats: the sequences E, G, N and the test block, from their
 * definitions, and CRC-32 over bytes.  The numbers were computed by a program that shares no code with this one and
 * agree with compiled ggml (d99724f2) bit for bit. */
#ifndef ASSAY_FORMATS_KNOWN_H
#define ASSAY_FORMATS_KNOWN_H
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

static const struct {
    const char *type;
    int M;
    uint32_t e, g; /* CRC of the blocks of E(256, M) and of G(256) */
} known_encode[] = {
    { "q4_0", 16, 0x0b7115f2, 0x7423b321 },
    { "q4_1", 15, 0xada002b2, 0x014b3cf5 },
    { "q8_0", 254, 0xb2754a11, 0xb08ecf4f },
    { "q8_1", 254, 0x31f705b2, 0x9f2cedc9 },
};
/* The block byte[i] = (37 i + 11) mod 256 with d = 3555 at offset d and second at offset m (-1: none); q8_1 has s
 * consistent with its codes.  CRC of the block and of its 32 or 256 values as f32, -0 as +0. */
static const struct {
    const char *type;
    int d, m, second;
    uint32_t block, values;
} known_decode[] = {
    { "q4_0", 0, -1, 0, 0xd0d3eada, 0x5fc086e4 },     { "q4_1", 0, 2, 0x8467, 0x3b3df57b, 0xd5dee929 },
    { "q8_0", 0, -1, 0, 0x5dcb9c0a, 0x78100f60 },     { "q8_1", 0, 2, 0xd7aa, 0x49de7a06, 0xfbe5580e },
    { "q4_k", 0, 2, 0x1e67, 0x2eaeaf8c, 0xd4ec54a0 }, { "q6_k", 208, -1, 0, 0x8f291c71, 0xd9c6a59d },
};
/* Square error over N(65536) relative to its sum of squares: what the best-known encoder reaches */
static const struct {
    const char *type;
    double floor;
} known_quality[] = {
    { "q8_0", 2.5825e-5 }, { "q4_0", 6.6860e-3 }, { "q4_1", 5.7864e-3 }, { "q4_k", 4.7756e-3 }, { "q6_k", 2.9207e-4 },
};
#endif
