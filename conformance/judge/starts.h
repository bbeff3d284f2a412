/* SPDX-License-Identifier: MIT
 * starts.h - may this user start the processes and threads that judging takes?  Else kernels would be blamed for it. */
#ifndef ASSAY_STARTS_H
#define ASSAY_STARTS_H
#include "assay/assay.h"

bool assay_starts(assay_why *why); /* tried in a process of its own; before any thread exists */
#endif
