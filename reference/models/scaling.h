/* SPDX-License-Identifier: MIT
 * scaling.h - what a model's parameters say of rope beyond its base: linear, NTK, dynamic NTK, YaRN, Llama-3, LongRoPE.
 * All of them only fill inv_freq, the angle of each pair per position, and say two factors; rope knows none of them. */
#ifndef ASSAY_MODELS_SCALING_H
#define ASSAY_MODELS_SCALING_H
#include "assay/assay.h"

typedef enum assay_scaling_kind {
    ASSAY_SCALING_NONE,
    ASSAY_SCALING_LINEAR,  /* f / s                                                         Chen 2023, 2306.15595    */
    ASSAY_SCALING_NTK,     /* the base times s^(R/(R-2))                                                             */
    ASSAY_SCALING_DYNAMIC, /* as NTK, of s L/L0 - (s - 1), L = max(length, L0)                                       */
    ASSAY_SCALING_YARN,    /* from f to f / s over pairs, between two numbers of turns      Peng 2023, 2309.00071    */
    ASSAY_SCALING_LLAMA3,  /* the same over wavelengths, between two parts of L0                                     */
    ASSAY_SCALING_LONGROPE /* f / divisor                                                   Ding 2024, 2402.13753    */
} assay_scaling_kind;

/* A parameter that stands at 0 has the value in brackets; one that its kind does not use is not looked at. */
typedef struct assay_scaling {
    assay_scaling_kind kind;
    int64_t R;                   /* rotated elements of a head: two a pair                                         */
    double base;                 /* [10000]                                                                        */
    double factor;               /* s: all but none and longrope                                                   */
    double original;             /* L0, the context that the model was made for: dynamic, yarn, llama3, longrope   */
    double length;               /* dynamic: the longest seen; longrope: the longest that the model promises       */
    double beta_fast, beta_slow; /* yarn: turns within L0 from which f stays [32], below which it is f / s [1]     */
    bool whole;                  /* yarn: the ramp ends at whole pairs (all peers but gpt-oss, `truncate`)         */
    double mscale, mscale_all;   /* yarn, DeepSeek: the factor is the quotient of both's, scores get the second's  */
    double low, high;            /* llama3: wavelengths above L0 / low are stretched [1], below L0 / high kept [4] */
    double attention;            /* a factor of cosine and sine besides [1]                                        */
    const double *divisor;       /* of each pair's f, before the kind's rule; longrope: which of its two lists is the
                                  * caller's choice; others: NULL or ggml's rope_freqs                             */
} assay_scaling;

typedef struct assay_scaled {
    double m;     /* cosine and sine are multiplied by it, so q k by its square */
    double score; /* and scores by this */
} assay_scaled;

/* inv_freq[0 .. R/2).  ERR_PARAM, with numbers, for what has no meaning. */
assay_status assay_scaling_fill(const assay_scaling *s, double *inv_freq, assay_scaled *out, assay_why *why);
const char *assay_scaling_name(assay_scaling_kind kind);
#endif
