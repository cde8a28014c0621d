# --- tests/hardening: what the compiler and the linker made of it

hardening_tests = tests/hardening/binaries.py
TESTS += $(hardening_tests)
EXTRA_DIST += $(hardening_tests)
groups += hardening
AM_TESTS_ENVIRONMENT += \
	LINKWATCH_HARDENING='$(enable_hardening)'; export LINKWATCH_HARDENING; \
	LINKWATCH_CFLAGS='$(CFLAGS)'; export LINKWATCH_CFLAGS;
