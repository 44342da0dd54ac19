"""Threads leave little memory behind in a process that shares one heap: not a piece each."""

import subprocess
import sys

SIZE_MIB = 19
ALLOCATING = """
import ctypes, sys
from concurrent.futures import ThreadPoolExecutor
from services.chassis.memory import share_one_heap

c = ctypes.CDLL(None)
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
SIZE = int(sys.argv[2]) << 20

def resident_mib():
    return next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("RssAnon:"))

def take_and_leave(_):
    place = c.malloc(SIZE)
    ctypes.memset(place, 1, SIZE)
    c.free(place)

if sys.argv[1] == "shared":
    share_one_heap()
before = resident_mib()
with ThreadPoolExecutor(2) as pool:
    list(pool.map(take_and_leave, range(20)))
print(resident_mib() - before)
"""


def test_what_threads_took_goes_back_but_for_one_piece() -> None:
    left = {
        how: int(subprocess.check_output([sys.executable, "-c", ALLOCATING, how, str(SIZE_MIB)], timeout=30))
        for how in ("shared", "apart")
    }
    assert left["shared"] < 1.5 * SIZE_MIB < left["apart"], left
