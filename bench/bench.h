/* SPDX-License-Identifier: MIT
 * bench.h - what the parts of `assay bench` share.  This process makes problems, judges and writes; it calls no kernel:
 * each measurement runs in a child of its own (child.h), whose outputs come back through shared memory. */
#ifndef ASSAY_BENCH_H
#define ASSAY_BENCH_H
#include "../conformance/results/journal.h"
#include "../conformance/judge/pool.h"
#include "../conformance/select.h"
#include "../reference/core/calls.h"
#include "../reference/core/execute.h"
#include "marks.h"
#include "papi.h"
#include "roof.h"
#include "trust.h"
#include <stdio.h>

enum { BENCH_SAMPLES = 16, BENCH_SETS = 2, BENCH_NAME = 256, BENCH_VECTORS = 64 };

/* ---- one kernel on one problem ------------------------------------------------------------------------- */

typedef struct bench_outputs { /* shared between this process and the child; index = operand */
    void *data[ASSAY_MAX_OPND];
    void *left[BENCH_SETS][ASSAY_MAX_OPND]; /* what stood in each set when the clock stopped */
    size_t bytes[ASSAY_MAX_OPND];
} bench_outputs;

typedef struct bench_task {
    const bench_machine *machine;
    const assay_problem *p;
    const assay_kernel *k;
    const char *plugin, *supplier; /* path, NULL: built in; its name */
    int nth;                       /* kernel of the plug-in */
    int threads, repetitions;
    bool cold, counters, simulated; /* simulated: this is the process under valgrind */
    double min_seconds, limit_seconds;
    const bench_counter *counter; /* calibrated: BENCH_COUNTERS of them */
    bench_outputs out;
} bench_task;

/* Between the threads of a team: medians over calls made for this alone, per call in nanoseconds. */
typedef struct bench_balance {
    int calls;               /* 0: not measured */
    double wall, most, mean; /* of the call; in which the busiest thread, a thread on average worked at its share */
} bench_balance;

typedef struct bench_result {
    assay_status status; /* UNSUPPORTED: the kernel does not accept it */
    char why[200];       /* of a status, or how the child ended */
    int n;
    double sample[BENCH_SAMPLES], cpu[BENCH_SAMPLES], cpu_ns; /* nanoseconds per call */
    int64_t iterations, packed_bytes;
    double pack_ns, vary_ns; /* vary: part of every hot call, not the kernel's */
    int team;                /* threads that ran */
    uint64_t calls;          /* when the clock stopped: which inputs the outputs left belong to */
    double used, preempted;  /* CPUs, and times a second, while it was timed */
    double fresh;            /* time of a call on new inputs over that of a timed call; 0: not known */
    bench_balance balance;
    double own_threads;  /* CPUs of used that no thread of the team had */
    bench_around around; /* the judge's own view */
    bench_counter counter[BENCH_COUNTERS];
} bench_result;

/* Fresh, poisoned, shared outputs of p; false: no memory. */
bool bench_outputs_make(bench_task *t);
void bench_outputs_free(bench_task *t);
/* Measures in a child.  Outputs are those that the timed loop left. */
void bench_measure(bench_task *t, bench_result *r);
/* One call in a child, for its outputs alone. */
void bench_call_once(bench_task *t, bench_result *r);
bool bench_counters_sound(bench_counter *c); /* BENCH_COUNTERS that a stranger may have written */
double bench_median(const double *x, int n);

