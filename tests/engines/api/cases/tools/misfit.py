try:
    Tool.execute("give-back", value={"items": [1, 2, {"callback": lambda: None}]})
except CallError as problem:
    found = problem
{"kind": found.kind, "names_the_place": "items[2].callback is a function" in found.message}
