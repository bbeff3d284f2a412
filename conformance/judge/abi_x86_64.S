/* SPDX-License-Identifier: MIT
 * abi_x86_64.S - the trampoline of abi.h for the System V calling convention.  After the call nothing but the thread
 * pointer is trusted: the state is found again through thread-local storage. */
#include "abi.h"
#if defined(__x86_64__)
    .text
    .globl assay_abi_trampoline
    .hidden assay_abi_trampoline
    .type assay_abi_trampoline, @function
    .p2align 4
assay_abi_trampoline: /* rdi f, rsi a, rdx b, rcx state */
    .cfi_startproc
    movq %rbx, ABI_OWN(%rcx)
    movq %rbp, ABI_OWN+8(%rcx)
    movq %r12, ABI_OWN+16(%rcx)
    movq %r13, ABI_OWN+24(%rcx)
    movq %r14, ABI_OWN+32(%rcx)
    movq %r15, ABI_OWN+40(%rcx)
    movq %rsp, ABI_SP(%rcx)
    movq assay_abi_now@gottpoff(%rip), %rax
    movq %rcx, %fs:(%rax)

    subq $(8 * ABI_CANARY_WORDS), %rsp
    .cfi_adjust_cfa_offset 8 * ABI_CANARY_WORDS
    movl $ABI_CANARY_WORDS, %eax
    movabsq $ABI_CANARY, %r8
1:  movq %r8, -8(%rsp,%rax,8)
    decl %eax
    jnz 1b

    stmxcsr ABI_MODE(%rcx)
    fnstcw ABI_X87(%rcx)
    cmpl $0, ABI_WIDTH(%rcx)
    je 2f
    vzeroupper
2:  /* what a callee may not expect anything of is filled with NaN, and ones */
    .irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pcmpeqd %xmm\r, %xmm\r
    .endr
    movq ABI_IN(%rcx), %rbx
    movq ABI_IN+8(%rcx), %rbp
    movq ABI_IN+16(%rcx), %r12
    movq ABI_IN+24(%rcx), %r13
    movq ABI_IN+32(%rcx), %r14
    movq ABI_IN+40(%rcx), %r15
    movq %rdi, %r11
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq $-1, %rdx
    movq %rdx, %rcx
    movq %rdx, %r8
    movq %rdx, %r9
    movq %rdx, %r10
    movq %rdx, %rax
    call *%r11

    movq assay_abi_now@gottpoff(%rip), %rcx
    movq %fs:(%rcx), %rcx
    movq %rbx, ABI_OUT(%rcx)
    movq %rbp, ABI_OUT+8(%rcx)
    movq %r12, ABI_OUT+16(%rcx)
    movq %r13, ABI_OUT+24(%rcx)
    movq %r14, ABI_OUT+32(%rcx)
    movq %r15, ABI_OUT+40(%rcx)
    leaq 8*ABI_CANARY_WORDS(%rsp), %rdx
    movq %rdx, ABI_SP_OUT(%rcx)
    movq ABI_SP(%rcx), %rsp
    subq $(8 * ABI_CANARY_WORDS), %rsp

    pushfq
    popq %rdx
    movq %rdx, ABI_FLAGS(%rcx)
    andq $~0x40400, %rdx /* direction and alignment check off */
    pushq %rdx
    popfq

    leaq ABI_VECTOR(%rcx), %rdx
    cmpl $32, ABI_WIDTH(%rcx)
    jb 5f
    ja 4f
    .irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmovups %ymm\r, 64*\r(%rdx)
    .endr
    vzeroupper
    jmp 5f
4:  .irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmovups %zmm\r, 64*\r(%rdx)
    .endr
    vzeroupper
5:
    fnstenv ABI_X87_OUT(%rcx) /* masks all exceptions: nothing pending is raised */
    stmxcsr ABI_MODE_OUT(%rcx)
    fninit
    fldcw ABI_X87(%rcx)
    ldmxcsr ABI_MODE(%rcx)

    movabsq $ABI_CANARY, %r8
    xorl %edx, %edx
6:  cmpq %r8, (%rsp,%rdx,8)
    jne 7f
    incl %edx
    cmpl $ABI_CANARY_WORDS, %edx
    jb 6b
    movl $-1, %edx
7:  incl %edx
    movq %rdx, ABI_TORN(%rcx)

    movq ABI_OWN(%rcx), %rbx
    movq ABI_OWN+8(%rcx), %rbp
    movq ABI_OWN+16(%rcx), %r12
    movq ABI_OWN+24(%rcx), %r13
    movq ABI_OWN+32(%rcx), %r14
    movq ABI_OWN+40(%rcx), %r15
    addq $(8 * ABI_CANARY_WORDS), %rsp
    .cfi_adjust_cfa_offset -8 * ABI_CANARY_WORDS
    ret
    .cfi_endproc
    .size assay_abi_trampoline, .-assay_abi_trampoline
#endif
    .section .note.GNU-stack, "", %progbits
