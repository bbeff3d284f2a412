/* SPDX-License-Identifier: MIT
 * Hostile files: each lie is one sentence, none is read beyond its bytes; files that are written read back. */
#include "../../../reference/core/gguf.h"
#include "../../../reference/core/safetensors.h"
#include "unit.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct bytes {
    _Alignas(64) unsigned char at[4096];
    size_t n;
} bytes;

static void put(bytes *b, uint64_t x, int n)
{
    for (int i = 0; i < n; i++)
        b->at[b->n++] = (unsigned char)(x >> 8 * i);
}

static void put_text(bytes *b, const char *text)
{
    put(b, strlen(text), 8);
    memcpy(b->at + b->n, text, strlen(text));
    b->n += strlen(text);
}

static void head(bytes *b, uint64_t version, uint64_t tensors, uint64_t keys)
{
    b->n = 0;
    memcpy(b->at, "GGUF", 4);
    b->n = 4;
    put(b, version, 4);
    put(b, tensors, 8);
    put(b, keys, 8);
}

static void tensor(bytes *b, const char *name, uint64_t rank, uint64_t d0, uint64_t d1, uint64_t type, uint64_t offset)
{
    put_text(b, name);
    put(b, rank, 4);
    put(b, d0, 8);
    if (rank > 1)
        put(b, d1, 8);
    put(b, type, 4);
    put(b, offset, 8);
}

/* One tensor with these numbers, and 256 bytes of data. */
static void one_tensor(bytes *b, uint64_t rank, uint64_t d0, uint64_t d1, uint64_t type, uint64_t offset)
{
    head(b, 3, 1, 0);
    tensor(b, "weight", rank, d0, d1, type, offset);
    b->n = (b->n + 31) / 32 * 32 + 256;
}

static void refused(const bytes *b, const char *part)
{
    assay_gguf g;
    assay_why why = { "" };
    ck_assert_int_ne(assay_gguf_parse(b->at, b->n, "file", &g, &why), ASSAY_OK);
    ck_assert_msg(strstr(why.text, part) != NULL, "'%s' does not say '%s'", why.text, part);
}

START_TEST(test_gguf_tensors)
{
    bytes b = { .n = 0 };
    assay_gguf g;
    assay_why why = { "" };
    one_tensor(&b, 2, 32, 2, 0, 0);
    ck_assert_int_eq(assay_gguf_parse(b.at, b.n, "file", &g, &why), ASSAY_OK);
    const assay_gguf_tensor *t = assay_gguf_find_tensor(&g, "weight");
    ck_assert(t && t->t.rank == 2 && t->t.dim[0] == 2 && t->t.dim[1] == 32 && t->t.stride[0] == 128 && t->bytes == 256);
    ck_assert(!assay_gguf_find_tensor(&g, "other"));
    assay_gguf_close(&g);
    one_tensor(&b, 2, 32, 3, 0, 0);
    refused(&b, "beyond the data section of 256 bytes");
    one_tensor(&b, 2, 32, 2, 0, 32);
    refused(&b, "at offset 32 end beyond");
    one_tensor(&b, 2, 32, 1, 0, 8);
    refused(&b, "offset 8 is no multiple of the alignment 32");
    one_tensor(&b, 2, 32, 1, 0, UINT64_MAX - 31);
    refused(&b, "beyond the data section");
    one_tensor(&b, 2, UINT64_MAX / 2, 4, 0, 0);
    refused(&b, "overflows");
    one_tensor(&b, 2, UINT64_MAX, 1, 0, 0);
    refused(&b, "overflows");
    one_tensor(&b, 2, (uint64_t)1 << 62, 1, 0, 0);
    refused(&b, "overflow");
    one_tensor(&b, 2, 33, 1, 8, 0);
    refused(&b, "33 elements are no whole blocks of 32 (q8_0)");
    one_tensor(&b, 0, 32, 1, 0, 0);
    refused(&b, "rank 0");
    one_tensor(&b, 5, 32, 1, 0, 0);
    refused(&b, "rank 5");
    one_tensor(&b, 2, 32, 1, 4, 0);
    refused(&b, "unknown element type 4");
    one_tensor(&b, 2, 256, 1, 41, 0);
    refused(&b, "element type q1_0 (41), which Assay does not have");
    one_tensor(&b, 2, 256, 1, ASSAY_e4m3, 0);
    refused(&b, "unknown element type 63");
    one_tensor(&b, 2, 32, 1, UINT32_MAX, 0);
    refused(&b, "unknown element type 4294967295");
    head(&b, 3, 2, 0);
    tensor(&b, "a", 1, 32, 1, 0, 0);
    tensor(&b, "b", 1, 32, 1, 0, 96);
    b.n = (b.n + 31) / 32 * 32 + 256;
    refused(&b, "'a' (offset 0, 128 bytes) overlaps 'b' (offset 96)");
    head(&b, 3, 2, 0);
    tensor(&b, "a", 1, 8, 1, 0, 0);
    tensor(&b, "a", 1, 8, 1, 0, 32);
    b.n = (b.n + 31) / 32 * 32 + 256;
    refused(&b, "tensor 'a' stands there twice");
}
END_TEST

