print("one")
print("two é")
