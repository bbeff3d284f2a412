/* SPDX-License-Identifier: MIT */
#include "hash.h"
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t assay_hash(const void *bytes, size_t n)
{
    return XXH64(bytes, n, 0);
}

int64_t assay_shard_of(const char *text, int64_t n)
{
    return 1 + (int64_t)(assay_hash(text, strlen(text)) % (uint64_t)n);
}
