# SPDX-License-Identifier: GPL-2.0
#
# What tests/run asks a folder of selftests for. The variables are kselftest's:
#
#   TEST_PROGS     programs that are tests
#   TEST_FILES     what they use beside
#
# and ours, each a part of TEST_PROGS:
#
#   TEST_SIMULATED  run again with simulated time, where all is exact
#   TEST_WAITS      run in uml with simulated time only, since all they do is wait
#   TEST_SMOKE      what `tests/run --smoke` runs
#   TEST_OF_TOOLS   has programs of user space for its subject; the debug kernel,
#                   which would find nothing in it that the others do not, runs it
#                   only when it is asked for by name

.PHONY: list-all list-debug list-real list-simulated list-smoke
list-all:
	@printf '%s\n' $(TEST_PROGS)
list-debug:
	@printf '%s\n' $(filter-out $(TEST_OF_TOOLS),$(TEST_PROGS))
list-real:
	@printf '%s\n' $(filter-out $(TEST_WAITS),$(TEST_PROGS))
list-simulated:
	@printf '%s\n' $(TEST_SIMULATED) $(TEST_WAITS)
list-smoke:
	@printf '%s\n' $(TEST_SMOKE)
