kinds = []
for seconds in (-1, "soon"):
    try:
        sleep(seconds)
    except ValidationError as error:
        kinds.append(error.kind)
kinds
