# SPDX-License-Identifier: LGPL-2.1-or-later
# --- tests/hardening: what the compiler and the linker made of it

hardening_tests = tests/hardening/binaries.py
TESTS += $(hardening_tests)
EXTRA_DIST += $(hardening_tests) tests/hardening/analyze .clang-tidy reach/.clang-tidy
groups += hardening
AM_TESTS_ENVIRONMENT += \
	LINKWATCH_HARDENING='$(enable_hardening)'; export LINKWATCH_HARDENING; \
	LINKWATCH_CFLAGS='$(CFLAGS)'; export LINKWATCH_CFLAGS;

# clang-tidy and cppcheck; nothing may be found.
analyze: $(BUILT_SOURCES) protocol/interfaces.c
	$(srcdir)/tests/hardening/analyze '$(abs_top_srcdir)' '$(abs_builddir)' \
	  $(daemon_libdaemon_la_CPPFLAGS) $(LIBSECCOMP_CFLAGS)
.PHONY: analyze
