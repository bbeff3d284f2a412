/* SPDX-License-Identifier: MIT
 * suite.h - what each op brings for its own testing and measuring, as tables: cases (conformance/ops/<op>.c), faults
 * (conformance/ops/<op>.faults.c), and tables of what is measured, kept as golden vectors, and must hold without a
 * golden.  The registry collects them by the lines of ops.def, so an op without them does not link. */
#ifndef ASSAY_CORE_SUITE_H
#define ASSAY_CORE_SUITE_H
#include "case.h"
#include "rng.h"

/* EXACT: the golden is reached by every legal order of operations, bit for bit: judged by memcmp.
 * RANDOM: random full mantissas: T1 and T2.  ADVERSARIAL: T1.  CLASS: NaN, inf and signs are the point. */
typedef enum assay_tag { ASSAY_TAG_RANDOM, ASSAY_TAG_EXACT, ASSAY_TAG_ADVERSARIAL, ASSAY_TAG_CLASS } assay_tag;

/* Fills the dense values of operand i of a case (IN and INOUT operands, in order; value[j] of j < i are filled).
 * Values are then encoded into the operand's type and decoded again, so the oracle sees what the kernel sees.
 * Returns false to leave this operand to the default: by its flags (indices uniform, positions 0.., mask open) or
 * gauss. */
typedef bool (*assay_fill)(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng);

typedef double (*assay_draw)(const assay_case *c, int i, int64_t j, assay_rng *rng);

struct assay_gen {
    const char *name;
    assay_tag tag;
    assay_fill fill; /* a whole operand at once, or */
    assay_draw
        draw; /* element j of operand i by itself; operands with a role (index, position, mask) keep their default */
    const char *says; /* one sentence; NULL: an op's own, which says it in its suite */
    double most;      /* it makes numbers up to this size; 0: nothing that a type of blocks could not scale */
    bool tight; /* not RANDOM, and yet some legal kernel must use a fair share of the bound (scores/tightness.h) */
};

/* Generators that any op may use (fill.c); an op's own stand in its suite and win over these. */
extern const assay_gen assay_gens[];
extern const size_t assay_n_gens;

/* Generators KIND@OPERAND (values.h): the operand in turn holds special values, the others numbers that let them decide
 * the result.  Writes the at-th one that makes sense for the op, if there is one, and returns how many there are.
 * types: of that operand, those with which it makes sense. */
typedef struct assay_value_gen {
    const assay_gen *gen;
    int operand; /* assay_case.gen_at = 1 + operand */
    assay_typeset types;
} assay_value_gen;
size_t assay_gens_of(const assay_op *op, size_t at, assay_value_gen *out);
/* "gauss" or "nan@w"; returns its length as snprintf does. */
int assay_gen_print(const assay_case *c, char *text, size_t n);

/* Does a generator show how tight a bound is? */
static inline bool assay_gen_gated(const assay_gen *g)
{
    return g->tag == ASSAY_TAG_RANDOM || g->tight;
}

/* How much a run holds.  EXHAUSTIVE has no time limit: every case with several seeds. */
typedef enum assay_level { ASSAY_QUICK, ASSAY_FULL, ASSAY_EXHAUSTIVE } assay_level;

/* The op once more, with the reference's own signature but in long double, or in integers, and from its definition
 * alone, so that reference and bound are not the only word on what is right. */
typedef void (*assay_second)(const assay_dense *a);
#define SECOND(op) static void second_##op(const assay_dense *a)

typedef struct assay_rows {
    const char *pattern;
    assay_level level; /* the first level that holds it */
} assay_rows;

/* A known answer, worked out outside this project: what the inputs of a small case hold (what is beyond the case's
 * lengths does not count), and what its outputs must, one behind the other. */
