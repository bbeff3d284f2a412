/* SPDX-License-Identifier: MIT
 * json.h - writes JSON into a growing string: members in the order of the calls, commas and escapes by themselves.
 * Numbers read back to the same double; inf and nan become the strings "inf", "-inf", "nan".  Text that is not UTF-8
 * gets U+FFFD for each wrong byte.  cJSON reads.
 *
 *   assay_json j = { 0 };
 *   assay_json_open(&j, NULL, '{');
 *   assay_json_str(&j, "name", "x");
 *   assay_json_close(&j);
 *   fputs(j.text, f); assay_json_free(&j); */
#ifndef ASSAY_CORE_JSON_H
#define ASSAY_CORE_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct assay_json {
    char *text; /* always terminated once something was written */
    size_t n, room;
    bool failed; /* out of memory, nesting too deep, or close without open: text is not to be used */
    int depth;
    char close[32];
    bool full[33]; /* something stands at this depth: the next one needs a comma */
} assay_json;

/* key: NULL inside an array and at the top */
void assay_json_open(assay_json *j, const char *key, char bracket); /* '{' or '[' */
void assay_json_close(assay_json *j);
void assay_json_str(assay_json *j, const char *key, const char *s); /* NULL: null */
void assay_json_num(assay_json *j, const char *key, double x);
void assay_json_int(assay_json *j, const char *key, int64_t x);
void assay_json_uint(assay_json *j, const char *key, uint64_t x);
void assay_json_bool(assay_json *j, const char *key, bool x);
void assay_json_raw(assay_json *j, const char *key, const char *json); /* text that is JSON already */
void assay_json_free(assay_json *j);
/* Length of the UTF-8 sequence at s, 0 if it is not one (overlong, surrogate, above U+10FFFF, cut short). */
size_t assay_json_utf8(const char *s);
#endif
