"""Starts a command and says how it ended and how much memory it took: `measured.py DESCRIPTOR COMMAND...`.

A process of its own, because what the kernel counts for a child begins with the size of the process that started it
(`facts.md`, Memory limit): this one is smaller than any command. It writes the child's pid on a line, and after its end
the wait status and the peak in KiB. The peak is that of the command or of one of its workers, whichever is higher.
"""

import os
import sys

if __name__ == "__main__":
    report = int(sys.argv[1])
    os.set_inheritable(report, False)
    pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environb)
    os.write(report, b"%d\n" % pid)
    _, status, usage = os.wait4(pid, 0)
    os.write(report, b"%d %d\n" % (status, usage.ru_maxrss))
