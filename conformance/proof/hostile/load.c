/* SPDX-License-Identifier: MIT
 * Plug-ins that misbehave while they are loaded: one for each TRICK (ci/contain compiles this file once for each). */
#include "honest.h"
#include "own.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum trick {
    HONEST,
    CTOR_SEGV,
    CTOR_LOOP,
    CTOR_SLEEP,
    CTOR_EXIT,
    CTOR_ALLOCATES,
    CTOR_CROWDS,
    CTOR_FORKS,
    CTOR_KILLS_PARENT,
    CTOR_PRINTS,
    CTOR_GREETS,
    NO_PLUGIN,
    WILD_PLUGIN,
    OTHER_ABI,
    KERNEL_TOO_LARGE,
    KERNEL_TOO_SMALL,
    TOO_MANY,
    MORE_THAN_THERE,
    NO_TABLE,
    NO_OP,
    NO_NAME,
    NO_RUN,
    NO_TYPES,
    ESCAPES,
    ENDLESS_NAME,
    WILD_NAME,
    ODD_ISA,
    CONTRACT_NAN,
    CONTRACT_TYPE,
    CONTRACT_OPERAND,
    CONTRACT_FAST,
    CONTRACT_BOUNDLESS,
    TWO_FACED,
    OLDER
};

static assay_kernel kernel[1] = { { .op = "rmsnorm", .name = "mine", .types = f32, .run = honest } };
static unsigned char older[2 * offsetof(assay_kernel, variant)]; /* two kernels as a header without variant has them */
static assay_contract contract;
static assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "load", "1", kernel, 1, NULL, 0 };
static char endless[1 << 16];

static assay_status without_variant(const assay_args *a)
{
    return a->variant ? ASSAY_ERR_ARG : honest(a);
}

static assay_status crash(const assay_args *a)
{
    (void)a;
    abort();
}

__attribute__((constructor)) static void begin(void)
{
    switch (TRICK) {
    case CTOR_SEGV:
        *(volatile int *)8 = 1;
        break;
    case CTOR_LOOP:
        for (volatile int i = 0;; i++)
            ;
    case CTOR_SLEEP:
        for (;;)
            pause();
    case CTOR_EXIT:
        exit(0);
    case CTOR_ALLOCATES:
        for (;;)
            memset(malloc(1 << 24), 1, 1 << 24);
    case CTOR_CROWDS:
        crowd();
        break;
    case CTOR_FORKS:
        fork();
        break;
    case CTOR_KILLS_PARENT:
        if (prctl(PR_GET_SECCOMP) == 2)
            kill(getppid(), SIGKILL);
        abort();
    case CTOR_PRINTS:
        printf("here I am\n");
        fflush(stdout);
        break;
    case CTOR_GREETS: /* a greeting of its own, of the right size or not: the judge must not believe 2^32 - 1 kernels */
        memset(endless, 0xff, sizeof endless);
        for (int fd = 3; fd < 64; fd++)
            for (size_t n = 380; n < 400; n += 4)
                if (write(fd, endless, n) < 0)
                    break;
        break;
    default:
        break;
    }
}

#ifndef NO_SYMBOL
const assay_plugin *assay_plugin_v1(void)
{
    memset(endless, 'x', sizeof endless);
    switch (TRICK) {
    case NO_PLUGIN:
        return NULL;
    case WILD_PLUGIN:
        return (const assay_plugin *)8;
    case OTHER_ABI:
        plugin.abi = 77;
        break;
    case KERNEL_TOO_LARGE:
        plugin.kernel_size = UINT32_MAX;
        break;
    case KERNEL_TOO_SMALL:
        plugin.kernel_size = 8;
        break;
    case TOO_MANY:
        plugin.n_kernels = SIZE_MAX;
        break;
    case MORE_THAN_THERE:
        plugin.n_kernels = 250;
        break;
    case NO_TABLE:
        plugin.kernels = NULL;
        break;
    case NO_OP:
        kernel[0].op = NULL;
        break;
    case NO_NAME:
        kernel[0].name = NULL;
        break;
    case NO_RUN: /* the judge runs its own scalar form for a kernel of its own that has none */
        kernel[0].run = NULL;
        break;
    case NO_TYPES:
        kernel[0].types = NULL;
        break;
    case ESCAPES:
        kernel[0].name = "\033[2J\033]0;mine\a\377";
        plugin.name = "\033[2J";
        break;
    case ENDLESS_NAME:
        kernel[0].name = plugin.name = endless; /* no zero in it */
        break;
    case WILD_NAME:
        kernel[0].name = (const char *)8;
        break;
    case ODD_ISA:
        kernel[0].isa = UINT64_C(1) << 60;
        break;
    case CONTRACT_NAN:
        contract.e_exp = NAN;
        break;
    case CONTRACT_TYPE:
        contract.acc = (assay_dtype)99;
        break;
    case CONTRACT_OPERAND:
        contract.round[0].operand = "nothing";
        break;
    case CONTRACT_FAST:
        contract.round[0] = (assay_round){ "x", ASSAY_q8_0, 1 };
        break;
    case CONTRACT_BOUNDLESS:
        contract.e_rsqrt = 1e30f;
        break;
    case TWO_FACED: /* crashes, and describes itself otherwise when it is loaded again */
        kernel[0].run = crash;
        kernel[0].name = getpid() & 1 ? "odd" : "even";
        break;
    case OLDER:
        kernel[0].run = without_variant;
        for (size_t i = 0; i < 2; i++, kernel[0].name = "second")
            memcpy(older + i * sizeof older / 2, kernel, sizeof older / 2);
        plugin.kernel_size = sizeof older / 2;
        plugin.kernels = (const assay_kernel *)(const void *)older;
        plugin.n_kernels = 2;
        break;
    default:
        break;
    }
    if (TRICK >= CONTRACT_NAN && TRICK <= CONTRACT_BOUNDLESS)
        kernel[0].contract = &contract;
    return &plugin;
}
#endif
