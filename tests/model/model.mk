# SPDX-License-Identifier: LGPL-2.1-or-later
# --- tests/model: the whole daemon in one process, with a kernel of the test's own

model_tests = tests/model/model tests/model/fairness
if !SANITIZED
model_tests += tests/model/allocations
tests_model_allocations_SOURCES = \
	tests/model/allocate.c \
	tests/model/allocate.h \
	tests/model/allocations.c \
	tests/model/guest.c \
	tests/model/guest.h \
	$(END)
tests_model_allocations_LDADD = $(model_libs)
endif
check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)
groups += model
model_programs = $(model_tests)
# The daemon once more, which calls count_work() at each branch.
check_LIBRARIES = tests/model/libcounted.a
tests_model_libcounted_a_SOURCES = $(daemon_libdaemon_la_SOURCES) $(protocol_libprotocol_la_SOURCES)
nodist_tests_model_libcounted_a_SOURCES = $(nodist_protocol_libprotocol_la_SOURCES)
tests_model_libcounted_a_CPPFLAGS = $(daemon_libdaemon_la_CPPFLAGS)
tests_model_libcounted_a_CFLAGS = $(AM_CFLAGS) -fsanitize-coverage=trace-pc
tests_model_fairness_SOURCES = \
	tests/model/assault.c \
	tests/model/assault.h \
	tests/model/attacks.c \
	tests/model/attacks.h \
	tests/model/fairness.c \
	tests/model/work_clock.c \
	tests/model/work_clock.h \
	tests/unit/count_work.c \
	$(END)
# With flags of its own, as libtool makes tests/unit/count_work.o, too.
tests_model_fairness_CPPFLAGS = $(AM_CPPFLAGS)
tests_model_fairness_LDADD = tests/model/libmodel.la tests/model/libcounted.a \
	$(daemon_libs)
tests_model_model_SOURCES = tests/model/guest.c tests/model/guest.h tests/model/model.c
tests_model_model_LDADD = $(model_libs)
