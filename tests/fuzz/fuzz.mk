# SPDX-License-Identifier: LGPL-2.1-or-later
# --- tests/fuzz: targets for libFuzzer (configure --enable-fuzzers with clang), and the
# --- inputs that are kept, replayed by make check

check_LTLIBRARIES += tests/model/libmodel.la
tests_model_libmodel_la_SOURCES = \
	tests/model/replica.c \
	tests/model/replica.h \
	tests/model/check.h \
	tests/model/simulated_kernel.c \
	tests/model/simulated_kernel.h \
	tests/model/netlink.c \
	tests/model/netlink.h \
	tests/model/serve.c \
	tests/model/serve.h \
	$(END)

model_libs = tests/model/libmodel.la daemon/libdaemon.la $(JANSSON_LIBS) $(LIBNL_LIBS) $(LIBEV_LIBS)

replay_programs = \
	tests/fuzz/replay_config \
	tests/fuzz/replay_rtnetlink \
	tests/fuzz/replay_mirror \
	tests/fuzz/replay_session \
	$(END)
check_PROGRAMS += $(replay_programs)
fuzz_replay = tests/fuzz/replay_inputs.c tests/fuzz/fuzz.h
tests_fuzz_replay_config_SOURCES = tests/fuzz/fuzz_config.c $(fuzz_replay)
tests_fuzz_replay_config_LDADD = $(model_libs)
tests_fuzz_replay_rtnetlink_SOURCES = tests/fuzz/fuzz_rtnetlink.c $(fuzz_replay)
tests_fuzz_replay_rtnetlink_LDADD = $(model_libs)
tests_fuzz_replay_mirror_SOURCES = tests/fuzz/fuzz_mirror.c $(fuzz_replay)
tests_fuzz_replay_mirror_LDADD = client/libclient.la $(JANSSON_LIBS)
tests_fuzz_replay_session_SOURCES = tests/fuzz/fuzz_session.c $(fuzz_replay)
tests_fuzz_replay_session_LDADD = $(model_libs)

if FUZZERS
noinst_PROGRAMS = \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_rtnetlink \
	tests/fuzz/fuzz_mirror \
	tests/fuzz/fuzz_session \
	$(END)
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_config_LDADD = $(model_libs)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_rtnetlink_SOURCES = tests/fuzz/fuzz_rtnetlink.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_rtnetlink_LDADD = $(model_libs)
tests_fuzz_fuzz_rtnetlink_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_mirror_SOURCES = tests/fuzz/fuzz_mirror.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_mirror_LDADD = client/libclient.la $(JANSSON_LIBS)
tests_fuzz_fuzz_mirror_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_session_LDADD = $(model_libs)
tests_fuzz_fuzz_session_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif

fuzz_tests = tests/fuzz/kept_inputs.py
TESTS += $(fuzz_tests)
EXTRA_DIST += $(fuzz_tests) tests/fuzz/corpus
groups += fuzz
fuzz_programs = $(replay_programs)
