def kind(name, **parameters):
    try:
        Tool.execute(name, parameters)
    except CallError as problem:
        return problem.kind


[
    kind("secret"), kind("no-such-tool"), kind("give-back", other=1), kind("break-down"),
    Tool.execute("bounded"), kind("bounded"),
]