/* The child's own view: sets of buffers and a prepared call for each (stage.c). */
typedef struct bench_stage {
    const bench_task *task;
    const assay_kernel *k;
    assay_tensor t[BENCH_SETS][ASSAY_MAX_OPND];
    assay_call call[BENCH_SETS];
    char *vary[BENCH_SETS];  /* the input in which two blocks change places before each call; NULL: none can */
    size_t block, half, nth; /* bytes of a block; so many blocks apart; the one whose turn it is */
    uint64_t calls;          /* on varied inputs: they take the sets in turn */
    assay_why why;           /* of status, where a sentence was said */
    double pack_ns;
    size_t packed_bytes;
    assay_status status; /* of any call so far */
} bench_stage;
/* Before a stranger's kernel is loaded: this process gives up what it must not have (the golden, files, processes). */
/* To its parent's pipes; starts the team, too, and returns its size (bench_pin_team). */
int bench_stage_confine(const bench_task *t, int from, int to);
assay_status bench_stage_fits(const bench_task *t,
                              assay_why *why); /* into --memory-limit, before the kernel's code runs */
assay_status bench_stage_open(bench_stage *s, const bench_task *t, assay_why *why);
void bench_stage_vary(bench_stage *s, int set);
double bench_stage_vary_ns(bench_stage *s);      /* what that costs */
void bench_stage_again(bench_stage *s, int set); /* on the inputs as they are */
void bench_stage_call(bench_stage *s);           /* varies the set whose turn it is, then calls */
double bench_stage_cold(bench_stage *s);         /* varies, empties the caches, calls, returns seconds */
void bench_stage_look(bench_stage *s);           /* the clock stands: is the process as it was?  Else status, why */
void bench_stage_touch(const bench_stage *s, int set); /* the clock runs: outputs are read, a byte of each page */
/* After timing: what the loop left goes to the judge, and belongs to the inputs of its last calls; so does what more
 * calls leave, stopped at random. */
void bench_stage_leave(bench_stage *s);
assay_status bench_stage_audit(bench_stage *s, double seconds, assay_why *why);
/* Counts events of calls, of which one takes so many seconds: into BENCH_COUNTERS of the task's. */
void bench_stage_count(bench_stage *s, bench_counter *c, double once);
typedef struct bench_spent {
    double wall, cpu, team; /* CPU seconds of all threads of this process; of the team's alone */
    long preempted;
} bench_spent;
bench_spent bench_spent_now(int threads);
/* How evenly the team works: of calls of which one takes so many seconds. */
void bench_stage_balance(bench_stage *s, double once, bench_balance *b);
/* How many times as long as a timed call one on inputs takes of which nothing was seen before; 0: not to be told. */
double bench_stage_fresh(bench_stage *s, double seconds);
/* At the end: the problem's own inputs, which no call has seen, into set 0; its outputs poisoned; one call. */
assay_status bench_stage_settle(bench_stage *s, assay_why *why);
/* Operand i with its blocks moved round; indices, positions and masks stay as they are. */
void bench_inputs_turn(const assay_problem *p, int i, size_t blocks, char *copy);
/* Operand i of a set of buffers at the start; the operand in which blocks change places (-1: none); one such change. */
void bench_inputs_fill(const assay_problem *p, int i, int set, char *copy);
int bench_inputs_varied(const assay_problem *p);
void bench_inputs_swap(char *one, char *other, size_t block);
/* The problem as a set of buffers has it after so many calls in all.  Weights are the problem's own, not copied. */
bool bench_left_make(const assay_problem *p, int set, uint64_t calls, assay_problem *left);
void bench_left_free(assay_problem *left);
const assay_kernel *bench_plugin_kernel(const char *path, int nth, assay_why *why);

/* ---- verdicts ------------------------------------------------------------------------------------------- */

typedef struct bench_verdict {
    bool pass;
    char by[16], how[64], freivalds[64], why[240];
    char left[96]; /* what the timed loop left: "pass", "fail", or "n/a: why" */
    int64_t elements;
    double used;
} bench_verdict;

