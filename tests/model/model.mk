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
tests_model_fairness_SOURCES = tests/model/fairness.c
tests_model_fairness_LDADD = $(model_libs)
tests_model_model_SOURCES = tests/model/guest.c tests/model/guest.h tests/model/model.c
tests_model_model_LDADD = $(model_libs)
