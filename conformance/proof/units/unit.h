/* SPDX-License-Identifier: MIT
 * unit.h - Check, with its header's warnings kept out of ours.  A unit_NAME.c defines Suite *assay_unit_NAME(void). */
#ifndef ASSAY_UNIT_H
#define ASSAY_UNIT_H
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <check.h>
#pragma GCC diagnostic pop

#define UNIT(name) Suite *assay_##name(void);
#include "units.def" /* CMake writes a line for each unit_NAME.c */
#undef UNIT
#endif
