/* SPDX-License-Identifier: MIT
 * The rules: System V x86-64 psABI 3.2.1 (rbx rbp r12-r15 and rsp kept, direction flag clear, x87 registers empty, the
 * control bits of MXCSR and the x87 control word kept, status bits not) and AAPCS64 6.1 (x19-x29, sp and the low halves
 * of v8-v15 kept, FPCR kept, FPSR not).  Upper halves of ymm0-15 in use after a call cost every later SSE instruction a
 * transition or a false dependence on CPUs that have one (Intel optimization manual, "Mixing AVX code with SSE code").
 * No psABI forbids them: of a stranger's kernel that is a note, unless it promises ASSAY_CLEAN_UPPER, as this project's
 * kernels do.  They are zero before the call and are read after it. */
#include "abi.h"
#include "../../reference/core/status.h"
#include <fenv.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__) || defined(__aarch64__)
_Static_assert(offsetof(assay_abi_state, out) == ABI_OUT && offsetof(assay_abi_state, own) == ABI_OWN &&
                   offsetof(assay_abi_state, sp) == ABI_SP && offsetof(assay_abi_state, sp_out) == ABI_SP_OUT &&
                   offsetof(assay_abi_state, torn) == ABI_TORN && offsetof(assay_abi_state, flags) == ABI_FLAGS &&
                   offsetof(assay_abi_state, mode_out) == ABI_MODE_OUT && offsetof(assay_abi_state, x87) == ABI_X87 &&
                   offsetof(assay_abi_state, x87_out) == ABI_X87_OUT && offsetof(assay_abi_state, width) == ABI_WIDTH &&
                   offsetof(assay_abi_state, vector) == ABI_VECTOR && sizeof(assay_abi_state) == ABI_STATE_SIZE,
               "abi.h: the offsets that the trampolines use");
#endif

_Thread_local assay_abi_state *assay_abi_now;

/* Bits of a mode register in words.  value: what the bits under mask are when the words apply. */
typedef struct bits {
    uint32_t mask, value;
    const char *words;
} bits;

static void describe_bits(char *text, size_t size, uint32_t is, uint32_t was, const bits *table, size_t n)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < n; i++)
        if ((is & table[i].mask) == table[i].value && (was & table[i].mask) != table[i].value && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", table[i].words);
    if (!used)
        snprintf(text, size, "it was 0x%x", was);
}

#if defined(__x86_64__)
enum { MXCSR_STATUS = 0x3f, MXCSR_START = 0x1f80, X87_BITS = 0x0f3f, X87_START = 0x037f };
static const char *const general[ABI_GENERAL] = { "rbx", "rbp", "r12", "r13", "r14", "r15" };
static const bits mode_words[] = {
    { 0x8000, 0x8000, "flush to zero" },    { 0x0040, 0x0040, "denormals are zero" },
    { 0x6000, 0x2000, "rounding down" },    { 0x6000, 0x4000, "rounding up" },
    { 0x6000, 0x6000, "rounding to zero" }, { 0x6000, 0x0000, "rounding to nearest" },
    { 0x1f80, 0x0000, "exceptions trap" },  { 0x0080, 0x0000, "invalid operations trap" },
    { 0x0200, 0x0000, "divisions trap" },   { 0x0400, 0x0000, "overflows trap" },
    { 0x8000, 0x0000, "no flush to zero" },
};
static const bits x87_words[] = {
    { 0x0300, 0x0000, "single precision" }, { 0x0300, 0x0200, "double precision" },
    { 0x0c00, 0x0400, "rounding down" },    { 0x0c00, 0x0800, "rounding up" },
    { 0x0c00, 0x0c00, "rounding to zero" }, { 0x003f, 0x0000, "exceptions trap" },
};

static uint32_t read_mode(void)
{
    uint32_t m;
    __asm__ volatile("stmxcsr %0" : "=m"(m));
    return m & ~(uint32_t)MXCSR_STATUS;
}

static uint32_t read_x87(void)
{
    uint16_t c;
    __asm__ volatile("fnstcw %0" : "=m"(c));
    return c & X87_BITS;
}

/* Bytes per vector register that this CPU and its operating system have, beyond the 16 that a callee may change. */
static uint64_t vector_width(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") ? 64 : __builtin_cpu_supports("avx") ? 32 : 0;
}

const char *assay_abi_checks(void)
{
    switch (vector_width()) {
    case 64:
        return "callee-saved registers, stack, direction flag, MXCSR, x87, upper parts of zmm0-zmm15";
    case 32:
        return "callee-saved registers, stack, direction flag, MXCSR, x87, upper halves of ymm0-ymm15";
    default:
        return "callee-saved registers, stack, direction flag, MXCSR, x87; upper halves of vector registers: not "
               "checked here (no AVX)";
    }
}

