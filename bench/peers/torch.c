/* SPDX-License-Identifier: MIT
 * torch.c - PyTorch's CPU kernels as a supplier: a plug-in built by ci/peers beside libtorch_cpu.so of the PyPI wheel,
 * through its C functions alone.  Gradients are off, as in inference. */
#include "torch_door.h"
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t aoti_torch_abi_version(void);
int32_t aoti_torch_device_type_cpu(void);
void aoti_torch_grad_mode_set_enabled(bool enabled);
torch_error aoti_torch_create_tensor_from_blob(void *data, int64_t n, const int64_t *dim, const int64_t *stride,
                                               int64_t offset, int32_t dtype, int32_t device, int32_t device_index,
                                               torch_tensor **t);
torch_error torch_call_dispatcher(const char *op, const char *overload, uint64_t *stack, uint64_t built_with);
torch_error torch_new_stable_ivalue(uint64_t **value);
torch_error torch_new_string_handle(const char *s, size_t n, void **text);
torch_error torch_new_list_reserve_size(size_t n, void **list);
torch_error torch_list_push_back(void *list, uint64_t value);
torch_error torch_get_num_threads(uint32_t *n);

static int threads = 1;

/* A thread's first question makes PyTorch set the number itself; and it belongs to the thread that asks. */
void torch_threads(void)
{
    static _Thread_local bool asked;
    uint32_t n;
    if (!asked) {
        torch_get_num_threads(&n);
        aoti_torch_grad_mode_set_enabled(false);
        asked = true;
    }
    omp_set_num_threads(threads);
}

int32_t torch_type(assay_dtype t)
{
    return t == ASSAY_f16    ? aoti_torch_dtype_float16()
           : t == ASSAY_bf16 ? aoti_torch_dtype_bfloat16()
           : t == ASSAY_i8   ? aoti_torch_dtype_int8()
                             : aoti_torch_dtype_float32();
}

torch_tensor *torch_view(void *data, int32_t dtype, int n, const int64_t *dim, const int64_t *stride)
{
    torch_tensor *t = NULL;
    if (aoti_torch_create_tensor_from_blob(data, n, dim, stride, 0, dtype, aoti_torch_device_type_cpu(), 0, &t))
        return NULL;
    return t;
}

int64_t torch_step(const assay_tensor *t, int i)
{
    const int64_t size = t->type == ASSAY_f32 ? 4 : t->type == ASSAY_i8 ? 1 : 2;
    int64_t step = 1;
    if (t->dim[i] > 1)
        return t->stride[i] / size;
    for (int j = i + 1; j < t->rank; j++)
        step *= t->dim[j];
    return step;
}

torch_tensor *torch_matrix(const assay_tensor *t)
{
    const int64_t stride[] = { torch_step(t, 0), 1 };
    return torch_view(t->data, torch_type(t->type), t->rank, t->dim, t->rank > 1 ? stride : stride + 1);
}

bool torch_call(const char *op, const char *overload, uint64_t *stack)
{
    return !torch_call_dispatcher(op, overload, stack, aoti_torch_abi_version());
}
uint64_t torch_of(torch_tensor *t)
{
    return (uint64_t)(uintptr_t)t;
}
uint64_t torch_maybe(torch_tensor *t)
{
    uint64_t *held = NULL;
    if (t && !torch_new_stable_ivalue(&held))
        *held = torch_of(t);
    return (uint64_t)(uintptr_t)held;
}
uint64_t torch_text(const char *s)
{
    void *text = NULL;
    torch_new_string_handle(s, strlen(s), &text);
    return (uint64_t)(uintptr_t)text;
}
uint64_t torch_lengths(int64_t n)
{
    void *list = NULL;
    if (!torch_new_list_reserve_size(1, &list))
        torch_list_push_back(list, (uint64_t)n);
    return (uint64_t)(uintptr_t)list;
}
uint64_t torch_real(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

assay_status torch_copied(bool ok, torch_tensor *to, torch_tensor *from)
{
    ok = ok && to && !aoti_torch_copy_(to, from, 0);
    if (to)
        aoti_torch_delete_tensor_object(to);
    if (from)
        aoti_torch_delete_tensor_object(from);
    return ok ? ASSAY_OK : ASSAY_UNSUPPORTED;
}

static assay_plugin plugin = {
    ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "torch", NULL, torch_kernels, 0, 0, 0
};

const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    static char version[128];
    const uint64_t v = aoti_torch_abi_version();
    const char *many = getenv("ASSAY_PEER_THREADS"), *isa = getenv("ATEN_CPU_CAPABILITY");
    uint32_t n = 0;
    threads = many && atoi(many) > 1 ? atoi(many) : 1;
    torch_threads();
    torch_get_num_threads(&n);
    snprintf(version, sizeof version, "%d.%d.%d, threads %u, %s", (int)(v >> 56), (int)(v >> 48 & 255),
             (int)(v >> 40 & 255), n, isa ? isa : "instructions by the CPU");
    plugin.version = version;
    plugin.n_kernels = torch_n_kernels;
    return &plugin;
}
