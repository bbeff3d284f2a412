/* SPDX-License-Identifier: MIT
 * hash.h - XXH64 for every build of the judge, also those without its library.  Shards depend on it: never another. */
#ifndef ASSAY_HASH_H
#define ASSAY_HASH_H
#include <stddef.h>
#include <stdint.h>

uint64_t assay_hash(const void *bytes, size_t n);
/* Of a file: /proc/self/exe is this program, and results of another build are not its own.  "" if it cannot be read. */
void assay_hash_file(const char *path, char text[20]);
/* Shard 1..n of a text. */
int64_t assay_shard_of(const char *text, int64_t n);
#endif
