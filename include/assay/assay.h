/* SPDX-License-Identifier: MIT
 * assay.h - the whole public contract: types, tensors, the op description, the kernel entry, the plug-in ABI.
 * C11, depends only on the standard library; a plug-in needs nothing else of Assay (docs/plugin.md). */
#ifndef ASSAY_H
#define ASSAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_ABI        1u /* bumped when a struct below changes in a way that a size cannot say */
#define ASSAY_MAX_RANK   6
#define ASSAY_MAX_DIMS   12
#define ASSAY_MAX_OPND   16
#define ASSAY_MAX_PARAMS 128 /* bytes of an op's parameter struct */
#define ASSAY_MAX_PLANES 14

/* ---- status: every fallible function returns one of these -------------------------------------------- */

typedef enum assay_status {
    ASSAY_OK = 0,
    ASSAY_ERR_ARG,    /* NULL, unknown name, rank or count out of range        */
    ASSAY_ERR_SHAPE,  /* operand shapes disagree with the op's dimensions      */
    ASSAY_ERR_DTYPE,  /* element type not legal for this operand               */
    ASSAY_ERR_LAYOUT, /* stride, alignment, storage order or overlap not legal */
    ASSAY_ERR_PARAM,  /* parameter or index out of its declared range          */
    ASSAY_ERR_NOMEM,
    ASSAY_ERR_IO,
    ASSAY_ERR_FORMAT,  /* a file's content is not what its format says          */
    ASSAY_ERR_ABI,     /* plug-in built against another ASSAY_ABI               */
    ASSAY_UNSUPPORTED, /* legal, but not by this kernel or on this machine      */
} assay_status;

typedef struct assay_why {
    char text[240];
} assay_why; /* one sentence with operand and numbers; may be NULL */

/* ---- element types and storage orders ---------------------------------------------------------------- */

typedef enum assay_dtype {
#define DTYPE(id, number, block, bytes, u) ASSAY_##id = (number),
#include "assay/dtypes.def"
#undef DTYPE
    ASSAY_DTYPE_END = 128
} assay_dtype;

typedef struct assay_typeset {
    uint64_t bits[2];
} assay_typeset;                              /* bit n: the type numbered n */
#define ASSAY_T(t) (UINT64_C(1) << ASSAY_##t) /* types below 64: all so far */
#define ASSAY_TYPES(mask)                                                                                              \
    {                                                                                                                  \
        {                                                                                                              \
            (mask), 0                                                                                                  \
        }                                                                                                              \
    }
#define ASSAY_HAS(set, t) ((set).bits[(t) >> 6] >> ((t)&63) & 1)

typedef enum assay_layout {
#define LAYOUT(id, number) ASSAY_LAYOUT_##id = (number),
#include "assay/layouts.def"
#undef LAYOUT
    ASSAY_LAYOUT_END = 32
} assay_layout;

/* A view, never an owner.  stride[]: bytes from one index to the next; innermost: bytes per block (the step of
 * one block for quantized types); 0 only where the operand is BROADCAST.  Unused when layout is not strided. */
typedef struct assay_tensor {
    void *data; /* NULL: optional operand left out */
    assay_dtype type;
    uint32_t layout;
    int32_t rank;
    int64_t dim[ASSAY_MAX_RANK]; /* elements, outermost first */
    int64_t stride[ASSAY_MAX_RANK];
} assay_tensor;

/* ---- operands, fields, planes: what an op is made of, as data ---------------------------------------- */

typedef enum assay_access { ASSAY_IN, ASSAY_OUT, ASSAY_INOUT } assay_access;

/* EXACT: one right answer, bit for bit.  BOUNDED: within the op's bound.  DISCRETE: the op's verify() decides. */
typedef enum assay_class { ASSAY_BOUNDED, ASSAY_EXACT, ASSAY_DISCRETE } assay_class;

enum {                            /* assay_operand.flags */
       ASSAY_OPTIONAL = 1u << 0,  /* may be left out (data NULL); outputs too                                  */
       ASSAY_WEIGHT = 1u << 1,    /* known when a model is loaded: pack() sees it                              */
       ASSAY_BROADCAST = 1u << 2, /* any dimension may be given with length 1 (stride 0)                       */
       ASSAY_INDEX = 1u << 3,     /* values lie in [0, length of index_of): checked before the kernel          */
       ASSAY_COUNT = 1u << 4,     /* how many entries of dimension index_of hold results; beyond, poison stands */
       ASSAY_POSITION = 1u << 5,  /* token positions, or negative: an empty slot; with INDEX: an index, or none */
       ASSAY_MASK = 1u << 6,      /* additive mask: finite or -inf                                             */
       ASSAY_ANY_ZERO = 1u << 7,  /* EXACT output whose zeros may have either sign                             */
};