enum { ASSAY_KNOWN = 8, ASSAY_KNOWN_INPUTS = 6 };
typedef struct assay_known_answer {
    const char *line;                              /* the case, without op and gen */
    double given[ASSAY_KNOWN_INPUTS][ASSAY_KNOWN]; /* by operand; of an INOUT one what stood there before */
    double want[ASSAY_KNOWN];                      /* finite numbers to 12 digits */
} assay_known_answer;

typedef struct assay_suite {
    const char *op;
    const assay_rows *rows;
    size_t n_rows;
    const assay_gen *gens;
    size_t n_gens; /* the op's own */
    assay_fill
        fill; /* tried first, whatever the generator: operands only this op understands (lengths, pages); NULL: none */
    const char *const *exact;  /* names of common generators that are exact for this op, NULL-terminated */
    const char *const *holes;  /* coverage holes that are meant: "what: reason", NULL-terminated */
    const char *const *unseen; /* implied slips (conformance/rules/) that are none for this op: "GLOB: reason" */
    const assay_known_answer *answers;
    size_t n_answers;
    /* More that is known and needs no kernel: true if all holds; why names the first that does not.  NULL: nothing */
    bool (*known)(assay_why *why);
    assay_second second; /* compared with the reference on every small case that is judged; NULL: none */
    /* Asked before c->gen->fill: writes the n bytes of operand i themselves (dense), for blocks that no encoder writes,
     * and returns true.  NULL: never */
    bool (*raw)(const assay_case *c, int i, void *data, size_t n, assay_rng *rng);
    /* For cases that are made by rule (conformance/rules).  mend: makes a drawn case one that resolve() allows, where
     * dimensions and fields depend on each other; NULL: nothing to do.  fits: are its generator's numbers what the tag
     * says for these lengths and operands, and does no usual formula overflow on the way?  NULL: always. */
    void (*mend)(assay_case *c);
    bool (*fits)(const assay_case *c, assay_why *why);
    /* For gen=end@OUTPUT: element j of input i, so that outputs are about assay_landing() (values.h). NULL: none can
     * lie there. */
    double (*land)(const assay_case *c, int i, int64_t j);
    bool rows_only; /* nothing is made by rule: a probe of the contract */
    bool draws_own; /* its own generators meet everything, too, not only what the rows say */
} assay_suite;

typedef enum assay_fault_kind { ASSAY_FAULT, ASSAY_LEGAL } assay_fault_kind;
typedef struct assay_fault {
    assay_fault_kind kind; /* FAULT: must fail; LEGAL: must pass */
    assay_kernel kernel;
    const char *source; /* where it comes from: "slip: tail", "ggml-org/llama.cpp#1393", "legal: pairwise sum" */
    const char *says;   /* words that the first finding must hold, when it must be caught for one reason; NULL: any */
} assay_fault;
typedef struct assay_faults {
    const char *op;
    const assay_fault *fault;
    size_t n;
} assay_faults;

/* What an op brings besides its cases, as tables whose lines are cases without the op: */
typedef struct assay_workload { /* what `assay bench` measures, named after models */
    const char *name, *line;    /* without gen and seed; w=*: every type that a kernel takes */
    double tokens;              /* how many one call advances; 0: the row has no tokens/s */
} assay_workload;

/* What `assay vectors generate` writes to vectors/data/<op>/<name>.safetensors: small shapes, every element type, each
 * optional operand, each field, special values. */
typedef struct assay_vector_case {
    const char *name, *line;
} assay_vector_case;

typedef enum assay_act {
    ASSAY_ACT_AFFINE,  /* operands `on` become by * v + plus */
    ASSAY_ACT_REVERSE, /* the dimensions `on` run backward, in every operand that has them */
    ASSAY_ACT_PREFIX,  /* the dimensions `on` are cut to their first half */
    ASSAY_ACT_APPEND,  /* dimension `on` is longer by 3: 0 there, or `plus` in the operands `fill` */
    ASSAY_ACT_CUT,     /* dimension `on` is computed in two calls */
    ASSAY_ACT_CARRY,   /* so too, and operand `fill` of the second is what the first wrote in `left` */
    ASSAY_ACT_SWAP,    /* the two operands `on` change places */
    ASSAY_ACT_ADD,     /* operand `on` is the sum of two: so are the results */
    ASSAY_ACT_TOTAL,   /* each innermost row sums to `by` */
    ASSAY_ACT_NORM,    /* each innermost row keeps the length of that of `on` */
} assay_act;

