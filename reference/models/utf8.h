/* SPDX-License-Identifier: MIT
 * utf8.h - well-formed UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
#ifndef ASSAY_MODELS_UTF8_H
#define ASSAY_MODELS_UTF8_H
#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed sequence at s (n > 0 bytes are there); 0: none begins here. */
int assay_utf8_length(const unsigned char *s, size_t n);
/* The code point at s, at least ill-formed bytes aside: call after assay_utf8_length said > 0. */
unsigned assay_utf8_code(const unsigned char *s, int length);
int assay_utf8_write(unsigned code, char out[4]); /* returns the length */
bool assay_utf8_white(unsigned code);             /* Unicode's White_Space */

/* A stream of bytes in any pieces to text that is well-formed at every moment: what is complete comes out, what can
 * never become complete comes out as U+FFFD (one per maximal subpart, as the Unicode standard, 3.9, recommends). */
typedef struct assay_utf8 {
    unsigned char held[4];
    int n;
} assay_utf8;
enum { ASSAY_UTF8_OUT = 16 };
size_t assay_utf8_push(assay_utf8 *u, unsigned char byte, char out[ASSAY_UTF8_OUT]); /* bytes written to out */
size_t assay_utf8_end(assay_utf8 *u, char out[ASSAY_UTF8_OUT]);
#endif
