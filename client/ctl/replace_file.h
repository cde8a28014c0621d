/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that its readers never see in part. */
#ifndef LINKWATCH_CLIENT_CTL_REPLACE_FILE_H
#define LINKWATCH_CLIENT_CTL_REPLACE_FILE_H

#include <sys/types.h>

/* Puts a file with that text in the place of what is at the path, as openat() takes it: it is
 * written under another name beside it, which is the path's with a suffix, and renamed. 0 or
 * -errno; then what was there is untouched. */
int replace_file(int directory, const char *path, mode_t mode, const char *text);

#endif
