# wants: bidi-control 2:8 error
x = "ab‭"