/* Two results of one kernel, what is done to the inputs of the second, and what its outputs must then be
 * (docs/metamorphic.md).  Bit for bit where every legal order gives the same bits: powers of two, signs, integers whose
 * sums are exact; else within a slack. */
typedef struct assay_relation {
    const char *says, *line; /* line: a pattern */
    assay_act act;
    const char *on;     /* names of operands, or the letter of a dimension */
    double by, plus;    /* AFFINE, APPEND, TOTAL */
    const char *fill;   /* APPEND: operands that get `plus` there; CARRY: the operand that gets `left` */
    const char *left;   /* CARRY: an output that says how things stand after the call */
    double out, more;   /* the outputs are then the former ones times out (0: 1) plus more */
    const char *less;   /* and less this operand */
    const char *equals; /* the outputs are this operand, not the former outputs */
    double slack;       /* in u of the largest number of its row; 0: bit for bit */
} assay_relation;

typedef struct assay_tables {
    const assay_workload *workloads;
    size_t n_workloads;
    const assay_vector_case *vectors;
    size_t n_vectors;
    const assay_relation *relations;
    size_t n_relations;
} assay_tables;

/* Kinds of values for the rows of a suite: of plain floats of any width, of f32 and bf16 too, of masks, of blocks. */
#define ASSAY_VALUES                                                                                                   \
    "{nan,inf,minus-inf,inf-inf,signed-zero,subnormal,smallest-normal,end,equal-start,zero-tile,low-tile,one-spike,"   \
    "all-low}"
#define ASSAY_SQUARES     "{square-under,square-over}"
#define ASSAY_MASK_VALUES "{minus-inf,signed-zero,subnormal,end,low-tile,all-low}"
#define ASSAY_SCALES      "{scale-zero,scale-subnormal,scale-minus,scale-end,scale-inf,scale-nan}"
#define ASSAY_MINIMA      "{minimum-zero,minimum-subnormal,minimum-end,minimum-inf,minimum-nan}"

#define ASSAY_COUNT_OF(a) (sizeof(a) / sizeof *(a))
/* Rows of a suite's gens: by operand or by element; TIGHT: some legal kernel must use a fair share of the bound there.
 */
#define GEN_FILL(title, kind, f, words)                                                                                \
    {                                                                                                                  \
        .name = title, .tag = ASSAY_TAG_##kind, .fill = f, .says = words                                               \
    }
#define GEN_DRAW(title, kind, f, words)                                                                                \
    {                                                                                                                  \
        .name = title, .tag = ASSAY_TAG_##kind, .draw = f, .says = words                                               \
    }
#define TIGHT_FILL(title, kind, f, words)                                                                              \
    {                                                                                                                  \
        .name = title, .tag = ASSAY_TAG_##kind, .fill = f, .says = words, .tight = true                                \
    }
#define TIGHT_DRAW(title, kind, f, words)                                                                              \
    {                                                                                                                  \
        .name = title, .tag = ASSAY_TAG_##kind, .draw = f, .says = words, .tight = true                                \
    }
/* SUITE(silu) = { USUAL_TABLES(silu), .holes = holes, ... }; */
#define SUITE(op) const assay_suite assay_suite_##op
#define USUAL_TABLES(name)                                                                                             \
    .op = #name, .second = second_##name, .draws_own = true, .rows = rows, .n_rows = ASSAY_COUNT_OF(rows),             \
    .gens = gens, .n_gens = ASSAY_COUNT_OF(gens), .answers = answers, .n_answers = ASSAY_COUNT_OF(answers)
#endif
