# From Bigrams to BERT. Two commands on a fresh machine:
#
#   make grade                                   grades a5's reference solution, writes a report
#   make test                                    runs the project's own tests
#
#   make grade A=a5_mingpt_perceiver S=my/work   grades something else
#
# Each sets up what it needs the first time (a virtual environment in .venv; bubblewrap through the
# system's package manager if it has permission).

PYTHON ?= python3
A ?= a5_mingpt_perceiver
S ?= $(A)/solution
BIN := .venv/bin

.PHONY: grade check test test-all lint skeleton audit doctor clean help
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The stamp is written last, so that an interrupted set-up starts again.
.venv/.set-up: pyproject.toml constraints.txt scripts/set_up.sh scripts/weights.txt
	@PYTHON=$(PYTHON) sh scripts/set_up.sh
	@touch $@

set-up: .venv/.set-up  ## the virtual environment and the sandbox, nothing else

grade: .venv/.set-up  ## grade a submission: A=assignment S=path (default: the reference solution)
	@$(BIN)/grader grade $(A) --submission $(S)

check: .venv/.set-up  ## run an assignment's public tests on your work: A=assignment
	@$(BIN)/grader check $(A)

# One process per core, each with one thread; test files run side by side.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --dist loadfile

test: .venv/.set-up  ## the project's own tests
	@$(TEST)

test-all: .venv/.set-up  ## the slow and the nightly tests too
	@HYPOTHESIS_PROFILE=nightly $(TEST) --slow

lint: .venv/.set-up  ## ruff, mypy, the skeletons, the formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/grader skeleton --check

skeleton: .venv/.set-up  ## write src/ from solution/: A=assignment
	@$(BIN)/grader skeleton $(A)

audit: .venv/.set-up  ## test the hidden suite itself: A=assignment
	@$(BIN)/grader audit $(A)

doctor: .venv/.set-up  ## check what this machine has
	@$(BIN)/grader doctor

clean:  ## remove the environment, caches and runs
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build *.egg-info runs
