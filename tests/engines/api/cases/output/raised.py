why = "it went wrong"
# The next line fails.
raise RuntimeError(why)
