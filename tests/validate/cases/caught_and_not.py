# wants: unknown-name 7:1 error
# wants: unknown-function 12:6 error
try:
    nope(), nope(), nope(), nope()
except Exception:
    pass
nope()
try:
    Tool.nope()
except Exception:
    pass
Tool.nope()
