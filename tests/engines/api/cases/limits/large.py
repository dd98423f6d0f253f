text = "x" * 4_300_000
try:
    Tool.execute("give_back", value=text)
except ValidationError as problem:
    print(str(problem)[:14])
text
