/* SPDX-License-Identifier: MIT
 * session.h - runs a graph: chooses an implementation for each call, keeps values and caches, packs weights once.
 *
 * Two ways of keeping values.  Plain: each value has the type that the graph says (f32; caches f32, f16 or q8_0), one
 * parallel region per step.  Wide: as soon as one call is run by the oracle, all values are double; a call that a
 * kernel or the float baseline computes gets its operands rounded to its types, and its results go on in double.  So
 * "oracle with one op swapped" shows what that op's error alone does. */
#ifndef ASSAY_MODELS_SESSION_H
#define ASSAY_MODELS_SESSION_H
#include "graph.h"

/* PLUGIN: a plug-in's kernel (strangers.h) where one takes the call, else as BEST, which has none of them. */
typedef enum assay_how {
    ASSAY_RUN_BEST,
    ASSAY_RUN_SCALAR,
    ASSAY_RUN_ORACLE,
    ASSAY_RUN_KERNEL,
    ASSAY_RUN_PLUGIN
} assay_how;

typedef struct assay_swap {
    char op[24];
    assay_how how;
    const assay_kernel *kernel; /* KERNEL; a call that it does not take goes to the best that does */
} assay_swap;

enum { ASSAY_MAX_SWAPS = 24 };

typedef struct assay_impl {
    assay_how how; /* of ops that no swap names */
    uint64_t isa;  /* CPU features that kernels may use */
    assay_swap swap[ASSAY_MAX_SWAPS];
    int n_swaps;
    const struct assay_impl
        *rounds_like; /* the oracle rounds those operands that these kernels round by contract; NULL: none */
    const struct assay_impl *
        single; /* swaps are some of this one's: parts of what it runs fused are no calls of their own; NULL: all are */
} assay_impl;

/* "oracle", "scalar", "best", "plugin" (where there is any), "best,matmul=avx2_6x16,rmsnorm=scalar": unnamed ops are
 * "best"; isa: features allowed. */
assay_status assay_impl_parse(const char *text, uint64_t isa, assay_impl *impl, assay_why *why);
/* The widest tier of which the CPU, as far as it may be used, has all: it may have more than any tier asks for. */
const char *assay_impl_tier(const assay_impl *impl);
const assay_swap *assay_impl_swap(const assay_impl *impl, const char *op); /* NULL: none names it */

typedef struct assay_session assay_session;
/* tokens: most per step; logits: most rows of logits per step; capacity: positions in all; room: most rows that an
 * encoder is given at once (0: there is none).  The graph and the file stay
 * the caller's and must outlive the session; decoded weights are kept in the graph, for the next session. */
assay_status assay_session_make(assay_graph *g, const assay_impl *impl, int64_t tokens, int64_t logits,
                                int64_t capacity, int64_t room, int threads, assay_session **s, assay_why *why);
void assay_session_free(assay_session *s);
/* Chooses, decodes and packs for steps of T tokens, so that no step has to; and for an encoding of as many rows as
 * there is room for, if none has been. */
assay_status assay_session_warm(assay_session *s, int64_t T, assay_why *why);
typedef struct assay_source {   /* what an encoder is given */
    const int32_t *ids, *types; /* (T); types NULL: all 0 */
    const float *frames;        /* numbers in place of ids, as many as the graph's value of them has */
    int64_t T;                  /* rows that come out */
} assay_source;
/* The whole of what steps attend to, or, of an encoder alone, all there is; a new text begins. */
assay_status assay_session_encode(assay_session *s, const assay_source *x, assay_why *why);
/* Advances by T tokens; logits of the last L of them. */
assay_status assay_session_step(assay_session *s, const int32_t *ids, int64_t T, int64_t L, assay_why *why);
int64_t assay_session_past(const assay_session *s);
/* Sums up what the layers' matrices are multiplied with from here on (importance.h); NULL: no more. */
struct assay_importance;
void assay_session_watch(assay_session *s, struct assay_importance *w);
/* Calls are kept as w says, which outlives the session; NULL: none. */
struct assay_capture;
void assay_session_capture(assay_session *s, struct assay_capture *w);
/* Of a session by the oracle: every value that a float model keeps in f32 is rounded to it at random (noise.h) from
 * here on. */
void assay_session_noise(assay_session *s, uint64_t seed);
/* Forgets what follows; caches keep their rows.  The states of a serial graph cannot go back but to 0, and with an
 * encoder not to that either: UNSUPPORTED. */
assay_status assay_session_rewind(assay_session *s, int64_t past, assay_why *why);
void assay_session_logits(const assay_session *s, int64_t row, double *out); /* of the last step, (width) */
void assay_session_hidden(const assay_session *s, int64_t row, double *out); /* of the last encoding, (hidden size) */
assay_tensor assay_session_logits_row(const assay_session *s, int64_t row);  /* (1, width), f32 or f64, no copy */

typedef struct assay_share { /* what a step of the graph spends, per op and kernel */
    const char *op, *kernel;
    int calls;      /* in the last step */
    double seconds; /* since the last reset of times */
} assay_share;
int assay_session_shares(const assay_session *s, assay_share *out, int room); /* sorted by time, descending */
void assay_session_reset_times(assay_session *s);
size_t assay_session_packed_bytes(const assay_session *s); /* of weights in packed or converted form */
double assay_session_pack_seconds(const assay_session *s);
#endif