typedef struct assay_operand {
    const char *name, *shape; /* shape: letters of op->dims, outermost first: "BTHD" */
    assay_typeset types;      /* the first (lowest) one is what a case means when it names no type */
    assay_access access;
    uint32_t flags;
    char index_of;       /* INDEX, COUNT: the letter of a dimension */
    assay_class verdict; /* outputs */
    uint32_t layouts;    /* storage orders allowed besides strides: bit n = layout n; 0: strides only */
} assay_operand;

typedef enum assay_kind { ASSAY_KIND_I32, ASSAY_KIND_I64, ASSAY_KIND_F32, ASSAY_KIND_ENUM } assay_kind;

typedef struct assay_field { /* reflection of one member of a params struct: print, parse, range-check, fuzz */
    const char *name;
    assay_kind kind; /* ENUM: stored as int32_t */
    uint16_t offset;
    char along;               /* the letter of the dimension whose entries it counts; 0: it counts none */
    double min, max;          /* both ends legal */
    const char *const *names; /* ENUM: names of 0 .. max, NULL-terminated */
} assay_field;

#define ASSAY_FIELD(type, member, lo, hi) ASSAY_FIELD_ALONG(type, member, lo, hi, 0)
#define ASSAY_FIELD_ALONG(type, member, lo, hi, letter)                                                                \
    {                                                                                                                  \
#member,                                                                                                       \
            _Generic(((type *)0)->member, int32_t                                                                      \
                     : ASSAY_KIND_I32, int64_t                                                                         \
                     : ASSAY_KIND_I64, float                                                                           \
                     : ASSAY_KIND_F32),                                                                                \
            offsetof(type, member), letter, lo, hi, NULL                                                               \
    }
#define ASSAY_FIELD_ENUM(type, member, names)                                                                          \
    {                                                                                                                  \
#member, ASSAY_KIND_ENUM, offsetof(type, member), 0, 0, sizeof(names) / sizeof *(names)-2, names               \
    }

typedef struct assay_plane {
    const char *name, *shape;
} assay_plane; /* a condition quantity, letters of op->dims */

/* ---- contract: what a kernel promises about its arithmetic (docs/contracts.md) ------------------------ */

typedef enum assay_depth { ASSAY_DEPTH_ANY, ASSAY_DEPTH_LANES, ASSAY_DEPTH_PAIRWISE, ASSAY_DEPTH_BLOCKED } assay_depth;

typedef struct assay_round { /* an operand that the kernel itself rounds before it computes */
    const char *operand;     /* NULL: end of list */
    assay_dtype to;          /* through the encoder and decoder of this type, element type rules included */
    uint8_t reserved;        /* 0: another rule than the type's own (blocks.h; codes by x / d) has no bound */
} assay_round;

/* All zero is the strict default: f32 accumulation in any order, exp within 4 u, two-pass variance, nothing
 * rounded on the way, subnormals kept, NaN propagated, fully masked rows zero. */
typedef struct assay_contract {
    uint32_t size;   /* sizeof(assay_contract) it was built with; 0: today's */
    assay_dtype acc; /* accumulator */
    struct {
        assay_depth kind;
        int32_t lanes, block;
    } h;                                                      /* longest chain of additions of a reduction */
    float e_exp, e_log, e_tanh, e_erf, e_rsqrt, e_div, e_sin; /* in units of u; 0: the default 4 (rsqrt, div: 2) */
    assay_dtype p_round;                                      /* attention P is rounded to this type; f32: it is not */
    uint8_t one_pass_var, ftz, nan_ignored, masked_nan, erfc, odd_rounding;
    uint8_t
        split_min; /* block weights d q + m: sum(d q x) and m sum(x) are rounded apart (their sizes may exceed |w x|) */
    assay_round round[4];
} assay_contract;

/* ---- op: what is computed, as data -------------------------------------------------------------------- */

/* What a reference sees: dense row-major arrays of its real type (double or float), one per operand, NULL when
 * left out.  BROADCAST operands come expanded.  before[i]: an INOUT operand as it was; else NULL. */
typedef struct assay_dense {
    void *const *operand;
    void *const *before;
    const int64_t *dim;
    const void *params;
    const assay_dtype *type; /* what the operands are stored as: for bound() and verify(), a reference gets NULL */
    bool random;             /* the inputs are random numbers with full mantissas: for verify() */
    void *const *minimum;    /* for kappa(): of operands in blocks d q + m the m of each element; NULL: none */
} assay_dense;

typedef struct assay_args assay_args;

