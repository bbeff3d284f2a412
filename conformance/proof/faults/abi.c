/* SPDX-License-Identifier: MIT
 * Kernels of mul that multiply right and break the calling convention, each in one way, and legal ones that come close.
 * Their code is in abi_<machine>.S: one entry per line of the lists below. */
#include "../../ops/faults.h"

assay_status assay_abi_right(const assay_args *a)
{
    for (int64_t r = a->begin; r < a->end; r++) {
        const assay_tensor *t = a->operand;
        const float *p = (const float *)((const char *)t[0].data + r * t[0].stride[0]);
        const float *q = (const float *)((const char *)t[1].data + r * t[1].stride[0]);
        float *y = (float *)((char *)t[2].data + r * t[2].stride[0]);
        for (int64_t c = 0; c < a->dim[1]; c++)
            y[c] = p[c] * q[c];
    }
    return ASSAY_OK;
}
int64_t assay_abi_rows(const assay_args *a)
{
    return a->dim[0];
}

/* entry, tier, name, what the finding must say, where it comes from */
#if defined(__x86_64__)
#define WRONG(X)                                                                                                       \
    X(rbx, scalar, "abi-rbx", "left rbx changed", "callee-saved register")                                             \
    X(rbp, scalar, "abi-rbp", "left rbp changed", "callee-saved register")                                             \
    X(r12, scalar, "abi-r12", "left r12 changed", "callee-saved register")                                             \
    X(r13, scalar, "abi-r13", "left r13 changed", "callee-saved register")                                             \
    X(r14, scalar, "abi-r14", "left r14 changed", "callee-saved register")                                             \
    X(r15, scalar, "abi-r15", "left r15 changed", "callee-saved register")                                             \
    X(sp, scalar, "abi-stack-pointer", "stack pointer +8 bytes off", "ret 8: another convention")                      \
    X(stack, scalar, "abi-home-space", "wrote above its stack frame", "Microsoft's convention: the caller's 32 bytes") \
    X(direction, scalar, "abi-direction-flag", "direction flag", "std without cld")                                    \
    X(ftz, scalar, "abi-flush-to-zero", "(flush to zero)", "calling convention: MXCSR")                                \
    X(daz, scalar, "abi-denormals-are-zero", "(denormals are zero)", "calling convention: MXCSR")                      \
    X(rounding, scalar, "abi-rounding", "(rounding to zero)", "calling convention: MXCSR")                             \
    X(traps, scalar, "abi-invalid-traps", "(invalid operations trap)", "calling convention: MXCSR")                    \
    X(x87_precision, scalar, "abi-x87-precision", "(single precision)", "x87 left at single precision")                \
    X(mmx, scalar, "abi-mmx-no-emms", "tag word", "calling convention: x87 tag word")                                  \
    X(x87_stack, scalar, "abi-x87-stack", "tag word", "a value left on the x87 stack")                                 \
    X(ymm, avx2, "abi-no-vzeroupper", "upper half of ymm7", "calling convention: upper halves")                        \
    X(team, scalar, "abi-r13-later-slices", "r13 changed", "callee-saved register, not in the first slice")
#define LEGAL(X)                                                                                                       \
    X(legal_saved, scalar, "abi-legal-saved", NULL, "legal: saved and put back")                                       \
    X(legal_status, scalar, "abi-legal-status", NULL, "legal: sticky flags, caller-saved registers, red zone")         \
    X(legal_zeroupper, avx2, "abi-legal-vzeroupper", NULL, "legal: wide vectors and vzeroupper")
#ifdef ASSAY_EMULATE
#define WRONG_512(X)
#define LEGAL_512(X)
#else
#define WRONG_512(X)                                                                                                   \
    X(zmm, avx512, "abi-zmm-upper", "upper half of zmm9", "calling convention: upper halves, bits 256 and up only")
