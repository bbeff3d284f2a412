/* SPDX-License-Identifier: MIT
 * session_parts.h - what session.c, session_make.c, session_choose.c, session_bind.c and session_run.c share. */
#ifndef ASSAY_MODELS_SESSION_PARTS_H
#define ASSAY_MODELS_SESSION_PARTS_H
#include "../core/execute.h"
#include "session.h"

typedef struct assay_slot { /* a value of the graph in this session */
    assay_value v;
    assay_dtype store; /* type of data */
    void *data;        /* weights: the file's; TAIL: none */
    bool owned;
    void *rows[2]; /* weights that are only looked up: the rows that a step asks for, float, double */
} assay_slot;

typedef struct assay_pack { /* one packed copy of some weights */
    const char *packing;
    const void *weight[ASSAY_MAX_OPND];
    void *data;
    size_t bytes;
} assay_pack;

typedef struct assay_entry { /* one call, bound to a step */
    assay_node node;         /* operands are slots of the session */
    int parent;              /* of a part: the fused entry; else -1 */
    int first, parts;        /* of a fused entry: its parts, in the list after it */
    bool active;
    bool weights_f32; /* the kernel gets them decoded */
    bool asked;       /* of a plug-in's kernels first, by whichever it is run */
    bool apart;       /* a fused call that no kernel took in the step before: its parts are called */
    bool kept;        /* kernel and packed weights are those of the step before */
    assay_how how;
    int64_t dim[ASSAY_MAX_DIMS];
    assay_tensor t[ASSAY_MAX_OPND]; /* with the types that the implementation gets */
    bool convert[ASSAY_MAX_OPND];   /* t[i].data is a buffer: fill before, read after */
    void *dense[ASSAY_MAX_OPND], *before[ASSAY_MAX_OPND];
    assay_dtype round[ASSAY_MAX_OPND]; /* oracle: operand is rounded through this type first; ASSAY_DTYPE_END: not */
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
    assay_call call;
    double seconds;
} assay_entry;

typedef struct assay_buffer {
    void *data;
    size_t bytes, need;
} assay_buffer;

struct assay_session {
    struct assay_importance *watch; /* is told of each call; NULL: nobody is */
    struct assay_capture *capture;  /* keeps the operands of some calls; NULL: of none */
    bool noisy;                     /* values are rounded to f32 at random */
    uint64_t seed, calls;           /* calls: whose results were */
    assay_graph *g;
    assay_impl impl;
    bool wide;
    int threads;
    int64_t tokens, rows, capacity, past; /* rows: most rows of logits */
    int64_t room, M;                      /* of what an encoder leaves: most rows, rows */
    int64_t T, L, S;                      /* of the step that is bound */
    int64_t row;                          /* that a pass FORTH or BACK is at */
    int64_t bound;                        /* T of the one before */
    assay_pass pass;                      /* and which pass that is */
    char *serial;                         /* of a graph whose step is one token: rows of logits until all are there */
    bool again;                           /* and the step before had the same T: choices stand while they fit */
    assay_slot *slot;
    int n_slots;
    assay_entry *entry;
    int n_entries;
    assay_pack *pack;
    int n_packs, packs_room;
    double pack_seconds;
    assay_buffer operand[ASSAY_MAX_OPND], before[ASSAY_MAX_OPND], shared, scratch; /* one call runs at a time */
};

/* How impl runs an op; whether it wants a fused op as the list of its parts. */
assay_how assay_session_how(const assay_impl *impl, const char *op);
bool assay_session_wants_plugin(const assay_impl *impl, const char *op); /* a stranger's kernel, and there is one */
bool assay_session_wants_parts(const assay_impl *impl, const assay_op *op);
/* Operand views with the types of the graph; weights as f32 instead if asked. */
void assay_session_view(const assay_session *s, const assay_entry *e, bool weights_f32, assay_tensor *t);
bool assay_session_takes(const assay_session *s, const assay_entry *e, const assay_kernel *k, bool weights_f32);
/* The kernel for a call that impl wants to run by kernels, and whether it gets its weights as f32; NULL: none takes it.
 */
const assay_kernel *assay_session_choose(const assay_session *s, const assay_impl *impl, const assay_entry *e,
                                         bool *weights_f32);
/* Whether impl runs the fused call e by a kernel, not as the list of its parts. */
bool assay_session_fuses(const assay_session *s, const assay_impl *impl, const assay_entry *e);
/* Which operands of e rounds_like's kernel for this call rounds by contract: e->round. */
void assay_session_rounds(assay_session *s, assay_entry *e);
/* A session without room for values, which cannot be run: of its entries decide() says what a step would call. */
assay_status assay_session_plan(assay_graph *g, const assay_impl *impl, int64_t tokens, int64_t capacity, int64_t room,
                                assay_session **s, assay_why *why);
/* Which entries are called in a step, with which lengths, and by what each is computed. */
assay_status assay_session_decide(assay_session *s, assay_pass pass, int64_t T, int64_t L, assay_why *why);
/* The same, and fills tensors, packs and buffers of all entries for the step. */
assay_status assay_session_bind(assay_session *s, assay_pass pass, int64_t T, int64_t L, assay_why *why);
/* Runs all active entries with a team. */
assay_status assay_session_run(assay_session *s, assay_why *why);
int64_t assay_session_count(const assay_session *s, const assay_value *v,
                            int first);   /* elements of dims from first on */
bool assay_is_view(const assay_value *v); /* TAIL, ROWS and their kind: another value's data */
int64_t assay_session_length(const assay_session *s, int64_t symbol); /* a symbolic length in this step */
void *assay_slot_at(const assay_session *s, int slot); /* where its elements lie in this step, in its store type */
#endif
