/* SPDX-License-Identifier: MIT */
#include "json.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(assay_json *j, const char *s, size_t n)
{
    if (j->failed)
        return;
    if (j->n + n + 1 > j->room) {
        const size_t room = (j->n + n + 1) * 2;
        char *text = realloc(j->text, room);
        if (!text) {
            j->failed = true;
            return;
        }
        j->text = text, j->room = room;
    }
    memcpy(j->text + j->n, s, n);
    j->text[j->n += n] = 0;
}

size_t assay_json_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    const unsigned char c = s[0], d = c < 0x80 ? 0 : s[1];
    const size_t n = c < 0x80                 ? 1
                     : c >= 0xc2 && c <= 0xdf ? 2
                     : (c & 0xf0) == 0xe0     ? 3
                     : c >= 0xf0 && c <= 0xf4 ? 4
                                              : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f))
        return 0;
    return n;
}

static void quoted(assay_json *j, const char *text)
{
    static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const unsigned char *s = (const unsigned char *)text;
    put(j, "\"", 1);
    while (*s) {
        const char *special = strchr(names, *s);
        const size_t n = assay_json_utf8((const char *)s);
        char escape[8];
        if (special)
            put(j, escape, (size_t)snprintf(escape, sizeof escape, "\\%c", letters[special - names]));
        else if (*s < 0x20)
            put(j, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", *s));
        else if (n)
            put(j, (const char *)s, n);
        else
            put(j, "\xef\xbf\xbd", 3);
        s += n ? n : 1;
    }
    put(j, "\"", 1);
}

static void begin(assay_json *j, const char *key)
{
    if (j->full[j->depth])
        put(j, ", ", 2);
    j->full[j->depth] = true;
    if (key) {
        quoted(j, key);
        put(j, ": ", 2);
    }
}

void assay_json_open(assay_json *j, const char *key, char bracket)
{
    begin(j, key);
    if (j->depth >= (int)sizeof j->close) {
        j->failed = true;
        return;
    }
    put(j, &bracket, 1);
    j->close[j->depth++] = bracket == '{' ? '}' : ']';
    j->full[j->depth] = false;
}

void assay_json_close(assay_json *j)
{
    if (j->depth == 0) {
        j->failed = true;
        return;
    }
    put(j, &j->close[--j->depth], 1);
}

void assay_json_raw(assay_json *j, const char *key, const char *json)
{
    begin(j, key);
    put(j, json, strlen(json));
}

void assay_json_str(assay_json *j, const char *key, const char *s)
{
    begin(j, key);
    if (s)
        quoted(j, s);
    else
        put(j, "null", 4);
}

void assay_json_num(assay_json *j, const char *key, double x)
{
    char s[40];
    if (!isfinite(x)) {
        assay_json_str(j, key, isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
        return;
    }
    if (x == rint(x) && fabs(x) < 1e15)
        snprintf(s, sizeof s, x == 0 && signbit(x) ? "-0.0" : "%.0f", x);
    else /* the shortest of 15 to 17 digits that reads back */
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(s, sizeof s, "%.*g", digits, x);
            if (strtod(s, NULL) == x)
                break;
        }
    assay_json_raw(j, key, s);
}

void assay_json_int(assay_json *j, const char *key, int64_t x)
{
    char s[24];
    snprintf(s, sizeof s, "%lld", (long long)x);
    assay_json_raw(j, key, s);
}

void assay_json_uint(assay_json *j, const char *key, uint64_t x)
{
    char s[24];
    snprintf(s, sizeof s, "%llu", (unsigned long long)x);
    assay_json_raw(j, key, s);
}

void assay_json_bool(assay_json *j, const char *key, bool x)
{
    assay_json_raw(j, key, x ? "true" : "false");
}

void assay_json_free(assay_json *j)
{
    free(j->text);
    *j = (assay_json){ 0 };
}