/* Judges t->out.  whole: the oracle on everything; else on a sample of the rows that weights have. */
void bench_judge(bench_task *t, const bench_result *r, assay_problem *p, bool whole, bench_verdict *v);
void bench_verdict_json(const bench_verdict *v, assay_json *j, const char *key);
/* The sub-case that keeps n given indices of dimension d, with inputs copied from p.  False: cannot be cut there. */
bool bench_part(const assay_problem *p, int d, const int64_t *index, int64_t n, assay_problem *part);
/* The same indices of output i of the whole. */
bool bench_part_output(const assay_problem *p, int d, const int64_t *index, int64_t n, int i, const void *whole,
                       void *to);
/* The dimension that numbers rows of a weight and of every output, and can be cut; -1: none. */
int bench_part_dim(const assay_case *c);
/* The dimension that numbers rows of every output and of no weight; -1: none. */
int bench_rows_dim(const assay_op *op);
/* How outputs are judged, by the case; all: everything, where that does not take too long (bench_judge_whole). */
typedef enum bench_way {
    BENCH_WHOLE,     /* the oracle on every element */
    BENCH_FREIVALDS, /* on sampled rows of the weights; exact integers, every element */
    BENCH_CROSS      /* on sampled rows of the weights, and on all of them for sampled rows of activations */
} bench_way;
bench_way bench_way_of(const assay_case *c, bool all);
/* Why Freivalds does not apply; NULL: it does. */
const char *bench_freivalds_lacks(const assay_case *c);
/* Exact integer inputs, all elements, modulo 2^61 - 1; writes "pass", "fail", or "n/a: why". */
void bench_freivalds(const bench_task *t, const assay_problem *p, bench_verdict *v);

/* ---- rows ------------------------------------------------------------------------------------------------ */

typedef struct bench_work { /* a problem as a list of rows sees it */
    const char *workload;
    double tokens, flops, bytes;
    char types[64], line[ASSAY_CASE_LINE];
    const char *model, *phase; /* NULL: of no model's */
    int64_t calls;             /* how often the phase makes it */
    double scalar_ns;          /* 0: not known */
    char scalar_how[64];
} bench_work;

typedef struct bench_roofs {
    bench_roof *roof;
    int n, room;
} bench_roofs_table;

void bench_types_of(const assay_case *c, char *text, size_t n); /* "q4_0", "f16", "f32" */
void bench_work_of(const assay_problem *p, const char *workload, double tokens, bench_work *w);
void bench_row_name(const bench_work *w, const assay_kernel *k, int threads, bool cold, char name[BENCH_NAME]);
/* The members "gflops" to "share", and what marks need of them.  ns: of a call; low: of the fastest. */
void bench_rates_json(const bench_work *w, const bench_task *t, const bench_result *r, const bench_roofs_table *roofs,
                      double ns, double low, bench_facts *f, assay_json *j);
double bench_touched(const bench_work *w, const bench_task *t,
                     const bench_result *r); /* bytes a call; weights as packed */
/* one: this row on one thread, as it was written; NULL: there is none. */
void bench_row_json(const bench_work *w, const bench_task *t, const bench_result *r, const bench_verdict *v,
                    const bench_roofs_table *roofs, const struct cJSON *one, const bench_counter *counter, int n,
                    assay_json *j);

typedef struct bench_ratio { /* time of a over time of b */
    double ratio, low, high;
    double cpu_ratio, cpu_low, cpu_high; /* of the CPU time that the turns took; 0: not known */
    bool disturbed;                      /* others used the CPUs meanwhile */
    int rounds;
} bench_ratio;

/* Is b slower (1), or a (-1), by more than a share of `most`?  The whole interval says so, and where others used the
 * CPUs that of the CPU time too: who has to make way in whose turns is chance, and the same chance again and again. */
int bench_differs(const bench_ratio *x, double most);

/* Why one takes longer than the other, in words, as far as counters know: an array of sentences; how many. */
int bench_why_json(const bench_task *t, const bench_result *r, const bench_work *w, const struct cJSON *one,
                   assay_json *j);

/* ---- the journal ------------------------------------------------------------------------------------------- */

