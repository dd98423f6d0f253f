print("never")
def = 5
