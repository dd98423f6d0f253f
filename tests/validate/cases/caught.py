# wants: unknown-tool 5:18 note
# a way to catch
import contextlib
with contextlib.suppress(CallError):
    Tool.execute("nobody", {})