typedef struct bench_journal {
    assay_journal file; /* file.f NULL: none */
    const char *path;
    struct cJSON *known;
} bench_journal;

/* path NULL: no files.  resume: reads what is there; else starts anew. */
assay_status bench_journal_open(bench_journal *b, const char *path, bool resume, assay_why *why);
bool bench_journal_has(const bench_journal *b, const char *line, const char *name);
const struct cJSON *bench_journal_get(const bench_journal *b, const char *line, const char *name);
assay_status bench_journal_add(bench_journal *b, const assay_json *j, assay_why *why); /* one line, flushed */
void bench_journal_not(bench_journal *b, const char *name, const char *what, const char *why);
assay_status bench_journal_close(bench_journal *b, assay_why *why); /* assembles path */

/* ---- simulated counters ------------------------------------------------------------------------------------ */

/* Instructions, misses and branch misses of one call under callgrind; fills c with what it found, returns how many. */
int bench_simulate(const bench_task *t, bench_counter *c, int room);
const char *bench_not_simulated(const bench_task *t); /* why not; NULL: it can be */
/* What runs under valgrind: reads inputs from fd, makes two calls, the second of which is counted. */
int bench_simulate_child(const char *line, const char *kernel, const char *plugin, int nth, int fd);
bool bench_simulate_inputs(const assay_problem *p, int fd); /* writes them to an empty file, as the child reads them */
enum { BENCH_EVENTS = 16 };                                 /* Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw Bc Bcm Bi Bim */
bool bench_callgrind_totals(const char *path, double events[BENCH_EVENTS]); /* false: there are none */
void bench_simulator_json(const bench_machine *m, assay_json *j);

/* ---- a session: what the command line asked for, and what was measured so far ------------------------------- */

typedef struct bench_options {
    assay_filter filter;
    const char *line, *workload, *simulate;
    const char *vector[BENCH_VECTORS];
    int n_vectors;
    bool resume, no_roofs;
    double budget;           /* seconds after which no problem is begun; 0: never */
    double fail_slower;      /* of pairs: b may take so much more time than a, 0.05; 0: a ratio fails nothing */
    assay_calls_asked calls; /* --model */
} bench_options;

typedef struct bench_session {
    const bench_options *o;
    bench_machine machine;
    bench_counter counter[BENCH_COUNTERS];
    bench_roofs_table roofs;
    bench_journal journal;
    assay_pool *pool;    /* with a plug-in only: it describes the kernels */
    assay_pool *build_b; /* of two builds the new one's; pool is the old one's */
    int threads[ASSAY_MAX_TEAMS], n_threads;
    int64_t rows, failed, skipped, not_on_cpu, runnable, left_out;
    double until; /* of the monotonic clock, with a budget; 0: without */
    enum {
        BENCH_ALL,
        BENCH_BEST,
        BENCH_OTHERS
    } pass;         /* which kernels of a problem: with a budget the best tier first */
    int64_t slower; /* pairs in which b is slower by more than fail_slower */
    volatile int *interrupted;
    char *simulated;              /* op/kernel/types done, a line each; NULL: none */
    assay_why why;                /* why it must stop */
    const assay_calls *model;     /* --model; NULL: none */
    const assay_model_call *call; /* whose rows are made, of this phase; NULL: none of a model's */
    int phase;
    assay_problem
        *vector; /* of --vector: whose rows are made; its numbers go to who asks for the problem; NULL: none */
} bench_session;

