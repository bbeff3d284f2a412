/* SPDX-License-Identifier: MIT
 * Patches are rows of y, so that a matmul takes them as they lie: T and K follow from the image and the fields. Lengths
 * of C and H are tried as those of what is few, for they count loops around runs of columns. */
#include "assay/params/unfold.h"
#include "spec.h"
#include "../core/dtype.h"
#include "../core/status.h"

enum { MOST = 1 << 15 }; /* of a side: what two of them multiply to stays far from 2^63 */
static const assay_operand operands[] = {
    { .name = "x", .shape = "BCHW", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "BTK", .types = TYPES(FLOATS), .access = ASSAY_OUT, .verdict = ASSAY_EXACT },
};
static const assay_field fields[] = {
    ASSAY_FIELD_ALONG(assay_unfold_params, kernel_h, 0, MOST, 'H'),
    ASSAY_FIELD_ALONG(assay_unfold_params, kernel_w, 0, MOST, 'W'),
    ASSAY_FIELD(assay_unfold_params, stride_h, 0, MOST),
    ASSAY_FIELD(assay_unfold_params, stride_w, 0, MOST),
    ASSAY_FIELD(assay_unfold_params, pad_h, 0, MOST),
    ASSAY_FIELD(assay_unfold_params, pad_w, 0, MOST),
};
static const assay_said says[] = {
    { "B", "images" },
    { "C", "channels" },
    { "H", "rows of an image; 1: a signal, as Whisper's stem has it" },
    { "W", "columns" },
    { "T", "patches: (H + 2 pad_h - kernel_h) / stride_h + 1 rows of them, rounded down, times as many columns" },
    { "K", "elements of a patch: C kernel_h kernel_w" },
    { "y", "patches in order of rows, each in order of channel, row and column: times W^T by op matmul, W (out, C, "
           "kernel_h, kernel_w), a convolution" },
    { "kernel_h", "rows of a patch; 0: 1" },
    { "kernel_w", "columns of a patch; 0: 1" },
    { "stride_h", "from one patch to that below; 0: kernel_h, patches do not overlap" },
    { "stride_w", "from one patch to that beside; 0: kernel_w" },
    { "pad_h", "rows of zeros above the image, and below" },
    { "pad_w", "columns of zeros on either side" },
    { NULL, "a kernel is no longer than the padded image, and longer than the padding, so that each patch of an image "
            "meets it; rows and columns behind the last whole patch are in none" },
    { NULL, "y has the type of x: what x holds is moved" },
    { NULL, "kernels never see a kernel or a stride of 0" },
};

/* Fills one axis in, a letter and an end ("H", "_h"), and counts its patches. */
static assay_status axis(char letter, int64_t n, int32_t *kernel, int32_t *stride, int32_t pad, int64_t *patches,
                         assay_why *why)
{
    const char end = letter == 'H' ? 'h' : 'w';
    *kernel = *kernel ? *kernel : 1;
    *stride = *stride ? *stride : *kernel;
    if (pad >= *kernel)
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "unfold: pad_%c=%d is not below kernel_%c=%d: a patch would be of zeros alone", end, pad, end,
                          *kernel);
    if (n + 2 * pad < *kernel)
        return assay_fail(why, ASSAY_ERR_SHAPE,
                          "unfold: kernel_%c=%d does not fit into %c=%lld with pad_%c=%d on either side", end, *kernel,
                          letter, (long long)n, end, pad);
    *patches = (n + 2 * pad - *kernel) / *stride + 1;
    return ASSAY_OK;
}

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_unfold_params *p = params;
    const int64_t C = a->dim[1], H = a->dim[2], W = a->dim[3], T = a->dim[4], K = a->dim[5];
    int64_t down, across;
    assay_status st = axis('H', H, &p->kernel_h, &p->stride_h, p->pad_h, &down, why);
    if (!st)
        st = axis('W', W, &p->kernel_w, &p->stride_w, p->pad_w, &across, why);
    if (st)
        return st;
    if (T % across || T / across != down)
        return assay_fail(why, ASSAY_ERR_SHAPE, "unfold: y has T=%lld patches, x has %lld x %lld", (long long)T,
                          (long long)down, (long long)across);
    const int64_t size = (int64_t)p->kernel_h * p->kernel_w;
    if (K % size || K / size != C)
        return assay_fail(why, ASSAY_ERR_SHAPE, "unfold: y has K=%lld elements of a patch, x has C=%lld x %d x %d",
                          (long long)K, (long long)C, p->kernel_h, p->kernel_w);
    if (a->operand[0].type != a->operand[1].type)
        return assay_fail(why, ASSAY_ERR_DTYPE, "unfold: x is %s and y is %s: they are of one type",
                          assay_dtype_of(a->operand[0].type)->name, assay_dtype_of(a->operand[1].type)->name);
    return ASSAY_OK;
}

FLOPS(0)

SPEC(unfold) = {
    USUAL(unfold),
    .formula = "y[b,t,(c,r,s)] = x[b, c, stride_h (t / across) + r - pad_h, stride_w (t % across) + s - pad_w]",
    .dims = "BCHWTK",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_GROUPS, ASSAY_ROLE_GROUPS, ASSAY_ROLE_FEW, ASSAY_ROLE_DERIVED,
              ASSAY_ROLE_DERIVED },
    .split = 'T',
    FIELDS(fields, assay_unfold_params),
    .resolve = resolve,
    .flops = flops,
};
