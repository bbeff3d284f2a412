/* SPDX-License-Identifier: MIT
 * unfold: kernels that are wrong on purpose, and legal ones that move the same elements in other orders. */
#include "assay/params/unfold.h"
#include "faults.h"
#include "variants.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(POSITIONS_FIRST, "channels-last-in-a-patch", "pytorch/executorch#20708")                                         \
    X(CHANNELS_FIRST, "patches-within-each-channel", "gupta-abhay/pytorch-vit#7")                                      \
    X(PATCHES_LAST, "elements-by-patches", "own: the order of PyTorch's unfold, (C kh kw, T)")                         \
    X(COLUMNS_FIRST, "columns-before-rows-in-a-patch", "own")                                                          \
    X(PATCH_COLUMNS, "patches-in-order-of-columns", "own")                                                             \
    X(TURNED, "kernel-turned-round", "own: a convolution in the strict sense")                                         \
    X(TRANSPOSED, "image-transposed", "own: rows for columns")                                                         \
    X(STRIDE_SWAPPED, "stride-of-columns-for-rows", "jefkine/zeta-learn#4")                                            \
    X(PAD_SWAPPED, "padding-of-columns-for-rows", "own")                                                               \
    X(KERNEL_SWAPPED, "sides-of-the-kernel-swapped", "own")                                                            \
    X(STRIDE_1, "stride-1", "own: stride left out")                                                                    \
    X(STRIDE_KERNEL, "stride-of-the-kernel", "own: patches side by side, whatever is asked")                           \
    X(NO_PAD, "padding-not-taken-off", "own")                                                                          \
    X(LAST_SIDE, "padding-before-the-image-alone", "mit-han-lab/tinyengine#95")                                        \
    X(EDGE, "edge-for-zeros", "own: the padding of other models")                                                      \
    X(AROUND, "other-side-for-zeros", "own: circular padding")                                                         \
    X(PRODUCT, "zeros-by-a-product", "own: the edge times 0: NaN of an infinity")                                      \
    X(MINUS_0, "zeros-with-a-sign", "own")                                                                             \
    X(ROUNDED_UP, "patches-counted-upward", "own: the cut patch at the right counts")                                  \
    X(UNPADDED, "patches-counted-without-padding", "own")                                                              \
    X(IMAGE_0, "first-image-for-all", "own")                                                                           \
    X(CHANNEL_0, "first-channel-for-all", "own")                                                                       \
    X(LAST_ELEMENT, "last-element-of-a-patch-lost", "slip: tail")                                                      \
    X(LAST_PATCH, "last-patch-lost", "slip: tail")                                                                     \
    X(BF16, "through-bf16", "own: moved as what the matmul takes")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "by-elements", "legal: one by one")                                                                       \
    X(RUNS, "by-runs", "legal: a run of a row at a time")                                                              \
    X(SCATTERED, "by-pixels", "legal: zeros, then each element to the patches that hold it")                           \
    X(BACKWARDS, "backwards", "legal: last patch first, last element first")                                           \
    X(CHANNELS, "by-channels", "legal: channels in the outer loop")                                                    \
    X(POSITIONS, "by-positions", "legal: channels in the inner loop")                                                  \
    X(EVENS, "every-other-element", "legal: the others behind them")                                                   \
    X(EVEN_PATCHES, "every-other-patch", "legal: the others behind them")                                              \
    X(LAST_IMAGE, "last-image-first", "legal: order of images")                                                        \
    X(TWICE, "written-twice", "legal: a 1 first, then the element over it")

enum { FAULTS(MODE) LEGAL(MODE) };

typedef struct call {
    const assay_args *a;
    int64_t C, H, W, T, K, rows, columns, down, across, stride_h, pad_h; /* as the mode sees them */
    int mode;
} call;

static int64_t patches(int64_t n, int64_t kernel, int64_t stride, int64_t pad, int mode)
{
    const int64_t left = n + (mode == UNPADDED ? 0 : 2 * pad) - kernel;
    return left < 0 ? 1 : (left + (mode == ROUNDED_UP ? stride - 1 : 0)) / stride + 1;
}
static call call_of(const assay_args *a, int mode)
{
    const assay_unfold_params *p = a->params;
    const bool turned = mode == KERNEL_SWAPPED;
    call k = { a, a->dim[1], a->dim[2], a->dim[3], a->dim[4], a->dim[5], .mode = mode };
    k.rows = turned ? p->kernel_w : p->kernel_h, k.columns = turned ? p->kernel_h : p->kernel_w;
    k.stride_h = mode == STRIDE_SWAPPED ? p->stride_w : p->stride_h;
    k.pad_h = mode == PAD_SWAPPED ? p->pad_w : p->pad_h;
    k.down = patches(k.H, p->kernel_h, p->stride_h, p->pad_h, mode);
    k.across = patches(k.W, p->kernel_w, p->stride_w, p->pad_w, mode);
    return k;
}

