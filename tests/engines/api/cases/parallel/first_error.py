others = []


def fine():
    Tool.execute("meet", parties=2)
    others.append(1)


try:
    parallel([fine, lambda: Tool.execute("secret"), fine])
except CallError as problem:
    kind = problem.kind
{"kind": kind, "others": len(others)}
