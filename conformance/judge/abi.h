/* SPDX-License-Identifier: MIT
 * abi.h - what a call must leave as it was: callee-saved registers, the caller's stack, the modes of the floating-point
 * units.  Every entry point of the kernel that is judged is called through a trampoline in assembly
 * (abi_<machine>.S), which fills the callee-saved registers with patterns, lays a canary above the callee's frame, and
 * puts everything back after the call, so that the run goes on.  It reads the offsets below. */
#ifndef ASSAY_ABI_TRAMPOLINE_H
#define ASSAY_ABI_TRAMPOLINE_H

#define ABI_CANARY_WORDS 33 /* 8 bytes each; odd: with the return address the frame is a multiple of 16 */
#if defined(__x86_64__)
#define ABI_GENERAL 6 /* rbx rbp r12 r13 r14 r15 */
#elif defined(__aarch64__)
#define ABI_GENERAL 19 /* x19 .. x29, d8 .. d15 */
#else
#define ABI_GENERAL 1 /* no trampoline for this machine */
#endif
#define ABI_IN         0                  /* the patterns */
#define ABI_OUT        (8 * ABI_GENERAL)  /* what came back */
#define ABI_OWN        (16 * ABI_GENERAL) /* the trampoline's own */
#define ABI_SP         (24 * ABI_GENERAL) /* its stack pointer */
#define ABI_SP_OUT     (ABI_SP + 8)       /* the stack pointer after the call */
#define ABI_LINK       (ABI_SP + 16)      /* aarch64: the return address */
#define ABI_TORN       (ABI_SP + 24)      /* 1 + the first word of the canary that was overwritten; 0: none */
#define ABI_FLAGS      (ABI_SP + 32)      /* rflags after */
#define ABI_MODE       (ABI_SP + 40)      /* MXCSR or FPCR before */
#define ABI_MODE_OUT   (ABI_SP + 48)      /* after */
#define ABI_X87        (ABI_SP + 56)      /* control word before */
#define ABI_X87_OUT    (ABI_SP + 64)      /* 28 bytes as FNSTENV writes them */
#define ABI_WIDTH      (ABI_SP + 96)      /* bytes per vector register to look at: 0, 32 or 64 */
#define ABI_VECTOR     (ABI_SP + 104)     /* 16 registers of 64 bytes */
#define ABI_CANARY     0x5ca1ab1e0ddba115
#define ABI_STATE_SIZE (ABI_VECTOR + 1024)

#ifndef __ASSEMBLER__
#include "assay/assay.h"

typedef struct assay_abi_state {
    uint64_t in[ABI_GENERAL], out[ABI_GENERAL], own[ABI_GENERAL];
    uint64_t sp, sp_out, link, torn, flags, mode, mode_out, x87;
    uint32_t x87_out[8];
    uint64_t width;
    unsigned char vector[16][64];
} assay_abi_state;

typedef void (*assay_abi_fn)(void);
/* Calls f(a, b) and returns what f left in the result register. */
uint64_t assay_abi_trampoline(assay_abi_fn f, const void *a, void *b, assay_abi_state *s);
extern _Thread_local assay_abi_state *assay_abi_now; /* where a trampoline finds its state again */

/* Replaces the entry points of k, a copy that the caller owns, by ones that call the true ones through the trampoline.
 * One kernel at a time. */
void assay_abi_wrap(assay_kernel *k, bool built_in);
/* Did a call since assay_abi_wrap break a rule?  why: the first, as a sentence. */
bool assay_abi_broken(assay_why *why);
/* Did one do what is legal and may cost its caller?  The first, as a sentence; else empty. */
void assay_abi_note(assay_why *note);

/* Is the floating-point environment of this thread the one that C programs start with?  If not, why says what is
 * different, and it is put right. */
bool assay_abi_environment(assay_why *why);
/* What is looked at on this CPU, and what cannot be, with its reason. */
const char *assay_abi_checks(void);
#endif
#endif