static float load(const void *p, assay_dtype type)
{
    float x;
    uint16_t half;
    memcpy(type == ASSAY_f32 ? (void *)&x : &half, p, type == ASSAY_f32 ? sizeof x : sizeof half);
    return type == ASSAY_f32 ? x : type == ASSAY_f16 ? assay_f16_to_f32(half) : assay_bf16_to_f32(half);
}
static float pixel(const call *k, int64_t b, int64_t c, int64_t h, int64_t w)
{
    const assay_tensor *x = &k->a->operand[0];
    const int64_t at = w * k->H + h, row = k->mode == TRANSPOSED ? at / k->W : h;
    const int64_t column = k->mode == TRANSPOSED ? at % k->W : w, size = x->type == ASSAY_f32 ? 4 : 2;
    const char *from = (const char *)x->data + b * x->stride[0] + c * x->stride[1] + row * x->stride[2];
    const float v = load(from + column * size, x->type);
    return k->mode == BF16 ? as_bf16(v) : v;
}

static int64_t between(int64_t at, int64_t n)
{
    return at < 0 ? 0 : at < n ? at : n - 1;
}

/* Beside the image */
static float outside(const call *k, int64_t b, int64_t c, int64_t h, int64_t w)
{
    const int64_t H = k->H, W = k->W;
    if (H == 0 || W == 0)
        return 0;
    const float edge = pixel(k, b, c, between(h, H), between(w, W));
    switch (k->mode) {
    case EDGE:
        return edge;
    case AROUND:
        return pixel(k, b, c, ((h % H) + H) % H, ((w % W) + W) % W);
    case PRODUCT:
        return edge * 0;
    case MINUS_0:
        return -0.0f;
    case LAST_SIDE:
        return h >= H || w >= W ? edge : 0;
    default:
        return 0;
    }
}

/* What element e of patch t is */
static float element(const call *k, int64_t b, int64_t t, int64_t e)
{
    const assay_unfold_params *p = k->a->params;
    const int mode = k->mode;
    const int64_t size = k->rows * k->columns, flat = t * k->K + e;
    if (mode == CHANNELS_FIRST)
        t = flat / size % k->T, e = flat / size / k->T * size + flat % size;
    if (mode == PATCHES_LAST)
        t = flat % k->T, e = flat / k->T;
    int64_t c = mode == POSITIONS_FIRST ? e % k->C : e / size, at = mode == POSITIONS_FIRST ? e / k->C : e % size;
    at = mode == TURNED ? size - 1 - at : at;
    const int64_t r = mode == COLUMNS_FIRST ? at % k->rows : at / k->columns;
    const int64_t s = mode == COLUMNS_FIRST ? at / k->rows : at % k->columns;
    const int64_t y = mode == PATCH_COLUMNS ? t % k->down : t / k->across;
    const int64_t x = mode == PATCH_COLUMNS ? t / k->down : t % k->across;
    const int64_t down = mode == STRIDE_1 ? 1 : mode == STRIDE_KERNEL ? k->rows : k->stride_h;
    const int64_t right = mode == STRIDE_1 ? 1 : mode == STRIDE_KERNEL ? k->columns : p->stride_w;
    const int64_t h = y * down + r - (mode == NO_PAD ? 0 : k->pad_h);
    const int64_t w = x * right + s - (mode == NO_PAD ? 0 : p->pad_w);
    if ((mode == LAST_ELEMENT && k->K > 1 && e == k->K - 1) || (mode == LAST_PATCH && k->T > 1 && t == k->T - 1))
        return 0;
    b = mode == IMAGE_0 ? 0 : b, c = mode == CHANNEL_0 ? 0 : c;
    return h >= 0 && h < k->H && w >= 0 && w < k->W ? pixel(k, b, c, h, w) : outside(k, b, c, h, w);
}

