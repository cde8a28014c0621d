/* The program that is to be run: whether a library can be preloaded into it. */
#ifndef REACH_PRELOAD_PROGRAM_H
#define REACH_PRELOAD_PROGRAM_H

/* Looks at what execvp() would find. NULL if nothing speaks against it, or there is no such
 * program; else the reason, as a part of a sentence: "it ...". */
const char *program_objection(const char *name);

#endif
