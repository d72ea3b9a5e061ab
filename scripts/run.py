"""Command line of the Makefile: ``python3 scripts/run.py COMMAND``, with nothing installed yet."""

import signal
import subprocess
import sys

from bootstrap.clone import this_clone
from bootstrap.console import SetupError, say
from operation.commands import COMMANDS


def main(arguments: list[str]) -> int:
    """Run the one command named; its exit status."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: run.py {{{','.join(COMMANDS)}}}", file=sys.stderr)
        return 2
    # TERM and HUP unwind like Ctrl-C, so that the private database is stopped on the way out.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return COMMANDS[arguments[0]](this_clone())
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("Stopped before it was finished")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