static void put(const call *k, int64_t b, int64_t t, int64_t e, float v)
{
    const assay_tensor *y = &k->a->operand[1];
    char *to = (char *)y->data + b * y->stride[0] + t * y->stride[1];
    const uint16_t half = y->type == ASSAY_f16 ? assay_f16_from_f32(v) : assay_bf16_from_f64((double)v);
    if (y->type == ASSAY_f32)
        memcpy(to + e * 4, &v, 4);
    else
        memcpy(to + e * 2, &half, 2);
}
static void one(const call *k, int64_t b, int64_t t, int64_t e)
{
    const float v = element(k, b, t, e);
    if (k->mode == TWICE)
        put(k, b, t, e, 1);
    put(k, b, t, e, v);
}

/* A row of a patch: zeros, then what of it lies in the image. */
static void run_of(const call *k, int64_t b, int64_t t, int64_t row)
{
    const assay_unfold_params *p = k->a->params;
    const int64_t h = t / k->across * p->stride_h + row % k->rows - p->pad_h, c = row / k->rows;
    const int64_t w = t % k->across * p->stride_w - p->pad_w, e = row * k->columns;
    for (int64_t s = 0; s < k->columns; s++)
        put(k, b, t, e + s, 0);
    for (int64_t s = w < 0 ? -w : 0; h >= 0 && h < k->H && s < k->columns && w + s < k->W; s++) {
        const float v = pixel(k, b, c, h, w + s);
        put(k, b, t, e + s, v);
    }
}

/* One channel, into the patches of the slice */
static void scatter(const call *k, int64_t b, int64_t c)
{
    const assay_unfold_params *p = k->a->params;
    for (int64_t i = 0; i < k->H * k->W; i++)
        for (int64_t at = 0; at < k->rows * k->columns; at++) {
            const int64_t h = i / k->W + p->pad_h - at / k->columns, w = i % k->W + p->pad_w - at % k->columns;
            const int64_t t = h / p->stride_h * k->across + w / p->stride_w;
            const bool lies = h >= 0 && h % p->stride_h == 0 && h / p->stride_h < k->down && w >= 0 &&
                              w % p->stride_w == 0 && w / p->stride_w < k->across;
            const float v = pixel(k, b, c, i / k->W, i % k->W);
            if (lies && t >= k->a->begin && t < k->a->end)
                put(k, b, t, c * k->rows * k->columns + at, v);
        }
}

/* The i-th of n, first those at 0, 2, ..., then the others */
static int64_t alternate(int64_t i, int64_t n)
{
    return 2 * i < n ? 2 * i : 2 * (i - (n + 1) / 2) + 1;
}
/* The i-th element that is written of a patch */
static int64_t nth(const call *k, int64_t i)
{
    const int64_t size = k->rows * k->columns;
    return k->mode == BACKWARDS   ? k->K - 1 - i
           : k->mode == EVENS     ? alternate(i, k->K)
           : k->mode == POSITIONS ? i % k->C * size + i / k->C
                                  : i;
}

static void image(const call *k, int64_t b)
{
    const int64_t begin = k->a->begin, n = k->a->end - begin, size = k->rows * k->columns;
    if (k->mode == CHANNELS) {
        for (int64_t i = 0; i < k->C * n; i++)
            for (int64_t at = 0; at < size; at++)
                one(k, b, begin + i % n, i / n * size + at);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t t = begin + (k->mode == BACKWARDS ? n - 1 - i : k->mode == EVEN_PATCHES ? alternate(i, n) : i);
        for (int64_t row = 0; k->mode == RUNS && row < k->C * k->rows; row++)
            run_of(k, b, t, row);
        for (int64_t e = 0; k->mode != RUNS && e < k->K; e++)
            if (k->mode == SCATTERED)
                put(k, b, t, e, 0);
            else
                one(k, b, t, nth(k, e));
    }
    for (int64_t c = 0; k->mode == SCATTERED && c < k->C; c++)
        scatter(k, b, c);
}

static assay_status run(const assay_args *a)
{
    const call k = call_of(a, mode_of(a));
    for (int64_t b = 0; b < a->dim[0]; b++)
        image(&k, k.mode == LAST_IMAGE ? a->dim[0] - 1 - b : b);
    return ASSAY_OK;
}

static const assay_typeset types[] = { VARY_FLOATS, VARY_FLOATS };
#define KERNEL_BASE .op = "unfold", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_unfold = { "unfold", table, ASSAY_COUNT_OF(table) };
