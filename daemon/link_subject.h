/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subject for links: parses messages about them, and passes them to reconcile. Pure. */
#ifndef LINKWATCH_DAEMON_LINK_SUBJECT_H
#define LINKWATCH_DAEMON_LINK_SUBJECT_H

#include "daemon/quota.h"
#include "daemon/reconcile.h"
#include "daemon/subject.h"

/* The objects of link_subject; all must outlive it. */
struct link_objects {
    struct table *table;
    struct reconcile *reconcile; /* updates the table */
    struct quota *quota;         /* for the memory of the links; NULL for none */
};

extern const struct subject link_subject;

#endif
