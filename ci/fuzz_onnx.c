/* SPDX-License-Identifier: MIT
 * libFuzzer target: no bytes may make the reader of ONNX graphs read beyond them, overflow, leak or not end. */
#include "../reference/models/onnx_calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const assay_calls_asked asked = { .model = "fuzz" };
    assay_calls c = { 0 };
    assay_why why;
    assay_onnx_calls_of(&asked, data, size, &c, &why);
    assay_calls_free(&c);
    return 0;
}
