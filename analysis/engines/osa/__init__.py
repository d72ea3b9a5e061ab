"""The mission's own software, OSA, as child processes.

`installation` knows where it is and what it lacks, `commands` writes its command lines, `groups`
lays out the folders that it works in, `running` runs it, `logs` understands what it says, `results`
reads what it leaves. Parameters and names are those of the IBIS and JEM-X Analysis User Manuals
(OSA 10 and 11). OSA can't be had where this software is developed: none of this has run with the
real executables (docs/osa.md).
"""
