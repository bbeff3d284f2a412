/* SPDX-License-Identifier: MIT */
#include "fault.h"
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

/* What si_code says beyond the signal's name.  NULL stands for all others of that signal. */
static const struct {
    int signal, code;
    const char *says;
    bool nowhere; /* the address means nothing */
} table[] = {
    { SIGSEGV, SEGV_MAPERR, "nothing is mapped there", false },
    { SIGSEGV, SEGV_ACCERR, "that memory may not be used so", false },
#ifdef __x86_64__
    { SIGSEGV, SI_KERNEL,
      "general protection: likely a misaligned address in an instruction that wants it aligned (vmovaps), or one that "
      "is not canonical",
      true },
#endif
    { SIGBUS, BUS_ADRALN, "a misaligned address", false },
    { SIGBUS, BUS_ADRERR, "behind the end of what is mapped there", false },
    { SIGFPE, FPE_INTDIV, "an integer division by zero, or of the least integer by -1", true },
    { SIGFPE, FPE_INTOVF, "an integer overflow that traps", true },
    { SIGFPE, FPE_FLTDIV, "a floating-point division by zero, after the kernel has unmasked that exception", true },
    { SIGFPE, FPE_FLTOVF, "a floating-point overflow, after the kernel has unmasked that exception", true },
    { SIGFPE, FPE_FLTUND, "a floating-point underflow, after the kernel has unmasked that exception", true },
    { SIGFPE, FPE_FLTRES, "an inexact result, after the kernel has unmasked that exception", true },
    { SIGFPE, FPE_FLTINV, "an invalid floating-point operation, after the kernel has unmasked that exception", true },
    { SIGILL, ILL_ILLOPN, "an instruction that this CPU does not have, or a trap (ud2)", true },
    { SIGILL, ILL_ILLOPC, "an instruction that this CPU does not have, or a trap", true },
    { SIGILL, ILL_PRVOPC, "a privileged instruction", true },
};

static uintptr_t instruction(const void *context)
{
    const ucontext_t *c = context;
#if defined __x86_64__
    return (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return (uintptr_t)c->uc_mcontext.pc;
#else
    return (void)c, (uintptr_t)0;
#endif
}

const char *assay_fault_verb(const void *context)
{
#ifdef __x86_64__
    const ucontext_t *c = context;
    return c->uc_mcontext.gregs[REG_ERR] & 2 ? "writes" : "reads";
#else
    return (void)context, "touches";
#endif
}

const char *assay_fault_place(const void *context, char *text, size_t n)
{
    const uintptr_t at = instruction(context);
    Dl_info so;
    text[0] = 0;
    if (!at || !dladdr((const void *)at, &so) || !so.dli_fname)
        return text;
    const char *file = strrchr(so.dli_fname, '/') ? strrchr(so.dli_fname, '/') + 1 : so.dli_fname;
    const int used =
        snprintf(text, n, ", by the instruction at %.40s+0x%zx", file, (size_t)(at - (uintptr_t)so.dli_fbase));
    if (so.dli_sname && used > 0 && (size_t)used < n)
        snprintf(text + used, n - (size_t)used, " (%.40s+0x%zx)", so.dli_sname, (size_t)(at - (uintptr_t)so.dli_saddr));
    return text;
}

void assay_fault_words(const siginfo_t *info, const void *context, char *text, size_t n)
{
    char where[32] = "", place[160];
    const char *says = info->si_code <= 0 ? "the process has sent it to itself" : "";
    bool nowhere = info->si_code <= 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].signal == info->si_signo && table[i].code == info->si_code)
            says = table[i].says, nowhere = table[i].nowhere;
    if (!nowhere)
        snprintf(where, sizeof where, " at address %p", info->si_addr);
    snprintf(text, n, "signal %d (%s)%s%s%s%s", info->si_signo, strsignal(info->si_signo), where, *says ? ": " : "",
             says, info->si_code <= 0 ? "" : assay_fault_place(context, place, sizeof place));
}