assay_status bench_resume(bench_session *s); /* opens the journal; one of another build, effort or shard is put aside */
/* Rows of one problem stay in one shard: scalar, its rivals, all teams, hot and cold are compared with each other. */
bool bench_in_shard(const bench_session *s, const char *workload, const assay_case *c);
assay_status bench_context(bench_session *s, int argc, char **argv); /* writes the passport */
void bench_take_roof(void *session, const bench_roof *r);
bool bench_known_roofs(bench_session *s);     /* those of a journal that is resumed; false: all must be measured anew */
void bench_default_threads(bench_session *s); /* 1, 2, 4 .. all cores; --quick: one and all */
const char *bench_unmatched(const bench_session *s); /* the -k that no kernel bears; NULL: each has one */
void bench_survey(bench_session *s); /* counts the kernels that are meant; names those that CPU or build lack */
/* A kernel that the filter means: built in (plug-in index -1) or of the plug-in; NULL past the last. */
const assay_kernel *bench_kernel_at(const bench_session *s, size_t i, int *nth);
bench_task bench_task_of(const bench_session *s, const assay_problem *p, const assay_kernel *k, int nth, int threads,
                         bool cold);
void bench_print_marks(const struct cJSON *row, const char *indent);
void bench_print_rates(const struct cJSON *row, double ns); /* time of a call, rate, share of the roof */
/* The case and the problem of a line, or of the session's vector (its operands can be had once). */
assay_status bench_case(const bench_session *s, const char *line, assay_case *c, assay_why *why);
assay_status bench_problem(bench_session *s, const assay_case *c, assay_problem *p, assay_why *why);
assay_status bench_vector_rows(bench_session *s); /* of every file of --vector */
/* Too much for --quick: by the elements of all operands, and by the work where that does not depend on indices. */
bool bench_too_large(const assay_case *c);

/* ---- a budget of time (budget.c) ---------------------------------------------------------------------------- */

#define BENCH_LEFT_OUT "left out by the budget of time"    /* how the reason begins */
bool bench_budget_read(const char *text, double *seconds); /* 90s, 6m, 1h; false: it is none of these, or below 1 s */
void bench_budget_begin(bench_session *s);
double bench_budget_left(const bench_session *s); /* seconds; INFINITY without a budget */
void bench_budget_forget(bench_journal *b);       /* what an earlier run had no time for */
bool bench_budget_skips(const bench_session *s, const assay_op *op, const assay_args *a, const assay_kernel *k);
/* All problems that are meant: one of each op in turn, the most telling first; first the best tier of all, then others.
 */
assay_status bench_budget_rows(bench_session *s,
                               bool (*means)(const bench_options *, const assay_op *, const assay_workload *));
/* Every row of one line: "matmul T=1 N=4096 ..." */
assay_status bench_rows(bench_session *s, const char *line, const char *workload, double tokens);
assay_status bench_pairs(bench_session *s, const char *line, const char *workload);
/* Index 0: a, 1: b; r[].sample[0] is the median of a call. */
assay_status bench_pair_write(bench_session *s, const char *name, const bench_work *w, const bench_task *t,
                              bench_result *r, const bench_verdict *v, const bench_ratio *ratio);
/* "WORKLOAD", or where there are several "WORKLOAD:T=1,N=64": what is named once is measured once. */
void bench_name_case(const char *workload, bool several, const char *line, char *name, size_t n);
/* Rows of each call of the model, by the kernel that assay run would choose, or those that -k or a plug-in mean. */
assay_status bench_model_rows(bench_session *s);
bool bench_model_means(const bench_session *s, const assay_kernel *k); /* is the call in hand to be measured by it? */
/* Prints a line, and writes one, for each phase, team and cache state: its time by op and what the roofs allow. */
void bench_model_sum(bench_session *s);
void bench_model_json(const bench_session *s, assay_json *j); /* of the passport */
/* Elements of all operands; operations, 0 where they depend on indices. */
void bench_weigh(const assay_case *c, double *elements, double *flops);
bool bench_judge_whole(assay_level level, double flops); /* small enough for the oracle on all elements */

/* ---- commands ---------------------------------------------------------------------------------------------- */
int assay_cmd_bench(int argc, char **argv);
int assay_cmd_gate(int argc, char **argv);
int assay_cmd_doctor(int argc, char **argv);
#endif
