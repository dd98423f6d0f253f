(print
