# --- reach: linkwatch-run, on liblinkwatch alone

if BUILD_REACH
# All but main is a library, which the tests link too.
noinst_LTLIBRARIES += reach/libreach.la
reach_libreach_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBSECCOMP_CFLAGS)
reach_libreach_la_SOURCES = \
	reach/call.c \
	reach/call.h \
	reach/duplicate.c \
	reach/duplicate.h \
	reach/filter.c \
	reach/filter.h \
	reach/kernel.c \
	reach/kernel.h \
	reach/links.c \
	reach/links.h \
	reach/need.c \
	reach/need.h \
	reach/receive.c \
	reach/receive.h \
	reach/say.c \
	reach/say.h \
	reach/service.c \
	reach/service.h \
	reach/start.c \
	reach/start.h \
	reach/subscription.c \
	reach/subscription.h \
	reach/tracee.c \
	reach/tracee.h \
	reach/tracer.c \
	reach/tracer.h \
	reach/watch.c \
	reach/watch.h \
	$(END)
reach_libreach_la_LIBADD = client/liblinkwatch.la $(LIBSECCOMP_LIBS)

bin_PROGRAMS += linkwatch-run
linkwatch_run_CPPFLAGS = $(client_cppflags)
linkwatch_run_SOURCES = reach/main.c
linkwatch_run_LDADD = reach/libreach.la
endif