#define LEGAL_512(X) X(legal_zmm16, avx512, "abi-legal-zmm16", NULL, "legal: zmm16-31 have no legacy half")
#endif
#define KEPT_PACK  "pack() left r14 changed"
#define KEPT_UNITS "units() left rbx changed"
#elif defined(__aarch64__)
#define KEPT_PACK  "pack() left d14 changed"
#define KEPT_UNITS "units() left x26 changed"
#define WRONG(X)                                                                                                       \
    X(x19, neon, "abi-x19", "left x19 changed", "callee-saved register")                                               \
    X(x20, neon, "abi-x20", "left x20 changed", "callee-saved register")                                               \
    X(x21, neon, "abi-x21", "left x21 changed", "callee-saved register")                                               \
    X(x22, neon, "abi-x22", "left x22 changed", "callee-saved register")                                               \
    X(x23, neon, "abi-x23", "left x23 changed", "callee-saved register")                                               \
    X(x24, neon, "abi-x24", "left x24 changed", "callee-saved register")                                               \
    X(x25, neon, "abi-x25", "left x25 changed", "callee-saved register")                                               \
    X(x26, neon, "abi-x26", "left x26 changed", "callee-saved register")                                               \
    X(x27, neon, "abi-x27", "left x27 changed", "callee-saved register")                                               \
    X(x28, neon, "abi-x28", "left x28 changed", "callee-saved register")                                               \
    X(x29, neon, "abi-x29", "left x29 changed", "frame pointer")                                                       \
    X(d8, neon, "abi-d8", "left d8 changed", "calling convention: d8-d15")                                             \
    X(d9, neon, "abi-d9", "left d9 changed", "calling convention: d8-d15")                                             \
    X(d10, neon, "abi-d10", "left d10 changed", "calling convention: d8-d15")                                          \
    X(d11, neon, "abi-d11", "left d11 changed", "calling convention: d8-d15")                                          \
    X(d12, neon, "abi-d12", "left d12 changed", "calling convention: d8-d15")                                          \
    X(d13, neon, "abi-d13", "left d13 changed", "calling convention: d8-d15")                                          \
    X(d14, neon, "abi-d14", "left d14 changed", "calling convention: d8-d15")                                          \
    X(d15, neon, "abi-d15", "left d15 changed", "calling convention: d8-d15")                                          \
    X(sp, neon, "abi-stack-pointer", "stack pointer +16 bytes off", "returns with the stack unbalanced")               \
    X(stack, neon, "abi-home-space", "wrote above its stack frame", "writes above its frame")                          \
    X(ftz, neon, "abi-flush-to-zero", "(flush to zero)", "calling convention: FPCR")                                   \
    X(rounding, neon, "abi-rounding", "(rounding to zero)", "calling convention: FPCR")                                \
    X(default_nan, neon, "abi-default-nan", "(default NaN)", "calling convention: FPCR")                               \
    X(team, neon, "abi-x21-later-slices", "x21 changed", "callee-saved register, not in the first slice")
#define LEGAL(X)                                                                                                       \
    X(legal_saved, neon, "abi-legal-saved", NULL, "legal: saved and put back")                                         \
    X(legal_status, neon, "abi-legal-status", NULL, "legal: FPSR, high half of v9, caller-saved registers")
#define WRONG_512(X)
#define LEGAL_512(X)
#endif

#ifdef WRONG
#define DECLARE(entry, isa, title, says, where) assay_status assay_abi_##entry(const assay_args *a);
WRONG(DECLARE)
WRONG_512(DECLARE)
LEGAL(DECLARE)
LEGAL_512(DECLARE)
void assay_abi_pack(const assay_args *a, void *to);
int64_t assay_abi_units(const assay_args *a);

static size_t some(const assay_args *a)
{
    (void)a;
    return 64;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define ROW(what, entry, tier, title, says, where)                                                                     \
    { what,                                                                                                            \
      { .op = "mul", .types = types, .name = title, .run = assay_abi_##entry, .isa = ASSAY_ISA_##tier },               \
      where,                                                                                                           \
      says },
#define WRONG_ROW(entry, isa, title, says, where) ROW(ASSAY_FAULT, entry, isa, title, says, where)
#define RIGHT_ROW(entry, isa, title, says, where) ROW(ASSAY_LEGAL, entry, isa, title, says, where)
static const assay_fault table[] = {
    { ASSAY_FAULT,
      { .op = "mul",
        .types = types,
        .name = "abi-pack",
        .run = assay_abi_right,
        .packed_bytes = some,
        .pack = assay_abi_pack },
      "callee-saved register, by pack()",
      KEPT_PACK },
    { ASSAY_FAULT,
      { .op = "mul", .types = types, .name = "abi-units", .run = assay_abi_right, .units = assay_abi_units },
      "callee-saved register, by units()",
      KEPT_UNITS },
    WRONG(WRONG_ROW) WRONG_512(WRONG_ROW) LEGAL(RIGHT_ROW) LEGAL_512(RIGHT_ROW)
};
#define TABLE table, ASSAY_COUNT_OF(table)
#else
#define TABLE NULL, 0
#endif

const assay_faults assay_faults_abi = { "mul", TABLE };
