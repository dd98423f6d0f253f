# The standard library is there, though the worker can open no file: this counts the words of stdin.
#
#   llmspell run examples/words.py

import re
import sys
from collections import Counter

try:
    open("/etc/passwd")
except PermissionError as problem:
    print(problem.strerror)

counted = Counter(re.findall(r"\w+", sys.stdin.read().lower()))
for word, times in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:3]:
    print(f"{times} x {word}")