START_TEST(test_gguf_keys)
{
    bytes b = { .n = 0 };
    assay_gguf g;
    assay_why why = { "" };
    head(&b, 1, 0, 0);
    refused(&b, "GGUF version 1");
    head(&b, 0x03000000, 0, 0);
    refused(&b, "big-endian");
    head(&b, 3, UINT64_MAX, 0);
    refused(&b, "do not fit into 0 bytes");
    head(&b, 3, 0, UINT64_MAX);
    refused(&b, "do not fit");
    head(&b, 3, 0, 1);
    put(&b, 1000, 8);
    b.n += 24;
    refused(&b, "needs 1000 bytes");
    head(&b, 3, 0, 1);
    put_text(&b, "general.alignment");
    put(&b, ASSAY_GGUF_U32, 4);
    put(&b, 24, 4);
    refused(&b, "24 is no power of two");
    b.n -= 4;
    put(&b, 0, 4);
    refused(&b, "is 0, not in 8 ..");
    b.n -= 8;
    put(&b, 99, 4);
    put(&b, 0, 4);
    refused(&b, "unknown kind 99");
    head(&b, 3, 0, 1);
    put_text(&b, "list");
    put(&b, ASSAY_GGUF_ARRAY, 4);
    put(&b, ASSAY_GGUF_STRING, 4);
    put(&b, (uint64_t)1 << 61, 8);
    refused(&b, "an array of 2305843009213693952 items");
    head(&b, 2, 0, 2);
    put_text(&b, "a");
    put(&b, ASSAY_GGUF_I16, 4);
    put(&b, 0xfffe, 2);
    put_text(&b, "b");
    put(&b, ASSAY_GGUF_ARRAY, 4);
    put(&b, ASSAY_GGUF_STRING, 4);
    put(&b, 2, 8);
    put_text(&b, "x");
    put_text(&b, "");
    ck_assert_int_eq(assay_gguf_parse(b.at, b.n, "file", &g, &why), ASSAY_OK);
    int64_t x = 0;
    double r = 0;
    assay_span *text;
    size_t n;
    ck_assert_int_eq(assay_gguf_int(&g, "a", true, -2, 0, &x, &why), ASSAY_OK);
    ck_assert_int_eq(x, -2);
    ck_assert_int_eq(assay_gguf_int(&g, "a", true, 0, 9, &x, &why), ASSAY_ERR_FORMAT);
    ck_assert_str_eq(why.text, "file: key 'a' is -2, not in 0 .. 9");
    ck_assert_int_eq(assay_gguf_real(&g, "a", true, 0, 9, &r, &why), ASSAY_ERR_FORMAT);
    ck_assert_str_eq(why.text, "file: key 'a' is of kind i16, not a real number");
    ck_assert_int_eq(assay_gguf_int(&g, "c", true, 0, 9, &x, &why), ASSAY_ERR_FORMAT);
    ck_assert_str_eq(why.text, "file: key 'c' is missing");
    ck_assert_int_eq(assay_gguf_int(&g, "c", false, 0, 9, &x, &why), ASSAY_OK);
    ck_assert_int_eq(assay_gguf_texts(&g, "b", &text, &n, &why), ASSAY_OK);
    ck_assert(n == 2 && assay_span_is(text[0], "x") && assay_span_is(text[1], ""));
    free(text);
    assay_gguf_close(&g);
    for (size_t cut = 0; cut < b.n; cut++) { /* every truncation is refused */
        bytes shorter = b;
        shorter.n = cut;
        refused(&shorter, "file: ");
    }
}
END_TEST

