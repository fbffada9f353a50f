"""Run a command and write what it cost to a descriptor: `launch.py DESCRIPTOR COMMAND ...`.

A process counts as its peak what its parent held when it was started; this parent is small.
"""

import json
import os
import sys
import time


def main():
    report, command = int(sys.argv[1]), sys.argv[2:]
    began = time.monotonic()
    child = os.fork()
    if not child:
        os.close(report)
        try:
            os.execvp(command[0], command)
        except OSError as problem:
            print(problem, file=sys.stderr, flush=True)
            os._exit(127)
    _, status, usage = os.wait4(child, 0)
    cost = [usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024]
    os.write(report, json.dumps([os.waitstatus_to_exitcode(status), cost]).encode())


if __name__ == "__main__":
    main()
