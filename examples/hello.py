# A first spell in Python: print, arguments, and a tool.
#
#   llmspell run examples/hello.py
#   llmspell run examples/hello.py Ada

name = ARGS[1] if len(ARGS) > 1 else "world"
print(f"Hello, {name}!")
print("6 * 7 is", Tool.execute("calculator", input="6 * 7")["text"])