/* One call inside a fused op.  dims: for each dimension of the part, a letter of the fused op.  operand: for each
 * operand of the part an index into the fused op's operands, ASSAY_TEMP(i) for its i-th temporary, or ASSAY_LEFT_OUT.
 */
#define ASSAY_TEMP(i)  ((int8_t)(ASSAY_MAX_OPND + (i)))
#define ASSAY_LEFT_OUT ((int8_t)-1)
typedef struct assay_part {
    const char *op, *dims;
    const int8_t *operand;
    void (*params)(const void *fused, void *part); /* NULL: all zero */
} assay_part;

/* What a dimension means, which decides the lengths that it is tried at (conformance/rules/ladder.c). */
typedef enum assay_role {
    ASSAY_ROLE_ANY,     /* columns, outputs */
    ASSAY_ROLE_ROWS,    /* each index is computed from its own entries of the operands that have the dimension and from
                           the whole of the others, so that rows may be computed alone, together or in any batches */
    ASSAY_ROLE_SUM,     /* summed over, or searched */
    ASSAY_ROLE_HEAD,    /* the length of a head */
    ASSAY_ROLE_KEYS,    /* keys, slots of a cache */
    ASSAY_ROLE_TABLE,   /* rows to be looked up */
    ASSAY_ROLE_GROUPS,  /* few: heads of keys and values */
    ASSAY_ROLE_HEADS,   /* a multiple of the next dimension, which is GROUPS */
    ASSAY_ROLE_DERIVED, /* follows from others and from the fields: the op's suite sets it (mend) */
    ASSAY_ROLE_KEPT,    /* how many are kept of those that are searched: the k of a top-k */
    ASSAY_ROLE_FEW,     /* heads, experts: hundreds in any model */
    ASSAY_ROLE_PARTS    /* pieces that are merged: few as a rule, and any number */
} assay_role;

/* A sentence about a dimension (of: its letter), an operand or a field (its name), or about what ties them together
 * beyond their types and ranges (of: NULL): what resolve() refuses or fills in. */
typedef struct assay_said {
    const char *of, *says;
} assay_said;

typedef struct assay_op {
    uint32_t size;                     /* sizeof(assay_op) it was built with; 0: today's */
    uint32_t version;                  /* of its meaning; a kernel names the one it computes */
    const char *name, *formula, *dims; /* dims: one letter each */
    char split;                        /* the dimension that default work units cut */
    uint8_t n_operands, n_fields, n_planes, n_parts, n_temps;
    uint16_t params_size;
    const assay_operand *operands;
    const assay_field *fields;
    const assay_plane *planes;
    int8_t spread;            /* 1 + the plane that predicts the standard deviation (T2); 0: none */
    const assay_part *parts;  /* a fused op: its oracle and scalar are those of its parts */
    const char *const *temps; /* shapes of the temporaries between parts */
    /* What ties fields and index values to shapes; may fill defaults into params.  NULL: nothing to do. */
    assay_status (*resolve)(const assay_args *a, void *params, assay_why *why);
    void (*oracle)(const assay_dense *a); /* real = double */
    void (*scalar)(const assay_dense *a); /* real = float: the baseline */
    void (*kappa)(const assay_dense *a, double *const *planes);
    /* b[i]: bound per element of BOUNDED output i before it is rounded to its type, NaN where the golden is 0 or
     * infinite and NaN is as right; other entries are NULL */
    void (*bound)(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b);
    /* DISCRETE outputs: a holds inputs and golden, got[i] the kernel's output i as double */
    bool (*verify)(const assay_dense *a, void *const *got, const assay_contract *c, assay_why *why);
    double (*flops)(const assay_args *a); /* only what must be computed (visible keys) */
    double (*bytes)(const assay_args *a); /* only what must be touched (rows looked up); NULL: all operands once */
    uint8_t role[ASSAY_MAX_DIMS];         /* assay_role of each dimension, in the order of dims */
    const assay_said *says;               /* for readers: `assay list op NAME` */
    uint8_t n_says;
} assay_op;

/* ---- kernel: one way to compute an op ------------------------------------------------------------------ */

struct assay_args {              /* one call */
    const assay_tensor *operand; /* in the order of op->operands */
    const int64_t *dim;          /* lengths, in the order of op->dims */
    const void *params;          /* the op's struct, checked and resolved */
    uint32_t phase;              /* 0 .. phases - 1; a barrier stands between two */
    int64_t begin, end;          /* the work units to compute, of [0, units of this phase) */
    void *shared;                /* one per call: written in one phase, read in a later one */
    void *scratch;               /* one per worker; does not survive a phase; both 64-byte aligned */
    const void *packed;          /* what pack() made of the WEIGHT operands, or NULL if the kernel has no pack */
    const void *variant;         /* the kernel's own, wherever one of its functions is called */
};

