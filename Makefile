# Commands of the project; each is a call of scripts/run.py, which installs what is missing.
PYTHON ?= python3
PORT ?= 8000
export PORT TOUR
RUN = $(PYTHON) -B scripts/run.py

.DEFAULT_GOAL := help
.PHONY: demo serve test lint bench soak docs lock database database-stop clean help

demo: ## everything from a bare machine to the running demonstration [TOUR=only] [PORT=8000]
	@$(RUN) demo
serve: ## the server on the existing database and archive, until Ctrl-C [PORT=8000]
	@$(RUN) serve
test: ## format, lint, types, floors and the whole test suite
	@$(RUN) test
lint: ## format, lint, types and floors alone
	@$(RUN) lint
bench: ## measure speed, against PostgreSQL asked directly in the same run
	@$(RUN) bench
soak: ## run jobs while processes are killed and servers restarted; the engine on random fields
	@$(RUN) soak
docs: ## write the generated pages of docs/ anew
	@$(RUN) docs
lock: ## make the lock files anew with the newest versions allowed
	@$(RUN) lock
database: ## start the private database alone and leave it running, for manage.py
	@$(RUN) database
database-stop: ## stop it again
	@$(RUN) database-stop
clean: ## stop and remove everything that was made
	@$(RUN) clean
help: ## this list
	@sed -n 's/^\([a-z-]*\): ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16
