# SPDX-License-Identifier: LGPL-2.1-or-later
# --- reach: linkwatch-run, on liblinkwatch alone

if BUILD_REACH
# All but main is a library, which the tests link too.
noinst_LTLIBRARIES += reach/libreach.la
reach_libreach_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBSECCOMP_CFLAGS) \
	-DPRELOAD_LIBRARY='"$(pkglibdir)/linkwatch-run-preload.so"'
reach_libreach_la_SOURCES = \
	reach/address_update.c \
	reach/address_update.h \
	reach/detach.c \
	reach/detach.h \
	reach/doorbell.c \
	reach/doorbell.h \
	reach/link_query.c \
	reach/link_query.h \
	reach/link_update.c \
	reach/link_update.h \
	reach/links.c \
	reach/links.h \
	reach/reports.c \
	reach/reports.h \
	reach/timeout.h \
	reach/handover.c \
	reach/handover.h \
	reach/policy.c \
	reach/policy.h \
	reach/receipt.c \
	reach/receipt.h \
	reach/preload/answerer.c \
	reach/preload/answerer.h \
	reach/preload/helper.c \
	reach/preload/helper.h \
	reach/preload/members.c \
	reach/preload/members.h \
	reach/preload/protocol.h \
	reach/process.c \
	reach/process.h \
	reach/process_set.c \
	reach/process_set.h \
	reach/program.c \
	reach/program.h \
	reach/warning.c \
	reach/warning.h \
	reach/serving.c \
	reach/serving.h \
	reach/subscription.c \
	reach/subscription.h \
	reach/last_updates.c \
	reach/last_updates.h \
	reach/tracing/dispatch.c \
	reach/tracing/dispatch.h \
	reach/tracing/duplicate.c \
	reach/tracing/duplicate.h \
	reach/tracing/filter_call.c \
	reach/tracing/injection.c \
	reach/tracing/injection.h \
	reach/tracing/networks.c \
	reach/tracing/networks.h \
	reach/tracing/operation.c \
	reach/tracing/operation.h \
	reach/tracing/receive.c \
	reach/tracing/receive.h \
	reach/tracing/seccomp.c \
	reach/tracing/seccomp.h \
	reach/tracing/send_call.c \
	reach/tracing/service.c \
	reach/tracing/service.h \
	reach/tracing/socket_call.c \
	reach/tracing/subscribe_call.c \
	reach/tracing/thread.c \
	reach/tracing/thread.h \
	reach/tracing/tracee.c \
	reach/tracing/tracee.h \
	reach/tracing/tracer.c \
	reach/tracing/tracer.h \
	reach/tracing/watch.c \
	reach/tracing/watch.h \
	reach/update.c \
	reach/update.h \
	$(END)
reach_libreach_la_LIBADD = client/liblinkwatch.la $(LIBSECCOMP_LIBS)

bin_PROGRAMS += linkwatch-run
linkwatch_run_CPPFLAGS = $(client_cppflags)
linkwatch_run_SOURCES = reach/linkwatch_run.c
linkwatch_run_LDADD = reach/libreach.la
started_programs += tests/bin/linkwatch-run
tests_bin_linkwatch_run_CPPFLAGS = $(linkwatch_run_CPPFLAGS)
tests_bin_linkwatch_run_SOURCES = $(linkwatch_run_SOURCES)
tests_bin_linkwatch_run_LDADD = $(linkwatch_run_LDADD)
tests_bin_linkwatch_run_LDFLAGS = $(AM_LDFLAGS) -no-install

