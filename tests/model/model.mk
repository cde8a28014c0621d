# --- tests/model: the whole daemon in one process, with a kernel of the test's own

model_tests = tests/model/model
check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)
groups += model
model_programs = $(model_tests)
tests_model_model_SOURCES = tests/model/guest.c tests/model/guest.h tests/model/model.c
tests_model_model_LDADD = $(model_libs)
