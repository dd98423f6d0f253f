while True:
    try:
        print("x" * 100)
    except BaseException:
        pass
