/* SPDX-License-Identifier: MIT
 * Kernels that misbehave while they run, one way each, and only on rows of 7: before and after that they are honest, so
 * that a run shows whether one bad call spoils another.  ci/contain holds what the judge must say of each. */
#include "beyond.h"
#include "honest.h"
#include "own.h"
#include <stdlib.h>
#include <string.h>

enum { ROWS_OF = 7 };
static bool here(const assay_args *a)
{
    return a->dim[1] == ROWS_OF;
}

/* All of them answer right if they get that far. */
/* clang-format off */
#define TRICKS(X) \
    X(segv) X(illegal) X(divide) X(bus) X(overflow) X(overflow_bare) X(abort) X(leave) X(leave_now) \
    X(leave_thread) X(kill_itself) X(stop_itself) X(jump) X(loop) X(wait_for_ever) X(naps) X(deaf_loop) \
    X(fault_for_ever) X(allocate) X(allocate_shared) X(thread) X(threads) X(fork_bomb) X(daemonize) \
    X(run_shell) X(write_for_ever) X(kill_parent) X(kill_group) X(kill_all) X(starve_parent) \
    X(trace_parent) X(patch_parent) X(close_all) X(close_all_and_stay) X(garbage) X(print_out) X(print_err) \
    X(forge_answer) X(forge_and_leave) X(truncate_all) X(scribble_arena) X(scribble_note) X(unmap_shared) X(unmap_all) \
    X(block_signals) X(handle_segv) X(change_directory) X(change_umask) X(set_timer) X(open_file) \
    X(change_rounding) X(leave_files) X(fork_deaf) X(answer_itself) X(signal_owner) X(sockets) X(change_files) \
    X(slow_others) X(set_terminal) X(unwatched_memory) X(new_interfaces) X(crowd)
/* clang-format on */
static assay_status misbehave(const assay_args *a, void (*trick)(void))
{
    const assay_status s = honest(a);
    if (here(a))
        trick();
    return s;
}
#define RUN(trick)                                                                                                     \
    static assay_status run_##trick(const assay_args *a)                                                               \
    {                                                                                                                  \
        return misbehave(a, trick);                                                                                    \
    }
TRICKS(RUN)

/* ---- lies about sizes, and other entries than run() ------------------------------------------------------------- */

static size_t huge(const assay_args *a)
{
    return here(a) ? (size_t)1 << 50 : 0;
}
static size_t wrapping(const assay_args *a)
{
    return here(a) ? SIZE_MAX : 0;
}
static size_t large(const assay_args *a)
{
    return here(a) ? (size_t)1 << 30 : 0;
}
static void no_pack(const assay_args *a, void *dst)
{
    (void)a, (void)dst;
}
static void crash_pack(const assay_args *a, void *dst)
{
    if (here(a))
        memset(dst, 0, 1 << 20);
}
static size_t small(const assay_args *a)
{
    (void)a;
    return 64;
}
static bool crash_accepts(const assay_args *a)
{
    if (here(a))
        segv();
    return true;
}
static int64_t many_units(const assay_args *a)
{
    return here(a) ? INT64_MAX : a->dim[0];
}
static uint32_t many_phases(const assay_args *a)
{
    return here(a) ? UINT32_MAX : 1;
}
static assay_status odd_status(const assay_args *a)
{
    return here(a) ? (assay_status)12345 : honest(a);
}

#define KERNEL(trick)  { .op = "rmsnorm", .name = #trick, .types = f32, .run = run_##trick },
#define OTHER(n, f, g) { .op = "rmsnorm", .name = n, .types = f32, .run = honest, .f = g },
static const assay_kernel kernels[] = {
    { .op = "rmsnorm", .name = "honest_first", .types = f32, .run = honest },
    TRICKS(KERNEL) OTHER("huge_scratch", scratch, huge) OTHER("wrapping_scratch", scratch, wrapping)
        OTHER("large_scratch", scratch, large) OTHER("huge_shared", shared, huge)
            OTHER("crash_accepts", accepts, crash_accepts) OTHER("many_units", units, many_units)
                OTHER("many_phases", phases, many_phases){ .op = "rmsnorm",
                                                           .name = "huge_packed",
                                                           .types = f32,
                                                           .run = honest,
                                                           .packed_bytes = huge,
                                                           .pack = no_pack },
    { .op = "rmsnorm", .name = "crash_pack", .types = f32, .run = honest, .packed_bytes = small, .pack = crash_pack },
    { .op = "rmsnorm", .name = "odd_status", .types = f32, .run = odd_status },
    { .op = "rmsnorm", .name = "honest_last", .types = f32, .run = honest },
};

const assay_plugin *assay_plugin_v1(void)
{
    static const assay_plugin p = { ASSAY_ABI,
                                    sizeof(assay_kernel),
                                    sizeof(assay_op),
                                    "hostile",
                                    "1",
                                    kernels,
                                    sizeof kernels / sizeof *kernels,
                                    NULL,
                                    0 };
    return &p;
}
