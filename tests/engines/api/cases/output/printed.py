import sys

print("one")
sys.stdout.write("two é\n")
None
