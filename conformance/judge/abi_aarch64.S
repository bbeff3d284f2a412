/* SPDX-License-Identifier: MIT
 * abi_aarch64.S - the trampoline of abi.h for AAPCS64.  After the call nothing but the thread pointer is trusted: the
 * state is found again through thread-local storage. */
#include "abi.h"
#if defined(__aarch64__)
#define FRAME (8 * ABI_CANARY_WORDS + 8)
    .text
    .globl assay_abi_trampoline
    .hidden assay_abi_trampoline
    .type assay_abi_trampoline, %function
    .p2align 4

    .macro general op, at /* stp or ldp of all that a callee must keep */
    \op x19, x20, [x9, \at]
    \op x21, x22, [x9, \at + 16]
    \op x23, x24, [x9, \at + 32]
    \op x25, x26, [x9, \at + 48]
    \op x27, x28, [x9, \at + 64]
    .endm
    .macro vectors op
    \op d8, d9, [x10]
    \op d10, d11, [x10, 16]
    \op d12, d13, [x10, 32]
    \op d14, d15, [x10, 48]
    .endm

assay_abi_trampoline: /* x0 f, x1 a, x2 b, x3 state */
    .cfi_startproc
    mov x9, x3
    general stp, ABI_OWN
    str x29, [x9, ABI_OWN + 80]
    add x10, x9, ABI_OWN + 88
    vectors stp
    str x30, [x9, ABI_LINK]
    mov x10, sp
    str x10, [x9, ABI_SP]
    mrs x10, fpcr
    str x10, [x9, ABI_MODE]
    mrs x10, tpidr_el0
    adrp x11, :gottprel:assay_abi_now
    ldr x11, [x11, :gottprel_lo12:assay_abi_now]
    str x9, [x10, x11]

    sub sp, sp, FRAME
    .cfi_adjust_cfa_offset FRAME
    ldr x12, =ABI_CANARY
    mov x11, FRAME
1:  sub x11, x11, 8
    str x12, [sp, x11]
    cbnz x11, 1b

    /* what a callee may not expect anything of is filled with NaN, and ones */
    .irp r, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    movi v\r\().16b, 255
    .endr
    general ldp, ABI_IN
    ldr x29, [x9, ABI_IN + 80]
    add x10, x9, ABI_IN + 88
    vectors ldp
    mov x16, x0
    mov x0, x1
    mov x1, x2
    .irp r, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17
    mov x\r, -1
    .endr
    blr x16

    mrs x10, tpidr_el0
    adrp x11, :gottprel:assay_abi_now
    ldr x11, [x11, :gottprel_lo12:assay_abi_now]
    ldr x9, [x10, x11]
    general stp, ABI_OUT
    str x29, [x9, ABI_OUT + 80]
    add x10, x9, ABI_OUT + 88
    vectors stp
    mov x10, sp
    add x10, x10, FRAME
    str x10, [x9, ABI_SP_OUT]
    ldr x10, [x9, ABI_SP]
    sub sp, x10, FRAME
    mrs x10, fpcr
    str x10, [x9, ABI_MODE_OUT]
    ldr x10, [x9, ABI_MODE]
    msr fpcr, x10

    ldr x12, =ABI_CANARY
    mov x11, 0
6:  ldr x10, [sp, x11, lsl 3]
    cmp x10, x12
    b.ne 7f
    add x11, x11, 1
    cmp x11, FRAME / 8
    b.lo 6b
    mov x11, -1
7:  add x11, x11, 1
    str x11, [x9, ABI_TORN]

    general ldp, ABI_OWN
    ldr x29, [x9, ABI_OWN + 80]
    add x10, x9, ABI_OWN + 88
    vectors ldp
    ldr x30, [x9, ABI_LINK]
    add sp, sp, FRAME
    .cfi_adjust_cfa_offset -FRAME
    ret
    .ltorg
    .cfi_endproc
    .size assay_abi_trampoline, .-assay_abi_trampoline
#endif
    .section .note.GNU-stack, "", %progbits
