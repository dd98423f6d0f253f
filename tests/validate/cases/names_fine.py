# all of this is defined, by the script or by the engine
from __future__ import annotations
import os.path as where, re
from collections import Counter as Counting
import lib.beside
from lib import beside

total = 0
def counted(a, b=1, *args, c, d: Undefined = 2, **more) -> AlsoUndefined:
    global made_here, total
    made_here = total = a + b + c + d
    return [made_here, args, more, __name__]
async def waits():
    async for one in stream(): print(one)
    async with opened() as two: print(two)
async def stream():
    yield 1
def opened(): return beside
class Base(Exception):
    kind = "x"
    def method(self): return __class__, self.kind, super().__str__()
@Base
def decorated(): ...
squares = [x * y for x in range(3) if (last := x) for y in [x]]
pairs = {k: v for k, v in {}.items()}
print(last, squares, pairs, lambda q, *r: (q, r), where, re, Counting, lib.beside, made_here)
with open("x") as file, open("y"): print(file)
try: pass
except (ValueError, CallError) as problem: print(problem)
for i, (j, *k) in []: print(i, j, k)
match ARGS:
    case [one, *others]: print(one, others)
    case {"key": value, **left}: print(value, left)
    case Base() as whole: print(whole)
first, *second = 1, 2
print(first, second, counted, waits, decorated, await Tool.aexecute("calculator", {"input": "1"}))
Agent.own = 1; print(Agent.own)