static void st_refused(const char *header, size_t data, const char *part)
{
    bytes b = { .n = 0 };
    assay_safetensors s;
    assay_why why = { "" };
    put_text(&b, header);
    b.n += data;
    ck_assert_int_eq(assay_safetensors_parse(b.at, b.n, "file", &s, &why), ASSAY_ERR_FORMAT);
    ck_assert_msg(strstr(why.text, part) != NULL, "'%s' does not say '%s'", why.text, part);
}

START_TEST(test_safetensors_hostile)
{
    assay_safetensors s;
    assay_why why = { "" };
    const unsigned char huge[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
    ck_assert_int_eq(assay_safetensors_parse("", 0, "file", &s, &why), ASSAY_ERR_FORMAT);
    ck_assert_int_eq(assay_safetensors_parse(huge, 8, "file", &s, &why), ASSAY_ERR_FORMAT);
    ck_assert(strstr(why.text, "18446744073709551615") != NULL);
    st_refused("[]", 0, "no JSON object");
    st_refused("{\"a\":", 0, "no JSON object");
    st_refused("{} x", 0, "goes on after its JSON");
    st_refused("{\"a\":{}}", 0, "'a' has no dtype");
    st_refused("{\"a\":{\"dtype\":\"F99\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "unknown dtype 'F99'");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "no integer of 0 .. 2^53");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, "no integer");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
               "up to 6 lengths, not 7");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[4503599627370496,4],\"data_offsets\":[0,4]}}", 4, "overflows");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
               "needs 8 bytes of F32, its data_offsets hold 4");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "do not lie in the 4 bytes");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}", 8, "data_offsets 8 .. 4");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "two integers");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "leaving a hole from byte 0");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8,
               "has 8 bytes, the tensors cover 4");
    st_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"I8\",\"shape\":[4],"
               "\"data_offsets\":[4,8]}}",
               8, "overlapping its neighbour");
    st_refused("{\"a\":{\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"I8\",\"shape\":[0],"
               "\"data_offsets\":[0,0]}}",
               0, "'a' stands there twice");
    st_refused("{\"__metadata__\":{\"a\":1}}", 0, "'a' is no string");
}
END_TEST

