/* SPDX-License-Identifier: MIT
 * absent.h - what is not checked of a plug-in on this system, because the system lacks what the check needs. */
#ifndef ASSAY_ABSENT_H
#define ASSAY_ABSENT_H

const char *assay_not_checked(void); /* a sentence's parts, by "; ", with reasons; empty: all is checked */
#endif