enum {                                  /* assay_kernel.flags */
       ASSAY_UNSLICED = 1u << 0,        /* only begin = 0, end = units */
       ASSAY_OWN_THREADS = 1u << 1,     /* peers that bring a thread pool: one call at a time */
       ASSAY_INPLACE = 1u << 2,         /* an output may be the very tensor of the first input of its shape and type */
       ASSAY_BITEXACT = 1u << 3,        /* equal bits to every kernel of the op so marked */
       ASSAY_BATCH_INVARIANT = 1u << 4, /* a row's bits do not depend on the rows beside it */
       ASSAY_DETERMINISTIC = 1u << 5,   /* same bits in every run, for every team and every partition */
       ASSAY_CLEAN_UPPER = 1u << 6,     /* x86: upper halves of vector registers are zero after every entry point */
};

typedef struct assay_kernel {
    const char *op, *name; /* "matmul", "avx2_6x16" */
    uint32_t op_version, flags;
    uint64_t isa;                   /* CPU features it executes: ASSAY_ISA_* */
    const assay_typeset *types;     /* per operand: what it takes (combinations that accepts() refuses are left out) */
    const uint32_t *layouts;        /* per operand: bit n = layout n; NULL: strides everywhere */
    const assay_contract *contract; /* NULL: the strict default */
    const char *packing;            /* kernels with the same packing name share one packed copy of the same weights */
    assay_status (*run)(const assay_args *a); /* UNSUPPORTED before anything is written, or OK; for slices of one call
                                                 and of several at once: there is no state */
    bool (*accepts)(const assay_args *a); /* NULL: all that types and the op allow.  Data may be absent (NULL + type) */
    uint32_t (*phases)(const assay_args *a);      /* NULL: 1 */
    int64_t (*units)(const assay_args *a);        /* of a->phase, asked after the barrier; NULL: length of op->split */
    size_t (*shared)(const assay_args *a);        /* NULL: none */
    size_t (*scratch)(const assay_args *a);       /* NULL: none */
    size_t (*packed_bytes)(const assay_args *a);  /* sees WEIGHT operands and the dims they name only */
    void (*pack)(const assay_args *a, void *dst); /* all weights of the call at once; dst 64-byte aligned */
    const void *variant; /* read-only data by which kernels that share their functions differ; NULL: none */
} assay_kernel;

/* ---- plug-in: a shared object that exports one function, assay_plugin_v1 ------------------------------- */

typedef struct assay_plugin {
    uint32_t abi, kernel_size, op_size; /* first members for ever; an older header's shorter struct still loads */
    const char *name, *version;
    const assay_kernel *kernels;
    size_t n_kernels;
    const assay_op *ops; /* a plug-in may bring ops of its own */
    size_t n_ops;
} assay_plugin;

typedef const assay_plugin *(*assay_plugin_fn)(void);

/* ---- CPU features: one bit each; a kernel's isa is a bundle -------------------------------------------- */

enum {
    ASSAY_CPU_AVX2,
    ASSAY_CPU_FMA,
    ASSAY_CPU_F16C,
    ASSAY_CPU_BMI2,
    ASSAY_CPU_AVX512F,
    ASSAY_CPU_AVX512BW,
    ASSAY_CPU_AVX512VL,
    ASSAY_CPU_AVX512DQ,
    ASSAY_CPU_AVX512VNNI,
    ASSAY_CPU_AVX512BF16,
    ASSAY_CPU_NEON,
    ASSAY_CPU_DOTPROD,
    ASSAY_CPU_I8MM,
    ASSAY_CPU_END
};
#define ASSAY_CPU_BIT(f) (UINT64_C(1) << ASSAY_CPU_##f)
#define ASSAY_ISA_scalar 0
#define ASSAY_ISA_avx2   (ASSAY_CPU_BIT(AVX2) | ASSAY_CPU_BIT(FMA) | ASSAY_CPU_BIT(F16C) | ASSAY_CPU_BIT(BMI2))
#define ASSAY_ISA_avx512                                                                                               \
    (ASSAY_ISA_avx2 | ASSAY_CPU_BIT(AVX512F) | ASSAY_CPU_BIT(AVX512BW) | ASSAY_CPU_BIT(AVX512VL) |                     \
     ASSAY_CPU_BIT(AVX512DQ))
#define ASSAY_ISA_avx512vnni (ASSAY_ISA_avx512 | ASSAY_CPU_BIT(AVX512VNNI))
#define ASSAY_ISA_neon       ASSAY_CPU_BIT(NEON)
#define ASSAY_ISA_dotprod    (ASSAY_ISA_neon | ASSAY_CPU_BIT(DOTPROD))

#endif
