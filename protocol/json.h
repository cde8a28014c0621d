/* JSON read from text, with its errors told apart. Pure. */
#ifndef LINKWATCH_PROTOCOL_JSON_H
#define LINKWATCH_PROTOCOL_JSON_H

#include <jansson.h>
#include <stddef.h>

/* Reads a whole document; flags are jansson's. -EBADMSG if it is none, -ENOMEM. */
int json_read(const char *text, size_t length, size_t flags, json_t **ret);

#endif
