def numbers():
    yield from (1, 2, 3)


Streaming.create(numbers).collect()