static bool machine_state(const char *entry, const assay_abi_state *s, assay_why *why)
{
    char words[120];
    const uint32_t was = (uint32_t)s->mode & ~(uint32_t)MXCSR_STATUS,
                   is = (uint32_t)s->mode_out & ~(uint32_t)MXCSR_STATUS;
    const uint32_t control = s->x87_out[0] & X87_BITS, tags = s->x87_out[2] & 0xffff;
    if (s->flags & 0x400)
        return assay_fail(why, ASSAY_OK, "%s() left the direction flag set (std without cld)", entry), true;
    if (s->flags & 0x40000)
        return assay_fail(why, ASSAY_OK, "%s() left the alignment check flag set", entry), true;
    if (is != was) {
        describe_bits(words, sizeof words, is, was, mode_words, sizeof mode_words / sizeof *mode_words);
        return assay_fail(why, ASSAY_OK, "%s() left MXCSR 0x%04x (%s)", entry, is, words), true;
    }
    if (tags != 0xffff)
        return assay_fail(why, ASSAY_OK, "%s() left x87 registers in use, tag word 0x%04x (MMX without emms?)", entry,
                          tags),
               true;
    if (control != (s->x87 & X87_BITS)) {
        describe_bits(words, sizeof words, control, (uint32_t)s->x87 & X87_BITS, x87_words,
                      sizeof x87_words / sizeof *x87_words);
        return assay_fail(why, ASSAY_OK, "%s() left the x87 control word 0x%04x (%s)", entry, s->x87_out[0] & 0xffff,
                          words),
               true;
    }
    return false;
}

/* In a call of a single row the byte by byte search took longer than the row: nearly always nothing is set. */
static bool any_upper(const assay_abi_state *s)
{
    uint64_t all = 0, word;
    for (int r = 0; r < 16; r++)
        for (size_t b = 16; b < s->width; b += sizeof word) {
            memcpy(&word, &s->vector[r][b], sizeof word);
            all |= word;
        }
    return all != 0;
}

static bool upper_half(const char *entry, const assay_abi_state *s, assay_why *why)
{
    if (!any_upper(s))
        return false;
    for (int r = 0; r < 16; r++)
        for (size_t b = 16; b < s->width; b++)
            if (s->vector[r][b])
                return assay_fail(why, ASSAY_OK, "%s() left the upper half of %s%d in use (no vzeroupper)", entry,
                                  b < 32 ? "ymm" : "zmm", r),
                       true;
    return false;
}

bool assay_abi_environment(assay_why *why)
{
    char words[120];
    const uint32_t mode = read_mode(), x87 = read_x87();
    if (mode != MXCSR_START) {
        describe_bits(words, sizeof words, mode, MXCSR_START, mode_words, sizeof mode_words / sizeof *mode_words);
        assay_fail(why, ASSAY_OK, "MXCSR is 0x%04x (%s), not 0x%04x", mode, words, MXCSR_START);
    } else if (x87 != (X87_START & X87_BITS)) {
        describe_bits(words, sizeof words, x87, X87_START & X87_BITS, x87_words, sizeof x87_words / sizeof *x87_words);
        assay_fail(why, ASSAY_OK, "the x87 control word is 0x%04x (%s), not 0x%04x", x87 | 0x40, words, X87_START);
    } else
        return true;
    fesetenv(FE_DFL_ENV);
    return false;
}
#elif defined(__aarch64__)
static const char *const general[ABI_GENERAL] = { "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
                                                  "x29", "d8",  "d9",  "d10", "d11", "d12", "d13", "d14", "d15" };
static const bits mode_words[] = {
    { 0x1000000, 0x1000000, "flush to zero" },  { 0x80000, 0x80000, "halves flushed to zero" },
    { 0x2000000, 0x2000000, "default NaN" },    { 0x4000000, 0x4000000, "alternative half precision" },
    { 0xc00000, 0x400000, "rounding up" },      { 0xc00000, 0x800000, "rounding down" },
    { 0xc00000, 0xc00000, "rounding to zero" }, { 0x100, 0x100, "invalid operations trap" },
};

const char *assay_abi_checks(void)
{
    return "callee-saved registers (x19-x29, d8-d15), stack, FPCR";
}

static uint64_t vector_width(void)
{
    return 0;
}

static bool machine_state(const char *entry, const assay_abi_state *s, assay_why *why)
{
    char words[120];
    const uint32_t was = (uint32_t)s->mode, is = (uint32_t)s->mode_out;
    if (is == was)
        return false;
    describe_bits(words, sizeof words, is, was, mode_words, sizeof mode_words / sizeof *mode_words);
    assay_fail(why, ASSAY_OK, "%s() left FPCR 0x%x (%s)", entry, is, words);
    return true;
}

static bool upper_half(const char *entry, const assay_abi_state *s, assay_why *why)
{
    (void)entry, (void)s, (void)why;
    return false;
}

bool assay_abi_environment(assay_why *why)
{
    char words[120];
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    if (!mode)
        return true;
    describe_bits(words, sizeof words, (uint32_t)mode, 0, mode_words, sizeof mode_words / sizeof *mode_words);
    assay_fail(why, ASSAY_OK, "FPCR is 0x%x (%s), not 0", (uint32_t)mode, words);
    fesetenv(FE_DFL_ENV);
    return false;
}
#else
const char *assay_abi_checks(void)
{
    return "not checked here (no trampoline for this machine)";
}

