/* SPDX-License-Identifier: MIT
 * Kernels that write the record of their own timing, one way each, into every descriptor that they find: assay bench
 * takes that record from their process.  ci/contain holds what must be said of each. */
#include "../../../bench/bench.h"
#include "honest.h"
#include "own.h"
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static void forge(uint64_t length, const bench_result *r)
{
    for (int fd = 3; fd < 64; fd++)
        if (write(fd, &length, sizeof length) == sizeof length && write(fd, r, sizeof *r) < 0)
            break;
    _exit(0);
}

static void negative_count(bench_result *r)
{
    r->n = -1;
}
static void large_count(bench_result *r)
{
    r->n = 1 << 20;
}
static void wild_counter(bench_result *r)
{
    r->counter[0].from = (bench_from)99;
}
static void wild_status(bench_result *r)
{
    r->status = (assay_status)77;
}
static void no_number(bench_result *r)
{
    r->sample[0] = NAN;
}
static void endless_text(bench_result *r) /* all else is as it should be: only the verdict is left to fail */
{
    memset(r->why, 'x', sizeof r->why);
    memset(r->counter[0].name, 'x', sizeof r->counter[0].name);
    memset(r->counter[0].why, 'x', sizeof r->counter[0].why);
}
static void all_ones(bench_result *r)
{
    memset(r, 0xff, sizeof *r);
}

#define TRICKS(X)                                                                                                      \
    X(negative_count) X(large_count) X(wild_counter) X(wild_status) X(no_number) X(endless_text) X(all_ones)
#define RUN(trick)                                                                                                     \
    static assay_status run_##trick(const assay_args *a)                                                               \
    {                                                                                                                  \
        bench_result r = { .n = 1, .sample = { 1 }, .iterations = 1 };                                                 \
        (void)a;                                                                                                       \
        trick(&r);                                                                                                     \
        forge(sizeof r, &r);                                                                                           \
        return ASSAY_OK;                                                                                               \
    }
TRICKS(RUN)

static assay_status endless_record(const assay_args *a)
{
    const bench_result r = { .n = 1 };
    (void)a;
    forge(UINT64_MAX, &r);
    return ASSAY_OK;
}

static assay_status waits(const assay_args *a)
{
    for (;;)
        usleep(1000000);
    return honest(a);
}

static assay_status spins(const assay_args *a)
{
    loop();
    return honest(a);
}

static assay_status naps_on(const assay_args *a)
{
    naps();
    return honest(a);
}

static assay_status swells(const assay_args *a)
{
    allocate();
    return honest(a);
}

static assay_status crowds(const assay_args *a)
{
    crowd();
    return honest(a);
}

static assay_status closes_and_waits(const assay_args *a)
{
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    return waits(a);
}

#define KERNEL(trick) { .op = "rmsnorm", .name = #trick, .types = f32, .run = run_##trick },
static const assay_kernel kernels[] = {
    { .op = "rmsnorm", .name = "honest_first", .types = f32, .run = honest },
    { .op = "rmsnorm", .name = "endless_record", .types = f32, .run = endless_record },
    { .op = "rmsnorm", .name = "waits", .types = f32, .run = waits },
    { .op = "rmsnorm", .name = "spins", .types = f32, .run = spins },
    { .op = "rmsnorm", .name = "naps_on", .types = f32, .run = naps_on },
    { .op = "rmsnorm", .name = "swells", .types = f32, .run = swells },
    { .op = "rmsnorm", .name = "crowds", .types = f32, .run = crowds },
    { .op = "rmsnorm", .name = "closes_and_waits", .types = f32, .run = closes_and_waits },
    TRICKS(KERNEL){ .op = "rmsnorm", .name = "honest_last", .types = f32, .run = honest },
};

const assay_plugin *assay_plugin_v1(void)
{
    static const assay_plugin p = { .abi = ASSAY_ABI,
                                    .kernel_size = sizeof(assay_kernel),
                                    .op_size = sizeof(assay_op),
                                    .name = "hostile",
                                    .version = "1",
                                    .kernels = kernels,
                                    .n_kernels = sizeof kernels / sizeof *kernels };
    return &p;
}
