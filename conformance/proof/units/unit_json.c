/* SPDX-License-Identifier: MIT
 * The JSON writer against another's reader (cJSON): numbers come back to the same bits, text to the same bytes. */
#include "../../../reference/core/json.h"
#include "../../../reference/core/rng.h"
#include "unit.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

START_TEST(numbers_come_back)
{
    enum { N = 20000 };
    static double x[N];
    const double odd[] = { 0,
                           -0.0,
                           1,
                           -1,
                           0.1,
                           1.0 / 3,
                           5e-324,
                           2.2250738585072014e-308,
                           1.7976931348623157e308,
                           1e15,
                           9007199254740993.0,
                           1e22,
                           -123456.75 };
    assay_rng rng = { 1, 2, 0 };
    assay_json j = { 0 };
    assay_json_open(&j, NULL, '[');
    for (size_t i = 0; i < N; i++) {
        const uint64_t bits = assay_rng_u64(&rng); /* any double, by its bits */
        memcpy(&x[i], &bits, sizeof x[i]);
        if (i < sizeof odd / sizeof *odd)
            x[i] = odd[i];
        x[i] = isfinite(x[i]) ? x[i] : (double)i;
        assay_json_num(&j, NULL, x[i]);
    }
    assay_json_close(&j);
    ck_assert(!j.failed);
    cJSON *list = cJSON_Parse(j.text), *o;
    ck_assert_int_eq(cJSON_GetArraySize(list), N);
    int i = 0;
    cJSON_ArrayForEach(o, list)
    {
        ck_assert_msg(o->valuedouble == x[i] && !signbit(o->valuedouble) == !signbit(x[i]),
                      "%d: %.17g came back as %.17g", i, x[i], o->valuedouble);
        i++;
    }
    cJSON_Delete(list);
    assay_json_free(&j);
}
END_TEST

static const struct text {
    const char *in, *out;
} texts[] = {
    { "", "" },
    { "plain", "plain" },
    { "\"quoted\" \\ / \b\f\n\r\t", "\"quoted\" \\ / \b\f\n\r\t" },
    { "\x01\x1f\x7f", "\x01\x1f\x7f" },
    { "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
    { "\xff", "\xef\xbf\xbd" },                                                 /* never a UTF-8 byte */
    { "\xc3", "\xef\xbf\xbd" },                                                 /* cut short */
    { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },                                 /* overlong */
    { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },                 /* a surrogate */
    { "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* above U+10FFFF */
};

START_TEST(text_comes_back)
{
    const struct text *t = &texts[_i];
    assay_json j = { 0 };
    assay_json_open(&j, NULL, '{');
    assay_json_str(&j, t->in, t->in);
    assay_json_close(&j);
    cJSON *o = cJSON_Parse(j.text);
    ck_assert_msg(o != NULL, "not JSON: %s", j.text);
    ck_assert_str_eq(o->child->string, t->out);
    ck_assert_str_eq(o->child->valuestring, t->out);
    cJSON_Delete(o);
    assay_json_free(&j);
}
END_TEST

START_TEST(what_is_not_a_number_is_text)
{
    assay_json j = { 0 };
    assay_json_open(&j, NULL, '[');
    assay_json_num(&j, NULL, INFINITY);
    assay_json_num(&j, NULL, -INFINITY);
    assay_json_num(&j, NULL, NAN);
    assay_json_str(&j, NULL, NULL);
    assay_json_bool(&j, NULL, true);
    assay_json_int(&j, NULL, INT64_MIN);
    assay_json_uint(&j, NULL, UINT64_MAX);
    assay_json_close(&j);
    ck_assert_str_eq(j.text, "[\"inf\", \"-inf\", \"nan\", null, true, -9223372036854775808, 18446744073709551615]");
    assay_json_free(&j);
}
END_TEST

START_TEST(wrong_nesting_is_noticed)
{
    assay_json j = { 0 };
    assay_json_close(&j);
    ck_assert(j.failed);
    assay_json_free(&j);
    for (int i = 0; i < 40; i++)
        assay_json_open(&j, NULL, '[');
    ck_assert(j.failed);
    assay_json_free(&j);
}
END_TEST

Suite *assay_unit_json(void)
{
    Suite *s = suite_create("json");
    TCase *c = tcase_create("json");
    tcase_add_test(c, numbers_come_back);
    tcase_add_loop_test(c, text_comes_back, 0, sizeof texts / sizeof *texts);
    tcase_add_test(c, what_is_not_a_number_is_text);
    tcase_add_test(c, wrong_nesting_is_noticed);
    suite_add_tcase(s, c);
    return s;
}
