# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches share: processor time and memory of processes, medians, a table."""

import os
import statistics

TICKS = os.sysconf('SC_CLK_TCK')


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid):
    """Resident, proportional and private memory of a process in MiB.

    A confined process (the proxy) shows only its resident memory to other processes of its user.
    """
    values = {}
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        for line in file:
            if line.startswith('VmRSS:'):
                values['rss'] = int(line.split()[1]) / 1024
    try:
        with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
            found = {line.split(':')[0]: int(line.split()[1]) / 1024
                     for line in file.readlines()[1:]}
    except PermissionError:
        return values
    values['pss'] = found['Pss']
    values['private'] = found['Private_Clean'] + found['Private_Dirty']
    return values


def children(pid):
    """Direct children of a process."""
    found = []
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open(f'/proc/{name}/stat', encoding='ascii', errors='replace') as file:
                    if int(file.read().rsplit(')', 1)[1].split()[1]) == pid:
                        found.append(int(name))
            except OSError:
                pass
    return found


def descendants(pid):
    found = [pid]
    for child in children(pid):
        found += descendants(child)
    return found


def median(values):
    return statistics.median(values)


def table(headings, rows):
    """Prints rows as a Markdown table."""
    print('| ' + ' | '.join(headings) + ' |')
    print('|' + '---|' * len(headings))
    for row in rows:
        print('| ' + ' | '.join(row) + ' |')
