"""Takes every step of the plan: finds the function, calls it, and notes what it gave; see ../README.md."""

import builtins


def noted(form, gave):
    match form:
        case "object":
            return gave.name
        case "many":
            return [each.name for each in gave]
        case "stream":
            return [chunk["text"] for chunk in gave]
    return gave


def built(step, builder):
    for name in step["sets"]:
        builder = getattr(builder, name)(["given"] if name == "tools" else "the " + name)
    for name in step["appends"]:
        builder = getattr(builder, name)("the " + name)
    return builder.build().name


for number, step in enumerate(Suite.plan()):
    Suite.step(number)
    found = getattr(Suite, step["maker"])() if step.get("maker") else builtins
    for name in step["path"]:
        found = getattr(found, name, None)
    if not callable(found):
        note = {"missing": True}
    elif step["form"] == "builder":
        note = {"gave": built(step, found())}
    elif step["form"] == "each":
        texts = []
        found(*step["words"], lambda chunk: texts.append(chunk["text"]))
        note = {"gave": texts}
    else:
        note = {"gave": noted(step["form"], found(*step["words"]))}
    Suite.note(note)