bool assay_abi_environment(assay_why *why)
{
    if (fegetround() == FE_TONEAREST)
        return true;
    assay_fail(why, ASSAY_OK, "rounding is not to nearest");
    fesetround(FE_TONEAREST);
    return false;
}
#endif

/* ---- the wrapped kernel ---------------------------------------------------------------------------------- */

static assay_kernel real;
static atomic_int findings, notes; /* of all threads; the first one writes the sentence */
static assay_why first, noted;
static bool clean_upper; /* it promises that */

#if defined(__x86_64__) || defined(__aarch64__)
static bool differs(const char *entry, const assay_abi_state *s, assay_why *why)
{
    if (s->sp_out != s->sp)
        return assay_fail(why, ASSAY_OK, "%s() returned with the stack pointer %+lld bytes off", entry,
                          (long long)(s->sp_out - s->sp)),
               true;
    if (s->torn)
        return assay_fail(why, ASSAY_OK, "%s() wrote above its stack frame, into its caller's (word %d)", entry,
                          (int)s->torn - 1),
               true;
    for (int i = 0; i < ABI_GENERAL; i++)
        if (s->in[i] != s->out[i])
            return assay_fail(why, ASSAY_OK, "%s() left %s changed", entry, general[i]), true;
    return machine_state(entry, s, why);
}

/* AVX-512 as portable C: its helpers are functions with vectors as arguments, after which gcc leaves upper halves in
 * use; compiled for the instructions they are inlined. */
static bool emulated(void)
{
#ifdef ASSAY_EMULATE
    return (real.isa & ASSAY_ISA_avx512) == ASSAY_ISA_avx512;
#else
    return false;
#endif
}

static uint64_t through(const char *entry, assay_abi_fn f, const void *a, void *b)
{
    assay_abi_state s;
    assay_why why;
    for (size_t i = 0; i < ABI_GENERAL; i++)
        s.in[i] = UINT64_C(0xfff5a5a5c0ffee00) + i; /* as a double a NaN, as an address none */
    s.width = emulated() ? 0 : vector_width();
    const uint64_t result = assay_abi_trampoline(f, a, b, &s);
    if ((differs(entry, &s, &why) || (clean_upper && upper_half(entry, &s, &why))) &&
        atomic_fetch_add(&findings, 1) == 0)
        first = why;
    if (!clean_upper && !atomic_load(&notes) && upper_half(entry, &s, &why) && atomic_fetch_add(&notes, 1) == 0)
        noted = why;
    return result;
}
#else
static uint64_t through(const char *entry, assay_abi_fn f, const void *a, void *b)
{
    (void)entry;
    return ((uint64_t(*)(const void *, void *))f)(a, b);
}
#endif

static assay_status run(const assay_args *a)
{
    return (assay_status)(uint32_t)through("run", (assay_abi_fn)real.run, a, NULL);
}
static bool accepts(const assay_args *a)
{
    return (through("accepts", (assay_abi_fn)real.accepts, a, NULL) & 0xff) != 0;
}
static uint32_t phases(const assay_args *a)
{
    return (uint32_t)through("phases", (assay_abi_fn)real.phases, a, NULL);
}
static int64_t units(const assay_args *a)
{
    return (int64_t)through("units", (assay_abi_fn)real.units, a, NULL);
}
static size_t shared(const assay_args *a)
{
    return (size_t)through("shared", (assay_abi_fn)real.shared, a, NULL);
}
static size_t scratch(const assay_args *a)
{
    return (size_t)through("scratch", (assay_abi_fn)real.scratch, a, NULL);
}
static size_t packed_bytes(const assay_args *a)
{
    return (size_t)through("packed_bytes", (assay_abi_fn)real.packed_bytes, a, NULL);
}
static void pack(const assay_args *a, void *to)
{
    through("pack", (assay_abi_fn)real.pack, a, to);
}

void assay_abi_wrap(assay_kernel *k, bool built_in)
{
    real = *k;
    atomic_store(&findings, 0);
    atomic_store(&notes, 0);
    clean_upper = built_in || (k->flags & ASSAY_CLEAN_UPPER);
    k->run = k->run ? run : NULL;
    k->accepts = k->accepts ? accepts : NULL;
    k->phases = k->phases ? phases : NULL;
    k->units = k->units ? units : NULL;
    k->shared = k->shared ? shared : NULL;
    k->scratch = k->scratch ? scratch : NULL;
    k->packed_bytes = k->packed_bytes ? packed_bytes : NULL;
    k->pack = k->pack ? pack : NULL;
}

bool assay_abi_broken(assay_why *why)
{
    if (!atomic_load(&findings))
        return false;
    *why = first;
    return true;
}

void assay_abi_note(assay_why *note)
{
    note->text[0] = 0;
    if (atomic_load(&notes))
        assay_fail(
            note, ASSAY_OK,
            "%.100s: legal, but code with SSE instructions after it may run slower; compile with -O2, or end with "
            "_mm256_zeroupper()",
            noted.text);
}
