from words import hello

print("loaded")


def greet(name):
    return f"{hello}, {name}"
