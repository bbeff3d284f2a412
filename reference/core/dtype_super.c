/* SPDX-License-Identifier: MIT
 * dtype_super.c - where the numbers of a super-block lie: each is one piece of a byte, or a lower and an upper one. The
 * same description serves for reading and writing. */
#include "dtype_super.h"
#include "assay/blocks.h"
#include <stddef.h>
#include <string.h>

typedef struct piece { /* `bits` bits from bit `shift` of a byte are those from bit `to` of the number */
    int byte, shift, bits, to;
} piece;
typedef struct place {
    piece low, high; /* high.bits 0: there is none */
} place;

/* Codes of 2 bits: of each 32 bytes every one holds four elements that lie 32 apart; of 4 bits: two. */
static piece two_bits(int from, int j)
{
    return (piece){ from + 32 * (j / 128) + j % 32, 2 * (j % 128 / 32), 2, 0 };
}
static piece four_bits(int from, int j)
{
    return (piece){ from + 32 * (j / 64) + j % 32, 4 * (j / 32 % 2), 4, 0 };
}

static place code_at(assay_dtype t, int j)
{
    const int half = j / 128, quarter = j % 128 / 32, i = j % 32;
    switch (t) {
    case ASSAY_q2_k:
        return (place){ .low = two_bits(offsetof(assay_q2_k, q), j) };
    case ASSAY_q3_k:
        return (place){ two_bits(offsetof(assay_q3_k, q), j), { i, j / 32, 1, 2 } };
    case ASSAY_q4_k:
        return (place){ .low = four_bits(offsetof(assay_q4_k, q), j) };
    case ASSAY_q5_k:
        return (place){ four_bits(offsetof(assay_q5_k, q), j), { offsetof(assay_q5_k, h) + i, j / 32, 1, 4 } };
    case ASSAY_iq4_xs:
        return (place){ .low = { offsetof(assay_iq4_xs, q) + 16 * (j / 32) + j % 16, 4 * (j % 32 / 16), 4, 0 } };
    default: /* q6_k */
        return (place){ { 64 * half + 32 * (quarter & 1) + i, 4 * (quarter >> 1), 4, 0 },
                        { offsetof(assay_q6_k, qh) + 32 * half + i, 2 * quarter, 2, 4 } };
    }
}

/* Of q4_k and q5_k groups 4 to 7 keep their top two bits in the bytes of groups 0 to 3. */
static place scale_at(assay_dtype t, int g)
{
    const int at = offsetof(assay_q4_k, sc);
    switch (t) {
    case ASSAY_q2_k:
        return (place){ .low = { g, 0, 4, 0 } };
    case ASSAY_q3_k:
        return (place){ { offsetof(assay_q3_k, sc) + g % 8, 4 * (g / 8), 4, 0 },
                        { offsetof(assay_q3_k, sc) + 8 + g % 4, 2 * (g / 4), 2, 4 } };
    case ASSAY_q6_k:
        return (place){ .low = { offsetof(assay_q6_k, sc) + g, 0, 8, 0 } };
    case ASSAY_iq4_xs:
        return (place){ { offsetof(assay_iq4_xs, sl) + g / 2, 4 * (g % 2), 4, 0 },
                        { offsetof(assay_iq4_xs, sh) + g / 4, 2 * (g % 4), 2, 4 } };
    default:
        return g < 4 ? (place){ .low = { at + g, 0, 6, 0 } }
                     : (place){ { at + g + 4, 0, 4, 0 }, { at + g - 4, 6, 2, 4 } };
    }
}

static place minimum_at(assay_dtype t, int g)
{
    const int at = offsetof(assay_q4_k, sc);
    if (t == ASSAY_q2_k)
        return (place){ .low = { g, 4, 4, 0 } };
    return g < 4 ? (place){ .low = { at + g + 4, 0, 6, 0 } } : (place){ { at + g + 4, 4, 4, 0 }, { at + g, 6, 2, 4 } };
}

typedef struct form {
    int groups, d, dmin; /* offsets; dmin -1: no minima */
    int less;            /* what is taken from a stored code */
    int flip, less_scale;
} form;

static form form_of(assay_dtype t)
{
    switch (t) {
    case ASSAY_q2_k:
        return (form){ 16, offsetof(assay_q2_k, d), offsetof(assay_q2_k, dmin), 0, 0, 0 };
    case ASSAY_q3_k:
        return (form){ 16, offsetof(assay_q3_k, d), -1, 4, 0, 32 };
    case ASSAY_iq4_xs:
        return (form){ 8, offsetof(assay_iq4_xs, d), -1, 0, 0, 32 };
    case ASSAY_q6_k: /* scales in two's complement */
        return (form){ 16, offsetof(assay_q6_k, d), -1, 32, 128, 128 };
    default:
        return (form){ 8, offsetof(assay_q4_k, d), offsetof(assay_q4_k, dmin), 0, 0, 0 };
    }
}

static int piece_of(const unsigned char *b, piece p)
{
    return (b[p.byte] >> p.shift & ((1 << p.bits) - 1)) << p.to;
}
static int number_at(const unsigned char *b, place p)
{
    return piece_of(b, p.low) | piece_of(b, p.high);
}

static void put_piece(unsigned char *b, piece p, int v)
{
    b[p.byte] |= (unsigned char)((v >> p.to & ((1 << p.bits) - 1)) << p.shift);
}
static void put_number(unsigned char *b, place p, int v)
{
    put_piece(b, p.low, v);
    put_piece(b, p.high, v);
}

void assay_super_read(assay_super *s, const unsigned char *b, assay_dtype t)
{
    const form f = form_of(t);
    memcpy(&s->d, b + f.d, sizeof s->d);
    if (f.dmin >= 0)
        memcpy(&s->dmin, b + f.dmin, sizeof s->dmin);
    for (int g = 0; g < f.groups; g++) {
        s->scale[g] = (int16_t)((number_at(b, scale_at(t, g)) ^ f.flip) - f.less_scale);
        if (f.dmin >= 0)
            s->minimum[g] = (int16_t)number_at(b, minimum_at(t, g));
    }
    for (int j = 0; j < ASSAY_SUPER; j++)
        s->code[j] = (int16_t)(number_at(b, code_at(t, j)) - f.less);
}

void assay_super_write_scale(unsigned char *b, uint16_t d, uint16_t dmin, assay_dtype t)
{
    const form f = form_of(t);
    memcpy(b + f.d, &d, sizeof d);
    if (f.dmin >= 0)
        memcpy(b + f.dmin, &dmin, sizeof dmin);
}

void assay_super_write(unsigned char *b, const assay_super *s, assay_dtype t)
{
    const form f = form_of(t);
    assay_super_write_scale(b, s->d, s->dmin, t);
    for (int g = 0; g < f.groups; g++) {
        put_number(b, scale_at(t, g), (s->scale[g] + f.less_scale) ^ f.flip);
        if (f.dmin >= 0)
            put_number(b, minimum_at(t, g), s->minimum[g]);
    }
    for (int j = 0; j < ASSAY_SUPER; j++)
        put_number(b, code_at(t, j), s->code[j] + f.less);
}
