/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of journal entries that the daemon writes. */
#ifndef LINKWATCH_PROTOCOL_LOG_KINDS_H
#define LINKWATCH_PROTOCOL_LOG_KINDS_H

/* X(enumerator, MESSAGE_ID). units/linkwatchd.catalog explains each kind. */
#define LOG_KINDS(X)                                       \
    X(LINK_ADDED, "13c9964c61a54a8d912067a0fd16d152")      \
    X(LINK_REMOVED, "d38720ef10fb40838c9f2f6dce8ffc41")    \
    X(LINK_CHANGED, "0bbe01d17b9d4bf690bc2f811fedff3e")    \
    X(STANDING, "cdb00cf7614e40d3a62d0c3d18a74a25")        \
    X(STALE, "9738c14cfaa041d69fcafe8ce4221f3a")           \
    X(FRESH, "804bf0af112b4c4daefa56cec6008bbd")           \
    X(STARTED, "44af7a3f3c8742288360385469fc5cc5")         \
    X(CONFIG_APPLIED, "7df424a861b849f59ccc2ee4727e0302")  \
    X(CONFIG_REFUSED, "4c64cab98bad4d12b729303462a84a7d")  \
    X(SESSION_REFUSED, "a1a8f5d84b8345a2a2be6b89794f066f") \
    X(ACCEPT_PAUSED, "c458a42463384783b82e3fdeebc854f0")   \
    X(SUPPRESSED, "82885bd22af0400bb0069830bca1908b")

#endif