man_MANS = doc/linkwatch-run.1
dist_bashcompletion_DATA += reach/completions/linkwatch-run
dist_zshcompletion_DATA += reach/completions/_linkwatch-run
dist_fishcompletion_DATA += reach/completions/linkwatch-run.fish
if BUILD_SHARED
# Preloaded into programs, which is why it is on libc alone, exports nothing but what it
# stands before, and the sanitizers stay out of it.
pkglib_LTLIBRARIES = reach/linkwatch-run-preload.la
reach_linkwatch_run_preload_la_SOURCES = \
	reach/doorbell.h \
	reach/handover.c \
	reach/handover.h \
	reach/policy.c \
	reach/policy.h \
	reach/receipt.c \
	reach/receipt.h \
	reach/preload/ask.c \
	reach/preload/ask.h \
	reach/preload/interpose.c \
	reach/preload/protocol.h \
	reach/preload/real.c \
	reach/preload/real.h \
	reach/preload/subscribe.c \
	reach/preload/subscribe.h \
	$(END)
reach_linkwatch_run_preload_la_CFLAGS = $(WARNING_CFLAGS) $(HARDENING_CFLAGS) -fvisibility=hidden
reach_linkwatch_run_preload_la_LDFLAGS = $(HARDENING_LDFLAGS) -module -avoid-version -shared
AM_TESTS_ENVIRONMENT += \
	LINKWATCH_RUN_LIBRARY='$(abs_builddir)/reach/.libs/linkwatch-run-preload.so'; \
	export LINKWATCH_RUN_LIBRARY;
endif
endif
EXTRA_DIST += doc/linkwatch-run.1

# --- tests/reach: programs that subscribe by themselves, under it

reach_programs = $(support_programs)
reach_tests =
EXTRA_DIST += \
	tests/reach/avahi.py \
	tests/reach/behaviour.py \
	tests/reach/origin.py \
	tests/reach/programs.py \
	tests/reach/sandboxed_run.py \
	tests/reach/scripted.py \
	tests/reach/situations.py \
	tests/reach/subscriber.go \
	tests/reach/subscriber.py \
	tests/reach/updates.py \
	tests/reach/ways.py \
	$(reach_scripts) \
	$(END)
# The ones that take longest first, so that the others are run beside them.
reach_scripts = \
	tests/reach/trixie_ptrace.py \
	tests/reach/turmoil.py \
	tests/reach/trixie_systrap.py \
	tests/reach/many.py \
	tests/reach/abroad.py \
	tests/reach/as_kernel.py \
	tests/reach/bookworm_ptrace.py \
	tests/reach/consistent.py \
	tests/reach/denied_addresses.py \
	tests/reach/denied_links.py \
	tests/reach/grants.py \
	tests/reach/network_services.py \
	tests/reach/passing.py \
	tests/reach/preload.py \
	tests/reach/robust.py \
	tests/reach/run_completion.py \
	tests/reach/watched.py \
	$(END)
if BUILD_REACH
reach_tests += $(reach_scripts)
reach_binaries = \
	tests/reach/self_confined \
	tests/reach/threads \
	tests/reach/turmoil \
	tests/reach/withheld \
	$(END)
tests_reach_self_confined_SOURCES = tests/reach/self_confined.c
tests_reach_self_confined_CPPFLAGS = $(AM_CPPFLAGS) $(LIBSECCOMP_CFLAGS)
tests_reach_self_confined_LDADD = $(LIBSECCOMP_LIBS)
tests_reach_threads_SOURCES = tests/reach/threads.c
tests_reach_threads_LDADD = -lpthread
tests_reach_turmoil_SOURCES = tests/reach/turmoil.c
tests_reach_turmoil_LDADD = -lpthread
tests_reach_withheld_SOURCES = tests/reach/withheld.c
tests_reach_withheld_LDADD = -lpthread
if HAVE_LIBNL_ROUTE
reach_binaries += tests/reach/subscriber
tests_reach_subscriber_SOURCES = tests/reach/subscriber.c
tests_reach_subscriber_CPPFLAGS = $(AM_CPPFLAGS) $(LIBNL_ROUTE_CFLAGS)
tests_reach_subscriber_LDADD = $(LIBNL_ROUTE_LIBS)
endif
check_PROGRAMS += $(reach_binaries)
reach_programs += $(reach_binaries)
endif
groups += reach
