# wants: syntax 2:5 error
x = = 5