START_TEST(test_safetensors_round_trip)
{
    char path[] = "/tmp/assay_unit_XXXXXX";
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    const float f[6] = { 1, -2, 3, 0.5f, 1e30f, -0.0f };
    const unsigned char u[3] = { 1, 2, 255 };
    const assay_st_tensor t[] = {
        { "codes", assay_st_type_find("U8"), 1, { 3 }, u, 3 },
        { "a \"b\"\\\n", assay_st_type_of(ASSAY_f32), 2, { 2, 3 }, f, 24 },
        { "none", assay_st_type_of(ASSAY_f64), 2, { 0, 7 }, f, 0 },
    };
    const assay_st_pair meta[] = { { "op", "matmul" }, { "line", "x=\"1\"" } };
    assay_why why = { "" };
    assay_safetensors s;
    ck_assert_int_eq(assay_safetensors_write(path, t, 3, meta, 2, &why), ASSAY_OK);
    ck_assert_int_eq(assay_safetensors_open(path, &s, &why), ASSAY_OK);
    ck_assert_uint_eq(s.n_tensors, 3);
    const assay_st_tensor *a = assay_safetensors_find(&s, t[1].name), *c = assay_safetensors_find(&s, "codes");
    ck_assert(a && a->type->type == ASSAY_f32 && a->rank == 2 && a->dim[1] == 3 && !memcmp(a->data, f, 24));
    ck_assert(c && c->type->type == ASSAY_DTYPE_END && !memcmp(c->data, u, 3));
    ck_assert_uint_eq((uintptr_t)s.tensor[0].data % 64, 0);
    ck_assert_str_eq(assay_safetensors_meta(&s, "line"), "x=\"1\"");
    ck_assert(!assay_safetensors_meta(&s, "none"));
    assay_safetensors_close(&s);
    /* a full disk: one sentence, and the file that was there stays as it was */
    ck_assert_int_eq(assay_safetensors_write("/dev/full", t, 3, meta, 2, &why), ASSAY_ERR_IO);
    ck_assert_str_eq(why.text, "/dev/full: cannot be written: No space left on device");
    ck_assert_int_eq(assay_safetensors_write("/nonexistent/x", t, 3, meta, 2, &why), ASSAY_ERR_IO);
    assay_st_tensor wrong = t[0];
    wrong.bytes = 4;
    ck_assert_int_eq(assay_safetensors_write(path, &wrong, 1, NULL, 0, &why), ASSAY_ERR_SHAPE);
    ck_assert_int_eq(assay_safetensors_open(path, &s, &why), ASSAY_OK);
    ck_assert_uint_eq(s.n_tensors, 3);
    assay_safetensors_close(&s);
    unlink(path);
    ck_assert_int_eq(assay_safetensors_open("/tmp", &s, &why), ASSAY_ERR_IO);
    ck_assert_str_eq(why.text, "/tmp: not a regular file but a folder");
}
END_TEST

/* In a process of its own: a file of two pages is mapped, cut off to one, and read behind that.  How it ended, and what
 * it said. */
static int read_cut_off(const char *path, bool guarded, char *said, size_t n)
{
    const long page = sysconf(_SC_PAGESIZE);
    int pipes[2], status = 0;
    ck_assert(!pipe(pipes));
    const pid_t pid = fork();
    if (pid == 0) {
        assay_map m;
        const volatile unsigned char *at;
        const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        dup2(pipes[1], STDERR_FILENO);
        if (ftruncate(fd, 2 * page) || assay_map_open(path, &m, NULL))
            _exit(3);
        at = m.data;
        if (!guarded) { /* mapped by somebody else, beside one of ours */
            at = mmap(NULL, (size_t)(2 * page), PROT_READ, MAP_PRIVATE, fd, 0);
            assay_map_close(&m);
        }
        if (at[page] || ftruncate(fd, page))
            _exit(3);
        _exit(at[0] || at[page] ? 4 : 5);
    }
    close(pipes[1]);
    size_t at = 0;
    for (ssize_t got = 1; got > 0 && at + 1 < n; at += got > 0 ? (size_t)got : 0)
        got = read(pipes[0], said + at, n - 1 - at);
    said[at] = 0;
    close(pipes[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    unlink(path);
    return status;
}

START_TEST(test_cut_while_read)
{
    char path[64], said[256], want[256];
    snprintf(path, sizeof path, "/tmp/assay-cut-%d", (int)getpid());
    snprintf(want, sizeof want, "assay: %s: the file became shorter while it was read, or its device failed\n", path);
    const int ours = read_cut_off(path, true, said, sizeof said);
    ck_assert_msg(WIFEXITED(ours) && WEXITSTATUS(ours) == 2, "status %d: %s", ours, said);
    ck_assert_str_eq(said, want);
    const int theirs = read_cut_off(path, false, said, sizeof said);
    ck_assert_msg(!WIFEXITED(theirs) || WEXITSTATUS(theirs) != 2, "status %d: %s", theirs, said);
    ck_assert_msg(!strstr(said, "became shorter"), "%s", said);
}
END_TEST

Suite *assay_unit_files(void)
{
    Suite *s = suite_create("files");
    TCase *c = tcase_create("files");
    tcase_add_test(c, test_gguf_tensors);
    tcase_add_test(c, test_gguf_keys);
    tcase_add_test(c, test_safetensors_hostile);
    tcase_add_test(c, test_safetensors_round_trip);
    tcase_add_test(c, test_cut_while_read);
    suite_add_tcase(s, c);
    return s;
}
