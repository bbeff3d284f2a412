/* SPDX-License-Identifier: MIT
 * abi.h: the judge's own floating-point environment; a kernel without optional entry points keeps being without. */
#include "../../judge/abi.h"
#include "unit.h"
#include <fenv.h>
#include <string.h>

START_TEST(test_environment)
{
    static const struct {
        int round;
        const char *words;
    } table[] = { { FE_UPWARD, "rounding up" },
                  { FE_DOWNWARD, "rounding down" },
                  { FE_TOWARDZERO, "rounding to zero" } };
    assay_why why;
    ck_assert(assay_abi_environment(&why));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        fesetround(table[i].round);
        ck_assert(!assay_abi_environment(&why));
        ck_assert_msg(strstr(why.text, table[i].words) != NULL, "%s", why.text);
        ck_assert(assay_abi_environment(&why)); /* it has been put right */
        ck_assert(fegetround() == FE_TONEAREST);
    }
    feraiseexcept(FE_INEXACT | FE_UNDERFLOW); /* sticky flags are no mode */
    ck_assert(assay_abi_environment(&why));
}
END_TEST

#if defined(__x86_64__)
START_TEST(test_x86)
{
    static const struct {
        uint32_t mxcsr;
        uint16_t x87;
        const char *words;
    } table[] = { { 0x9f80, 0x037f, "flush to zero" },
                  { 0x1fc0, 0x037f, "denormals are zero" },
                  { 0x1d80, 0x037f, "divisions trap" },
                  { 0x1f80, 0x027f, "double precision" },
                  { 0x1f80, 0x077f, "rounding down" } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assay_why why;
        __asm__ volatile("ldmxcsr %0\n\tfldcw %1" ::"m"(table[i].mxcsr), "m"(table[i].x87));
        ck_assert(!assay_abi_environment(&why));
        ck_assert_msg(strstr(why.text, table[i].words) != NULL, "%s", why.text);
        ck_assert(assay_abi_environment(&why));
    }
}
END_TEST
#endif

static assay_status nothing(const assay_args *a)
{
    (void)a;
    return ASSAY_UNSUPPORTED;
}
static size_t bytes(const assay_args *a)
{
    return (size_t)a->begin;
}
static bool takes(const assay_args *a)
{
    return a->begin == 0;
}

START_TEST(test_wrap)
{
    assay_why why;
    assay_kernel k = { .run = nothing, .scratch = bytes, .accepts = takes };
    const assay_args small = { .begin = 0 }, large = { .begin = INT64_C(0x123456789ab) };
    assay_abi_wrap(&k, true);
    ck_assert(k.run != nothing && k.scratch != bytes && !k.units && !k.pack && !k.phases);
    ck_assert(k.run(&small) == ASSAY_UNSUPPORTED);
    ck_assert(k.scratch(&large) == 0x123456789ab);
    ck_assert(k.accepts(&small) && !k.accepts(&large));
    ck_assert(!assay_abi_broken(&why));
    ck_assert(strlen(assay_abi_checks()) > 20);
}
END_TEST

Suite *assay_unit_abi(void)
{
    Suite *s = suite_create("abi");
    TCase *t = tcase_create("abi");
    tcase_set_tags(t, "x86_64 aarch64 abi");
    tcase_add_test(t, test_environment);
#if defined(__x86_64__)
    tcase_add_test(t, test_x86);
#endif
    tcase_add_test(t, test_wrap);
    suite_add_tcase(s, t);
    return s;
}
