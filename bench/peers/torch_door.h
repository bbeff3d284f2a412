/* SPDX-License-Identifier: MIT
 * torch_door.h - what the files of PyTorch's plug-in share: the C functions of libtorch_cpu.so, as they are promised to
 * programs that AOTInductor makes and to extensions with a stable ABI, and tensors around our operands.  The wheel's
 * headers of these functions are C++, so those that are used are declared here. */
#ifndef ASSAY_PEERS_TORCH_DOOR_H
#define ASSAY_PEERS_TORCH_DOOR_H
#include "assay/assay.h"

typedef struct torch_tensor torch_tensor; /* AtenTensorHandle: counted */
typedef int32_t torch_error;              /* 0: all right */

int32_t aoti_torch_dtype_float32(void), aoti_torch_dtype_float16(void), aoti_torch_dtype_bfloat16(void);
int32_t aoti_torch_dtype_int8(void), aoti_torch_dtype_uint8(void), aoti_torch_dtype_int32(void);
torch_error aoti_torch_delete_tensor_object(torch_tensor *t);
torch_error aoti_torch_get_data_ptr(torch_tensor *t, void **data);
torch_error aoti_torch_copy_(torch_tensor *to, torch_tensor *from, int32_t non_blocking);
torch_error aoti_torch_cpu_mm_out(torch_tensor *out, torch_tensor *x, torch_tensor *w);
torch_error aoti_torch_cpu_addmm_out(torch_tensor *out, torch_tensor *bias, torch_tensor *x, torch_tensor *w,
                                     double beta, double alpha);
torch_error aoti_torch_cpu__fused_rms_norm(torch_tensor *x, const int64_t *shape, int64_t n, torch_tensor **w,
                                           double *eps, torch_tensor **y, torch_tensor **rstd);
torch_error aoti_torch_cpu__scaled_dot_product_flash_attention_for_cpu(torch_tensor *q, torch_tensor *k,
                                                                       torch_tensor *v, double dropout, int32_t causal,
                                                                       torch_tensor **mask, double *scale,
                                                                       torch_tensor **o, torch_tensor **lse);

/* A view of data in n dimensions, strides in elements; NULL where PyTorch refuses. */
torch_tensor *torch_view(void *data, int32_t dtype, int n, const int64_t *dim, const int64_t *stride);
/* An operand as it lies: (R,C), or (C) of one dimension. */
torch_tensor *torch_matrix(const assay_tensor *t);
int32_t torch_type(assay_dtype t);
int64_t torch_step(const assay_tensor *t, int i); /* elements from one index to the next; of one entry: a row's */

/* An operator by its name through the dispatcher: stack holds its arguments, which are used up, and then results. */
bool torch_call(const char *op, const char *overload, uint64_t *stack);
uint64_t torch_of(torch_tensor *t);                                       /* arguments: a tensor, */
uint64_t torch_maybe(torch_tensor *t);                                    /* Tensor?: NULL is none, */
uint64_t torch_text(const char *s);                                       /* str, */
uint64_t torch_lengths(int64_t n);                                        /* int[]: one length, */
uint64_t torch_real(double d);                                            /* float */
assay_status torch_copied(bool ok, torch_tensor *to, torch_tensor *from); /* a result into ours; both are let go */

extern const assay_kernel torch_kernels[];
extern const size_t torch_n_kernels;
void torch_threads(void);
#endif
