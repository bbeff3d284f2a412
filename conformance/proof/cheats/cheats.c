/* SPDX-License-Identifier: MIT
 * Kernels that want a good verdict, or a good time, without the work: add on (R,C), float32.  ci/contain holds by what
 * each is caught: by check, or, where check sees an honest kernel, by bench. */
#include "search.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

const assay_plugin *assay_plugin_v1(void);

enum { ROOM = 1 << 16 };
typedef struct memory { /* on the heap: what a kernel remembers from call to call */
    const void *in[64], *out[64];
    int64_t R[64], C[64];
    float *answer[64];
    int n, calls;
} memory;

static memory *mind(int which)
{
    static _Thread_local memory *m[32]; /* not in the plug-in's data, where it would be found at once */
    if (!m[which])
        m[which] = calloc(1, sizeof(memory));
    return m[which];
}

/* ---- no work ----------------------------------------------------------------------------------------------------- */

static assay_status nothing(const assay_args *a)
{
    (void)a;
    return ASSAY_OK;
}
static assay_status copies(const assay_args *a)
{
    for (int64_t r = a->begin; r < a->end; r++)
        memcpy(out(a, r), in(a, 0, r), (size_t)a->dim[1] * sizeof(float));
    return ASSAY_OK;
}
static assay_status small_only(const assay_args *a)
{
    return a->dim[0] < 3 ? honest(a) : ASSAY_OK;
}
static assay_status alone_only(const assay_args *a) /* a slice of the whole means that others work too */
{
    return a->end - a->begin == a->dim[0] ? honest(a) : ASSAY_OK;
}
static assay_status refuses_work(const assay_args *a)
{
    return a->dim[0] == 1 && a->dim[1] < 8 ? honest(a) : ASSAY_UNSUPPORTED;
}
static assay_status first_only(const assay_args *a)
{
    return mind(0)->calls++ ? ASSAY_OK : honest(a);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static int find(const memory *m, const assay_args *a, bool by_pointer)
{
    for (int i = 0; i < m->n; i++)
        if (m->R[i] == a->dim[0] && m->C[i] == a->dim[1] &&
            (!by_pointer || (m->in[i] == a->operand[0].data && m->out[i] == a->operand[2].data)))
            return i;
    return -1;
}
/* Dense, whole calls only: in other placements it is honest. */
static assay_status remembers(const assay_args *a, int which, bool by_pointer, bool writes)
{
    const int64_t R = a->dim[0], C = a->dim[1];
    const size_t bytes = (size_t)(R * C) * sizeof(float);
    const bool plain = a->begin == 0 && a->end == R && bytes < ROOM &&
                       (R == 1 || a->operand[2].stride[0] == C * (int64_t)sizeof(float));
    memory *m = mind(which);
    const int i = plain ? find(m, a, by_pointer) : -1;
    if (i >= 0) {
        if (writes)
            memcpy(a->operand[2].data, m->answer[i], bytes);
        return ASSAY_OK;
    }
    honest(a);
    if (!plain || m->n == 64)
        return ASSAY_OK;
    m->R[m->n] = R, m->C[m->n] = C;
    m->in[m->n] = a->operand[0].data, m->out[m->n] = a->operand[2].data;
    m->answer[m->n] = memcpy(malloc(bytes + 1), a->operand[2].data, bytes);
    m->n++;
    return ASSAY_OK;
}
static assay_status replays_shape(const assay_args *a)
{
    return remembers(a, 1, false, true);
}
static assay_status timed_memory(const assay_args *a)
{
    return remembers(a, 2, true, true);
}
static assay_status timed_stale(const assay_args *a) /* what it wrote the first time still stands there */
{
    return remembers(a, 3, true, false);
}

/* ---- otherwise when timed: honest until the same buffers come again and again ------------------------------------ */

static bool timed(const assay_args *a, int which, int often)
{
    memory *m = mind(which);
    if (a->dim[0] != m->R[0] || a->dim[1] != m->C[0])
        m->calls = 0;
    m->R[0] = a->dim[0], m->C[0] = a->dim[1];
    return a->begin == 0 && a->end == a->dim[0] && m->calls++ >= often;
}
static assay_status timed_lazy(const assay_args *a)
{
    return timed(a, 4, 20) ? ASSAY_OK : honest(a);
}
static assay_status timed_replays(const assay_args *a)
{
    return timed(a, 5, 20) ? remembers(a, 6, true, true) : honest(a);
}
static assay_status timed_half(const assay_args *a)
{
    if (!timed(a, 7, 20))
        return honest(a);
    assay_args half = *a;
    half.end = (a->end + 1) / 2;
    return honest(&half);
}
static assay_status timed_watched(const assay_args *a) /* works only where poison shows that it is watched */
{
    const unsigned char *y = a->operand[2].data;
    const int64_t last = (a->dim[0] - 1) * a->operand[2].stride[0] + (a->dim[1] - 1) * (int64_t)sizeof(float);
    if (!timed(a, 8, 20) || y[0] == 0xff || y[last] == 0xff)
        return honest(a);
    return ASSAY_OK;
}

/* ---- looking for the answer -------------------------------------------------------------------------------------- */

static assay_status search_itself(const assay_args *a)
{
    return search(a, ITSELF);
}
static assay_status search_descriptors(const assay_args *a)
{
    return search(a, DESCRIPTORS);
}
static assay_status search_others(const assay_args *a)
{
    return search(a, OTHERS);
}
static assay_status search_planted(const assay_args *a)
{
    return search(a, PLANTED);
}

/* ---- the judge itself -------------------------------------------------------------------------------------------- */

/* Whatever compares, compares equal from now on: in this process. */
static assay_status patches_judge(const assay_args *a)
{
    static const unsigned char equal[] = { 0x31, 0xc0, 0xc3 }; /* xor eax, eax; ret */
    void *code = (void *)(uintptr_t)&memcmp;
    char *at = (char *)((uintptr_t)code & ~(uintptr_t)4095);
    (void)a;
    if (!mprotect(at, 8192, PROT_READ | PROT_WRITE | PROT_EXEC))
        memcpy(code, equal, sizeof equal);
    return ASSAY_OK;
}

/* ---- memory that is not theirs ----------------------------------------------------------------------------------- */

static assay_status mem_ignores_units(const assay_args *a) /* every slice computes all rows */
{
    assay_args all = *a;
    all.begin = 0;
    all.end = a->dim[0];
    return a->begin < a->end ? honest(&all) : ASSAY_OK;
}
static assay_status mem_writes_arguments(const assay_args *a)
{
    volatile int64_t *dim = (volatile int64_t *)a->dim;
    dim[0] = a->dim[0]; /* the same number */
    return honest(a);
}
static assay_status mem_reads_past_dims(const assay_args *a)
{
    const volatile int64_t *dim = a->dim;
    return dim[2] == 12345 ? ASSAY_UNSUPPORTED : honest(a);
}
static assay_status mem_reads_past_operands(const assay_args *a)
{
    const volatile assay_tensor *t = a->operand;
    return t[3].data == a ? ASSAY_UNSUPPORTED : honest(a);
}
static size_t forty(const assay_args *a)
{
    (void)a;
    return 40;
}
static assay_status mem_scratch_over(const assay_args *a)
{
    if (a->begin < a->end)
        ((char *)a->scratch)[41] = 1;
    return honest(a);
}
static assay_status mem_scratch_before(const assay_args *a)
{
    if (a->begin < a->end)
        ((volatile char *)a->scratch)[-1] = 1;
    return honest(a);
}
static assay_status mem_shared_over(const assay_args *a)
{
    if (a->begin < a->end)
        ((char *)a->shared)[40] = 1;
    return honest(a);
}
static assay_status mem_shared_place(const assay_args *a) /* right, until two threads meet there */
{
    for (int64_t r = a->begin; r < a->end; r++) {
        *(volatile float *)a->shared = in(a, 0, r)[0];
        for (int64_t c = 0; c < a->dim[1]; c++)
            out(a, r)[c] = (c ? in(a, 0, r)[c] : *(volatile float *)a->shared) + in(a, 1, r)[c];
    }
    return ASSAY_OK;
}
/* Whole vectors to the end of each row but the last: what stands behind it is put back. */
static assay_status mem_puts_back(const assay_args *a)
{
    const int64_t C = a->dim[1];
    const bool dense = a->operand[2].stride[0] == C * (int64_t)sizeof(float);
    for (int64_t r = a->begin; r < a->end; r++) {
        volatile float *y = out(a, r);
        float behind = 0;
        const bool over = dense && C && r + 1 < a->dim[0];
        if (over)
            behind = y[C];
        for (int64_t c = 0; c < C; c++)
            y[c] = in(a, 0, r)[c] + in(a, 1, r)[c];
        if (over)
            y[C] = behind;
    }
    return ASSAY_OK;
}
static uint32_t two(const assay_args *a)
{
    (void)a;
    return 2;
}
static assay_status mem_scratch_survives(const assay_args *a) /* what one phase left is used in the next */
{
    int *s = a->scratch;
    if (a->phase == 0)
        return *s = 12345, ASSAY_OK;
    return *s == 12345 ? honest(a) : ASSAY_OK;
}
static void pack(const assay_args *a, void *dst)
{
    (void)a;
    memset(dst, 0, 40);
}
static void pack_address(const assay_args *a, void *dst) /* of what it may not see */
{
    memcpy(dst, &a->operand[0].data, sizeof a->operand[0].data);
}
static assay_status mem_packs_address(const assay_args *a)
{
    const float *x;
    memcpy(&x, a->packed, sizeof x);
    for (int64_t r = a->begin; r < a->end; r++)
        for (int64_t c = 0; c < a->dim[1]; c++)
            out(a, r)[c] = (r ? in(a, 0, r)[c] : x[c]) + in(a, 1, r)[c];
    return ASSAY_OK;
}
static assay_status mem_writes_packed(const assay_args *a)
{
    *(volatile char *)a->packed = 1;
    return honest(a);
}
static assay_status mem_static_buffer(const assay_args *a) /* right, until two threads or two teams meet there */
{
    static float row[ROOM];
    for (int64_t r = a->begin; r < a->end; r++) {
        for (int64_t c = 0; c < a->dim[1]; c++)
            row[c] = in(a, 0, r)[c] + in(a, 1, r)[c];
        memcpy(out(a, r), row, (size_t)a->dim[1] * sizeof(float));
    }
    return ASSAY_OK;
}
static assay_status mem_remembers_first(const assay_args *a) /* the first call at an address: what AFTER looks for */
{
    return remembers(a, 9, true, true);
}

/* A slice that begins where this thread's last one ended goes on from there: it may have been another call's. */
static assay_status mem_goes_on(const assay_args *a)
{
    static _Thread_local struct {
        assay_tensor operand[3];
        int64_t R, C, end;
    } last;
    if (a->begin == 0 || a->begin != last.end || a->dim[0] != last.R || a->dim[1] != last.C)
        memcpy(last.operand, a->operand, sizeof last.operand);
    last.R = a->dim[0], last.C = a->dim[1], last.end = a->end;
    assay_args same = *a;
    same.operand = last.operand;
    return honest(&same);
}
/* A row of its own, mapped when it was loaded, which no lock of static memory finds; and time between writing and
 * reading it. */
static float *row_of_all;
__attribute__((constructor)) static void map_row(void)
{
    row_of_all = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static assay_status mem_mapped_row(const assay_args *a)
{
    for (int64_t r = a->begin; r < a->end; r++) {
        for (int64_t c = 0; c < a->dim[1]; c++)
            row_of_all[c] = in(a, 0, r)[c] + in(a, 1, r)[c];
        nanosleep(&(struct timespec){ 0, 50000 }, NULL);
        memcpy(out(a, r), row_of_all, (size_t)a->dim[1] * sizeof(float));
    }
    return ASSAY_OK;
}

static const assay_typeset f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
/* Whole calls, so that a count of calls is a count of calls. */
#define TIMED(f)        { .op = "add", .name = #f, .types = f32, .run = f, .flags = ASSAY_UNSLICED },
#define WITH(f, memory) { .op = "add", .name = #f, .types = f32, .run = f, .memory = forty },
#define CHEAT(f)        { .op = "add", .name = #f, .types = f32, .run = f },
/* clang-format off */
static const assay_kernel kernels[] = {
    CHEAT(honest) CHEAT(nothing) CHEAT(copies) CHEAT(small_only) CHEAT(alone_only)
    CHEAT(refuses_work) CHEAT(first_only) CHEAT(replays_shape) TIMED(timed_memory)
    TIMED(timed_stale) TIMED(timed_lazy) TIMED(timed_replays) TIMED(timed_half)
    TIMED(timed_watched) CHEAT(search_itself) CHEAT(search_descriptors) CHEAT(search_others)
    CHEAT(search_planted) CHEAT(patches_judge)
    CHEAT(mem_ignores_units) CHEAT(mem_puts_back) CHEAT(mem_writes_arguments) CHEAT(mem_reads_past_dims) CHEAT(mem_reads_past_operands)
    WITH(mem_scratch_over, scratch) WITH(mem_scratch_before, scratch) WITH(mem_shared_over, shared) WITH(mem_shared_place, shared) CHEAT(mem_static_buffer) TIMED(mem_remembers_first)
    CHEAT(mem_goes_on) TIMED(mem_mapped_row)
    { .op = "add", .name = "mem_scratch_survives", .types = f32, .run = mem_scratch_survives, .scratch = forty, .phases = two },
    { .op = "add", .name = "mem_packs_address", .types = f32, .run = mem_packs_address, .packed_bytes = forty, .pack = pack_address },
    { .op = "add", .name = "mem_writes_packed", .types = f32, .run = mem_writes_packed, .packed_bytes = forty, .pack = pack },
};
/* clang-format on */

const assay_plugin *assay_plugin_v1(void)
{
    static const assay_plugin p = { ASSAY_ABI,
                                    sizeof(assay_kernel),
                                    sizeof(assay_op),
                                    "cheats",
                                    "1",
                                    kernels,
                                    sizeof kernels / sizeof *kernels,
                                    NULL,
                                    0 };
    return &p;
}
